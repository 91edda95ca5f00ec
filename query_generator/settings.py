"""Every setting: its field of `JobConfig`, its variable, its option, and what a right value looks like."""

from dataclasses import dataclass

from query_generator.llm.registry import PROVIDERS, VENDORS

SECRET_FIELDS = frozenset(
    {"database_url", "products_json", "products_argument", *(vendor.key_field for vendor in VENDORS.values())}
)


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
    "providers": Setting("LLM_PROVIDERS", "--provider", f"one or more of {', '.join(PROVIDERS)}, by commas"),
    "gemini_model": Setting("GEMINI_MODEL", "--model", "gemini-3.5-flash-lite"),
    "gemini_market_model": Setting("GEMINI_MARKET_MODEL", "", "gemini-3.8-flash"),
    "openai_model": Setting("OPENAI_MODEL", "", "gpt-6-luna"),
    "anthropic_model": Setting("ANTHROPIC_MODEL", "", "claude-haiku-5-5"),
    "max_concurrency": Setting("MAX_CONCURRENCY", "--max-concurrency", "32 (1 to 1000)"),
    "rpm": Setting("MAX_REQUESTS_PER_MINUTE", "--rpm", "60 (1 or more)"),
    "tpm": Setting("MAX_TOKENS_PER_MINUTE", "--tpm", "250000 (1 or more)"),
    "rpd": Setting("MAX_REQUESTS_PER_DAY", "--rpd", "10000 (1 or more)"),
    "batch_job_id": Setting("AWS_BATCH_JOB_ID", "", "set by AWS Batch"),
    "job_queue": Setting("AWS_BATCH_JQ_NAME", "", "set by AWS Batch"),
    "array_index": Setting("AWS_BATCH_JOB_ARRAY_INDEX", "", "0 (set by AWS Batch)"),
    "array_size": Setting("AWS_BATCH_JOB_ARRAY_SIZE", "", "16 (1 to 10000)"),
    "routing": Setting("LLM_ROUTING", "", "ordered or cheapest"),
    "log_level": Setting("LOG_LEVEL", "--verbose or --quiet", "DEBUG, INFO, WARNING or ERROR"),
    "log_format": Setting("LOG_FORMAT", "--log-format", "text or json"),
    "gemini_secret_name": Setting("GEMINI_SECRET_NAME", "", "query-generator/gemini"),
    "rds_secret_name": Setting("RDS_SECRET_NAME", "", "query-generator/rds"),
    "db_host": Setting("DB_HOST", "", "db.example.internal"),
    "db_port": Setting("DB_PORT", "", "5432"),
    "db_name": Setting("DB_NAME", "", "catalog"),
    "db_sslmode": Setting("DB_SSLMODE", "", "disable, allow, prefer, require, verify-ca or verify-full"),
    "gemini_api_key": Setting("GEMINI_API_KEY", "", "a key of the Gemini API"),
    "openai_secret_name": Setting("OPENAI_SECRET_NAME", "", "query-generator/openai"),
    "openai_api_key": Setting("OPENAI_API_KEY", "", "a key of the OpenAI API"),
    "anthropic_secret_name": Setting("ANTHROPIC_SECRET_NAME", "", "query-generator/anthropic"),
    "anthropic_api_key": Setting("ANTHROPIC_API_KEY", "", "a key of the Anthropic API"),
    "database_url": Setting("DATABASE_URL", "", "postgresql://user:password@host:5432/dbname"),
    "aws_region": Setting("AWS_REGION", "", "us-east-1"),
    "output_s3_bucket": Setting("OUTPUT_S3_BUCKET", "", "my-bucket"),
    "output_s3_prefix": Setting("OUTPUT_S3_PREFIX", "", "query/"),
    "orchestration_logs_table": Setting("ORCHESTRATION_LOGS_TABLE", "", "OrchestrationLogs"),
    "events_ttl_days": Setting("EVENTS_TTL_DAYS", "", "90 (days)"),
    "gemini_api_endpoint": Setting("GEMINI_API_ENDPOINT", "", "http://127.0.0.1:8080"),
    "openai_base_url": Setting("OPENAI_BASE_URL", "", "http://127.0.0.1:11434/v1"),
    "anthropic_base_url": Setting("ANTHROPIC_BASE_URL", "", "https://anthropic.example.internal"),
    "llm_timeout": Setting("LLM_TIMEOUT_SECONDS", "", "60 (seconds, 1 to 3600)"),
    "cache_url": Setting("CACHE_URL", "", "redis://cache.example.internal:6379/0, or a folder"),
    "cache_ttl_completions": Setting("CACHE_TTL_COMPLETIONS", "", "3600 (seconds; 0: keep nothing; none: for ever)"),
    "cache_memory_mb": Setting("CACHE_MEMORY_MB", "", "32 (0 keeps nothing in memory)"),
    "dry_run": Setting("DRY_RUN", "--dry-run", "true"),
    "max_cost": Setting("MAX_COST_USD", "--max-cost", "5.00 (US dollars)"),
    "prices_file": Setting("PRICES_FILE", "", "prices.json"),
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
