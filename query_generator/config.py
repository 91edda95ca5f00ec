"""Options and environment → one frozen JobConfig. The only reader of the environment."""

import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from query_generator.errors import ConfigurationError

PROVIDERS = ("gemini", "offline")

OFF = ("", "0", "false", "no", "off")
LATER_VARIABLES = ("DRY_RUN", "MAX_COST_USD")
SOURCES = frozenset({"products_json", "input_s3", "input_s3_bucket", "products_file", "products_argument"})


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the value of one field of JobConfig comes from, and what a right one looks like."""

    variable: str = ""
    option: str = ""
    example: str = ""

    def __str__(self) -> str:
        return " / ".join(name for name in (self.option, self.variable) if name)


SETTINGS: dict[str, Setting] = {
    "job_id": Setting("JOB_ID", "--job-id", "spring-2026 (letters, digits, '.', '_', '-'; at most 128; no '..')"),
    "products_json": Setting("PRODUCTS_JSON", "", '[{"name": "Trail Boot", "brand": "Daybird"}]'),
    "input_s3": Setting("", "--input-s3", "s3://my-bucket/catalog.json"),
    "input_s3_bucket": Setting("INPUT_S3_BUCKET", "", "my-bucket"),
    "input_s3_key": Setting("INPUT_S3_KEY", "", "catalog.json"),
    "products_file": Setting("", "--products-file", "products.json"),
    "products_argument": Setting("", "--products-json", '[{"name": "Trail Boot"}]'),
    "from_job": Setting("PRODUCTS_FROM_JOB", "--from-job", "true"),
    "skip_existing": Setting("SKIP_EXISTING", "--skip-existing", "true"),
    "num_questions": Setting("NUM_QUESTIONS", "--num-questions", "25 (1 to 200)"),
    "limit": Setting("PRODUCT_LIMIT", "--limit", "100 (1 or more)"),
    "local_dir": Setting("LOCAL_DIR", "--local", "./local-run"),
    "providers": Setting("LLM_PROVIDERS", "--provider", f"one of {', '.join(PROVIDERS)}"),
    "gemini_model": Setting("GEMINI_MODEL", "--model", "gemini-3.5-flash-lite"),
    "gemini_market_model": Setting("GEMINI_MARKET_MODEL", "", "gemini-3.8-flash"),
    "max_concurrency": Setting("MAX_CONCURRENCY", "--max-concurrency", "32 (1 to 1000)"),
    "rpm": Setting("MAX_REQUESTS_PER_MINUTE", "--rpm", "60 (1 or more)"),
    "tpm": Setting("MAX_TOKENS_PER_MINUTE", "--tpm", "250000 (1 or more)"),
    "rpd": Setting("MAX_REQUESTS_PER_DAY", "--rpd", "10000 (1 or more)"),
    "array_size": Setting("AWS_BATCH_JOB_ARRAY_SIZE", "", "16 (1 to 10000)"),
    "log_level": Setting("LOG_LEVEL", "--verbose or --quiet", "DEBUG, INFO, WARNING or ERROR"),
    "log_format": Setting("LOG_FORMAT", "--log-format", "text or json"),
    "gemini_secret_name": Setting("GEMINI_SECRET_NAME", "", "query-generator/gemini"),
    "rds_secret_name": Setting("RDS_SECRET_NAME", "", "query-generator/rds"),
    "db_host": Setting("DB_HOST", "", "db.example.internal"),
    "db_port": Setting("DB_PORT", "", "5432"),
    "db_name": Setting("DB_NAME", "", "catalog"),
    "db_sslmode": Setting("DB_SSLMODE", "", "disable, allow, prefer, require, verify-ca or verify-full"),
    "gemini_api_key": Setting("GEMINI_API_KEY", "", "a key of the Gemini API"),
    "database_url": Setting("DATABASE_URL", "", "postgresql://user:password@host:5432/dbname"),
    "aws_region": Setting("AWS_REGION", "", "us-east-1"),
    "output_s3_bucket": Setting("OUTPUT_S3_BUCKET", "", "my-bucket"),
    "output_s3_prefix": Setting("OUTPUT_S3_PREFIX", "", "query/"),
    "orchestration_logs_table": Setting("ORCHESTRATION_LOGS_TABLE", "", "OrchestrationLogs"),
    "gemini_api_endpoint": Setting("GEMINI_API_ENDPOINT", "", "http://127.0.0.1:8080"),
    "retry_max_attempts": Setting("RETRY_MAX_ATTEMPTS", "", "3 (1 to 10)"),
    "circuit_breaker_threshold": Setting("CIRCUIT_BREAKER_THRESHOLD", "", "5 (1 or more)"),
    "circuit_breaker_timeout": Setting("CIRCUIT_BREAKER_TIMEOUT", "", "300 (seconds, 1 to 3600)"),
    "lease_seconds": Setting("LEASE_SECONDS", "", "30 (1 to 3600)"),
    "drain_seconds": Setting("DRAIN_SECONDS", "", "25 (0 to 3600)"),
    "database_reconnect_seconds": Setting("DATABASE_RECONNECT_SECONDS", "", "180 (0 to 3600)"),
    "refresh": Setting("REFRESH", "--refresh", "true"),
    "batch_size": Setting("BATCH_SIZE", "", "50 (1 to 50)"),
    "connection_pool_size": Setting("CONNECTION_POOL_SIZE", "", "32 (1 to 1000)"),
}


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


def _names(value: object) -> object:
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


JobId = Annotated[str, AfterValidator(_checked_job_id)]
S3Uri = Annotated[str, AfterValidator(_checked_s3_uri)]
Port = Annotated[int, Field(ge=1, le=65535)]


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
        tuple[Literal["gemini", "offline"], ...], BeforeValidator(_names), Field(min_length=1, max_length=1)
    ]
    gemini_model: str = "gemini-3.5-flash-lite"
    gemini_market_model: str | None = None
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = 32
    rpm: Annotated[int, Field(ge=1)] = 60
    tpm: Annotated[int, Field(ge=1)] | None = None
    rpd: Annotated[int, Field(ge=1)] | None = None
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
    database_url: SecretStr | None = None
    aws_region: str | None = None
    output_s3_bucket: str | None = None
    output_s3_prefix: str = "query/"
    orchestration_logs_table: str = "OrchestrationLogs"
    gemini_api_endpoint: str | None = None
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
    if verb == "run":
        problems += [
            f"{name}: not available yet; unset it"
            for name in LATER_VARIABLES
            if environ.get(name, "").lower() not in OFF
        ]
    if "job_id" not in values:
        values["job_id"] = _default_job_id(environ)
        if verb == "run" and not SOURCES & values.keys() and "AWS_BATCH_JOB_ID" not in environ:
            problems.append(
                "missing: products; give --products-file, --input-s3, --products-json or PRODUCTS_JSON, "
                "or the --job-id of a job that has some"
            )
    if "providers" not in values:
        offline = "local_dir" in values and not ({"gemini_api_key", "gemini_secret_name"} & values.keys())
        values["providers"] = "offline" if offline else "gemini"
    try:
        config = JobConfig.model_validate(values)
    except ValidationError as exc:
        wrong = [_describe(error["loc"][0], error["input"], error["msg"]) for error in exc.errors()]
        raise ConfigurationError("\n".join([*dict.fromkeys(wrong), *problems])) from None
    if problems:
        raise ConfigurationError("\n".join(problems))
    return config


def environment_config() -> JobConfig:
    """Read the configuration of this process for a documented function that is called without one.

    Only the values are checked: what the function needs and misses, it says itself.

    Raises:
        ConfigurationError: a value is wrong.
    """
    return load_config({"verb": "function"}, os.environ)


def _given(arguments: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field, setting in SETTINGS.items():
        argument = arguments.get("provider" if field == "providers" else field)
        value = argument if argument is not None else environ.get(setting.variable, "")
        if value.strip():
            values[field] = value
    return values


def _default_job_id(environ: Mapping[str, str]) -> str:
    batch_id = environ.get("AWS_BATCH_JOB_ID", "").partition(":")[0]
    return batch_id or f"job-{datetime.now(UTC):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"


def _missing(verb: str, values: Mapping[str, Any]) -> list[str]:
    """Name what a verb needs and was not given, one line each."""
    needed: list[tuple[str, ...]] = []
    if verb in ("run", "report", "init-db"):
        needed.append(("rds_secret_name", "database_url"))
    if verb in ("run", "report"):
        needed.append(("output_s3_bucket",))
    if verb == "run" and values.get("providers", "gemini") == "gemini":
        needed.append(("gemini_secret_name", "gemini_api_key"))
    local = "local_dir" in values
    if local:
        needed = (
            [("gemini_secret_name", "gemini_api_key")] if verb == "run" and values.get("providers") == "gemini" else []
        )
    lines = [
        "missing: " + " or ".join(f"{SETTINGS[name].variable} (for example {SETTINGS[name].example})" for name in names)
        for names in needed
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
    hidden = field in ("gemini_api_key", "database_url", "products_json", "products_argument")
    shown = "the value" if hidden else repr(value)
    return f"{setting}: {shown} is wrong ({message}); right is, for example: {setting.example}"
