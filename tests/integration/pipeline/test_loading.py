"""The input goes into the ledger: one run reads it, and what it rejects is kept."""

from collections.abc import Iterator

import pytest

from query_generator.models import RejectedRecord
from query_generator.pipeline.load import Entry, load_products
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.jobs import read_metadata
from query_generator.store.queries import save_queries_to_rds
from secrets_cache import RdsConfig
from tests.support.catalog import add_row, counts_of, load, open_job, open_run, product, products


@pytest.fixture
def other(rds: RdsConfig, db: Database) -> Iterator[Database]:
    """A second connection to the same database."""
    database = open_database(rds)
    yield database
    database.close()


def states(db: Database) -> list[str]:
    """States of all items, in the order of the input."""
    rows = db.run("SELECT state FROM job_items ORDER BY position, product_id, query_type DESC")
    return [row.state for row in rows]


def test_one_living_run_reads_the_input(db: Database, other: Database) -> None:
    """While a run reads the input another one waits; when the reader has died, the next one reads."""
    first, second = open_run(db), open_run(other)
    assert (first.record.begin_load(), second.record.begin_load()) == (True, False)
    assert (first.record.is_being_loaded(), second.record.is_being_loaded()) == (False, True)
    db.run("UPDATE query_generator_runs SET state = 'dead' WHERE run_id = %(run)s", {"run": first.lease.run_id})
    assert (second.record.is_being_loaded(), second.record.begin_load()) == (False, True)
    second.record.end_load("test")
    third = open_run(db)
    assert (third.record.is_being_loaded(), third.record.begin_load()) == (False, True)


def test_a_run_that_reads_may_ask_again(db: Database) -> None:
    """A run that became the reader by a commit whose answer was lost learns so when it asks once more."""
    ledger = open_run(db)
    assert (ledger.record.begin_load(), ledger.record.begin_load()) == (True, True)


def test_a_reading_cut_short_is_known(db: Database) -> None:
    """A later run knows where the input came from and whether all of it was read."""
    ledger = open_run(db)
    ledger.record.note_source("file:p.json")
    noted = read_metadata(db, "job")
    assert (noted.input_source, noted.reading_was_cut_short) == ("file:p.json", True)
    ledger.record.begin_load()
    ledger.record.end_load("file:p.json")
    assert read_metadata(db, "job").input_complete


def test_products_with_enough_questions_are_skipped_when_asked(db: Database) -> None:
    """With skip-existing a product with enough active questions of both types is left out, until a run without it."""
    rows = [add_row(db, f'{{"name": "Product {number}"}}', "Acme") for number in (1, 2, 3)]
    enough = [(row, f"Is it {word}?", kind) for row in rows for kind in ("product", "market") for word in ("a", "b")]
    save_queries_to_rds([query for query in enough if query != (rows[1], "Is it b?", "market")], db)
    db.run("UPDATE queries SET is_active = FALSE WHERE product_id = %(row)s", {"row": rows[2]})
    entries = [product(f"Product {n}", position=n, product_id=row) for n, row in enumerate(rows, start=1)]
    counts = counts_of(open_job(db, entries, enough_at=2))
    assert (counts.products, counts.skipped_products, counts.items) == (2, 1, 4)
    assert states(db) == ["skipped", "skipped", "pending", "pending", "pending", "pending"]
    open_job(db, entries)
    assert states(db) == ["pending"] * 6


def test_rejected_records_are_those_of_the_last_complete_reading(db: Database) -> None:
    """Rejected records of a reading replace earlier ones when it has come to its end, and are counted once."""
    rejected: list[Entry] = [RejectedRecord(2, "name", "missing"), RejectedRecord(3, "", "broken")]
    for _ in range(2):
        ledger = open_run(db)
        loaded = load(ledger, [*rejected, *products(1)])
        assert (loaded.products, loaded.rejected, counts_of(ledger).rejected_records) == (1, 2, 2)
    mending = open_run(db)
    mending.record.begin_load()
    load_products(mending, [*rejected[:1], *products(1)])
    assert counts_of(mending).rejected_records == 2
    mending.record.end_load("test")
    assert counts_of(mending).rejected_records == 1
    load(open_run(db), products(1))
    assert counts_of(mending).rejected_records == 0


def test_a_chunk_may_be_loaded_again(db: Database) -> None:
    """A chunk whose commit was uncertain is loaded once more without a repeated product or record."""
    ledger = open_run(db)
    ledger.record.begin_load()
    entries: list[Entry] = [RejectedRecord(9, "name", "missing"), *products(2)]
    both = [load_products(ledger, entries) for _ in range(2)]
    assert [(loaded.products, loaded.repeated) for loaded in both] == [(2, 0), (2, 0)]
    assert (counts_of(ledger).items, counts_of(ledger).rejected_records) == (4, 1)


def test_a_limit_counts_products(db: Database) -> None:
    """With a limit the first products that count are loaded: rejected and repeated records use none of it."""
    ledger = open_run(db)
    boot, cap, scarf = (product(name, position=place) for name, place in (("Boot", 2), ("Cap", 4), ("Scarf", 5)))
    entries: list[Entry] = [RejectedRecord(1, "name", "missing"), boot, product("boot", position=3), cap, scarf]
    loaded = load_products(ledger, entries, limit=2)
    assert (loaded.products, loaded.repeated, loaded.rejected) == (2, 1, 1)
    assert [item.product.name for item in ledger.queue.claim(9)] == ["Boot", "Boot", "Cap", "Cap"]
