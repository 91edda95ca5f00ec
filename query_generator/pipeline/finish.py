"""The end of a job: which run writes its result, and what that leaves in the ledger."""

import logging
from collections.abc import Callable
from contextlib import suppress

from query_generator.config import JobConfig
from query_generator.errors import FatalError, InterruptedRunError
from query_generator.pipeline.services import objects_of
from query_generator.report.summary import Report, ResultStatus, publish_result
from query_generator.stopping import StopSignal
from query_generator.store.events import EventLog
from query_generator.store.jobs import JobStatus, read_job
from query_generator.store.ledger import Ledger

_LOG = logging.getLogger("job")

FINISHER_LEASES = 1.5  # a finisher that died is declared dead in that time


class Finish:
    """The end of one run of a job. `storage_failures` counts results that could not be written."""

    def __init__(
        self, config: JobConfig, ledger: Ledger, events: EventLog, stop: StopSignal, clock: Callable[[], float]
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._db = ledger.db
        self._events = events
        self._stop = stop
        self._clock = clock
        self.storage_failures = 0

    def is_for_this_child(self, failure: FatalError | None) -> bool:
        """Become the one child that writes the result, which is written by one run at a time.

        An interrupted child leaves that to others, and so does one that fails while another writes. Any other one
        leaves when the job is complete, or when the child that writes has lived on for longer than a lease.
        """
        begin = self._ledger.record.begin_finish
        if isinstance(failure, InterruptedRunError):
            return False
        if failure:
            with suppress(FatalError):
                return self._db.with_reconnect(begin)
            return False
        lease = self._ledger.lease
        end = self._clock() + FINISHER_LEASES * lease.seconds
        while not self._db.with_reconnect(begin):
            if self._clock() >= end or self._db.with_reconnect(self._is_complete):
                return False
            self._stop.sleep(lease.idle_look_seconds())
            self._db.with_reconnect(lease.take_over)
        return True

    def _is_complete(self) -> bool:
        job = read_job(self._db, self._ledger.job_id)
        return job is not None and job.status == JobStatus.COMPLETED

    def write(self, failure: FatalError | None) -> Report:
        """Write the result, and complete the job unless the run has failed.

        Raises:
            FatalError: `failure`, after the partial result is written as far as that is possible; or what kept the
                result of a run that has not failed from being written.
        """
        report = self._publish(failure)
        self._events.record("results_saved", addresses=report.addresses)
        record = self._ledger.record
        if failure:
            status = JobStatus.PROCESSING if report.counts.open_items else JobStatus.FAILED
            self._db.with_reconnect(lambda: record.set_status(status, str(failure)))
            raise failure
        self._db.with_reconnect(
            lambda: record.complete(
                lambda: self._events.record("job_completed", status=report.status, **report.numbers())
            )
        )
        return report

    def _publish(self, failure: FatalError | None) -> Report:
        early = None
        if failure:
            early = ResultStatus.INTERRUPTED if isinstance(failure, InterruptedRunError) else ResultStatus.FAILED
        config = self._config
        try:
            return self._db.with_reconnect(
                lambda: publish_result(self._db, objects_of(config), config.job_id, config.output_s3_prefix, early)
            )
        except FatalError as exc:
            self.storage_failures += 1
            if not failure:
                raise
            _LOG.warning("[BATCH WARNING] The partial result is not written: %s", exc)
            raise failure from exc
