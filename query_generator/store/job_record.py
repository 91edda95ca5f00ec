"""The row of a job, as one run of it writes it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from query_generator.store.database import Database
from query_generator.store.items import Progress
from query_generator.store.jobs import JobMetadata, JobStatus, read_metadata
from query_generator.store.lease import Lease


class JobRecord:
    """What a run notes of its job. Each method is one transaction that only a living run can commit."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self._db = db
        self._job_id = job_id
        self._lease = lease

    def open(self, terms: Mapping[str, Any], differ: Callable[[JobMetadata], bool], *, is_child: bool = False) -> None:
        """Open the job for this run, which begins its lease.

        Args:
            terms: what the questions depend on: their number, providers, models, prompt version.
            differ: tells whether these terms are others that are to be taken from now on; items that they leave short
                are open again then. What it raises keeps the run from being opened.
            is_child: the run is one of many that come and go: what failed for a transient reason is opened again only
                when it finds no other one alive, and then the job is not complete any more.
        """
        with self._db.transaction():
            self._rows("ledger.open_job", metadata=json.dumps(dict(terms)))
            changed = differ(read_metadata(self._db, self._job_id))
            self._lease.begin()
            if changed:
                self._note(**terms)
                self._rows("ledger.reopen_unfilled_items", wanted=terms["num_questions"])
            self._rows("ledger.reopen_items", run_id=self._lease.run_id, only_alone=is_child)
            if is_child:
                self._rows("ledger.resume")

    def begin_load(self, seen: str = "") -> bool:
        """Become the one run that reads the input; False while another living run does.

        Args:
            seen: False also when the `load_id` of the job is not this any more: another run has begun to read
                meanwhile, and may have read all of it.
        """
        with self._lease.writing():
            return bool(self._rows("ledger.begin_load", run_id=self._lease.run_id, seen=seen))

    def is_being_loaded(self) -> bool:
        """Tell whether another living run reads the input; only reads."""
        return bool(self._rows("ledger.is_being_loaded", run_id=self._lease.run_id)[0].loading)

    def note_source(self, source: str, version: str = "", siblings: str = "") -> None:
        """Note where the input comes from before it is read, so that a later run knows of a reading cut short.

        Args:
            source: its name.
            version: which version of it, if it has some.
            siblings: what the children of the array that reads it have in common.
        """
        with self._lease.writing():
            self._note(input_source=source, input_complete=False, input_version=version, input_siblings=siblings)

    def end_load(self, source: str, *, keep_rejected: bool = False) -> None:
        """Note that all of the input is in the ledger; the records that this reading rejected replace earlier ones.

        Args:
            source: the name of the input.
            keep_rejected: this reading was of the job's own rows: what the input's reading rejected stays rejected.
        """
        with self._lease.writing():
            if keep_rejected:
                self._rows("ledger.keep_rejected", run_id=self._lease.run_id)
            self._rows("ledger.end_load", run_id=self._lease.run_id, source=source)
            self._rows("ledger.forget_rejected", run_id=self._lease.run_id)

    def begin_progress(self, seconds: float) -> bool:
        """Become the one run that counts now; False when another has done so, or written to the job, in this time."""
        with self._lease.writing():
            return bool(self._rows("ledger.begin_progress", seconds=0.9 * seconds))

    def note_progress(self) -> Progress:
        """Count the items, and write the counts to `batch_operations`: no other transaction does so while items are
        worked on, since all runs of a job would fight for its row.
        """
        with self._lease.writing():
            (row,) = self._rows("ledger.note_progress")
        return Progress(**row._asdict())

    def set_status(self, status: JobStatus, error: str | None = None) -> None:
        """Set the job's status in `batch_operations`, with the exact counts."""
        with self._lease.writing():
            self._set_status(status, error)

    def begin_finish(self) -> bool:
        """Become the one run that writes the result; False when the job is complete, or another living run does."""
        with self._lease.writing():
            return bool(self._rows("ledger.begin_finish", run_id=self._lease.run_id))

    def complete(self, on_first: Callable[[], None]) -> None:
        """Complete the job; `on_first` is called in the transaction if no other run has completed it before."""
        with self._lease.writing():
            first = self._rows("ledger.complete")
            self._set_status(JobStatus.COMPLETED)
            if first:
                on_first()

    def _set_status(self, status: JobStatus, error: str | None = None) -> None:
        self._rows("ledger.set_status", status=status, error=error)

    def _note(self, **metadata: object) -> None:
        self._rows("ledger.add_metadata", metadata=json.dumps(metadata))

    def _rows(self, name: str, **parameters: object) -> list[Any]:
        return self._db.rows(name, job_id=self._job_id, **parameters)
