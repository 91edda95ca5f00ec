"""Options and environment → one frozen JobConfig."""

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from query_generator.errors import ConfigurationError
from query_generator.llm.registry import (
    ANTHROPIC,
    DEFAULT_PROVIDER,
    GEMINI,
    OPENAI,
    PROVIDER_WITHOUT_KEY,
    PROVIDERS,
    vendors_of,
)
from query_generator.settings import SECRET_FIELDS, SETTINGS

OFF = ("", "0", "false", "no", "off")
SOURCES = frozenset({"products_json", "input_s3", "input_s3_bucket", "products_file", "products_argument"})


def _checked_job_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", value) or ".." in value:
        raise ValueError("not a job id")
    return value


def _checked_s3_uri(value: str) -> str:
    if not re.fullmatch(r"s3://[^/]+/.+", value):
        raise ValueError("not an S3 address")
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


def _without_index(batch_job_id: str) -> str:
    return batch_job_id.partition(":")[0]


def _without_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a provider is named twice")
    return names


def _none(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


JobId = Annotated[str, AfterValidator(_checked_job_id)]
S3Uri = Annotated[str, AfterValidator(_checked_s3_uri)]
Port = Annotated[int, Field(ge=1, le=65535)]
if TYPE_CHECKING:
    ProviderName = str
else:
    ProviderName = Literal[tuple(PROVIDERS)]


class JobConfig(BaseModel):
    """Every setting of a run, checked. Absent ones are None or have the contract's default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job_id: JobId
    products_json: SecretStr | None = None
    input_s3: S3Uri | None = None
    input_s3_bucket: str | None = None
    input_s3_key: str | None = None
    products_file: str | None = None
    products_argument: SecretStr | None = None
    from_job: bool = False
    skip_existing: bool = False
    num_questions: Annotated[int, Field(ge=1, le=200)] = 25
    limit: Annotated[int, Field(ge=1)] | None = None
    local_dir: Path | None = None
    providers: Annotated[
        tuple[ProviderName, ...],
        BeforeValidator(_names),
        AfterValidator(_without_repeats),
        Field(min_length=1),
    ]
    routing: Literal["ordered", "cheapest"] = "ordered"
    gemini_model: str = GEMINI.default_model
    gemini_market_model: str | None = None
    openai_model: str = OPENAI.default_model
    anthropic_model: str = ANTHROPIC.default_model
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = 32
    rpm: Annotated[int, Field(ge=1)] = 60
    tpm: Annotated[int, Field(ge=1)] | None = None
    rpd: Annotated[int, Field(ge=1)] | None = None
    batch_job_id: Annotated[str, AfterValidator(_without_index)] | None = None
    job_queue: str | None = None
    array_index: Annotated[int, Field(ge=0, lt=10_000)] | None = None
    array_size: Annotated[int, Field(ge=1, le=10_000)] = 1
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = "INFO"
    log_format: Literal["text", "json"] = "text"
    gemini_secret_name: str | None = None
    rds_secret_name: str | None = None
    db_host: str | None = None
    db_port: Port | None = None
    db_name: str | None = None
    db_sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = "prefer"
    gemini_api_key: SecretStr | None = None
    openai_secret_name: str | None = None
    openai_api_key: SecretStr | None = None
    anthropic_secret_name: str | None = None
    anthropic_api_key: SecretStr | None = None
    database_url: SecretStr | None = None
    aws_region: str | None = None
    output_s3_bucket: str | None = None
    output_s3_prefix: str = "query/"
    orchestration_logs_table: str = "OrchestrationLogs"
    events_ttl_days: Annotated[float, Field(gt=0, le=36_500)] = 90
    gemini_api_endpoint: str | None = None
    openai_base_url: str | None = None
    anthropic_base_url: str | None = None
    llm_timeout: Annotated[float, Field(ge=1, le=3600)] = 60
    cache_url: str | None = None
    cache_ttl_completions: Annotated[Annotated[float, Field(ge=0)] | None, BeforeValidator(_none)] = 3600
    cache_memory_mb: Annotated[int, Field(ge=0)] = 32
    dry_run: bool = False
    max_cost: Annotated[float, Field(gt=0)] | None = None
    prices_file: str | None = None
    retry_max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    circuit_breaker_threshold: Annotated[int, Field(ge=1)] = 5
    circuit_breaker_timeout: Annotated[float, Field(ge=1, le=3600)] = 300
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 30
    drain_seconds: Annotated[float, Field(ge=0, le=3600)] = 25
    database_reconnect_seconds: Annotated[float, Field(ge=0, le=3600)] = 180
    refresh: bool = False
    batch_size: Annotated[int, Field(ge=1, le=50)] = 50
    connection_pool_size: Annotated[int, Field(ge=1, le=1000)] | None = None


def load_config(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> JobConfig:
    """Join options and environment; an option wins over its variable, an empty value counts as not given.

    Raises:
        ConfigurationError: names every wrong and every missing setting at once, each with an example.
    """
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
        config = JobConfig.model_validate(values)
    except ValidationError as exc:
        wrong = [_describe(error["loc"][0], error["input"], error["msg"]) for error in exc.errors()]
        raise ConfigurationError("\n".join([*dict.fromkeys(wrong), *problems])) from None
    if problems:
        raise ConfigurationError("\n".join(problems))
    return config


def _given(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field, setting in SETTINGS.items():
        argument = arguments.get("provider" if field == "providers" else field)
        value = argument if argument is not None else environ.get(setting.variable, "")
        if value.strip():
            values[field] = value
    return values


def _default_job_id(environ: Mapping[str, str]) -> str:
    batch_id = _without_index(environ.get("AWS_BATCH_JOB_ID", ""))
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
        named = [name for name in _names(values.get("providers", DEFAULT_PROVIDER)) if name in PROVIDERS]
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


def _describe(field: str | int, value: object, message: str) -> str:
    setting = SETTINGS[str(field)]
    shown = "the value" if field in SECRET_FIELDS else repr(value)
    return f"{setting}: {shown} is wrong ({message}); right is, for example: {setting.example}"
