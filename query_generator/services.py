"""What a configuration runs on: database, object store and events; AWS or this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import secrets_cache
from query_generator.aws import dynamodb_client, s3_client
from query_generator.config import JobConfig
from query_generator.store.database import Database, open_database
from query_generator.store.events import DynamoDbEvents, EventSink, FileEvents
from query_generator.store.objects import FolderObjects, ObjectStore, S3Objects


@contextmanager
def database_of(config: JobConfig) -> Iterator[Database]:
    """Connect to the database, the embedded one in local mode, and check the connection.

    Raises:
        FatalError: it cannot be used; see `get_db_connection` and `local_postgres`.
    """
    if config.local_dir is None:
        db = open_database(secrets_cache.get_rds_config())
        try:
            yield db
        finally:
            db.close()
        return
    from query_generator.local import local_postgres

    with local_postgres(config.local_dir) as server:
        db = open_database(
            secrets_cache.RdsConfig(
                host=str(server["host"]),
                port=int(server["port"]),
                username=str(server["user"]),
                password="",
                dbname=str(server["dbname"]),
                sslmode="disable",
            )
        )
        try:
            yield db
        finally:
            db.close()


def objects_of(config: JobConfig) -> ObjectStore:
    """Return where results are written."""
    if config.local_dir is not None:
        return FolderObjects(config.local_dir)
    return S3Objects(s3_client(config.aws_region), str(config.output_s3_bucket))


def event_sink_of(config: JobConfig) -> EventSink:
    """Return where events are published."""
    if config.local_dir is not None:
        return FileEvents(config.local_dir / "events.jsonl")
    return DynamoDbEvents(dynamodb_client(config.aws_region), config.orchestration_logs_table)
