"""Every setting, declared once: type, bounds, default, variable, option, example and meaning.

The options and their help (`cli`), the checks and their messages (`config`) and docs/reference/configuration.md
(`make reference`) are made from here, in this order. A type whose import takes long stands in quotes: `--help` does
without it, and `config` knows it.
"""

import re
from typing import TYPE_CHECKING, Annotated, Literal

from query_generator.declaration import Between, Group, Help, Option, Setting, declarations, declared_in
from query_generator.llm.registry import (
    ANTHROPIC,
    DEFAULT_PROVIDER,
    GEMINI,
    OPENAI,
    PROVIDER_WITHOUT_KEY,
    PROVIDERS,
)
from query_generator.s3_address import is_bucket, object_at

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

MAX_KEY_PREFIX_BYTES = 512  # S3 takes keys of 1,024 bytes, and the job's id and a file's name follow
BUCKETS = "the name alone, or the ARN of an access point"
EVERY_VERB = ("run", "report", "evaluate", "init-db", "cache warm", "cache stats")
WITH_DATABASE = tuple(verb for verb in EVERY_VERB if verb != "evaluate")
BUYING = ("run", "cache warm")

if TYPE_CHECKING:
    ProviderName = str
else:
    ProviderName = Literal[tuple(PROVIDERS)]


def checked_job_id(text: str) -> str:
    """Return a job id; raises ValueError if it is none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", text) or ".." in text:
        raise ValueError("not a job id")
    return text


def checked_schema(text: str) -> str:
    """Return the name of a schema; raises ValueError if it is none, or one of PostgreSQL's own."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", text) or text.startswith("pg_") or text == "information_schema":
        raise ValueError("not a schema")
    return text


def checked_s3_uri(text: str) -> str:
    """Return the address of an S3 object; raises ValueError if it is none."""
    object_at(text)
    return text


def checked_bucket(text: str) -> str:
    """Return the name of a bucket or the ARN of an access point; raises ValueError if it is neither."""
    if not is_bucket(text):
        raise ValueError("no name of a bucket; without s3:// and without a key")
    return text


def checked_table(text: str) -> str:
    """Return the name or ARN of a DynamoDB table; raises ValueError if it is neither."""
    if not re.fullmatch(r"(?:arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/)?[A-Za-z0-9_.-]{3,255}", text):
        raise ValueError("no name of a table")
    return text


def checked_key_prefix(text: str) -> str:
    """Return what the keys of objects begin with, up to a slash; raises ValueError if it leads elsewhere."""
    parts = text.split("/")
    is_path = "" not in parts[:-1] and not {".", ".."} & set(parts) and "\\" not in text
    if not is_path or not text.isprintable() or len(text.encode()) > MAX_KEY_PREFIX_BYTES:
        raise ValueError("no prefix of keys")
    return text if text.endswith("/") else f"{text}/"


