"""The verb `init-db`: creates or migrates the tables."""

from contextlib import closing

import secrets_cache
from query_generator.config import JobConfig
from query_generator.errors import ExitCode
from query_generator.log import tell
from query_generator.pipeline.services import database_of
from query_generator.stopping import StopSignal
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.schema import migrate


def init_db(config: JobConfig, stop: StopSignal) -> ExitCode:
    """Apply the migrations that the database lacks, and print their names.

    Raises:
        FatalError: the database cannot be used, or its tables are not the documented ones.
    """
    secrets_cache.configure(config)
    policy = ReconnectPolicy.of_run(config.database_reconnect_seconds, stop.is_overdue)
    with database_of(config) as connect, closing(connect(policy)) as db:
        applied = migrate(db)
    tell("\n".join(f"applied {name}" for name in applied) or "the tables are up to date")
    return ExitCode.SUCCEEDED
