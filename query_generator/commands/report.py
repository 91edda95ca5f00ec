"""The verb `report`: makes the result of a job again from the database."""

from contextlib import closing

import secrets_cache
from query_generator.config import JobConfig
from query_generator.errors import ExitCode
from query_generator.log import tell
from query_generator.pipeline.services import database_of, objects_of
from query_generator.report.summary import publish_result, summary
from query_generator.stopping import StopSignal
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.schema import migrate


def report(config: JobConfig, stop: StopSignal) -> ExitCode:
    """Write results.json again and print the summary.

    Raises:
        ConfigurationError: the database does not know the job.
        FatalError: the database or the bucket cannot be used.
    """
    secrets_cache.configure(config)
    policy = ReconnectPolicy.of_run(config.database_reconnect_seconds, stop.is_overdue)
    with database_of(config) as connect, closing(connect(policy)) as db:
        migrate(db)
        made = publish_result(db, objects_of(config), config.job_id, config.output_s3_prefix)
    tell(summary(made))
    return ExitCode.SUCCEEDED
