"""What is to be done is kept exactly, through restarts, changed input and other runs."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from query_generator.models import RejectedRecord
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.items import Item, Outcome
from query_generator.store.jobs import JobStatus, is_known
from query_generator.store.products import link_products
from secrets_cache import RdsConfig
from tests.support.catalog import add_row, counts_of, load, open_job, open_run, product, products, save, select_for_job
from tests.support.orders import asked
from tests.support.outcomes import deferred, done, failed, partial, store


@pytest.fixture
def other(rds: RdsConfig, db: Database) -> Iterator[Database]:
    """A second connection to the same database."""
    database = open_database(rds)
    yield database
    database.close()


def place(item: Item) -> tuple[str, str]:
    """Name and type of an item."""
    return item.product.name, str(item.query_type)


def states(db: Database) -> list[Any]:
    """States of all items, in the order of the input."""
    rows = db.run("SELECT state FROM job_items ORDER BY position, product_id, query_type DESC")
    return [row.state for row in rows]


def test_a_job_is_known_by_its_row_or_its_products(db: Database) -> None:
    """A job id is known once a run has opened it or somebody has selected products for it."""
    select_for_job(db, [add_row(db, '{"name": "Boot"}')], "selected")
    open_job(db, products(1), "opened")
    known = {job: is_known(db, job) for job in ("selected", "opened", "neither")}
    assert known == {"selected": True, "opened": True, "neither": False}


def test_items_are_claimed_in_the_order_of_the_input(db: Database) -> None:
    """Claims follow the input, product before market, each item once; what failed once comes after all others."""
    ledger = open_job(db, reversed(products(3)))
    first = ledger.queue.claim(3)
    assert [place(item) for item in first] == [
        ("Product 1", "product"),
        ("Product 1", "market"),
        ("Product 2", "product"),
    ]
    save(ledger, deferred(first[0]), deferred(first[2]))
    rest = ledger.queue.claim(100)
    assert [place(item) for item in rest] == [
        ("Product 2", "market"),
        ("Product 3", "product"),
        ("Product 3", "market"),
        ("Product 1", "product"),
        ("Product 2", "product"),
    ]
    assert [item.deferred for item in rest] == [0, 0, 0, 1, 1]
    assert ledger.queue.claim(100) == ledger.queue.claim(0) == ledger.queue.claim(-1) == []


def test_a_claimed_item_holds_what_a_prompt_needs(db: Database) -> None:
    """An item carries the product as this job was told of it, its row, and the questions it already has, in order."""
    entry = product("Boot", "Acme", category="Shoes", price="9.99")
    add_row(db, '{"name": "boot"}', "Acme", entry.product_hash)
    ledger = open_job(db, [entry])
    (item,) = ledger.queue.claim(1)
    assert (item.product.content_hash, item.product.position) == (entry.content_hash, entry.position)
    assert (item.existing, item.answered, item.dropped) == ((), 0, {})
    save(ledger, partial(item, *store(ledger, item, "Z or A?", "Is it warm?")))
    ledger.lease.end()
    (again, _) = open_run(db).queue.claim(2)
    assert (again.existing, again.answered, again.dropped) == (asked("Z or A?", "Is it warm?"), 1, {"duplicate": 1})


def test_an_item_without_a_usable_product_fails_alone(db: Database) -> None:
    """A product whose row is gone or unusable when its turn comes is failed and says so, others are claimed."""
    ledger = open_job(db, products(3))
    unused = "DELETE FROM jobselectedproducts WHERE product_id IN (SELECT product_id FROM products WHERE {})"
    for number, change in (
        (1, "DELETE FROM products WHERE {}"),
        (2, "UPDATE products SET product_data = '[]' WHERE {}"),
    ):
        condition = f"product_key = 'acme|product {number}'"
        db.run(unused.format(condition) + "; " + change.format(condition))
    assert [place(item) for item in ledger.queue.claim(9)] == [("Product 3", "product"), ("Product 3", "market")]
    rows = db.run("SELECT error_stage, error FROM job_items WHERE state = 'failed'")
    assert len(rows) == 4
    assert {(row.error_stage, "row of the product" in row.error) for row in rows} == {("input", True)}


def test_a_run_changes_only_what_it_runs(db: Database, other: Database) -> None:
    """Items that another run has claimed, or that have ended, stay as they are, whatever a run brings for them."""
    first, second = open_job(db, products(1)), open_run(other)
    items = first.queue.claim(2)
    assert save(second, *[failed(item) for item in items]) == []
    assert states(db) == ["running", "running"]
    save(first, *[done(item, 1) for item in items])
    assert save(first, *[failed(item) for item in items]) == []
    assert states(db) == ["succeeded", "succeeded"]


def test_a_new_run_takes_up_what_was_left(db: Database) -> None:
    """What a run left undone, what waited for a second try and what failed for a transient reason is open again."""
    ledger = open_job(db, products(3))
    items = ledger.queue.claim(5)
    save(ledger, done(items[0], 1), failed(items[1]), failed(items[2], transient=True), deferred(items[3]))
    assert states(db) == ["succeeded", "failed", "failed", "pending", "running", "pending"]
    ledger.lease.end()
    open_job(db, products(3))
    assert states(db) == ["succeeded", "failed", "pending", "pending", "pending", "pending"]
    assert db.run("SELECT count(*) AS n FROM job_items WHERE deferred > 0 OR error IS NOT NULL") == [(1,)]


def test_saving_again_after_an_uncertain_commit_changes_nothing(db: Database) -> None:
    """A save whose answer was lost is repeated as a whole: questions, ids, sums and events are there once."""
    ledger = open_job(db, products(2))
    items = ledger.queue.claim(4)
    outcomes = [done(items[0]), partial(items[1]), deferred(items[2]), failed(items[3])]
    told: list[list[str]] = []

    def store_queries() -> list[Outcome]:
        return [replace(outcome, query_ids=store(ledger, outcome.item, "A?", "B?")) for outcome in outcomes[:2]] + (
            outcomes[2:]
        )

    def everything() -> list[list[Any]]:
        tables = ("job_items", "queries", "batch_operations", "query_generator_runs")
        rows = [db.run(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]
        return [[row._asdict() | {"updated_at": None} for row in table] for table in rows]

    def save_all() -> list[Outcome]:
        return ledger.queue.save(outcomes, {"n": 1}, store_queries, lambda new: told.append([one.state for one in new]))

    saved = save_all()
    after = everything()
    assert save_all() == saved
    assert everything() == after
    assert told == [["succeeded", "running", "pending", "failed"]]
    assert (counts_of(ledger).questions, len(after[1])) == (4, 4)


def test_a_partial_item_goes_on_with_its_next_call(db: Database) -> None:
    """After a first call that brought too little an item stays with its run, and the second one adds to it."""
    ledger = open_job(db, products(1))
    item = ledger.queue.claim(1)[0]
    save(ledger, partial(item, 7, 8))
    assert states(db) == ["running", "pending"]
    second = replace(item, answered=1, dropped={"duplicate": 1})
    save(ledger, done(second, 9))
    columns = "state, query_ids, answered, dropped, prompt_tokens, attempts"
    (row,) = db.run(f"SELECT {columns} FROM job_items WHERE query_type = 'product'")
    assert row == ("succeeded", [7, 8, 9], 2, {"duplicate": 2}, 20, 1)


def test_a_claim_whose_answer_was_lost_is_free_again(db: Database, other: Database) -> None:
    """Items that a run has claimed and never heard of go back; those it knows and those of others stay."""
    ledger, second = open_job(db, products(3)), open_run(other)
    known = ledger.queue.claim(2)
    second.queue.claim(1)
    ledger.queue.claim(2)
    ledger.queue.forget_claims(known)
    assert states(db) == ["running", "running", "running", "pending", "pending", "pending"]
    ledger.queue.forget_claims([])
    assert states(db) == ["pending", "pending", "running", "pending", "pending", "pending"]


def test_a_changed_product_is_done_again(db: Database) -> None:
    """A later run with other content for a product begins its items anew; unchanged ones stay done."""
    ledger = open_job(db, products(2))
    save(ledger, *[done(item, 1) for item in ledger.queue.claim(4)])
    changed = product("Product 2", position=2, description="Now in green")
    again = open_job(db, [products(1)[0], changed])
    assert states(db) == ["succeeded", "succeeded", "pending", "pending"]
    items = again.queue.claim(9)
    assert {item.product.description for item in items} == {"Now in green"}
    assert [item.existing for item in items] == [(), ()]


def test_a_reply_for_content_that_has_changed_is_not_taken(db: Database, other: Database) -> None:
    """What was asked about a product before its record changed does not count as done for the new record."""
    ledger = open_job(db, [product("Boot")])
    (before, _) = ledger.queue.claim(2)
    load(open_run(other), [product("Boot", description="Now waterproof")])
    (after, _) = ledger.queue.claim(2)
    assert (before.product_id, before.query_type) == (after.product_id, after.query_type)
    assert save(ledger, done(before, 1)) == []
    assert len(save(ledger, done(after, 2))) == 1


def test_counts_tell_every_state(db: Database) -> None:
    """The job's numbers agree with its items, its questions and its rejected records, here and in batch_operations."""
    ledger = open_job(db, products(3))
    items = ledger.queue.claim(4)
    ledger.queue.add(link_products, [], [RejectedRecord(7, "name", "missing"), RejectedRecord(8, "", "broken")], None)
    save(ledger, done(items[0], 1, 2), done(items[1], 3), failed(items[2]), failed(items[3], transient=True))
    counts = counts_of(ledger)
    assert (counts.products, counts.items, counts.open_items, counts.succeeded, counts.failed) == (3, 6, 2, 2, 2)
    assert (counts.failed_transiently, counts.processed_products, counts.questions) == (1, 2, 3)
    assert counts.rejected_records == 2
    sql = "SELECT processed_items, successful_items, failed_items, total_items, status FROM batch_operations"
    assert db.run(sql)[0][:3] == (0, 0, 0)
    progress = ledger.record.note_progress()
    assert (progress.items, progress.succeeded, progress.failed, progress.questions) == (6, 2, 2, 3)
    assert db.run(sql)[0][:4] == (4, 2, 2, 6)
    ledger.record.set_status(JobStatus.COMPLETED)
    assert db.run(sql) == [(4, 2, 2, 6, "completed")]
    assert db.one("ledger.job", job_id="job").completed_at is not None


def test_every_call_that_was_paid_is_added_up(db: Database) -> None:
    """Tokens of an item's tries are summed, and its provider and model stay when a later try brings nothing."""
    ledger = open_job(db, products(1))
    (item,) = ledger.queue.claim(1)
    save(ledger, partial(item, 3))
    save(ledger, deferred(replace(item, answered=1)))
    ledger.queue.claim(1)
    save(ledger, failed(ledger.queue.claim(1)[0]))
    columns = "prompt_tokens, output_tokens, provider, model, query_ids, attempts"
    (row,) = db.run(f"SELECT {columns} FROM job_items WHERE state = 'failed'")
    assert row == (10, 5, "scripted", "model-1", [3], 2)


def test_the_job_is_completed_once(db: Database, other: Database) -> None:
    """Of the runs that find a job done only the first one tells it."""
    told: list[int] = []
    for number, ledger in enumerate((open_run(db), open_run(other), open_run(db))):
        ledger.record.complete(lambda number=number: told.append(number))  # type: ignore[misc]
    assert told == [0]
    open_run(db)
    job = db.one("ledger.job", job_id="job")
    assert (job.status, job.completed_at is None) == ("completed", False)
