"""What a configuration runs on: database, object store and events; AWS or this machine."""

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
    """Reach the database, the embedded one in local mode; the function that comes back opens a connection to it.

    Raises:
        FatalError: the embedded one does not start; opening raises what `open_database` raises.
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
        yield lambda policy: open_database(where, policy)


def objects_of(config: JobConfig) -> ObjectStore:
    """Return where results are written."""
    if config.local_dir is not None:
        return FolderObjects(config.local_dir)
    return S3Objects(s3_client(config.aws_region), str(config.output_s3_bucket))


def event_sink_of(config: JobConfig) -> EventSink:
    """Return where events are published."""
    if config.local_dir is not None:
        return FileEvents(config.local_dir / "events.jsonl")
    return DynamoDbEvents(dynamodb_client(config.aws_region), config.orchestration_logs_table, config.events_ttl_days)
