"""What is to be done is kept exactly, through restarts, changed input and other runs."""

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from query_generator.errors import ConfigurationError, RetryableError, ServiceAwayError
from query_generator.load import Entry, load_products
from query_generator.models import Generated, RejectedRecord
from query_generator.store.database import Database, open_database
from query_generator.store.ledger import Item, Ledger, Outcome
from query_generator.store.queries import save_queries_to_rds
from secrets_cache import RdsConfig
from tests.fakes.catalog import TERMS, add_row, open_job, product, products, select_for_job


@pytest.fixture
def other(rds: RdsConfig, db: Database) -> Iterator[Database]:
    """A second connection to the same database."""
    database = open_database(rds)
    yield database
    database.close()


def done(item: Item, *query_ids: int) -> Outcome:
    """An item that has its questions."""
    generated = Generated(["Is it warm?"] * len(query_ids), Counter(duplicate=1), "scripted", "model-1", 10, 5)
    return Outcome(item, generated, "succeeded", query_ids=query_ids)


def failed(item: Item, *, passing: bool = False) -> Outcome:
    """An item that was given up."""
    return Outcome(item, Generated(), "failed", passing=passing, error_stage="generate", error="no answer")


def deferred(item: Item, *query_ids: int) -> Outcome:
    """An item that is to be tried once more."""
    generated = Generated(["Is it warm?"] * len(query_ids), error=RetryableError("busy"))
    return Outcome(item, generated, "pending", deferred=True, passing=True, query_ids=query_ids)


def place(item: Item) -> tuple[str, str]:
    """Name and type of an item."""
    return item.product.name, str(item.query_type)


def states(db: Database) -> list[Any]:
    """States of all items, in the order of the input."""
    rows = db.run("SELECT state FROM job_items ORDER BY position, product_id, query_type DESC")
    return [row.state for row in rows]


def test_the_first_run_fixes_the_terms(db: Database, other: Database) -> None:
    """A later run on other terms is refused with both values named; on the same terms it goes on."""
    open_job(other, products(1))
    other.run("SELECT pg_advisory_unlock_all()")
    ledger = Ledger(db, "job", str(uuid.uuid4()))
    with pytest.raises(ConfigurationError, match=r"num_questions was 4, is 5.*--job-id"):
        ledger.open_job({**TERMS, "num_questions": 5})
    assert ledger.open_job(TERMS).items() >= TERMS.items()


def test_a_job_that_somebody_else_announced_gets_its_terms(db: Database) -> None:
    """A row of `batch_operations` made by another tool keeps what it says, and this run fixes the terms."""
    db.run(
        "INSERT INTO batch_operations (job_id, operation_type, status, metadata) VALUES "
        "('noted', 'enhance', 'pending', '{\"user\": 7}'), ('bare', 'enhance', 'pending', NULL)"
    )
    assert Ledger(db, "noted", str(uuid.uuid4())).open_job(TERMS) == {"user": 7, **TERMS}
    assert Ledger(db, "bare", str(uuid.uuid4())).open_job(TERMS) == TERMS


def test_two_runs_at_once_do_not_share_a_job(db: Database, other: Database) -> None:
    """While a run works on a job another one is turned away, other jobs go on, and it may start when the first ends."""
    open_job(db, products(1))
    second = Ledger(other, "job", str(uuid.uuid4()))
    with pytest.raises(ServiceAwayError, match="another run is working on it"):
        second.open_job(TERMS)
    open_job(other, products(1), "other job")
    db.run("SELECT pg_advisory_unlock_all()")
    assert second.open_job(TERMS).items() >= TERMS.items()


def test_a_job_is_known_by_its_row_or_its_products(db: Database) -> None:
    """A job id is known once a run has opened it or somebody has selected products for it."""
    select_for_job(db, [add_row(db, '{"name": "Boot"}')], "selected")
    open_job(db, products(1), "opened")
    known = {job: Ledger(db, job, "").is_known() for job in ("selected", "opened", "neither")}
    assert known == {"selected": True, "opened": True, "neither": False}


