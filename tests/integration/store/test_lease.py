"""Who may write: a run that lives, until another one has declared it dead, and then never again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from query_generator.errors import RunFencedError
from query_generator.models import Generated
from query_generator.pipeline.load import load_products
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.items import ItemState, Outcome
from query_generator.store.jobs import JobStatus
from query_generator.store.ledger import Ledger
from query_generator.store.process_identity import own_identity
from query_generator.store.queries import save_queries_to_rds
from query_generator.store.reconnect import ReconnectPolicy
from secrets_cache import RdsConfig
from tests.support.catalog import open_job, open_run, products, save
from tests.support.ended_process import ended
from tests.support.orders import asked
from tests.support.sessions import ending

LEASE = 30.0
TABLES = (
    "job_items",
    "queries",
    "batch_operations",
    "query_generator_runs",
    "query_generator_rejected_records",
    "jobselectedproducts",
)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock by which the second connection ages."""
    return Clock()


@pytest.fixture
def other(rds: RdsConfig, db: Database, clock: Clock) -> Iterator[Database]:
    """A second connection to the same database."""
    second = Database(get_db_connection(rds), None, ReconnectPolicy(clock=clock))
    yield second
    second.close()


def set_clock(db: Database, seconds: float) -> None:
    """Set the database's clock forward by so much, seen from all that was written before."""
    db.run("UPDATE query_generator_runs SET heartbeat_at = heartbeat_at - make_interval(secs => %(s)s)", {"s": seconds})


def beat(db: Database, ledger: Ledger) -> None:
    """Let a run send a heartbeat."""
    db.rows("runs.beat", run_id=ledger.lease.run_id)


def take_over_after(ledger: Ledger, clock: "Clock", seconds: float) -> int:
    """Look at the other runs, and take over when so many seconds have passed without a heartbeat of theirs."""
    assert ledger.lease.take_over() == 0
    clock.now += seconds
    return ledger.lease.take_over()


def live_elsewhere(db: Database, ledger: Ledger, process: str) -> None:
    """Let a run be that of another process."""
    db.run(
        "UPDATE query_generator_runs SET process = %(process)s WHERE run_id = %(run)s",
        {"process": process, "run": ledger.lease.run_id},
    )


def states(db: Database, column: str = "state") -> list[Any]:
    """A column of all items, in the order of the input."""
    rows = db.run(f"SELECT {column} AS value FROM job_items ORDER BY position, product_id, query_type DESC")
    return [row.value for row in rows]


def run_states(db: Database) -> list[str]:
    """States of all runs, the oldest first."""
    return [row.state for row in db.run("SELECT state FROM query_generator_runs ORDER BY started_at")]


