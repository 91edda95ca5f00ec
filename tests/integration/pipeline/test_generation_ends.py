"""Stops, outages and other runs: nothing is lost, and nothing is paid for twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, Event
from time import sleep

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    FatalError,
    InterruptedRunError,
    PermissionRefusedError,
    RepliesOfNoUseError,
    RetryableError,
    RunFencedError,
    ServiceAwayError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationRequest
from query_generator.stopping import StopSignal
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.items import Item
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.work_queue import WorkQueue
from secrets_cache import RdsConfig
from tests.support.catalog import counts_of, open_job, open_run, products
from tests.support.ended_process import ended
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation, items, queries, run_job, states
from tests.support.sessions import ending

BUSY = RetryableError("busy")
UNUSABLE = UnusableReplyError("no questions")


def stop_at(name: str, stop: StopSignal) -> Callable[[GenerationRequest], None]:
    """Ask the run to stop while a call about this product is in flight."""

    def look(request: GenerationRequest) -> None:
        if request.product.name == name:
            stop.set("SIGTERM")

    return look


@pytest.mark.parametrize("error", [PermissionRefusedError("key refused"), BudgetExhaustedError("quota used up")])
def test_a_fatal_error_stops_buying_and_keeps_what_is_done(db: Database, error: FatalError) -> None:
    """When no further call makes sense the loop ends with that error; what was had is stored, the rest stays open."""
    provider = ItemProvider({("Product 6", "product"): [error]})
    with pytest.raises(type(error), match=str(error)):
        run_job(db, products(50), provider)
    found = states(db)
    assert found["pending"] + found["running"] + found["succeeded"] == 100
    assert found["succeeded"] == len(provider.requests) - 1 >= 10
    assert len(provider.requests) <= 13
    assert queries(db) == found["succeeded"] * WANTED


def test_what_is_in_flight_when_nothing_more_is_bought_is_saved(db: Database) -> None:
    """A good reply that comes after the run has decided to end is stored, however short the drain time is."""
    ledger, stop = open_job(db, products(20)), StopSignal(0.0)

    def wait_for_the_end(request: GenerationRequest) -> None:
        while request.product.name == "Product 1" and not stop.is_set():
            sleep(0.01)

    bad = {(f"Product {number}", kind): [UNUSABLE] * 9 for number in range(2, 21) for kind in ("product", "market")}
    provider = ItemProvider(bad, wait_for_the_end)
    with pytest.raises(RepliesOfNoUseError, match="3 items in a row"):
        generation(ledger, provider, threads=3, limit=3, stop=stop).run(counts_of(ledger))
    assert len(provider.requests) == 2 + 3 * 2
    ledger.lease.end()
    assert states(db) == {"succeeded": 2, "failed": 3, "pending": 35}
    assert queries(db) == 2 * WANTED


@pytest.mark.parametrize("threads", [1, 8, 32])
def test_unusable_replies_are_bought_within_bounds(db: Database, threads: int) -> None:
    """With so many calls in flight: no more than two for each item of the limit, and what was in flight."""
    ledger = open_job(db, products(60))
    provider = ItemProvider(
        {(f"Product {number}", kind): [UNUSABLE] * 9 for number in range(61) for kind in ("product", "market")}
    )
    with pytest.raises(RepliesOfNoUseError):
        generation(ledger, provider, threads=threads).run(counts_of(ledger))
    assert len(provider.requests) <= 5 * 2 + threads - 1


@pytest.mark.parametrize("threads", [1, 4])
def test_a_stop_leaves_open_what_was_not_begun(db: Database, threads: int) -> None:
    """After a stop no call is begun, calls in flight are saved, and a new run does the rest, each item once."""
    ledger, stop = open_job(db, products(20)), StopSignal()
    provider = ItemProvider(on_call=stop_at("Product 5", stop))
    generation(ledger, provider, threads=threads, stop=stop).run(counts_of(ledger))
    paid = len(provider.requests)
    assert 9 <= paid <= 8 + 2 * threads
    ledger.lease.end()
    assert states(db) == {"succeeded": paid, "pending": 40 - paid}
    ledger = open_job(db, products(20))
    generation(ledger, provider, threads=threads).run(counts_of(ledger))
    assert states(db) == {"succeeded": 40}
    assert Counter(provider.asked()) == dict.fromkeys(items(db), 1)


def test_a_call_that_its_thread_has_not_begun_is_not_made_after_a_stop(db: Database) -> None:
    """A call may be handed out just before the stop: its thread looks once more before it spends anything."""
    ledger, stop, provider = open_job(db, products(1)), StopSignal(), ItemProvider()
    loop = generation(ledger, provider, stop=stop)
    (item, _) = ledger.queue.claim(2)
    stop.set("SIGTERM")
    with pytest.raises(InterruptedRunError, match="stopped: SIGTERM"):
        loop._asking.one(item)
    assert provider.requests == []


def test_a_transient_failure_keeps_its_second_try_through_a_stop(db: Database) -> None:
    """An item that waited for its second try when the run was stopped gets it in the next run."""
    ledger, stop = open_job(db, products(3)), StopSignal()
    provider = ItemProvider({("Product 1", "product"): [BUSY]}, stop_at("Product 2", stop))
    generation(ledger, provider, stop=stop).run(counts_of(ledger))
    ledger.lease.end()
    run_job(db, products(3), provider)
    assert states(db) == {"succeeded": 6}


def test_a_lost_database_ends_the_run_without_further_calls(rds: RdsConfig, db: Database) -> None:
    """When the database goes, the loop ends with the error that says to run again, and buys no more."""
    ledger = open_job(db, products(50))
    (backend,) = db.run("SELECT pg_backend_pid() AS pid")

    def end_connection(request: GenerationRequest) -> None:
        if request.product.name == "Product 3":
            with get_db_connection(rds) as other:
                other.execute(ending(backend.pid).encode())

    provider = ItemProvider(on_call=end_connection)
    with pytest.raises(ServiceAwayError):
        generation(ledger, provider, threads=2).run(counts_of(ledger))
    assert len(provider.requests) < 20


def test_a_database_that_comes_back_costs_no_call_twice(rds: RdsConfig, db: Database) -> None:
    """When the connection is cut the run waits and goes on: every item is done, and none was paid for twice."""
    own = open_database(rds, ReconnectPolicy(60.0))
    ledger = open_job(own, products(20))
    (backend,) = own.run("SELECT pg_backend_pid() AS pid")

    def end_connection(request: GenerationRequest) -> None:
        if (request.product.name, request.query_type) == ("Product 3", "product"):
            db.run(ending(backend.pid))

    provider = ItemProvider(on_call=end_connection)
    generation(ledger, provider, threads=4).run(counts_of(ledger))
    own.close()
    assert own.connection_number == 2
    assert states(db) == {"succeeded": 40}
    assert Counter(provider.asked()) == dict.fromkeys(items(db), 1)
    assert queries(db) == 40 * WANTED


class LosingQueue(WorkQueue):
    """Loses the connection when the first claim is committed, before its answer has come."""

    lost: tuple[int, int] | None = None

    def claim(self, size: int) -> list[Item]:
        """Claim, and lose the answer once."""
        items = super().claim(size)
        if self.lost is None:
            self.lost = (size, len(items))
            self._db.close()
            raise DatabaseAwayError("PostgreSQL: the connection is lost.")
        return items


class Idle(StopSignal):
    """Stops a run that has nothing to do but wait for others."""

    def sleep(self, seconds: float) -> None:
        """Stop instead."""
        self.set("the run waits for items that nobody works on")


def test_a_claim_whose_answer_was_lost_leaves_no_item_behind(rds: RdsConfig, db: Database) -> None:
    """Items that the run holds without knowing are claimed again: it does not wait for itself for ever."""
    own, stop, provider = open_database(rds, ReconnectPolicy(60.0)), Idle(), ItemProvider()
    ledger = open_job(own, products(3))
    losing = LosingQueue(own, "job", ledger.lease)
    ledger.queue = losing
    generation(ledger, provider, stop=stop).run(counts_of(ledger))
    own.close()
    assert losing.lost == (2, 2)
    assert (stop.is_set(), states(db)) == (False, {"succeeded": 6})


def test_runs_at_once_share_the_work(rds: RdsConfig, db: Database) -> None:
    """Several runs of one job end with every item done, each call made by one of them."""
    open_job(db, products(40)).lease.end()
    all_three = Barrier(3)

    def meet(_: GenerationRequest) -> None:
        if len(provider.requests) <= 3:
            all_three.wait()

    provider = ItemProvider(on_call=meet)

    def work(_: int) -> None:
        own = open_database(rds, ReconnectPolicy(60.0))
        ledger = open_run(own)
        generation(ledger, provider).run(counts_of(ledger))
        own.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert states(db) == {"succeeded": 80}
    assert Counter(provider.asked()) == dict.fromkeys(items(db), 1)
    assert len({row.run_id for row in items(db).values()}) == 3


def test_a_run_without_work_takes_over_from_a_dead_one(rds: RdsConfig, db: Database) -> None:
    """Items of a run that dies while another waits for it are done by the one that waits."""
    ledger, other = open_job(db, products(3)), open_database(rds)
    silent = open_run(other)
    assert len(silent.queue.claim(4)) == 4
    other.run(
        "UPDATE query_generator_runs SET process = %(gone)s WHERE run_id = %(run)s",
        {"gone": ended(), "run": silent.lease.run_id},
    )
    other.close()
    provider, ticks = ItemProvider(), count()
    generation(ledger, provider, clock=lambda: float(next(ticks))).run(counts_of(ledger))
    assert states(db) == {"succeeded": 6}
    assert len(provider.requests) == 6


def test_a_run_that_was_declared_dead_stops_and_writes_nothing(rds: RdsConfig, db: Database) -> None:
    """A run that finds itself dead ends with words of its own, and what it brings then is not stored."""
    ledger = open_job(db, products(5))

    def kill(request: GenerationRequest) -> None:
        if request.product.name == "Product 3":
            with get_db_connection(rds) as other:
                other.execute("UPDATE query_generator_runs SET state = 'dead'")

    provider = ItemProvider(on_call=kill)
    with pytest.raises(RunFencedError, match="declared dead by another run of job job"):
        generation(ledger, provider).run(counts_of(ledger))
    assert provider.asked()[-1] == ("Product 3", "product")
    assert states(db)["succeeded"] == 4
    assert queries(db) == 4 * WANTED


def test_calls_that_hang_are_left_behind_when_the_time_is_over(db: Database) -> None:
    """A stop waits for what is in flight as long as the drain lasts, and no call keeps it longer."""
    stop, hang, now = StopSignal(25.0, lambda: now[0]), Event(), [0.0]

    def hang_up(request: GenerationRequest) -> None:
        stop.set("SIGTERM")
        hang.wait()

    def tick() -> float:
        now[0] += 1.0
        return now[0]

    ledger = open_job(db, products(2))
    generation(ledger, ItemProvider(on_call=hang_up), threads=2, stop=stop, clock=tick).run(counts_of(ledger))
    hang.set()
    ledger.lease.end()
    assert stop.is_overdue()
    assert states(db) == {"pending": 4}
