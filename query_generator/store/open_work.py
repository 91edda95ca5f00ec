"""What a job would still have to do, read from a database that is not written to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from query_generator.models import Product, QueryType
from query_generator.store.database import Database
from query_generator.store.products import get_product_ids_from_job
from query_generator.store.sql import migrations

ENOUGH_ITEMS = 20


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A call that would be made: for a product and type, with the questions that are there already."""

    product: Product
    query_type: QueryType
    existing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Experience:
    """What earlier replies of a model were like: tokens for each question, and the share of second calls."""

    items: int
    tokens_a_question: float
    second_calls: float


def missing_migrations(db: Database) -> list[str]:
    """Name the migrations that a run would apply."""
    there = {row.version for row in db.rows("schema.versions")} if db.one("schema.has_versions").found else set()
    return [name for version, name, _ in migrations() if version not in there]


def experience_of(db: Database, job_id: str, provider: str, model: str) -> Experience | None:
    """Return what finished items of this job tell of a model, else those of any job; None when they are too few."""
    for job in (job_id, None):
        row = db.one("quote.experience", job_id=job, provider=provider, model=model.removeprefix("models/"))
        if row.items >= ENOUGH_ITEMS and row.tokens_a_question:
            return Experience(*row)
    return None


class OpenWork:
    """The items of one job that are open, as a run would find them.

    Args:
        db: with all tables; None: there are none, and everything is open.
        job_id: the job.
        enough_at: leave out products that have this many active questions of each type; None leaves out none.
        refill_to: open finished items with fewer questions again; None does not.
    """

    def __init__(
        self, db: Database | None, job_id: str, enough_at: int | None = None, refill_to: int | None = None
    ) -> None:
        self._db = db
        self._job_id = job_id
        self._enough_at = enough_at
        self._refill_to = refill_to

    def of(self, products: Sequence[Product]) -> Iterator[OpenItem]:
        """Yield the open items of some hundreds of products."""
        if self._db is None:
            yield from (OpenItem(product, query_type) for product in products for query_type in QueryType)
            return
        ids = self._ids(self._db, products)
        known = {
            (row.product_id, row.query_type): row
            for row in self._db.rows("quote.items", job_id=self._job_id, product_ids=list(ids.values()))
        }
        full = self._full(self._db, list(ids.values()))
        for product in products:
            product_id = ids.get(product.key)
            for query_type in QueryType:
                row = known.get((product_id, query_type)) if product_id else None
                if row is None or row.state == "skipped" or row.content_hash != product.content_hash:
                    if product_id not in full:
                        yield OpenItem(product, query_type)
                elif self._is_open(row):
                    yield OpenItem(product, query_type, tuple(row.existing))

    def _ids(self, db: Database, products: Sequence[Product]) -> dict[str, int]:
        """Find the rows of products, those of the job first; a new product has none."""
        hashes = {product.product_hash: product.key for product in products}
        rows = db.rows("products.ids_by_hash", hashes=list(hashes))
        selected = get_product_ids_from_job(self._job_id, db, list(hashes.values()))
        return {hashes[row.product_hash]: int(row.product_id) for row in rows} | selected

    def _full(self, db: Database, product_ids: list[int]) -> set[int]:
        if self._enough_at is None:
            return set()
        rows = db.rows("products.with_enough_queries", product_ids=product_ids, wanted=self._enough_at)
        return {row.product_id for row in rows}

    def _is_open(self, row: Any) -> bool:
        if row.state in ("pending", "running") or (row.state == "failed" and row.passing):
            return True
        return self._refill_to is not None and (row.state == "failed" or row.questions < self._refill_to)