def everything(db: Database) -> list[Any]:
    """All that a run could change."""
    return [db.run(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES]


def done(ledger: Ledger, size: int) -> list[Outcome]:
    """Outcomes of so many claimed items."""
    return [
        Outcome(item, Generated([*asked("Is it warm?")]), ItemState.SUCCEEDED, 1) for item in ledger.queue.claim(size)
    ]


def test_a_lapsed_lease_may_be_taken_over(db: Database, other: Database, clock: Clock) -> None:
    """A run that was silent for longer than its lease is declared dead by another one, which gets its open items."""
    first, second = open_job(db, products(2)), open_run(other)
    outcomes = done(first, 3)
    save(first, outcomes[0])
    assert take_over_after(second, clock, LEASE) == 1
    assert run_states(db) == ["dead", "alive"]
    assert states(db) == ["succeeded", "pending", "pending", "pending"]
    assert len(second.queue.claim(9)) == 3
    assert second.lease.take_over() == 0


def test_nobody_takes_over_in_the_first_lease_of_a_connection(rds: RdsConfig, db: Database, clock: Clock) -> None:
    """After an outage every run gets one lease time to show that it lives."""
    other = open_database(rds, ReconnectPolicy(60.0, clock=clock, sleep=lambda _: None))
    open_job(db, products(1))
    second = open_run(other)
    assert take_over_after(second, clock, LEASE - 0.1) == 0
    (own,) = other.run("SELECT pg_backend_pid() AS pid")
    db.run(ending(own.pid))
    clock.now += LEASE
    assert other.with_reconnect(second.lease.take_over) == 0
    assert run_states(db) == ["alive", "alive"]
    assert take_over_after(second, clock, LEASE) == 1
    other.close()


def test_a_run_that_beats_is_left_alone(db: Database, other: Database, clock: Clock) -> None:
    """A run within its lease keeps its work, however long it lasts, and nobody can end itself or another job's run."""
    first, second = open_job(db, products(1)), open_run(other)
    open_run(db, "other job")
    for _ in range(9):
        assert take_over_after(second, clock, LEASE - 0.1) == 0
        beat(db, first)
    assert run_states(db) == ["alive", "alive", "alive"]


@pytest.mark.parametrize("seconds", [3600.0, -3600.0, 10 * 86400.0])
def test_a_clock_that_is_set_makes_no_run_look_dead_or_alive(
    db: Database, other: Database, clock: Clock, seconds: float
) -> None:
    """The database's clock may be set back and forth: a living run keeps its work, a dead one is found."""
    first, second = open_job(db, products(1)), open_run(other)
    for step in (seconds, -seconds, seconds):
        assert take_over_after(second, clock, LEASE / 2) == 0
        set_clock(db, step)
        assert second.lease.take_over() == 0
        beat(db, first)
    assert take_over_after(second, clock, LEASE) == 1


def test_a_heartbeat_between_the_look_and_the_verdict_saves_a_run(db: Database, other: Database, clock: Clock) -> None:
    """A run is declared dead for the heartbeat that was seen, not for a later one."""
    first, second = open_job(db, products(1)), open_run(other)
    (seen,) = other.rows("runs.others", job_id="job", run_id=second.lease.run_id)
    beat(db, first)
    verdict = {"run_ids": [seen.run_id], "heartbeats": [seen.heartbeat]}
    assert other.rows("runs.declare_dead", **verdict) == []
    (seen,) = other.rows("runs.others", job_id="job", run_id=second.lease.run_id)
    verdict = {"run_ids": [seen.run_id], "heartbeats": [seen.heartbeat]}
    assert len(other.rows("runs.declare_dead", **verdict)) == 1


def test_a_run_is_measured_by_its_own_lease(db: Database, other: Database, clock: Clock) -> None:
    """Runs with different settings do not declare each other dead before the time that each has announced."""
    open_run(db, seconds=600.0)
    hasty = open_run(other, seconds=1.0)
    assert take_over_after(hasty, clock, 599.0) == 0
    clock.now += 1.0
    assert hasty.lease.take_over() == 1


def test_a_process_of_this_machine_that_has_ended_is_dead_at_once(db: Database, other: Database) -> None:
    """A run that was killed on this machine need not be waited for; one elsewhere, or alive here, is not touched."""
    killed, here, elsewhere = open_job(db, products(2)), open_run(db), open_run(db)
    second = open_run(other)
    killed.queue.claim(3)
    live_elsewhere(db, killed, ended())
    live_elsewhere(db, here, own_identity())
    live_elsewhere(db, elsewhere, "another-boot/pid:[1]/1/1")
    assert second.lease.take_over() == 1
    assert run_states(db) == ["dead", "alive", "alive", "alive"]
    assert states(db) == ["pending"] * 4


def stored(ledger: Ledger, outcomes: list[Outcome]) -> list[Outcome]:
    """Store a question, as a run does between the fence and the ledger."""
    save_queries_to_rds([(outcomes[0].item.product_id, "Is it warm?", "product")], ledger.db)
    return outcomes


def ignore(_: object) -> None:
    """Tell nobody."""


WRITES: dict[str, Callable[[Ledger, list[Outcome]], object]] = {
    "begin_load": lambda ledger, _: ledger.record.begin_load(),
    "note_source": lambda ledger, _: ledger.record.note_source("file:p.json"),
    "load_products": lambda ledger, _: load_products(ledger, products(3)),
    "end_load": lambda ledger, _: ledger.record.end_load("file:p.json"),
    "claim": lambda ledger, _: ledger.queue.claim(1),
    "forget_claims": lambda ledger, _: ledger.queue.forget_claims([]),
    "save": lambda ledger, outcomes: ledger.queue.save(outcomes, {"n": 1}, lambda: stored(ledger, outcomes), ignore),
    "save_run_stats": lambda ledger, _: ledger.queue.save_stats({"n": 1}),
    "set_status": lambda ledger, _: ledger.record.set_status(JobStatus.FAILED, "no"),
    "complete": lambda ledger, _: ledger.record.complete(lambda: None),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_dead_run_writes_nothing(db: Database, other: Database, clock: Clock, write: str) -> None:
    """A run that wakes up after its successor began can change nothing: each of its writes is refused as a whole."""
    first, second = open_job(db, products(2)), open_run(other)
    outcomes = done(first, 2)
    assert take_over_after(second, clock, LEASE) == 1
    second.queue.claim(1)
    before = everything(db)
    with pytest.raises(RunFencedError, match=rf"run {first.lease.run_id} was declared dead.*lease of 30 s"):
        WRITES[write](first, outcomes)
    assert everything(db) == before


def test_a_dead_run_takes_nothing_over_and_stays_dead(db: Database, other: Database, clock: Clock) -> None:
    """Death is for good: neither a beat nor an end nor a take-over of its own changes anything."""
    first, second = open_job(db, products(2)), open_run(other)
    first.queue.claim(1)
    assert take_over_after(second, clock, LEASE) == 1
    second.queue.claim(4)
    before = everything(db)
    assert db.rows("runs.beat", run_id=first.lease.run_id) == []
    first.lease.end()
    with pytest.raises(RunFencedError):
        first.lease.take_over()
    assert everything(db) == before


def test_a_run_that_is_frozen_in_a_transaction_does_not_hold_up_its_successor(
    rds: RdsConfig, other: Database, clock: Clock
) -> None:
    """The server ends a transaction that nobody goes on with, and with it the lock by which its run would live."""
    own = open_database(rds)
    frozen, second = open_job(own, products(1)), open_run(other)
    frozen.queue.claim(2)
    other.run("UPDATE query_generator_runs SET lease_seconds = 1 WHERE run_id = %(run)s", {"run": frozen.lease.run_id})
    assert second.lease.take_over() == 0
    clock.now = LEASE
    writing = frozen.lease.writing()
    writing.__enter__()
    own.run("SELECT 1")  # the server has got so far, and the lock is taken
    assert second.lease.take_over() == 1
    assert len(second.queue.claim(9)) == 2
    with pytest.raises(DatabaseAwayError):
        own.run("SELECT 1")
    own.close()


def test_a_lapsed_lease_that_nobody_took_stays_good(db: Database) -> None:
    """A run that was frozen while nobody else wanted its work goes on as if nothing had happened."""
    ledger = open_job(db, products(1))
    outcomes = done(ledger, 2)
    set_clock(db, 3600.0)
    assert len(save(ledger, *outcomes)) == 2
    assert db.rows("runs.beat", run_id=ledger.lease.run_id) != []
    assert states(db) == ["succeeded", "succeeded"]


def test_the_end_of_a_run_frees_what_it_had_not_done(db: Database, other: Database) -> None:
    """A run that ends leaves its open items to others at once, and keeps those of others as they are."""
    first, second = open_job(db, products(2)), open_run(other)
    save(first, *done(first, 1))
    first.queue.claim(1)
    second.queue.claim(1)
    first.lease.end()
    assert run_states(db) == ["ended", "alive"]
    assert states(db) == ["succeeded", "pending", "running", "pending"]
    assert states(db, "run_id IS NULL") == [False, True, False, True]


def test_a_claim_does_not_wait_for_another_one(db: Database, other: Database) -> None:
    """While one run claims, another one gets the items after it at once."""
    first, second = open_job(db, products(3)), open_run(other)
    with db.transaction():
        mine = first.queue.claim(4)
        yours = second.queue.claim(9)
    taken = [(item.product_id, item.query_type) for item in mine + yours]
    assert (len(mine), len(yours), len(set(taken))) == (4, 2, 6)


def test_runs_at_once_claim_each_item_once(rds: RdsConfig, db: Database) -> None:
    """Runs that claim at the same time share the items: none is given out twice, none is left."""
    open_job(db, products(60)).lease.end()
    start = threading.Barrier(4)

    def work(_: int) -> list[tuple[int, str]]:
        own = open_database(rds)
        ledger = open_run(own)
        start.wait()
        taken: list[tuple[int, str]] = []
        while items := ledger.queue.claim(3):
            taken += [(item.product_id, str(item.query_type)) for item in items]
        own.close()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [item for items in pool.map(work, range(4)) for item in items]
    assert (len(taken), len(set(taken))) == (120, 120)


def test_two_runs_that_declare_each_other_dead_do_not_both_die(rds: RdsConfig, db: Database) -> None:
    """When two silent runs wake up at once, one of them goes on with the work."""
    start = threading.Barrier(2)
    pair = []
    for _ in range(2):
        own = open_database(rds, ReconnectPolicy(60.0))
        pair.append(open_run(own, seconds=1e-6))
    assert [ledger.lease.take_over() for ledger in pair] == [0, 0]

    def take_over(ledger: Ledger) -> bool:
        start.wait()
        try:
            ledger.db.with_reconnect(ledger.lease.take_over)
        except RunFencedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        went_on = list(pool.map(take_over, pair))
    for ledger in pair:
        ledger.db.close()
    assert (sorted(went_on), sorted(run_states(db))) == ([False, True], ["alive", "dead"])
