"""The start of an array child: it gets a connection slot, or ends because its siblings have done all the work."""

from collections.abc import Callable

from query_generator.config import JobConfig
from query_generator.pipeline.intake import is_sibling
from query_generator.stopping import StopSignal
from query_generator.store.connection_slots import metadata_of_ended_job, wait_for_connection_slot
from query_generator.store.database import Database
from query_generator.store.open_work import missing_migrations


def open_database_of(config: JobConfig, stop: StopSignal, connect: Callable[[], Database]) -> Database | None:
    """Connect; a child of an array first waits for a connection slot.

    Returns:
        The connection; None if a child's siblings have left it nothing to do.

    Raises:
        FatalError: what `wait_for_connection_slot` or `connect` raises.
    """
    if config.array_index is None:
        return connect()

    def is_over(db: Database) -> bool:
        return is_over_for_child(config, db)

    return wait_for_connection_slot(connect, is_over, config.array_size, stop.sleep)


def is_over_for_child(config: JobConfig, db: Database) -> bool:
    """Return whether the siblings have done all work: the input is read, no item is open, the result is written."""
    if missing_migrations(db):
        return False
    metadata = metadata_of_ended_job(db, config.job_id)
    return metadata is not None and metadata.input_complete and is_sibling(config, metadata)
