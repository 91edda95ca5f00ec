"""What a job still has to do, read without writing to the database."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from query_generator.input.product_fields import RejectedRecordError
from query_generator.models import CONTENT_HASH_VERSION, Product, QueryType, Question, RejectedRecord
from query_generator.store.canonical import stored_product
from query_generator.store.claimed import questions_of
from query_generator.store.database import Database
from query_generator.store.products import known_rows, selected_products
from query_generator.store.sql import migrations

ENOUGH_ITEMS = 20
KEPT_PRODUCTS = "0008_canonical_products"  # without this migration, products are read from their records
SHARED_SETS = "0017_shared_sets"
READABLE_WITHOUT = {
    KEPT_PRODUCTS,
    "0009_quota_clock",
    "0012_reading_version_3",
    "0013_large_ids",
    "0014_facets",
    *("0015_rewritten", "0016_refresh", SHARED_SETS),
}
RECORDS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An item that a run would work on, with the questions that it has already."""

    product: Product
    query_type: QueryType
    existing: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Experience:
    """Statistics of a model's earlier replies: output tokens per question, and the share of items (0 to 1) that needed
    a second call.
    """

    items: int
    tokens_a_question: float
    second_calls: float


def read_only(db: Database) -> None:
    """Make this connection read-only."""
    db.rows("quote.read_only")


def missing_migrations(db: Database) -> list[str]:
    """Return the names of the migrations that a run would apply."""
    there = {row.version for row in db.rows("schema.versions")} if db.one("schema.has_versions").found else set()
    return [name for version, name, _ in migrations() if version not in there]


def can_be_read(missing: Sequence[str]) -> bool:
    """Return whether a dry run can read tables that lack these migrations."""
    return set(missing) <= READABLE_WITHOUT


def products_of_job(db: Database, job_id: str) -> Iterator[Product | RejectedRecord]:
    """Read the products selected for a job, even from tables of before they were kept. Writes nothing."""
    before = KEPT_PRODUCTS in missing_migrations(db)
    return selected_products(db, job_id, "products.unread_page" if before else "products.selected_page")


def experience_of(db: Database, job_id: str, provider: str, model: str) -> Experience | None:
    """Return the statistics of a model from finished items of this job, or of any job; None if there are too few."""
    for job in (job_id, None):
        row = db.one("quote.experience", job_id=job, provider=provider, model=model.removeprefix("models/"))
        if row.items >= ENOUGH_ITEMS and row.tokens_a_question:
            return Experience(*row)
    return None


def complete_scopes(db: Database, job_id: str) -> frozenset[str]:
    """Return the scopes of a job whose sets are bought."""
    if SHARED_SETS in missing_migrations(db):
        return frozenset()
    return frozenset(row.scope for row in db.rows("quote.complete_scopes", job_id=job_id))


class OpenWork:
    """The open items of one job, as a run would find them.

    Args:
        db: a database with all tables; None if there are none yet, so that everything is open.
        job_id: the id of the job.
        are_rows: whether the products come from the database and have the `product_id` of their row.
        are_loaded: whether the run would read no input, so that only items of the ledger are worked on.
        enough_at: leave out products that have this many active questions of each type; None leaves out none.
        refill_to: reopen finished items with fewer questions than this; None reopens none.
        retry_failed: reopen all failed items.
    """

    def __init__(
        self,
        db: Database | None,
        job_id: str,
        *,
        are_rows: bool = False,
        are_loaded: bool = False,
        enough_at: int | None = None,
        refill_to: int | None = None,
        retry_failed: bool = False,
    ) -> None:
        self._db = db
        self._job_id = job_id
        self._are_rows = are_rows
        self._are_loaded = are_loaded
        self._enough_at = enough_at
        self._refill_to = refill_to
        self._retry_failed = retry_failed

    def of(self, products: Sequence[Product]) -> Iterator[OpenItem]:
        """Yield the open items of some products, a few hundred at once."""
        if self._db is None:
            yield from (OpenItem(product, query_type) for product in products for query_type in QueryType)
            return
        ids = self._ids(self._db, products)
        there = [product_id for product_id in ids if product_id is not None]
        known = {
            (row.product_id, row.query_type): row
            for row in self._db.rows("quote.items", job_id=self._job_id, product_ids=there)
        }
        hashes = {} if self._are_loaded else self._hashes(self._db, list(known.values()))
        full = self._full(self._db, there)
        found = []
        for product, product_id in zip(products, ids, strict=True):
            for query_type in QueryType:
                row = known.get((product_id, query_type)) if product_id else None
                is_same = row is not None and (
                    self._are_loaded or (row.state != "skipped" and hashes[product_id] == product.content_hash)
                )
                if self._is_open(row) if is_same else not self._are_loaded and product_id not in full:
                    is_changed = row is not None and (row.changed or not is_same)
                    found.append((product, product_id, query_type, is_changed))
        yield from self._with_questions(self._db, found)

    def _with_questions(
        self, db: Database, found: Sequence[tuple[Product, int | None, QueryType, bool]]
    ) -> Iterator[OpenItem]:
        """Yield items with the questions that a run would find for them, by the rules of a claim."""
        ids = list({product_id for _, product_id, _, _ in found if product_id is not None})
        parameters = {"job_id": self._job_id, "product_ids": ids, "query_types": list(QueryType)}
        rows = {(row.product_id, row.query_type): row for row in (db.rows("quote.listed", **parameters) if ids else ())}
        for product, product_id, query_type, is_changed in found:
            row = rows.get((product_id, query_type))
            listed, off = questions_of(row, product, query_type, is_changed=is_changed) if row else ((), ())
            yield OpenItem(product, query_type, tuple(each.question for each in listed if each.query_id not in off))

    def _ids(self, db: Database, products: Sequence[Product]) -> list[int | None]:
        """Return the `product_id` of each product, None for a new one."""
        if self._are_rows:
            return [product.product_id for product in products]
        known = known_rows(db, self._job_id, products)
        return [known.claimed.get(index, known.by_key.get(product.key)) for index, product in enumerate(products)]

    def _hashes(self, db: Database, items: Sequence[Any]) -> dict[int | None, str]:
        """Return the content hashes of items by `product_id`; those of other versions are recomputed, as by a run."""
        hashes: dict[int | None, str] = {row.product_id: row.content_hash for row in items}
        old = [product_id for product_id, found in hashes.items() if not found.startswith(CONTENT_HASH_VERSION)]
        for start in range(0, len(old), RECORDS_AT_ONCE):
            some = old[start : start + RECORDS_AT_ONCE]
            for row in db.rows("quote.records", job_id=self._job_id, product_ids=some):
                with suppress(RejectedRecordError):
                    hashes[row.product_id] = stored_product(row).content_hash
        return hashes

    def _full(self, db: Database, product_ids: list[int]) -> set[int]:
        if self._enough_at is None:
            return set()
        rows = db.rows("products.with_enough_queries", product_ids=product_ids, wanted=self._enough_at)
        return {row.product_id for row in rows}

    def _is_open(self, row: Any) -> bool:
        if row.state in ("pending", "running") or (row.state == "failed" and (row.passing or self._retry_failed)):
            return True
        if self._refill_to is None or row.state == "skipped":
            return False
        return bool(row.state == "failed" or row.questions < self._refill_to)
