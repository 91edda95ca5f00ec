"""The end of a job: which run writes the result, and the status that the job gets."""

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

FINISHER_LEASES = 1.5  # how long to wait for the finisher, in leases; one that died is declared dead by then


class Finish:
    """Ends one run of a job. `storage_failures` counts results that could not be written."""

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
        """Try to become the one child that writes the result; return whether this child is the one.

        An interrupted child leaves the result to others, and so does one that failed while another child writes. Any
        other child waits until the job is complete, or gives up after 1.5 leases if the writing child is still alive.
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
            self._stop.sleep(lease.idle_check_seconds())
            self._db.with_reconnect(lease.take_over)
        return True

    def _is_complete(self) -> bool:
        job = read_job(self._db, self._ledger.job_id)
        return job is not None and job.status == JobStatus.COMPLETED

    def write(self, failure: FatalError | None) -> Report:
        """Write the result, and complete the job unless the run failed.

        Raises:
            FatalError: `failure`, after the partial result was written if possible; or the reason why the result of a
                run that did not fail could not be written.
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
            _LOG.warning("[BATCH WARNING] The partial result was not written: %s", exc)
            raise failure from exc
