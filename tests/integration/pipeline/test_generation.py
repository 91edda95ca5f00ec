"""Claim, generate, save: what one item suffers costs no other, and what was paid for is kept."""

import logging
from collections import Counter
from dataclasses import replace

import pytest

from query_generator.errors import (
    RetryableError,
    SkippableError,
)
from query_generator.models import Generated
from query_generator.pipeline.outcomes import DEFERRALS
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from tests.support.catalog import counts_of, open_job, products
from tests.support.item_provider import ItemProvider
from tests.support.list_sink import ListSink
from tests.support.loop import WANTED, brought, generation, items, queries, run_job, states
from tests.support.orders import asked as questions_of

BUSY = RetryableError("busy")


@pytest.mark.parametrize("threads", [1, 8])
def test_every_item_gets_its_questions(db: Database, threads: int) -> None:
    """Each product ends with the wanted number of distinct questions of each type, for one call each."""
    provider = ItemProvider()
    run_job(db, products(30), provider, threads)
    done = items(db)
    assert states(db) == {"succeeded": 60}
    assert all(len(set(row.questions)) == WANTED for row in done.values())
    assert all((row.provider, row.model, row.prompt_tokens) == ("scripted", "model-1", 10) for row in done.values())
    assert queries(db) == 60 * WANTED
    assert Counter(provider.asked()) == dict.fromkeys(done, 1)


@pytest.mark.parametrize(("of", "lines"), [(3, [1, 2, 3]), (1000, [1, 2, 3]), (1001, [1])])
def test_the_log_names_the_products_that_are_begun(
    db: Database, caplog: pytest.LogCaptureFixture, of: int, lines: list[int]
) -> None:
    """Each once, whatever its questions; a run that does a part of a large job names one every few seconds."""
    ledger = open_job(db, products(3))
    with caplog.at_level(logging.INFO, "generation"):
        generation(ledger, ItemProvider({("Product 1", "product"): [2]})).run(replace(counts_of(ledger), products=of))
    told = [message for message in caplog.messages if "Processing" in message]
    assert told == [f"[BATCH] Processing product {number}/{of}: Product {number}" for number in lines]


def test_events_and_numbers_follow_the_work(db: Database) -> None:
    """What is saved is told by events that add up, and the run's calls and tokens are kept with it."""
    ledger, sink = open_job(db, products(5)), ListSink()
    ticks = iter(range(100_000))
    generation(ledger, ItemProvider(), sink=sink, clock=lambda: float(next(ticks))).run(counts_of(ledger))
    log = EventLog("job", sink)
    log.attach(db)
    log.close()
    saved = [event.details for event in sink.events if event.event_name == "batch_saved"]
    assert sum(details["queries"] for details in saved) == 10 * WANTED
    assert sum(details["succeeded"] for details in saved) == 10
    assert "generation_progress" in sink.names()
    (run_row,) = db.rows("runs.stats", job_id="job")
    llm = run_row.stats["llm"]
    assert (llm["total_requests"], llm["prompt_tokens"], llm["output_tokens"]) == (10, 100, 50)


@pytest.mark.parametrize("error", [SkippableError("refused by the model"), BUSY])
def test_a_failing_product_stops_no_other(db: Database, error: Exception) -> None:
    """A product whose calls all fail is named with its reason, and all others get their questions."""
    failing = ("Product 3", "product")
    run_job(db, products(6), ItemProvider({failing: [error] * 99}), 4)
    row = items(db)[failing]
    assert states(db) == {"succeeded": 11, "failed": 1}
    assert (row.error_stage, row.error, row.passing) == ("generate", str(error), error is BUSY)
    assert queries(db) == 11 * WANTED


def test_a_transient_failure_is_tried_again_after_all_others(db: Database) -> None:
    """An item that fails for a transient reason comes again at the very end, three times; a lasting one does not."""
    once, always, lasting = ("Product 1", "product"), ("Product 2", "market"), ("Product 3", "market")
    provider = ItemProvider({once: [BUSY], always: [BUSY] * 9, lasting: [SkippableError("refused")]})
    run_job(db, products(6), provider)
    asked = provider.asked()
    assert sorted(asked[12:14]) == sorted([once, always])
    assert asked[14:] == [always] * (DEFERRALS - 1)
    assert Counter(asked[:12]) == dict.fromkeys(items(db), 1)
    done = items(db)
    assert (done[once].state, done[always].state, done[lasting].state) == ("succeeded", "failed", "failed")
    assert (done[once].error, done[always].error) == (None, "busy")
    assert states(db) == {"succeeded": 10, "failed": 2}


def test_a_short_item_keeps_its_questions_and_asks_for_the_rest(db: Database) -> None:
    """What a first try brought is stored at once; the later try is asked for the rest only, told what is there."""
    short = ("Product 1", "product")
    provider = ItemProvider({short: [3, BUSY]})
    run_job(db, products(3), provider)
    asked = [request for request in provider.requests if (request.product.name, request.query_type) == short]
    row = items(db)[short]
    assert [(request.count, request.exclusions) for request in asked] == [
        (4, ()),
        (1, tuple(row.questions[:3])),
        (1, tuple(row.questions[:3])),
    ]
    assert (row.state, len(set(row.questions)), row.prompt_tokens, row.output_tokens) == ("succeeded", WANTED, 20, 10)
    assert queries(db) == 6 * WANTED


