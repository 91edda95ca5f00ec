"""The services of a run: database, object store and events, on AWS or on this machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import secrets_cache
from query_generator.aws import dynamodb_client, s3_client
from query_generator.config import JobConfig
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.events import DynamoDbEvents, EventSink, FileEvents
from query_generator.store.objects import FolderObjects, ObjectStore, S3Objects
from query_generator.store.reconnect import ReconnectPolicy

Connect = Callable[[ReconnectPolicy | None], Database]


@contextmanager
def database_of(config: JobConfig) -> Iterator[Connect]:
    """Yield a function that opens connections to the database; in local mode, to the embedded one.

    Raises:
        FatalError: the embedded database does not start. The function raises what `open_database` raises.
    """
    if config.local_dir is None:
        yield lambda policy: open_database(None, policy)
        return
    from query_generator.local.postgres import local_postgres

    with local_postgres(config.local_dir) as server:
        where = secrets_cache.RdsConfig(
            host=str(server["host"]),
            port=int(server["port"]),
            username=str(server["user"]),
            password="",
            dbname=str(server["dbname"]),
            sslmode="disable",
        )
        if config.db_schema:
            where["schema"] = config.db_schema
        yield lambda policy: open_database(where, policy)


def objects_of(config: JobConfig) -> ObjectStore:
    """Return the store that results are written to."""
    if config.local_dir is not None:
        return FolderObjects(config.local_dir)
    return S3Objects(s3_client(config.aws_region), str(config.output_s3_bucket))


def check_bucket(config: JobConfig) -> None:
    """Look whether there is a bucket for the results; the run and the dry run follow this rule.

    Raises:
        ConfigurationError, PermissionRefusedError: there is none that the job could write to: nothing should be bought.
        ServiceAwayError: it cannot be known now, which ends no job: results are made from the database at any time.
    """
    if config.local_dir is None:
        bucket = S3Objects(s3_client(config.aws_region), str(config.output_s3_bucket))
        bucket.check(f"{config.output_s3_prefix}{config.job_id}/results.json")


def event_sink_of(config: JobConfig) -> EventSink:
    """Return the sink that events are published to."""
    if config.local_dir is not None:
        return FileEvents(config.local_dir / "events.jsonl")
    return DynamoDbEvents(dynamodb_client(config.aws_region), config.orchestration_logs_table, config.events_ttl_days)
