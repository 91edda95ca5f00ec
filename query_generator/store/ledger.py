"""What is to be done and what has been done: one row for each product and question type of a job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from query_generator.errors import ConfigurationError, ServiceAwayError
from query_generator.models import Generated, Product, QueryType, RejectedRecord
from query_generator.store.database import Database
from query_generator.store.products import LinkedProduct, stored_product


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed piece of work. `existing` are the questions that earlier tries of this job have stored for it."""

    product_id: int
    query_type: QueryType
    product: Product
    deferred: bool
    existing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item ended: its new rows of `queries`, and why it has no more."""

    item: Item
    generated: Generated
    state: str
    deferred: bool = False
    passing: bool = False
    error_stage: str | None = None
    error: str | None = None
    query_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """A job in numbers. Items are products times question types; skipped ones are left out of all but their own."""

    products: int
    items: int
    open_items: int
    succeeded: int
    failed: int
    failed_for_passing_reason: int
    skipped_products: int
    processed_products: int
    questions: int
    rejected_records: int


class Ledger:
    """The ledger of one job, as one run writes it."""

    def __init__(self, db: Database, job_id: str, run_id: str) -> None:
        self.db = db
        self.job_id = job_id
        self.run_id = run_id

    def is_known(self) -> bool:
        """Tell whether the database has the job, or products selected for it."""
        return bool(self.db.one("ledger.is_known", job_id=self.job_id).known)

    def open_job(self, terms: Mapping[str, Any]) -> dict[str, Any]:
        """Open the job for this run and return its metadata, which holds the terms that its first run fixed.

        Raises:
            ServiceAwayError: another run is working on the job.
            ConfigurationError: the terms differ from those of the first run.
        """
        if not self.db.one("ledger.try_lock_job", job_id=self.job_id).locked:
            raise ServiceAwayError(f"job {self.job_id}: another run is working on it; wait until it has ended")
        self.db.rows("ledger.open_job", job_id=self.job_id, metadata=json.dumps(dict(terms)))
        metadata: dict[str, Any] = self.db.one("ledger.job", job_id=self.job_id).metadata
        changed = [
            f"{name} was {metadata[name]}, is {value}" for name, value in terms.items() if metadata.get(name) != value
        ]
        if changed:
            raise ConfigurationError(
                f"job {self.job_id} began on other terms: {'; '.join(changed)}. Use the first ones, or a new --job-id."
            )
        self.db.rows("ledger.start_run", run_id=self.run_id, job_id=self.job_id)
        return metadata

    def begin_load(self) -> None:
        """Forget what an earlier reading of the input rejected: this one reads all of it again."""
        self.db.rows("ledger.forget_rejected", job_id=self.job_id)

    def add_rejected(self, rejected: Sequence[RejectedRecord]) -> None:
        """Keep rejected records for the result and errors.json."""
        self.db.rows(
            "ledger.add_rejected",
            job_id=self.job_id,
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

    def note_input(self, source: str, *, complete: bool) -> None:
        """Note where the input comes from and whether all of it is in the ledger, so that a later run can go on."""
        metadata = {"input_source": source, "input_complete": complete}
        self.db.rows("ledger.add_metadata", job_id=self.job_id, metadata=json.dumps(metadata))
        self.set_status("processing")

    def reopen_items(self) -> None:
        """Make work of what a dead run had claimed, and of what failed for a passing reason."""
        self.db.rows("ledger.reopen_items", job_id=self.job_id)

    def claim(self, size: int) -> list[Item]:
        """Take up to `size` items, in the order of the input; those that failed once come after all others."""
        if size <= 0:
            return []
        rows = self.db.rows("ledger.claim", job_id=self.job_id, run_id=self.run_id, size=size)
        return [
            Item(
                product_id=row.product_id,
                query_type=QueryType(row.query_type),
                product=replace(stored_product(row.record, row.brand_name, row.position), product_id=row.product_id),
                deferred=row.deferred,
                existing=tuple(row.existing),
            )
            for row in rows
        ]

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Write how claimed items ended; call it in the transaction that stores their questions."""
        generated = [outcome.generated for outcome in outcomes]
        self.db.rows(
            "ledger.finish_items",
            job_id=self.job_id,
            run_id=self.run_id,
            product_ids=[outcome.item.product_id for outcome in outcomes],
            query_types=[outcome.item.query_type for outcome in outcomes],
            states=[outcome.state for outcome in outcomes],
            deferred=[outcome.deferred for outcome in outcomes],
            passing=[outcome.passing for outcome in outcomes],
            error_stages=[outcome.error_stage for outcome in outcomes],
            errors=[outcome.error for outcome in outcomes],
            query_ids=["{" + ",".join(map(str, outcome.query_ids)) + "}" for outcome in outcomes],
            dropped=[json.dumps(result.dropped) for result in generated],
            providers=[result.provider or None for result in generated],
            models=[result.model or None for result in generated],
            prompt_tokens=[result.prompt_tokens for result in generated],
            output_tokens=[result.output_tokens for result in generated],
        )
        self.db.rows(
            "ledger.add_progress",
            job_id=self.job_id,
            succeeded=sum(outcome.state == "succeeded" for outcome in outcomes),
            failed=sum(outcome.state == "failed" for outcome in outcomes),
        )

    def counts(self) -> Counts:
        """Count the job's items and questions."""
        return Counts(**self.db.one("ledger.counts", job_id=self.job_id)._asdict())

    def set_status(self, status: str, error: str | None = None) -> None:
        """Set the job's status in `batch_operations`, with the exact counts: pending, processing, completed, failed."""
        self.db.rows("ledger.set_status", job_id=self.job_id, status=status, error=error)

    def save_run_stats(self, stats: Mapping[str, Any]) -> None:
        """Keep the sums of this run, from which the job's are made."""
        self.db.rows("ledger.save_run_stats", run_id=self.run_id, stats=json.dumps(dict(stats)))
