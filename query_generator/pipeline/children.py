"""How a child of an array begins: with a place among its siblings, or with the news that they have done it all."""

from collections.abc import Callable

from query_generator.config import JobConfig
from query_generator.pipeline.intake import is_sibling
from query_generator.stopping import StopSignal
from query_generator.store.connection_slots import metadata_of_ended_job, wait_for_connection_slot
from query_generator.store.database import Database
from query_generator.store.open_work import missing_migrations


def open_database_of(config: JobConfig, stop: StopSignal, connect: Callable[[], Database]) -> Database | None:
    """Connect; a child of an array when there is room for its connections.

    Returns:
        The connection; None for a child when its siblings have left it nothing to do.

    Raises:
        FatalError: as `wait_for_connection_slot`.
    """
    if config.array_index is None:
        return connect()

    def is_over(db: Database) -> bool:
        return is_over_for_child(config, db)

    return wait_for_connection_slot(connect, is_over, config.array_size, stop.sleep)


def is_over_for_child(config: JobConfig, db: Database) -> bool:
    """Tell whether a child would find its siblings' work done: all input read, the result written, no item to do."""
    if missing_migrations(db):
        return False
    metadata = metadata_of_ended_job(db, config.job_id)
    return metadata is not None and metadata.input_complete and is_sibling(config, metadata)