def test_items_are_claimed_in_the_order_of_the_input(db: Database) -> None:
    """Claims follow the input, product before market, each item once; what failed once comes after all others."""
    ledger = open_job(db, reversed(products(3)))
    first = ledger.claim(3)
    assert [place(item) for item in first] == [
        ("Product 1", "product"),
        ("Product 1", "market"),
        ("Product 2", "product"),
    ]
    ledger.finish([deferred(first[0]), deferred(first[2])])
    rest = ledger.claim(100)
    assert [place(item) for item in rest] == [
        ("Product 2", "market"),
        ("Product 3", "product"),
        ("Product 3", "market"),
        ("Product 1", "product"),
        ("Product 2", "product"),
    ]
    assert [item.deferred for item in rest] == [False, False, False, True, True]
    assert ledger.claim(100) == ledger.claim(0) == ledger.claim(-1) == []


def test_a_claimed_item_holds_what_a_prompt_needs(db: Database) -> None:
    """An item carries the product as this job was told of it, its row, and the questions it already has, in order."""
    entry = product("Boot", "Acme", category="Shoes", price="9.99")
    add_row(db, '{"name": "boot"}', "Acme", entry.product_hash)
    ledger = open_job(db, [entry])
    (item,) = ledger.claim(1)
    assert (item.product.content_hash, item.product.product_id) == (entry.content_hash, item.product_id)
    ids = save_queries_to_rds([(item.product_id, text, "product") for text in ("Z or A?", "Is it warm?")], db)
    ledger.finish([deferred(item, *ids)])
    assert ledger.claim(2)[1].existing == ("Z or A?", "Is it warm?")


def test_a_run_finishes_only_what_it_runs(db: Database) -> None:
    """A run whose items another run has taken over changes nothing of them."""
    old = open_job(db, products(1))
    taken = old.claim(2)
    new = open_job(db, products(1))
    old.finish([done(item, 1) for item in taken])
    assert states(db) == ["pending", "pending"]
    again = new.claim(2)
    old.finish([failed(item) for item in again])
    assert states(db) == ["running", "running"]
    new.finish([done(item) for item in again])
    new.finish([failed(item) for item in again])
    assert states(db) == ["succeeded", "succeeded"]


def test_a_new_run_takes_up_what_was_left(db: Database) -> None:
    """What ran when a run died, what waited for a second try and what failed for a passing reason is open again."""
    ledger = open_job(db, products(3))
    items = ledger.claim(5)
    ledger.finish([done(items[0], 1), failed(items[1]), failed(items[2], passing=True), deferred(items[3], 7)])
    assert states(db) == ["succeeded", "failed", "failed", "pending", "running", "pending"]
    open_job(db, products(3))
    assert states(db) == ["succeeded", "failed", "pending", "pending", "pending", "pending"]
    (row,) = db.run("SELECT deferred, error, query_ids FROM job_items WHERE query_ids = '{7}'")
    assert row == (False, None, [7])


def test_a_changed_product_is_done_again(db: Database) -> None:
    """A later run with other content for a product begins its items anew; unchanged ones stay done."""
    ledger = open_job(db, products(2))
    ledger.finish([done(item, 1) for item in ledger.claim(4)])
    changed = product("Product 2", position=2, description="Now in green")
    again = open_job(db, [products(1)[0], changed])
    assert states(db) == ["succeeded", "succeeded", "pending", "pending"]
    items = again.claim(9)
    assert {item.product.description for item in items} == {"Now in green"}
    assert [item.existing for item in items] == [(), ()]


