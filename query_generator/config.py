"""Options and environment → one frozen JobConfig, checked by what `settings` declares."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, create_model

from query_generator.declaration import Declared, repeated
from query_generator.errors import SettingsError
from query_generator.known_secrets import keys_in, secrets_in
from query_generator.llm.registry import DEFAULT_PROVIDER, PROVIDER_WITHOUT_KEY, PROVIDERS, vendors_of
from query_generator.masking import hide
from query_generator.settings.readings import names_in, without_index
from query_generator.settings.table import SETTINGS, JobConfig

__all__ = ["JobConfig", "load_config", "notes"]

SOURCES = frozenset({"products_json", "input_s3", "input_s3_bucket", "products_file", "products_argument"})

for part in reversed(JobConfig.__mro__[:-1]):  # from here on they are what mypy takes them for, see `declarations`
    dataclass(frozen=True, kw_only=True)(part)


def _checked(declared: Declared, kind: Any) -> Any:
    """Return the type of a field with its declared checks, in pydantic's words."""
    if bounds := declared.bounds:
        checks = Field(ge=bounds.at_least, gt=bounds.above, le=bounds.at_most)
        kind = Annotated[kind, checks]
    return Annotated[kind, BeforeValidator(declared.setting.read)] if declared.setting.read else kind


def _model() -> type[BaseModel]:
    kinds = get_type_hints(JobConfig, localns={"Path": Path, "SecretStr": SecretStr})
    given: Any = {name: (_checked(declared, kinds[name]), None) for name, declared in SETTINGS.items()}
    return create_model("Given", __config__=ConfigDict(extra="forbid"), **given)


_Given = _model()


def load_config(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> JobConfig:
    """Join options and environment; an option wins over its variable, an empty value counts as not given.

    Raises:
        SettingsError: names every wrong and every missing setting at once, each with an example.
    """
    hide(secrets_in(environ) | keys_in(" ".join(filter(None, arguments.values()))))
    verb = arguments.get("verb") or "run"
    values = _given(arguments, environ)
    problems = _missing(verb, values)
    if "job_id" not in values:
        values["job_id"] = _default_job_id(environ)
        if verb == "run" and not SOURCES & values.keys() and "AWS_BATCH_JOB_ID" not in environ:
            problems.append(
                "missing: products; give --products-file, --input-s3, --products-json or PRODUCTS_JSON, "
                "or the --job-id of a job that has some"
            )
    if "providers" not in values:
        has_key = any(values.keys() & vendor.required_fields for vendor in vendors_of([DEFAULT_PROVIDER]))
        values["providers"] = DEFAULT_PROVIDER if has_key or "local_dir" not in values else PROVIDER_WITHOUT_KEY
    try:
        given = _Given.model_validate(values)
    except ValidationError as exc:
        wrong = [_describe(error["loc"][0], error["input"], error["msg"]) for error in exc.errors()]
        raise SettingsError("\n".join([*dict.fromkeys(wrong), *problems])) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return JobConfig(**{name: getattr(given, name) for name in values})


def notes(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what is read otherwise than it was written, for the log; the values are those that `load_config` took."""
    prefix = _given(arguments, environ).get("output_s3_prefix", "/")
    if not prefix.endswith("/"):
        yield "OUTPUT_S3_PREFIX ends without a slash: one is added"


def _given(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, declared in SETTINGS.items():
        argument = arguments.get(name)
        value = argument if argument is not None else environ.get(declared.variable, "")
        if value.strip():
            values[name] = value
    return values


def _default_job_id(environ: Mapping[str, str]) -> str:
    batch_id = without_index(environ.get("AWS_BATCH_JOB_ID", ""))
    return batch_id or f"job-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def _missing(verb: str, values: Mapping[str, Any]) -> list[str]:
    """Name what a verb needs and was not given, one line each."""
    needed: list[tuple[str, ...]] = []
    local = "local_dir" in values
    if verb in ("run", "report", "init-db") and not local:
        needed.append(("rds_secret_name", "database_url"))
    if verb in ("run", "report") and not local:
        needed.append(("output_s3_bucket",))
    if verb == "run" and (not local or "providers" in values):
        named = [name for name in names_in(values.get("providers", DEFAULT_PROVIDER)) if name in PROVIDERS]
        needed += [vendor.required_fields for vendor in vendors_of(named)]
    lines = [
        "missing: " + " or ".join(f"{SETTINGS[name].variable} (for example {SETTINGS[name].example})" for name in names)
        for names in dict.fromkeys(needed)
        if not any(name in values for name in names)
    ]
    if lines and not local:
        lines.append("Or add --local to run on this machine with an embedded PostgreSQL and folders, without AWS.")
    s3_pair = {"input_s3_bucket", "input_s3_key"}
    if verb == "run" and len(s3_pair & values.keys()) == 1 and "input_s3" not in values:
        lines.append("missing: INPUT_S3_BUCKET and INPUT_S3_KEY go together; only one of them is set")
    return lines


def _describe(name: str | int, value: object, message: str) -> str:
    declared = SETTINGS[str(name)]
    return f"{declared}: {repeated(str(value))} is wrong ({message}); right is, for example: {declared.example}"