def test_an_item_that_stays_short_keeps_what_it_has(db: Database) -> None:
    """An item with fewer questions than wanted is failed, says how many it has, and keeps them."""
    short = ("Product 1", "market")
    run_job(db, products(2), ItemProvider({short: [1, 2]}))
    row = items(db)[short]
    assert (row.state, len(row.questions)) == ("failed", 3)
    assert row.error.startswith("only 3 of 4 questions")


def test_nothing_to_do_makes_no_call(db: Database) -> None:
    """A second run of a finished job makes no call and changes no row."""
    run_job(db, products(3), ItemProvider(), 2)
    before = items(db)
    provider = ItemProvider()
    run_job(db, products(3), provider, 2)
    assert provider.requests == []
    assert items(db) == before


@pytest.mark.parametrize("bad", ["Is \x00 a letter?", "Is \ud800 a letter?"], ids=["NUL", "lone surrogate"])
def test_a_row_that_cannot_be_stored_is_quarantined_alone(
    db: Database, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    """Of all rows of a transaction only the bad one is left out; its item fails and names the field and the reason."""
    ledger = open_job(db, products(4))
    loop = generation(ledger, ItemProvider())
    finished = []
    for number, item in enumerate(ledger.queue.claim(8)):
        good = [f"Is {item.product.name} fit for {item.query_type} {place}?" for place in range(3)]
        texts = [*good, bad if number == 3 else "Is it warm?"]
        finished.append(brought(loop, item, Generated([*questions_of(*texts)], provider="scripted", model="m")))
    loop._save(finished)
    done = items(db)
    failed = done["Product 2", "market"]
    assert states(db) == {"succeeded": 7, "failed": 1}
    assert (failed.error_stage, len(failed.questions)) == ("persist", 3)
    assert failed.error.startswith("query_text 'Is ")
    assert "PostgreSQL does not take this row" in failed.error
    assert "Product 2" in caplog.text
    assert queries(db) == 8 * WANTED - 1
    assert all(len(row.questions) == WANTED for row in done.values() if row is not failed)


@pytest.mark.parametrize("name", ["\x00", "\ud800"], ids=["NUL", "lone surrogate"])
def test_a_provider_with_an_unstorable_name_fails_items_not_the_run(db: Database, name: str) -> None:
    """What a provider says of its model or its failure cannot break the loop, whatever characters it holds."""
    provider = ItemProvider({("Product 1", "product"): [SkippableError(f"refused {name}")]})
    run_job(db, products(2), provider)
    assert states(db) == {"succeeded": 3, "failed": 1}
    provider.model = f"model {name}"
    ledger = open_job(db, products(2), "other job")
    generation(ledger, provider).run(counts_of(ledger))
    sql = "SELECT error_stage, count(*) FROM job_items WHERE job_id = 'other job' AND state = 'failed' GROUP BY 1"
    assert db.run(sql) == [("persist", 4)]


def test_a_product_that_vanishes_fails_alone(db: Database) -> None:
    """A product whose row somebody deletes while its questions are written is failed, and the others are stored."""
    ledger = open_job(db, products(3))
    loop = generation(ledger, ItemProvider())
    claimed = ledger.queue.claim(6)
    product_id = claimed[2].product_id
    db.run("DELETE FROM jobselectedproducts WHERE product_id = %(id)s", {"id": product_id})
    db.run("DELETE FROM products WHERE product_id = %(id)s", {"id": product_id})
    loop._save([brought(loop, item, loop._asking.one(item)) for item in claimed])
    rows = db.run("SELECT state, error_stage, product_id = %(id)s AS gone FROM job_items", {"id": product_id})
    assert Counter(rows) == {("succeeded", None, False): 4, ("failed", "persist", True): 2}


def test_an_item_that_has_a_part_gets_one_call_for_the_rest(db: Database) -> None:
    """A run that goes on with an item after its first call asks for what lacks, and not a third time."""
    first = open_job(db, products(1))
    loop = generation(first, ItemProvider())
    short, full = first.queue.claim(2)
    have = ("Is it warm?", "Does it float?", "Who made it?")
    loop._save([brought(loop, short, Generated([*questions_of(*have)])), brought(loop, full, Generated([]))])
    first.lease.end()
    provider = ItemProvider({("Product 1", "market"): [2]})
    run_job(db, products(1), provider)
    asked = {str(request.query_type): (request.count, request.exclusions) for request in provider.requests}
    assert (asked, len(provider.requests)) == ({"product": (1, have), "market": (4, ())}, 2)
    done = items(db)
    assert (done["Product 1", "product"].state, len(done["Product 1", "product"].questions)) == ("succeeded", 4)
    assert done["Product 1", "market"].error.startswith("only 2 of 4 questions after 2 calls")
