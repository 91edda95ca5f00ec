"""What is to be done and what has been done: one row for each product and question type of a job."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from query_generator.models import Generated, QueryType, RejectedRecord
from query_generator.store.claimed import NO_PRODUCT, items_of
from query_generator.store.database import Database
from query_generator.store.items import Counts, Item, JobSize, Outcome, Progress
from query_generator.store.lease import Lease
from query_generator.store.products import LinkedProduct


class Ledger:
    """The ledger of one job, as one run writes it. Each method is one transaction that only a living run can commit."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self.db = db
        self.job_id = job_id
        self.lease = lease

    def is_known(self) -> bool:
        """Tell whether the database has the job, or products selected for it."""
        return bool(self.db.one("ledger.is_known", job_id=self.job_id).known)

    def open_job(
        self, terms: Mapping[str, Any], differ: Callable[[Mapping[str, Any]], bool], *, is_child: bool = False
    ) -> dict[str, Any]:
        """Open the job for this run and return its metadata, which holds the terms that its first run fixed.

        Args:
            terms: what the questions depend on: their number, providers, models, prompt version.
            differ: tells, from the metadata, whether these terms are others that are to be taken from now on; items
                that they leave short are open again then. What it raises keeps the run from being opened.
            is_child: the run is one of many that come and go: what failed for a transient reason is opened again only
                when it finds no other one alive, and then the job is not complete any more.
        """
        with self.db.transaction():
            self.db.rows("ledger.open_job", job_id=self.job_id, metadata=json.dumps(dict(terms)))
            metadata: dict[str, Any] = self.job().metadata
            changed = differ(metadata)
            self.lease.begin()
            if changed:
                self.db.rows("ledger.add_metadata", job_id=self.job_id, metadata=json.dumps(dict(terms)))
                self.db.rows("ledger.reopen_unfilled_items", job_id=self.job_id, wanted=terms["num_questions"])
            self.db.rows("ledger.reopen_items", job_id=self.job_id, run_id=self.lease.run_id, only_alone=is_child)
            if is_child:
                self.db.rows("ledger.resume", job_id=self.job_id)
        return {**metadata, **terms}

    def job(self) -> Any:
        """Read the job's row: metadata, status, loader, and the latest reading of its input."""
        return self.db.one("ledger.job", job_id=self.job_id)

    def metadata(self) -> dict[str, Any]:
        """Read what the runs have noted of the job; nothing before the first one."""
        rows = self.db.rows("ledger.job", job_id=self.job_id)
        return dict(rows[0].metadata) if rows else {}

    def begin_load(self, seen: str = "") -> bool:
        """Become the one run that reads the input; False while another living run does.

        Args:
            seen: False also when `job().load_id` is not this any more: another run has begun to read meanwhile, and may
                have read all of it.
        """
        with self.lease.writing():
            return bool(self.db.rows("ledger.begin_load", job_id=self.job_id, run_id=self.lease.run_id, seen=seen))

    def is_being_loaded(self) -> bool:
        """Tell whether another living run reads the input."""
        return bool(self.db.one("ledger.is_being_loaded", job_id=self.job_id, run_id=self.lease.run_id).loading)

    def note_source(self, source: str, version: str = "", siblings: str = "") -> None:
        """Note where the input comes from before it is read, so that a later run knows of a reading cut short.

        Args:
            source: its name.
            version: which version of it, if it has some.
            siblings: what the children of the array that reads it have in common.
        """
        with self.lease.writing():
            self._add_metadata(
                input_source=source, input_complete=False, input_version=version, input_siblings=siblings
            )

    def end_load(self, source: str, *, keep_rejected: bool = False) -> None:
        """Note that all of the input is in the ledger; the records that this reading rejected replace earlier ones.

        Args:
            source: the name of the input.
            keep_rejected: this reading was of the job's own rows: what the input's reading rejected stays rejected.
        """
        with self.lease.writing():
            if keep_rejected:
                self.db.rows("ledger.keep_rejected", job_id=self.job_id, run_id=self.lease.run_id)
            self.db.rows("ledger.end_load", job_id=self.job_id, run_id=self.lease.run_id, source=source)
            self.db.rows("ledger.forget_rejected", job_id=self.job_id, run_id=self.lease.run_id)

    def add_rejected(self, rejected: Sequence[RejectedRecord]) -> None:
        """Keep rejected records for the result and errors.json."""
        self.db.rows(
            "ledger.add_rejected",
            job_id=self.job_id,
            run_id=self.lease.run_id,
            positions=[record.position for record in rejected],
            fields=[record.field for record in rejected],
            reasons=[record.reason for record in rejected],
            keys=[record.product_key for record in rejected],
        )

    def add_items(self, linked: Sequence[LinkedProduct], enough_at: int | None) -> None:
        """Add two items for each product. What is there already stays as it is, unless the product has changed.

        Args:
            linked: products of the job.
            enough_at: skip products that have this many active questions of each type; None skips none.
        """
        ids = [entry.product_id for entry in linked]
        full = set()
        if enough_at is not None:
            rows = self.db.rows("products.with_enough_queries", product_ids=ids, wanted=enough_at)
            full = {row.product_id for row in rows}
        self.db.rows(
            "ledger.add_items",
            job_id=self.job_id,
            product_ids=ids,
            positions=[entry.product.position for entry in linked],
            content_hashes=[entry.product.content_hash for entry in linked],
            skipped=[product_id in full for product_id in ids],
            query_types=list(QueryType),
        )

    def claim(self, size: int) -> list[Item]:
        """Take up to `size` items, in the order of the input; those that failed once come after all others.

        An item whose product cannot be read any more is failed here, and does not count.
        """
        if size <= 0:
            return []
        with self.lease.writing():
            rows = self.db.rows("ledger.claim", job_id=self.job_id, run_id=self.lease.run_id, size=size)
            items = items_of(rows)
            unreadable = [item for item in items if item.product is NO_PRODUCT]
            if unreadable:
                reason = "the row of the product is gone, or holds no usable product any more"
                failed = [
                    Outcome(item, Generated(), "failed", item.answered, error_stage="input", error=reason)
                    for item in unreadable
                ]
                self._write(failed)
        return [item for item in items if item.product is not NO_PRODUCT]

    def forget_claims(self, kept: Sequence[Item]) -> None:
        """Free items that this run has claimed and knows nothing of: the answer to a claim was lost."""
        with self.lease.writing():
            self.db.rows(
                "ledger.forget_claims",
                job_id=self.job_id,
                run_id=self.lease.run_id,
                product_ids=[item.product_id for item in kept],
                query_types=[item.query_type for item in kept],
            )

    def save(
        self,
        outcomes: Sequence[Outcome],
        stats: Mapping[str, Any],
        store_queries: Callable[[], Sequence[Outcome]],
        on_saved: Callable[[Sequence[Outcome]], None],
    ) -> list[Outcome]:
        """Write the questions and the ledger rows of some calls, all or nothing.

        Called again after an uncertain commit it changes nothing: the ledger knows which calls it has counted.

        Args:
            outcomes: one for each call.
            stats: the sums of this run, kept with it.
            store_queries: stores the questions and returns the outcomes with their `query_ids`.
            on_saved: called in the transaction with the outcomes that were new.

        Raises:
            RunFencedError: this run was declared dead.
            SkippableError: a row cannot be stored; nothing was.
        """
        with self.db.pipelined():
            held = self._send_run_stats(stats)
            written = store_queries()
            done = self._write(written)
            if not held():
                raise self.lease.fenced()
            new = [outcome for outcome in written if (outcome.item.product_id, outcome.item.query_type) in done]
            if new:
                on_saved(new)
        return list(written)

    def _write(self, outcomes: Sequence[Outcome]) -> set[tuple[int, str]]:
        generated = [outcome.generated for outcome in outcomes]
        rows = self.db.rows(
            "ledger.save_outcomes",
            job_id=self.job_id,
            run_id=self.lease.run_id,
            product_ids=[outcome.item.product_id for outcome in outcomes],
            query_types=[outcome.item.query_type for outcome in outcomes],
            states=[outcome.state for outcome in outcomes],
            deferred=[outcome.deferred for outcome in outcomes],
            transient=[outcome.transient for outcome in outcomes],
            error_stages=[outcome.error_stage for outcome in outcomes],
            errors=[outcome.error for outcome in outcomes],
            query_ids=["{" + ",".join(map(str, outcome.query_ids)) + "}" for outcome in outcomes],
            dropped=[json.dumps(Counter(outcome.item.dropped) + outcome.generated.dropped) for outcome in outcomes],
            attempts=[outcome.item.attempts for outcome in outcomes],
            answered_before=[outcome.item.answered for outcome in outcomes],
            answered=[outcome.answered for outcome in outcomes],
            providers=[result.provider or None for result in generated],
            models=[result.model or None for result in generated],
            prompt_tokens=[result.prompt_tokens for result in generated],
            output_tokens=[result.output_tokens for result in generated],
        )
        return {(row.product_id, row.query_type) for row in rows}

    def counts(self) -> Counts:
        """Count the job's items and questions."""
        return Counts(**self.db.one("ledger.counts", job_id=self.job_id)._asdict())

    def job_size(self) -> JobSize:
        """Read how large the job is, without counting its items."""
        row = self.db.one("ledger.job_size", job_id=self.job_id)
        kinds = len(QueryType)
        return JobSize(
            row.items // kinds, row.items, max(1, row.items - row.done) if row.is_open else 0, row.done // kinds
        )

    def begin_finish(self) -> bool:
        """Become the one run that writes the result; False when the job is complete, or another living run does."""
        with self.lease.writing():
            return bool(self.db.rows("ledger.begin_finish", job_id=self.job_id, run_id=self.lease.run_id))

    def has_open_items(self) -> bool:
        """Tell whether an item waits, or is worked on by some run."""
        return bool(self.db.one("ledger.has_open_items", job_id=self.job_id).found)

    def begin_progress(self, seconds: float) -> bool:
        """Become the one run that counts now; False when another has done so, or written to the job, in this time."""
        with self.lease.writing():
            return bool(self.db.rows("ledger.begin_progress", job_id=self.job_id, seconds=0.9 * seconds))

    def note_progress(self) -> Progress:
        """Count the items, and write the counts to `batch_operations`: no other transaction does so while items are
        worked on, since all runs of a job would fight for its row.
        """
        with self.lease.writing():
            row = self.db.one("ledger.note_progress", job_id=self.job_id)
        return Progress(**row._asdict())

    def set_status(self, status: str, error: str | None = None) -> None:
        """Set the job's status in `batch_operations`, with the exact counts: pending, processing, completed, failed."""
        with self.lease.writing():
            self.db.rows("ledger.set_status", job_id=self.job_id, status=status, error=error)

    def complete(self, on_first: Callable[[], None]) -> None:
        """Complete the job; `on_first` is called in the transaction if no other run has completed it before."""
        with self.lease.writing():
            first = self.db.rows("ledger.complete", job_id=self.job_id)
            self.db.rows("ledger.set_status", job_id=self.job_id, status="completed", error=None)
            if first:
                on_first()

    def save_run_stats(self, stats: Mapping[str, Any]) -> None:
        """Keep the sums of this run, from which the job's are made.

        Raises:
            RunFencedError: this run was declared dead.
        """
        if not self._send_run_stats(stats)():
            raise self.lease.fenced()

    def _send_run_stats(self, stats: Mapping[str, Any]) -> Callable[[], list[Any]]:
        return self.db.send("runs.save_stats", run_id=self.lease.run_id, stats=json.dumps(dict(stats)))

    def _add_metadata(self, **metadata: object) -> None:
        self.db.rows("ledger.add_metadata", job_id=self.job_id, metadata=json.dumps(metadata))
