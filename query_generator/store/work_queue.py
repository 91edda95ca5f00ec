"""The items of a job: added as the input is read, claimed by a run, and saved with the outcome of a call."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from query_generator.errors import ConfigurationError, SkippableError
from query_generator.masking import masked
from query_generator.models import Generated, Product, QueryType, RejectedRecord
from query_generator.questions.sharing import Scopes
from query_generator.store.claimed import NO_PRODUCT, items_of
from query_generator.store.connection_errors import not_kept
from query_generator.store.database import Database
from query_generator.store.driver import lacks_partition, sqlstate_of
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.lease import Lease
from query_generator.store.products import LinkedProduct
from query_generator.store.queries import Query, save_queries_to_rds, switch_off

ScopesOf = Callable[[Product], Scopes]
Link = Callable[[Database, str, str, Sequence[Product]], tuple[list[LinkedProduct], list[Product]]]

# Refusals that another text may not meet: by a check, a trigger or an index of theirs.
OF_CONTENT = frozenset({"23505", "23514", "23P01", "44000", "54000", "P0001"})
REHEARSED = "Where can I buy it, and is it worth its price?"


def of_no_scope(_: Product) -> Scopes:
    """Return the scopes of a product whose questions are all bought for itself."""
    return Scopes()


class Added(NamedTuple):
    """What became of a chunk of the input: linked products, products that repeat others, and rejected records."""

    linked: list[LinkedProduct]
    repeated: list[Product]
    rejected: list[RejectedRecord]


class WorkQueue:
    """The items of one job, for one run of it. Each method is one transaction that only a living run can commit."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self._db = db
        self._job_id = job_id
        self._lease = lease

    def add(
        self,
        link: Link,
        products: Sequence[Product],
        rejected: Sequence[RejectedRecord],
        enough_at: int | None,
        scopes_of: ScopesOf = of_no_scope,
    ) -> Added:
        """Put a chunk of the input into the ledger; adding the same chunk again changes nothing.

        Each product gets two items. Items that exist stay as they are unless the product has changed. Rejected records
        are kept for results.json and errors.json.

        Args:
            link: finds or adds the rows of products, as `store.products.link_products` does.
            products: the products of the chunk, in the order of the input.
            rejected: the rejected records of the chunk.
            enough_at: skip products that have this many active questions of each type; None skips none.
            scopes_of: tells which sets a product takes questions from.

        Raises:
            RunFencedError: this run was declared dead.
            SkippableError: the database refuses a value; nothing was added.
        """
        with self._lease.writing():
            if rejected:
                self._add_rejected(rejected)
            linked, repeated = link(self._db, self._job_id, self._lease.run_id, products)
            self._add_items(linked, enough_at, scopes_of)
        return Added(linked, repeated, list(rejected))

    def _add_rejected(self, rejected: Sequence[RejectedRecord]) -> None:
        self._rows(
            "ledger.add_rejected",
            positions=[record.position for record in rejected],
            fields=[record.field for record in rejected],
            reasons=[masked(record.reason) for record in rejected],
            keys=[record.product_key for record in rejected],
        )

    def _add_items(self, linked: Sequence[LinkedProduct], enough_at: int | None, scopes_of: ScopesOf) -> None:
        scopes = [scopes_of(entry.product) for entry in linked]
        ids = [entry.product_id for entry in linked]
        full = set()
        if enough_at is not None:
            rows = self._db.rows("products.with_enough_queries", product_ids=ids, wanted=enough_at)
            full = {row.product_id for row in rows}
        self._db.send(
            "ledger.add_items",
            job_id=self._job_id,
            product_ids=ids,
            positions=[entry.product.position for entry in linked],
            content_hashes=[entry.product.content_hash for entry in linked],
            skipped=[product_id in full for product_id in ids],
            lots=[entry.lot for entry in scopes],
            product_scopes=[entry.product for entry in scopes],
            market_scopes=[entry.market for entry in scopes],
            joins=any(entry.joins for entry in scopes),
            query_types=list(QueryType),
        )
        if self._db.one("ledger.count_items", job_id=self._job_id, product_ids=ids).items < len(QueryType) * len(ids):
            raise not_kept("job_items")

    def rehearse(self) -> None:
        """Save a question of each type as after a call, and undo that.

        What the tables do not take is told before it is bought.

        Raises:
            ConfigurationError: rows are not stored as they are given, whatever they hold.
        """
        try:
            with self._db.rehearsal():
                self._rehearse()
        except SkippableError as exc:
            if sqlstate_of(exc) not in OF_CONTENT or lacks_partition(exc):
                raise ConfigurationError(
                    f"{exc} (tables queries and job_items). No question would be stored: correct the "
                    "table, or what was added to it."
                ) from exc

    def _rehearse(self) -> None:
        if not self._rows("ledger.lock_pending"):
            return  # another run rehearses with the last one, or works on it
        items = items_of(self._rows("ledger.claim", size=1))
        if not items:
            raise not_kept("job_items")
        for item in items:
            ids = save_queries_to_rds([Query(item.product_id, REHEARSED, kind) for kind in QueryType], self._db)
            if self._rows("ledger.has_changed_items"):
                switch_off(dict.fromkeys(ids, "rehearsed"), self._db)
            outcome = Outcome(item, Generated(), ItemState.PENDING, item.answered, query_ids=tuple(ids))
            noted: list[Outcome] = []
            self.save([outcome], {}, lambda saved=outcome: [saved], noted.extend)  # type: ignore[misc]
            if not noted:
                raise not_kept("job_items")

    def claim(self, size: int) -> list[Item]:
        """Claim up to `size` items by lots, and in the order of the input; deferred ones come after all others.

        An item whose product cannot be read any more is marked as failed here, and not returned.
        """
        if size <= 0:
            return []
        with self._lease.writing():
            items = items_of(self._rows("ledger.claim", size=size))
            unreadable = [item for item in items if item.product is NO_PRODUCT]
            if unreadable:
                reason = "the row of the product is gone, or holds no usable product any more"
                failed = [
                    Outcome(
                        item,
                        Generated(),
                        ItemState.FAILED,
                        item.answered,
                        error_stage=ErrorStage.INPUT,
                        error=reason,
                    )
                    for item in unreadable
                ]
                self._write(failed)
        return [item for item in items if item.product is not NO_PRODUCT]

    def forget_claims(self, kept: Sequence[Item]) -> None:
        """Free the items that this run holds except `kept`: those of a claim whose answer was lost."""
        with self._lease.writing():
            self._rows(
                "ledger.forget_claims",
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

        Calling it again after an uncertain commit changes nothing: the ledger knows which calls it has counted.

        Args:
            outcomes: one for each call.
            stats: the sums of this run, saved in its row.
            store_queries: stores the questions and returns the outcomes with their `query_ids`.
            on_saved: called in the transaction with the outcomes that were new.

        Returns:
            The outcomes that `store_queries` returned.

        Raises:
            RunFencedError: this run was declared dead.
            SkippableError: a row cannot be stored; nothing was saved.
        """
        with self._db.pipelined():
            held = self._send_stats(stats)
            written = store_queries()
            done = self._write(written)
            if not held():
                raise self._lease.fenced()
            new = [outcome for outcome in written if (outcome.item.product_id, outcome.item.query_type) in done]
            if new:
                on_saved(new)
        return list(written)

    def retry_refused(self) -> None:
        """Let the next run try again the items of this run of which the database took no question."""
        with self._lease.writing():
            self._rows("ledger.retry_refused")

    def save_stats(self, stats: Mapping[str, Any]) -> None:
        """Save the sums of this run, which are added up for the job.

        Raises:
            RunFencedError: this run was declared dead.
        """
        if not self._send_stats(stats)():
            raise self._lease.fenced()

    def _send_stats(self, stats: Mapping[str, Any]) -> Callable[[], list[Any]]:
        return self._db.send("runs.save_stats", run_id=self._lease.run_id, stats=json.dumps(dict(stats)))

    def _write(self, outcomes: Sequence[Outcome]) -> set[tuple[int, str]]:
        """Write ledger rows; return (product_id, query_type) of those that were not written before."""
        rows = self._rows("ledger.save_outcomes", outcomes=json.dumps([_columns(outcome) for outcome in outcomes]))
        return {(row.product_id, row.query_type) for row in rows}

    def _rows(self, name: str, **parameters: object) -> list[Any]:
        return self._db.rows(name, job_id=self._job_id, run_id=self._lease.run_id, **parameters)


def _columns(outcome: Outcome) -> dict[str, Any]:
    """Return the columns of an outcome as `ledger.save_outcomes` reads them."""
    item, generated = outcome.item, outcome.generated
    return {
        "product_id": item.product_id,
        "query_type": item.query_type,
        "state": outcome.state,
        "deferred": outcome.deferred,
        "transient": outcome.transient,
        "error_stage": outcome.error_stage,
        "error": outcome.error and masked(outcome.error),
        "query_ids": outcome.query_ids,
        "dropped": Counter(item.dropped) + generated.dropped,
        "attempts": item.attempts,
        "answered_before": item.answered,
        "answered": outcome.answered,
        "provider": generated.provider or None,
        "model": generated.model or None,
        "prompt_tokens": generated.prompt_tokens,
        "output_tokens": generated.output_tokens,
        "shared": sum(question.writer is not None for question in generated.questions),
    }