def test_products_with_enough_questions_are_skipped_when_asked(db: Database) -> None:
    """With skip-existing a product with enough active questions of both types is left out, until a run without it."""
    rows = [add_row(db, f'{{"name": "Product {number}"}}', "Acme") for number in (1, 2, 3)]
    enough = [(row, f"Is it {word}?", kind) for row in rows for kind in ("product", "market") for word in ("a", "b")]
    save_queries_to_rds([query for query in enough if query != (rows[1], "Is it b?", "market")], db)
    db.run("UPDATE queries SET is_active = FALSE WHERE product_id = %(row)s", {"row": rows[2]})
    entries = [product(f"Product {n}", position=n, product_id=row) for n, row in enumerate(rows, start=1)]
    counts = open_job(db, entries, enough_at=2).counts()
    assert (counts.products, counts.skipped_products, counts.items) == (2, 1, 4)
    assert states(db) == ["skipped", "skipped", "pending", "pending", "pending", "pending"]
    open_job(db, entries)
    assert states(db) == ["pending"] * 6


def test_counts_tell_every_state(db: Database) -> None:
    """The job's numbers agree with its items, its questions and its rejected records, here and in batch_operations."""
    ledger = open_job(db, products(3))
    items = ledger.claim(4)
    ledger.add_rejected([RejectedRecord(7, "name", "missing"), RejectedRecord(8, "", "broken")])
    ledger.finish([done(items[0], 1, 2), done(items[1], 3), failed(items[2]), failed(items[3], passing=True)])
    counts = ledger.counts()
    assert (counts.products, counts.items, counts.open_items, counts.succeeded, counts.failed) == (3, 6, 2, 2, 2)
    assert (counts.failed_for_passing_reason, counts.processed_products, counts.questions) == (1, 2, 3)
    assert counts.rejected_records == 2
    sql = "SELECT processed_items, successful_items, failed_items, total_items, status FROM batch_operations"
    assert db.run(sql)[0][:3] == (4, 2, 2)
    ledger.set_status("completed")
    assert db.run(sql) == [(4, 2, 2, 6, "completed")]
    assert db.one("ledger.job", job_id="job").completed_at is not None


def test_every_call_that_was_paid_is_added_up(db: Database) -> None:
    """Tokens of an item's tries are summed, and its provider and model stay when a later try brings nothing."""
    ledger = open_job(db, products(1))
    (item,) = ledger.claim(1)
    generated = Generated(["Is it warm?"], Counter(empty=1), "scripted", "model-1", 10, 5, RetryableError("busy"))
    ledger.finish([Outcome(item, generated, "pending", deferred=True, query_ids=(3,))])
    ledger.claim(1)
    item = ledger.claim(1)[0]
    ledger.finish([failed(item)])
    columns = "prompt_tokens, output_tokens, provider, model, query_ids, attempts"
    (row,) = db.run(f"SELECT {columns} FROM job_items WHERE state = 'failed'")
    assert row == (10, 5, "scripted", "model-1", [3], 2)


def test_a_new_reading_forgets_what_the_last_one_rejected(db: Database) -> None:
    """Rejected records are those of the last reading: mended ones are gone, repeated ones are there once."""
    ledger = open_job(db, products(1))
    rejected: list[Entry] = [RejectedRecord(2, "name", "missing"), RejectedRecord(3, "", "broken")]
    for _ in range(2):
        loaded = load_products(ledger, [*rejected, *products(1)], str(uuid.uuid4()))
        assert (loaded.products, loaded.rejected, ledger.counts().rejected_records) == (1, 2, 2)
    load_products(ledger, products(1), str(uuid.uuid4()))
    assert ledger.counts().rejected_records == 0


def test_a_limit_counts_products(db: Database) -> None:
    """With a limit the first products that count are loaded: rejected and repeated records use none of it."""
    ledger = open_job(db, [])
    boot, cap, scarf = (product(name, position=place) for name, place in (("Boot", 2), ("Cap", 4), ("Scarf", 5)))
    entries: list[Entry] = [RejectedRecord(1, "name", "missing"), boot, product("boot", position=3), cap, scarf]
    loaded = load_products(ledger, entries, str(uuid.uuid4()), limit=2)
    assert (loaded.products, loaded.repeated, loaded.rejected) == (2, 1, 1)
    assert [place(item)[0] for item in ledger.claim(9)] == ["Boot", "Boot", "Cap", "Cap"]
