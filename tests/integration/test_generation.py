"""Claim, generate, save: what one item suffers costs no other, and what was paid for is kept."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    FatalError,
    PermissionRefusedError,
    RetryableError,
    ServiceAwayError,
    SkippableError,
)
from query_generator.generation import Generation
from query_generator.llm.base import GenerationRequest
from query_generator.llm.metered import MeteredProvider
from query_generator.models import Generated, Product
from query_generator.stats import RunStats
from query_generator.stopping import StopSignal
from query_generator.store.database import Database, get_db_connection
from query_generator.store.events import EventLog
from query_generator.store.ledger import Item, Ledger
from secrets_cache import RdsConfig
from tests.fakes.catalog import open_job, products
from tests.fakes.item_provider import ItemProvider
from tests.fakes.list_sink import ListSink

WANTED = 4
BUSY = RetryableError("busy")


def generation(
    ledger: Ledger,
    provider: ItemProvider,
    *,
    threads: int = 1,
    stop: StopSignal | None = None,
    sink: ListSink | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Generation:
    """The loop as a job wires it."""
    events = EventLog(ledger.job_id, sink or ListSink())
    events.attach(ledger.db)
    meter = MeteredProvider(provider)
    return Generation(
        ledger,
        events,
        meter,
        meter,
        RunStats(),
        stop or StopSignal(),
        num_questions=WANTED,
        max_concurrency=threads,
        batch_size=50,
        clock=clock,
    )


def stop_at(name: str, stop: StopSignal) -> Callable[[GenerationRequest], None]:
    """Ask the run to stop while a call about this product is in flight."""

    def look(request: GenerationRequest) -> None:
        if request.product.name == name:
            stop.set("SIGTERM")

    return look


def run(db: Database, entries: list[Product], provider: ItemProvider, threads: int = 1) -> None:
    """Run a job of its own to its end."""
    ledger = open_job(db, entries)
    generation(ledger, provider, threads=threads).run(ledger.counts())


def items(db: Database) -> dict[tuple[str, str], Any]:
    """The ledger by product name and query type, with the stored questions of each item."""
    rows = db.run(
        "SELECT p.product_data ->> 'name' AS name, i.*, ARRAY("
        "  SELECT query_text FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, place)"
        "  JOIN queries q USING (query_id) WHERE (q.product_id, q.query_type) = (i.product_id, i.query_type)"
        "  ORDER BY place) AS questions "
        "FROM job_items i JOIN products p USING (product_id)"
    )
    return {(row.name, row.query_type): row for row in rows}


def states(db: Database) -> Counter[str]:
    """How many items are in each state."""
    return Counter(row.state for row in items(db).values())


def queries(db: Database) -> int:
    """Rows of `queries`."""
    return int(db.run("SELECT count(*) AS n FROM queries")[0].n)


@pytest.mark.parametrize("threads", [1, 8])
def test_every_item_gets_its_questions(db: Database, threads: int) -> None:
    """Each product ends with the wanted number of distinct questions of each type, for one call each."""
    provider = ItemProvider()
    run(db, products(30), provider, threads)
    done = items(db)
    assert states(db) == {"succeeded": 60}
    assert all(len(set(row.questions)) == WANTED for row in done.values())
    assert all((row.provider, row.model, row.prompt_tokens) == ("scripted", "model-1", 10) for row in done.values())
    assert queries(db) == 60 * WANTED
    assert Counter(provider.asked()) == dict.fromkeys(done, 1)


def test_events_and_numbers_follow_the_work(db: Database) -> None:
    """What is saved is told by events that add up, and the run's calls and tokens are kept with it."""
    ledger, sink = open_job(db, products(5)), ListSink()
    ticks = iter(range(100_000))
    generation(ledger, ItemProvider(), sink=sink, clock=lambda: float(next(ticks))).run(ledger.counts())
    log = EventLog("job", sink)
    log.attach(db)
    log.close()
    saved = [event.details for event in sink.events if event.event_name == "batch_saved"]
    assert sum(details["queries"] for details in saved) == 10 * WANTED
    assert sum(details["succeeded"] for details in saved) == 10
    assert "generation_progress" in sink.names()
    (run_row,) = db.rows("ledger.run_stats", job_id="job")
    llm = run_row.stats["llm"]
    assert (llm["total_requests"], llm["prompt_tokens"], llm["output_tokens"]) == (10, 100, 50)


