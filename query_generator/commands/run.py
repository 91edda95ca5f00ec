"""The verb `run`: runs the job, or with `--dry-run` says what it would do and cost."""

import logging

from query_generator.config import JobConfig
from query_generator.ending import Ending
from query_generator.log import tell
from query_generator.stopping import StopSignal

_LOG = logging.getLogger("batch_job")


def run(config: JobConfig, stop: StopSignal) -> Ending:
    """Run or continue a job, and print its summary.

    Raises:
        FatalError: the job could not be started or has not ended; the error carries the exit code.
    """
    if config.dry_run:
        return _dry_run(config, stop)
    from query_generator.pipeline.job import run_job
    from query_generator.pipeline.spending import checked_prices
    from query_generator.report.summary import ChildReport, child_summary, summary

    checked_prices(config)
    _LOG.info("[INIT] Job %s", config.job_id)
    report = run_job(config, stop)
    tell(child_summary(report) if isinstance(report, ChildReport) else summary(report))
    return report.ending


def _dry_run(config: JobConfig, stop: StopSignal) -> Ending:
    from query_generator.dry_run.command import dry_run

    text, ending = dry_run(config, stop)
    tell(text)
    return ending
