"""Products, and jobs that hold them, on a real database whose statements are listed."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from query_generator.input.product_fields import product_from_record
from query_generator.models import Product
from query_generator.pipeline.load import Entry, Loaded, load_products
from query_generator.store.database import Database
from query_generator.store.items import Counts, Outcome
from query_generator.store.jobs import count_items
from query_generator.store.lease import Lease
from query_generator.store.ledger import Ledger
from query_generator.store.work_queue import ScopesOf, of_no_scope

TERMS = {"num_questions": 4, "providers": ["scripted"], "models": {}, "prompt_version": "1"}


class ListingDatabase(Database):
    """Lists every named statement with its parameters, then runs it."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.statements: list[tuple[str, dict[str, Any]]] = []

    def send(self, name: str, /, **parameters: object) -> Callable[[], list[Any]]:
        """Run a statement and note it."""
        self.statements.append((name, parameters))
        return super().send(name, **parameters)

    def names(self) -> list[str]:
        """Names of the statements so far."""
        return [name for name, _ in self.statements]


def product(name: str, brand: str = "Acme", position: int = 1, **fields: object) -> Product:
    """Make a product as it comes from the input."""
    return product_from_record({"name": name, "brand": brand, **fields}, position)


def products(count: int) -> list[Product]:
    """Make `Product 1`, `Product 2`, … at the positions of their numbers."""
    return [product(f"Product {number}", position=number) for number in range(1, count + 1)]


def open_run(db: Database, job_id: str = "job", seconds: float = 30.0, terms: dict[str, Any] = TERMS) -> Ledger:
    """Open a job for a new run, whose lease lasts so long."""
    ledger = Ledger(db, job_id, Lease(db, job_id, str(uuid.uuid4()), seconds))
    ledger.record.open(terms, lambda _: False)
    return ledger


def counts_of(ledger: Ledger) -> Counts:
    """Count the job's items and questions."""
    return count_items(ledger.db, ledger.job_id)


def load(
    ledger: Ledger, entries: Iterable[Entry], enough_at: int | None = None, scopes_of: ScopesOf = of_no_scope
) -> Loaded:
    """Read the input as a run does, from beginning to end."""
    assert ledger.record.begin_load()
    loaded = load_products(ledger, entries, enough_at=enough_at, scopes_of=scopes_of)
    ledger.record.end_load("test")
    return loaded


def open_job(
    db: Database,
    entries: Iterable[Entry],
    job_id: str = "job",
    enough_at: int | None = None,
    terms: dict[str, Any] = TERMS,
) -> Ledger:
    """Open a job for a new run and load its products."""
    ledger = open_run(db, job_id, terms=terms)
    load(ledger, entries, enough_at)
    return ledger


def save(ledger: Ledger, *outcomes: Outcome) -> list[Outcome]:
    """Save outcomes whose questions are stored already; returns those that were new."""
    new: list[Outcome] = []
    ledger.queue.save(outcomes, {}, lambda: outcomes, new.extend)
    return new


def add_row(db: Database, data: str, brand: str | None = None, product_hash: str | None = None) -> int:
    """Insert a row of `products` as somebody else would; returns its id."""
    (row,) = db.run(
        "INSERT INTO products (product_data, brand_name, product_hash) VALUES (%(data)s, %(brand)s, %(hash)s) "
        "RETURNING product_id",
        {"data": data, "brand": brand, "hash": product_hash},
    )
    return int(row.product_id)


def select_for_job(db: Database, product_ids: Sequence[int], job_id: str = "job") -> None:
    """Select products for a job as somebody else would."""
    db.run(
        "INSERT INTO jobselectedproducts (job_id, product_id) SELECT %(job)s, unnest(%(ids)s::int[])",
        {"job": job_id, "ids": list(product_ids)},
    )