@pytest.mark.parametrize("error", [SkippableError("refused by the model"), BUSY])
def test_a_failing_product_stops_no_other(db: Database, error: Exception) -> None:
    """A product whose calls all fail is named with its reason, and all others get their questions."""
    failing = ("Product 3", "product")
    run(db, products(6), ItemProvider({failing: [error] * 99}), 4)
    row = items(db)[failing]
    assert states(db) == {"succeeded": 11, "failed": 1}
    assert (row.error_stage, row.error, row.passing) == ("generate", str(error), error is BUSY)
    assert queries(db) == 11 * WANTED


def test_a_passing_failure_is_tried_once_more_after_all_others(db: Database) -> None:
    """An item that fails for a passing reason comes again at the very end, once; a lasting one does not."""
    once, twice, lasting = ("Product 1", "product"), ("Product 2", "market"), ("Product 3", "market")
    provider = ItemProvider({once: [BUSY], twice: [BUSY, BUSY], lasting: [SkippableError("refused")]})
    run(db, products(6), provider)
    asked = provider.asked()
    assert asked[-2:] == [once, twice]
    assert Counter(asked[:-2]) == dict.fromkeys(items(db), 1)
    done = items(db)
    assert (done[once].state, done[twice].state, done[lasting].state) == ("succeeded", "failed", "failed")
    assert (done[once].error, done[twice].error) == (None, "busy")
    assert states(db) == {"succeeded": 10, "failed": 2}


def test_a_short_item_keeps_its_questions_and_asks_for_the_rest(db: Database) -> None:
    """What a first try brought is stored at once; the later try is asked for the rest only, told what is there."""
    short = ("Product 1", "product")
    provider = ItemProvider({short: [3, BUSY]})
    run(db, products(3), provider)
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
    run(db, products(2), ItemProvider({short: [1, 2]}))
    row = items(db)[short]
    assert (row.state, len(row.questions)) == ("failed", 3)
    assert row.error.startswith("only 3 of 4 questions")


@pytest.mark.parametrize("error", [PermissionRefusedError("key refused"), BudgetExhaustedError("quota used up")])
def test_a_fatal_error_stops_buying_and_keeps_what_is_done(db: Database, error: FatalError) -> None:
    """When no further call makes sense the loop ends with that error; what was had is stored, the rest stays open."""
    provider = ItemProvider({("Product 6", "product"): [error]})
    with pytest.raises(type(error), match=str(error)):
        run(db, products(50), provider)
    found = states(db)
    assert found["pending"] + found["succeeded"] == 100
    assert found["succeeded"] == len(provider.requests) - 1 >= 10
    assert len(provider.requests) <= 13
    assert queries(db) == found["succeeded"] * WANTED


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_leaves_open_what_was_not_begun(db: Database, threads: int) -> None:
    """After a stop no call is begun, calls in flight are saved, and a new run does the rest, each item once."""
    ledger, stop = open_job(db, products(20)), StopSignal()
    provider = ItemProvider(on_call=stop_at("Product 5", stop))
    generation(ledger, provider, threads=threads, stop=stop).run(ledger.counts())
    paid = len(provider.requests)
    assert 9 <= paid <= 8 + 2 * threads
    assert states(db) == {"succeeded": paid, "pending": 40 - paid}
    ledger = open_job(db, products(20))
    generation(ledger, provider, threads=threads).run(ledger.counts())
    assert states(db) == {"succeeded": 40}
    assert Counter(provider.asked()) == dict.fromkeys(items(db), 1)


def test_a_passing_failure_keeps_its_second_try_through_a_stop(db: Database) -> None:
    """An item that waited for its second try when the run was stopped gets it in the next run."""
    ledger, stop = open_job(db, products(3)), StopSignal()
    provider = ItemProvider({("Product 1", "product"): [BUSY]}, stop_at("Product 2", stop))
    generation(ledger, provider, stop=stop).run(ledger.counts())
    run(db, products(3), provider)
    assert states(db) == {"succeeded": 6}


