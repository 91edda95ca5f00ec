"""Writes the row of a job, for one run of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from query_generator.masking import masked
from query_generator.store.connection_errors import not_kept
from query_generator.store.database import Database
from query_generator.store.items import Progress
from query_generator.store.jobs import JobMetadata, JobStatus, read_job
from query_generator.store.lease import Lease


class JobRecord:
    """What a run records of its job. Each method is one transaction that only a living run can commit."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self._db = db
        self._job_id = job_id
        self._lease = lease

    def open(
        self,
        terms: Mapping[str, Any],
        differ: Callable[[JobMetadata], bool],
        *,
        is_child: bool = False,
        submission: str = "",
        retry_failed: bool = False,
    ) -> None:
        """Open the job for this run, and begin the run's lease.

        Args:
            terms: what the questions depend on, by the names of TERMS.
            differ: returns whether these terms replace those in the metadata; then items that are short of questions
                are reopened. The run is not opened if it raises.
            is_child: whether the run is one of many that come and go. It reopens failed items only if no other run is
                alive, or if it is the first of its submission; the job is then no longer complete.
            submission: what a person has begun and the run is one try or child of; empty if it is the run itself. Only
                the first of them reopens what was paid for in vain, and what `retry_failed` asks for.
            retry_failed: reopen all failed items, not only those whose cause may be gone.

        Raises:
            ConfigurationError: a row that was written is not there.
        """
        with self._db.transaction():
            self._rows("ledger.open_job", metadata=json.dumps(dict(terms)))
            job = read_job(self._db, self._job_id)
            if job is None:
                raise not_kept("batch_operations")
            changed = differ(job.metadata)
            self._lease.begin()
            if not self._db.rows("runs.hold", run_id=self._lease.run_id):
                raise not_kept("query_generator_runs")
            if changed:
                self._note(**terms)
                self._rows("ledger.reopen_unfilled_items", wanted=terms["num_questions"])
                self._rows("ledger.open_sets")
                self._rows("ledger.wait_for_sets")
            is_first = not submission or job.metadata.submission != submission
            if submission and is_first:
                self._note(submission=submission)
            self._rows(
                "ledger.reopen_items",
                run_id=self._lease.run_id,
                only_alone=is_child and not (submission and is_first),
                paid=is_first,
                all=retry_failed and is_first,
            )
            if is_child:
                self._rows("ledger.resume")

    def begin_load(self, seen: str = "") -> bool:
        """Become the one run that reads the input; return False if another living run reads it.

        Args:
            seen: the `load_id` that the caller has read. The result is also False if the job has another one by now:
                another run began to read meanwhile, and may have read everything. Empty skips this check.
        """
        with self._lease.writing():
            return bool(self._rows("ledger.begin_load", run_id=self._lease.run_id, seen=seen))

    def is_being_loaded(self) -> bool:
        """Return whether another living run reads the input."""
        return bool(self._rows("ledger.is_being_loaded", run_id=self._lease.run_id)[0].loading)

    def note_source(self, source: str, version: str = "", siblings: str = "") -> None:
        """Record the source of the input before it is read, so that a later run notices an interrupted reading.

        Args:
            source: the name of the source.
            version: its version; empty if it has none.
            siblings: the id that the children of the reading array share; empty outside of arrays.
        """
        with self._lease.writing():
            self._note(input_source=source, input_complete=False, input_version=version, input_siblings=siblings)

    def end_load(self, source: str, *, keep_rejected: bool = False) -> None:
        """Record that the whole input is in the ledger; the records rejected this time replace those rejected before.

        Args:
            source: the name of the source.
            keep_rejected: keep the records rejected before as well, since only the job's own rows were read this time.
        """
        with self._lease.writing():
            if keep_rejected:
                self._rows("ledger.keep_rejected", run_id=self._lease.run_id)
            self._rows("ledger.end_load", run_id=self._lease.run_id, source=source)
            self._rows("ledger.forget_rejected", run_id=self._lease.run_id)

    def begin_progress(self, seconds: float) -> bool:
        """Become the run that counts now; False if another run has updated the job's row within `seconds`."""
        with self._lease.writing():
            return bool(self._rows("ledger.begin_progress", seconds=0.9 * seconds))

    def note_progress(self) -> Progress:
        """Count the items, and write the counts to `batch_operations`. While items are worked on, no other transaction
        writes them, since all runs of a job would compete for its row.
        """
        with self._lease.writing():
            row = self._db.one("ledger.note_progress", job_id=self._job_id)
        return Progress(**row._asdict())

    def set_status(self, status: JobStatus, error: str | None = None) -> None:
        """Set the job's status and exact counts in `batch_operations`."""
        with self._lease.writing():
            self._set_status(status, error)

    def begin_finish(self) -> bool:
        """Become the run that writes the result; False if the job is complete, or another living run writes it."""
        with self._lease.writing():
            return bool(self._rows("ledger.begin_finish", run_id=self._lease.run_id))

    def complete(self, on_first: Callable[[], None]) -> None:
        """Complete the job; `on_first` is called in the transaction if no run has completed the job before."""
        with self._lease.writing():
            first = self._rows("ledger.complete")
            self._set_status(JobStatus.COMPLETED)
            if first:
                on_first()

    def _set_status(self, status: JobStatus, error: str | None = None) -> None:
        self._rows("ledger.set_status", status=status, error=error and masked(error))

    def _note(self, **metadata: object) -> None:
        self._rows("ledger.add_metadata", metadata=json.dumps(metadata))

    def _rows(self, name: str, **parameters: object) -> list[Any]:
        return self._db.rows(name, job_id=self._job_id, **parameters)