def names_in(text: str) -> list[str]:
    """Return what stands between commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def checked_names(text: str) -> list[str]:
    """Return the names between commas; raises ValueError if there is none, or one twice."""
    names = names_in(text)
    if not names:
        raise ValueError("no provider is named")
    if len(set(names)) < len(names):
        raise ValueError("a provider is named twice")
    return names


def without_index(batch_job_id: str) -> str:
    """Return the id that the children of an array job have in common."""
    return batch_job_id.partition(":")[0]


def number_or_none(text: str) -> str | None:
    """Return None for the word."""
    return None if text.strip().lower() == "none" else text


@declarations
class JobConfig:
    """The settings of a run. `config.load_config` makes one and checks it; absent ones are None or have the default."""

    job_id: Annotated[
        str,
        Setting(
            Group.JOB,
            "JOB_ID",
            "spring-2026",
            default="the id of the AWS Batch job, else a fresh one",
            allowed="letters, digits, '.', '_', '-'; at most 128; no '..'",
            read=checked_job_id,
        ),
        Help(
            "name of the job; the same id again continues it",
            "All children of an array job share the id of the array. A fresh id is printed.",
        ),
        Option(
            "--job-id",
            "ID",
            BUYING,
            arguments={"report": "the job whose result is wanted"},
            other_help={"cache warm": "with --from-job: the job whose questions are taken"},
        ),
    ]
    local_dir: Annotated[
        "Path | None",
        Setting(Group.JOB, "LOCAL_DIR", "./local-run", default="off"),
        Help(
            "use an embedded PostgreSQL and folders under DIR (./local-run) instead of RDS, S3 and DynamoDB",
            "What is there survives between runs.",
        ),
        Option("--local", "DIR", WITH_DATABASE, alone="./local-run"),
    ] = None

    products_json: Annotated[
        "SecretStr | None",
        Setting(Group.SOURCE, "PRODUCTS_JSON", '[{"name": "Trail Boot", "brand": "Daybird"}]', secret=True),
        Help("products inline, as in a file"),
    ] = None
    input_s3: Annotated[
        str | None,
        Setting(
            Group.SOURCE,
            example="s3://my-bucket/catalog.json",
            allowed="the bucket may be the ARN of an access point; `?versionId=ID` may end it",
            read=checked_s3_uri,
        ),
        Help("an S3 object, instead of INPUT_S3_BUCKET and INPUT_S3_KEY"),
        Option("--input-s3", "s3://B/K", BUYING),
    ] = None
    input_s3_bucket: Annotated[
        str | None,
        Setting(Group.SOURCE, "INPUT_S3_BUCKET", "my-bucket", allowed=BUCKETS, read=checked_bucket),
        Help("bucket of that object; needs INPUT_S3_KEY"),
    ] = None
    input_s3_key: Annotated[
        str | None,
        Setting(Group.SOURCE, "INPUT_S3_KEY", "catalog.json"),
        Help("key of that object; needs INPUT_S3_BUCKET"),
    ] = None
    products_file: Annotated[
        str | None,
        Setting(Group.SOURCE, example="products.json"),
        Help("a JSON, JSON Lines, CSV, XML or Excel file; - is standard input"),
        Option(
            "--products-file",
            "PATH",
            (*BUYING, "evaluate"),
            other_help={"evaluate": "the catalog that the questions are for, by whose fields contradictions are found"},
        ),
    ] = None
    products_argument: Annotated[
        "SecretStr | None",
        Setting(Group.SOURCE, example='[{"name": "Trail Boot"}]', secret=True),
        Help("products on the command line"),
        Option("--products-json", "JSON", BUYING),
    ] = None
    from_job: Annotated[
        bool,
        Setting(Group.SOURCE, "PRODUCTS_FROM_JOB", "true"),
        Help(
            "products already selected for this job id in the database",
            "They are in `jobselectedproducts`; without any source a known job takes them too. `cache warm` takes the "
            "questions that the job has stored.",
        ),
        Option(
            "--from-job",
            verbs=BUYING,
            other_help={"cache warm": "questions that the job named by --job-id has stored; nothing is bought"},
        ),
    ] = False

    num_questions: Annotated[
        int,
        Setting(Group.WORK, "NUM_QUESTIONS", "25"),
        Help("questions of each type for a product"),
        Between(1, 200),
        Option("--num-questions", "N", BUYING),
    ] = 25
    unbranded_share: Annotated[
        float,
        Setting(Group.WORK, "MARKET_UNBRANDED_SHARE", "0.7"),
        Help("share of the market questions that name neither brand nor product", "It is fixed by a job's first run."),
        Between(0, 1),
        Option("--unbranded-share", "X", (*BUYING, "evaluate")),
    ] = 0.7
    personas_file: Annotated[
        str | None,
        Setting(Group.WORK, "PERSONAS_FILE", "personas.json", default="the list that comes with the project"),
        Help(
            "a JSON file that says who asks",
            'A list of `{"name", "description", "categories"?}`; `categories` are families of products, as food or '
            "electronics. It is fixed by a job's first run.",
        ),
        Option("--personas", "FILE", (*BUYING, "evaluate")),
    ] = None
    ask_factor: Annotated[
        float,
        Setting(Group.WORK, "ASK_FACTOR", "1.15"),
        Help("how many times as many questions a model is asked for as are missing; the best of them are kept"),
        Between(1, 3),
    ] = 1.15
    reask_limit: Annotated[
        int,
        Setting(Group.WORK, "REASK_LIMIT", "2"),
        Help("how often a model is asked again for the questions that an item lacks"),
        Between(0, 20),
    ] = 2
    small_model: Annotated[
        bool,
        Setting(Group.WORK, "SMALL_MODEL", "true"),
        Help(
            "ask for one question at a time, with its beginning given: for small models behind OPENAI_BASE_URL",
            "Each question takes a call of its own, and up to REASK_LIMIT more.",
        ),
    ] = False
    limit: Annotated[
        int | None,
        Setting(Group.WORK, "PRODUCT_LIMIT", "100", default="none"),
        Help("only the first N products"),
        Between(1),
        Option("--limit", "N", BUYING),
    ] = None
    skip_existing: Annotated[
        bool,
        Setting(Group.WORK, "SKIP_EXISTING", "true"),
        Help("leave out products that already have N active questions of each type"),
        Option("--skip-existing", verbs=("run",)),
    ] = False
    dry_run: Annotated[
        bool,
        Setting(Group.WORK, "DRY_RUN", "true"),
        Help("check input, settings and connections, and quote calls, tokens and price; nothing is bought or written"),
        Option("--dry-run", verbs=("run",)),
    ] = False
    refresh: Annotated[
        bool,
        Setting(Group.WORK, "REFRESH", "true"),
        Help("allow another number of questions, provider, model or prompt version than the job began with"),
        Option("--refresh", verbs=("run",)),
    ] = False
    retry_failed: Annotated[
        bool,
        Setting(Group.WORK, "RETRY_FAILED", "true"),
        Help(
            "try all failed items of the job again, also those that the model refused",
            "Without it those alone whose cause may be gone. In AWS Batch it holds once a submission, not for each "
            "retry and child.",
        ),
        Option("--retry-failed", verbs=("run",)),
    ] = False

    providers: Annotated[
        tuple[ProviderName, ...],
        Setting(
            Group.WRITER,
            "LLM_PROVIDERS",
            "gemini,openai",
            default=f"{DEFAULT_PROVIDER}, or {PROVIDER_WITHOUT_KEY} with --local and no key",
            read=checked_names,
        ),
        Help("who is asked; each stands in for those before it"),
        Option("--provider", "NAMES", BUYING),
    ]
    routing: Annotated[
        Literal["ordered", "cheapest"],
        Setting(Group.WRITER, "LLM_ROUTING", "cheapest"),
        Help(
            "which of several providers is asked first",
            "`ordered`: they are asked as they are named; `cheapest`: by the price of a typical call.",
        ),
    ] = "ordered"
    gemini_model: Annotated[
        str,
        Setting(Group.WRITER, "GEMINI_MODEL", GEMINI.default_model),
        Help("the model of `gemini` and `google-genai`"),
        Option("--model", "NAME", BUYING),
    ] = GEMINI.default_model
    gemini_market_model: Annotated[
        str | None,
        Setting(Group.WRITER, "GEMINI_MARKET_MODEL", "gemini-3.8-flash", default="that of GEMINI_MODEL"),
        Help("their model for market questions, if another"),
    ] = None
    openai_model: Annotated[
        str, Setting(Group.WRITER, "OPENAI_MODEL", OPENAI.default_model), Help("the model of `openai`")
    ] = OPENAI.default_model
    anthropic_model: Annotated[
        str, Setting(Group.WRITER, "ANTHROPIC_MODEL", ANTHROPIC.default_model), Help("the model of `anthropic`")
    ] = ANTHROPIC.default_model

    max_concurrency: Annotated[
        int,
        Setting(Group.PACE, "MAX_CONCURRENCY", "32"),
        Help("calls in flight at once"),
        Between(1, 1000),
        Option("--max-concurrency", "N", BUYING),
    ] = 32
    connection_pool_size: Annotated[
        int | None,
        Setting(Group.PACE, "CONNECTION_POOL_SIZE", "32", default="the calls in flight"),
        Help("HTTP connections"),
        Between(1, 1000),
    ] = None
    rpm: Annotated[
        int,
        Setting(Group.PACE, "MAX_REQUESTS_PER_MINUTE", "60"),
        Help("calls a minute of the whole job, all runs together", "Not for `offline`."),
        Between(1),
        Option("--rpm", "N", BUYING),
    ] = 60
    tpm: Annotated[
        int | None,
        Setting(Group.PACE, "MAX_TOKENS_PER_MINUTE", "250000", default="none"),
        Help("tokens a minute of the whole job, prompts and replies"),
        Between(1),
        Option("--tpm", "N", BUYING),
    ] = None
    rpd: Annotated[
        int | None,
        Setting(Group.PACE, "MAX_REQUESTS_PER_DAY", "10000", default="none"),
        Help("calls a day of the whole job", "Days end at midnight Pacific time, as Google's do."),
        Between(1),
        Option("--rpd", "N", BUYING),
    ] = None
    max_cost: Annotated[
        float | None,
        Setting(Group.PACE, "MAX_COST_USD", "5.00", default="none"),
        Help(
            "what the whole job may cost",
            "A hard cap, summed over all runs and children of the job. The price of every model that is asked has to "
            "be known.",
        ),
        Between(above=0, unit="US dollars"),
        Option("--max-cost", "USD", BUYING),
    ] = None
    prices_file: Annotated[
        str | None,
        Setting(Group.PACE, "PRICES_FILE", "prices.json"),
        Help("a JSON file with prices of models that go before the table of this project"),
    ] = None

    gemini_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "GEMINI_SECRET_NAME", "query-generator/gemini"),
        Help(
            "name of the secret with the key of Gemini, in Secrets Manager",
            "The key as plain text, or JSON with `api_key` or `GEMINI_API_KEY`.",
        ),
    ] = None
    gemini_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "GEMINI_API_KEY", "a key of the Gemini API", secret=True),
        Help(
            "the key itself; used where GEMINI_SECRET_NAME is not set",
            "A key of fewer than 8 characters is refused (64) where it would go to the vendor itself.",
        ),
    ] = None
    gemini_api_endpoint: Annotated[
        str | None,
        Setting(Group.KEYS, "GEMINI_API_ENDPOINT", "http://127.0.0.1:8080", default="Google's"),
        Help("scheme and host of a Gemini-compatible service", "Plain http on loopback only."),
    ] = None
    openai_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "OPENAI_SECRET_NAME", "query-generator/openai"),
        Help(
            "name of the secret with the key of OpenAI; read only if `openai` is asked",
            "The key as plain text, or JSON with `api_key` or `OPENAI_API_KEY`.",
        ),
    ] = None
    openai_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "OPENAI_API_KEY", "a key of the OpenAI API", secret=True),
        Help(
            "the key itself; used where OPENAI_SECRET_NAME is not set",
            "With OPENAI_BASE_URL there may be none. Too short a key is refused as for Gemini.",
        ),
    ] = None
    openai_base_url: Annotated[
        str | None,
        Setting(Group.KEYS, "OPENAI_BASE_URL", "http://127.0.0.1:11434/v1", default="the vendor's"),
        Help(
            "another service that speaks as OpenAI's does, with its version", "Plain http with a key on loopback only."
        ),
    ] = None
    anthropic_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "ANTHROPIC_SECRET_NAME", "query-generator/anthropic"),
        Help(
            "name of the secret with the key of Anthropic; read only if `anthropic` is asked",
            "The key as plain text, or JSON with `api_key` or `ANTHROPIC_API_KEY`.",
        ),
    ] = None
    anthropic_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "ANTHROPIC_API_KEY", "a key of the Anthropic API", secret=True),
        Help(
            "the key itself; used where ANTHROPIC_SECRET_NAME is not set", "Too short a key is refused as for Gemini."
        ),
    ] = None
    anthropic_base_url: Annotated[
        str | None,
        Setting(Group.KEYS, "ANTHROPIC_BASE_URL", "https://anthropic.example.internal", default="the vendor's"),
        Help("another service that speaks as Anthropic's does", "Plain http with a key on loopback only."),
    ] = None

    rds_secret_name: Annotated[
        str | None,
        Setting(Group.DATABASE, "RDS_SECRET_NAME", "query-generator/rds"),
        Help(
            "name of the secret with the login, in Secrets Manager",
            "RDS JSON: `host`, `port`, `username`, `password`, `dbname`.",
        ),
    ] = None
    database_url: Annotated[
        "SecretStr | None",
        Setting(Group.DATABASE, "DATABASE_URL", "postgresql://user:password@host:5432/dbname", secret=True),
        Help("the database itself; used where RDS_SECRET_NAME is not set"),
    ] = None
    db_host: Annotated[
        str | None,
        Setting(Group.DATABASE, "DB_HOST", "db.example.internal"),
        Help(
            "host, for a secret that does not hold it",
            "A secret that RDS manages holds only `username` and `password`.",
        ),
    ] = None
    db_port: Annotated[
        int | None,
        Setting(Group.DATABASE, "DB_PORT", "5432", default="5432"),
        Help("port, for a secret that does not hold it"),
        Between(1, 65535),
    ] = None
    db_name: Annotated[
        str | None,
        Setting(Group.DATABASE, "DB_NAME", "catalog"),
        Help("name of the database, for a secret that does not hold it"),
    ] = None
    db_sslmode: Annotated[
        Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        Setting(Group.DATABASE, "DB_SSLMODE", "verify-full"),
        Help("how TLS is asked for, as in libpq", "The job definition says `verify-full`."),
    ] = "prefer"
    db_schema: Annotated[
        str | None,
        Setting(
            Group.DATABASE,
            "DB_SCHEMA",
            "query_generator",
            allowed="letters, digits and '_', at most 63; not 'pg_' first",
            read=checked_schema,
        ),
        Help(
            "schema for the tables of the job's own; `init-db` makes it",
            "The documented tables stay where the search path finds them.",
        ),
    ] = None
    database_reconnect_seconds: Annotated[
        float,
        Setting(Group.DATABASE, "DATABASE_RECONNECT_SECONDS", "180"),
        Help("how long a run waits for a database that went away"),
        Between(0, 3600, "seconds"),
    ] = 180
    lease_seconds: Annotated[
        float,
        Setting(Group.DATABASE, "LEASE_SECONDS", "30"),
        Help("how long a run may be silent before another run of the job may take over its work"),
        Between(1, 3600, "seconds"),
    ] = 30
    batch_size: Annotated[int, Setting(Group.DATABASE, "BATCH_SIZE", "50"), Help("rows an insert"), Between(1, 50)] = 50

    output_s3_bucket: Annotated[
        str | None,
        Setting(Group.OUTPUT, "OUTPUT_S3_BUCKET", "my-bucket", allowed=BUCKETS, read=checked_bucket),
        Help("bucket of the results"),
    ] = None
    output_s3_prefix: Annotated[
        str,
        Setting(
            Group.OUTPUT,
            "OUTPUT_S3_PREFIX",
            "query/",
            allowed=f"plain text of at most {MAX_KEY_PREFIX_BYTES} bytes; no '/' first, no '//', '..', '.' or '\\\\'",
            read=checked_key_prefix,
        ),
        Help("what their keys begin with", "A slash is added where there is none."),
    ] = "query/"
    orchestration_logs_table: Annotated[
        str,
        Setting(Group.OUTPUT, "ORCHESTRATION_LOGS_TABLE", "OrchestrationLogs", read=checked_table),
        Help("DynamoDB table of the events"),
    ] = "OrchestrationLogs"
    events_ttl_days: Annotated[
        float,
        Setting(Group.OUTPUT, "EVENTS_TTL_DAYS", "90"),
        Help("when a table with its TTL on `expires_at` lets an event go"),
        Between(above=0, at_most=36500, unit="days"),
    ] = 90
    aws_region: Annotated[
        str | None,
        Setting(Group.OUTPUT, "AWS_REGION", "us-east-1"),
        Help(
            "region of S3, DynamoDB and Secrets Manager",
            "boto3's own; its others (`AWS_ENDPOINT_URL`, `AWS_PROFILE`, …) hold too.",
        ),
    ] = None

    cache_url: Annotated[
        "SecretStr | None",
        Setting(Group.CACHE, "CACHE_URL", "redis://cache.example.internal:6379/0", default="memory alone", secret=True),
        Help(
            "where replies are kept between runs: Redis or a folder",
            "`redis://…`, `rediss://…` or a folder; both, by a comma.",
        ),
    ] = None
    cache_ttl_completions: Annotated[
        float | None,
        Setting(
            Group.CACHE, "CACHE_TTL_COMPLETIONS", "3600", allowed="seconds, 0 or more, or none", read=number_or_none
        ),
        Help("how long a reply is kept; 0 keeps nothing, `none` keeps it for ever"),
        Between(0, unit="seconds"),
    ] = 3600
    cache_memory_mb: Annotated[
        int,
        Setting(Group.CACHE, "CACHE_MEMORY_MB", "32"),
        Help("replies in memory, the least used go first; 0 keeps none"),
        Between(0, unit="MB"),
    ] = 32

    llm_timeout: Annotated[
        float,
        Setting(Group.FAULTS, "LLM_TIMEOUT_SECONDS", "60"),
        Help("the longest wait for a provider's next byte; a whole call may take twice that"),
        Between(1, 3600, "seconds"),
    ] = 60
    retry_max_attempts: Annotated[
        int,
        Setting(Group.FAULTS, "RETRY_MAX_ATTEMPTS", "3"),
        Help(
            "tries of a call, with exponential backoff and full jitter",
            "Retries are at most a tenth of a run's calls, and ten.",
        ),
        Between(1, 10),
    ] = 3
    circuit_breaker_threshold: Annotated[
        int,
        Setting(Group.FAULTS, "CIRCUIT_BREAKER_THRESHOLD", "5"),
        Help("failures of a model's service in a row after which it is left alone", "429s are not counted."),
        Between(1),
    ] = 5
    circuit_breaker_timeout: Annotated[
        float,
        Setting(Group.FAULTS, "CIRCUIT_BREAKER_TIMEOUT", "300"),
        Help("time until one call tries it again", "A run whose only service fails that too ends with 75."),
        Between(1, 3600, "seconds"),
    ] = 300
    unusable_reply_limit: Annotated[
        int,
        Setting(Group.FAULTS, "UNUSABLE_REPLY_LIMIT", "5"),
        Help(
            "items in a row whose paid replies were of no use, after which nothing more is bought",
            "The run ends with 65. Of several providers each is left alone after as many such replies in a row.",
        ),
        Between(1),
    ] = 5
    drain_seconds: Annotated[
        float,
        Setting(Group.FAULTS, "DRAIN_SECONDS", "25"),
        Help("time for calls in flight after SIGTERM or Ctrl-C"),
        Between(0, 3600, "seconds"),
    ] = 25

    question_files: Annotated[
        tuple[str, ...] | None,
        Setting(Group.EVALUATION, example="results.json", allowed="paths of files", read=str.splitlines),
        Help("files of questions"),
        Option(
            "RESULTS.json",
            "RESULTS.json",
            arguments={
                "evaluate": "the result of a job, or a list of questions of another tool; several: side by side"
            },
            many=True,
        ),
    ] = None
    fail_over: Annotated[
        tuple[str, ...] | None,
        Setting(Group.EVALUATION, example="near_duplicates=0.02", allowed="KEY=VALUE", read=str.splitlines),
        Help("end with 65 if a figure of the first file is worse than this, with 64 if it cannot be told"),
        Option("--fail-over", "KEY=VALUE", ("evaluate",), many=True),
    ] = None
    plot: Annotated[
        str | None,
        Setting(Group.EVALUATION, example="figures.svg"),
        Help("write the shares as bars to this SVG file"),
        Option("--plot", "PATH", ("evaluate",)),
    ] = None
    as_json: Annotated[
        bool,
        Setting(Group.EVALUATION, example="true"),
        Help("print the figures as JSON"),
        Option("--json", verbs=("evaluate",)),
    ] = False

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"],
        Setting(Group.LOG, "LOG_LEVEL", "DEBUG", read=str.upper),
        Help(
            "how much is logged",
            "INFO names each product of a job of up to 1,000, of a larger one a product every 5 s.",
        ),
        Option(
            "--verbose or --quiet",
            verbs=EVERY_VERB,
            shorthands={
                "--verbose": ("DEBUG", "log every detail"),
                "--quiet": ("WARNING", "log warnings and errors only"),
            },
        ),
    ] = "INFO"
    log_format: Annotated[
        Literal["text", "json"],
        Setting(Group.LOG, "LOG_FORMAT", "json"),
        Help("shape of the log lines on standard error"),
        Option("--log-format", verbs=EVERY_VERB),
    ] = "text"

    batch_job_id: Annotated[
        str | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ID", "8f3c1c2e-5a53-4f0a-9d0c-0d2a4c7f9b11:3", read=without_index),
        Help("id of the AWS Batch job; names the job where JOB_ID does not"),
    ] = None
    batch_attempt: Annotated[
        int | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ATTEMPT", "1"),
        Help("with it, what was paid for in vain is tried again once for each AWS Batch job, not by its every try"),
        Between(1),
    ] = None
    job_queue: Annotated[
        str | None,
        Setting(Group.BATCH, "AWS_BATCH_JQ_NAME", "query-generator"),
        Help("with it the run writes metric lines, and this is their dimension"),
    ] = None
    array_index: Annotated[
        int | None,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ARRAY_INDEX", "0"),
        Help("makes the run a child of an array job"),
        Between(0, 9999),
    ] = None
    array_size: Annotated[
        int,
        Setting(Group.BATCH, "AWS_BATCH_JOB_ARRAY_SIZE", "16"),
        Help("a child's share of the limits while the database is away"),
        Between(1, 10000),
    ] = 1


SETTINGS = declared_in(JobConfig)