def test_nothing_to_do_makes_no_call(db: Database) -> None:
    """A second run of a finished job makes no call and changes no row."""
    run(db, products(3), ItemProvider(), 2)
    before = items(db)
    provider = ItemProvider()
    run(db, products(3), provider, 2)
    assert provider.requests == []
    assert items(db) == before


@pytest.mark.parametrize("bad", ["Is \x00 a letter?", "Is \ud800 a letter?"], ids=["NUL", "lone surrogate"])
def test_a_row_that_cannot_be_stored_is_quarantined_alone(
    db: Database, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    """Of the items that one transaction holds, the one with a bad row fails with its reason, the others are stored."""
    ledger = open_job(db, products(4))
    finished: list[tuple[Item, Future[Generated]]] = []
    for number, item in enumerate(ledger.claim(8)):
        future: Future[Generated] = Future()
        good = [f"Is {item.product.name} fit for {item.query_type} {place}?" for place in range(3)]
        future.set_result(Generated([*good, bad if number == 3 else "Is it warm?"], provider="scripted", model="m"))
        finished.append((item, future))
    generation(ledger, ItemProvider())._save(finished)
    done = items(db)
    failed = done["Product 2", "market"]
    assert states(db) == {"succeeded": 7, "failed": 1}
    assert (failed.error_stage, failed.questions) == ("persist", [])
    assert failed.error.startswith("PostgreSQL does not take this row")
    assert "Product 2" in caplog.text
    assert queries(db) == 7 * WANTED
    assert all(len(row.questions) == WANTED for row in done.values() if row is not failed)


@pytest.mark.parametrize("name", ["\x00", "\ud800"], ids=["NUL", "lone surrogate"])
def test_a_provider_with_an_unstorable_name_fails_items_not_the_run(db: Database, name: str) -> None:
    """What a provider says of its model or its failure cannot break the loop, whatever characters it holds."""
    provider = ItemProvider({("Product 1", "product"): [SkippableError(f"refused {name}")]})
    run(db, products(2), provider)
    assert states(db) == {"succeeded": 3, "failed": 1}
    provider.model = f"model {name}"
    ledger = open_job(db, products(3), "other job")
    generation(ledger, provider).run(ledger.counts())
    sql = "SELECT error_stage, count(*) FROM job_items WHERE job_id = 'other job' AND state = 'failed' GROUP BY 1"
    assert db.run(sql) == [("persist", 6)]


def test_a_product_that_vanishes_fails_alone(db: Database) -> None:
    """A product whose row somebody deletes while its questions are written is failed, and the others are stored."""
    ledger = open_job(db, products(3))
    loop = generation(ledger, ItemProvider())
    claimed = ledger.claim(6)
    product_id = claimed[2].product_id
    db.run("DELETE FROM jobselectedproducts WHERE product_id = %(id)s", {"id": product_id})
    db.run("DELETE FROM products WHERE product_id = %(id)s", {"id": product_id})
    finished: list[tuple[Item, Future[Generated]]] = []
    for item in claimed:
        future: Future[Generated] = Future()
        future.set_result(loop._generate(item))
        finished.append((item, future))
    loop._save(finished)
    rows = db.run("SELECT state, error_stage, product_id = %(id)s AS gone FROM job_items", {"id": product_id})
    assert Counter(rows) == {("succeeded", None, False): 4, ("failed", "persist", True): 2}


def test_a_lost_database_ends_the_run_without_further_calls(rds: RdsConfig, db: Database) -> None:
    """When the database goes, the loop ends with the error that says to run again, and buys no more."""
    ledger = open_job(db, products(50))
    (backend,) = db.run("SELECT pg_backend_pid() AS pid")

    def end_connection(request: GenerationRequest) -> None:
        if request.product.name == "Product 3":
            with get_db_connection(rds) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", [backend.pid])

    provider = ItemProvider(on_call=end_connection)
    with pytest.raises(ServiceAwayError):
        generation(ledger, provider, threads=2).run(ledger.counts())
    assert len(provider.requests) < 20
