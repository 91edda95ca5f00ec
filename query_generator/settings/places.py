"""Where it is kept: database, results, events and replies."""

from typing import TYPE_CHECKING, Annotated, Literal

from query_generator.declaration import Between, Group, Help, Setting, declarations
from query_generator.settings.readings import (
    BUCKETS,
    MAX_KEY_PREFIX_BYTES,
    checked_bucket,
    checked_key_prefix,
    checked_schema,
    checked_table,
    number_or_none,
)

if TYPE_CHECKING:
    from pydantic import SecretStr


@declarations
class PlaceSettings:
    """Where it is kept: database, results, events and replies."""

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
