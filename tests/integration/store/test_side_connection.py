"""Heartbeat, limits and cap of one run share its second connection."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from query_generator.resilience.schedule import AHEAD_SECONDS
from query_generator.store.budget import SharedAllowance
from query_generator.store.connect import get_db_connection
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.lease import Heartbeat
from query_generator.store.quota import SharedSchedule
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.side_connection import SideConnection
from secrets_cache import RdsConfig
from tests.conftest import wait_until
from tests.support.catalog import open_run
from tests.support.sessions import ending

SHORT = 0.2
LOCK_OF_CAP = "SELECT pg_advisory_xact_lock(hashtextextended('query_generator.budget.job', 0))"


class Side(SideConnection):
    """Counts what it opens, and may find the server away."""

    def __init__(self, rds: RdsConfig) -> None:
        super().__init__(self._open)
        self._rds = rds
        self.opened: list[Database] = []
        self.tries = 0
        self.is_away = False
        self.on_try: Callable[[], object] = lambda: None

    def _open(self) -> Database:
        self.tries += 1
        self.on_try()
        if self.is_away:
            raise DatabaseAwayError("PostgreSQL is away")
        self.opened.append(Database(get_db_connection(self._rds)))
        return self.opened[-1]

    def pids(self) -> set[int]:
        """The server's processes for what was opened."""
        return {self.use(lambda db: int(db.run("SELECT pg_backend_pid() AS pid")[0].pid))}


@pytest.fixture
def side(rds: RdsConfig) -> Iterator[Side]:
    """The connection of one run."""
    with closing(Side(rds)) as made:
        yield made


class CountedLock:
    """A lock that counts who has come to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.came = 0

    def __enter__(self) -> None:
        self.came += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def acquire(self, timeout: float) -> bool:
        """Take it, if that is possible in this time."""
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


def beats(db: Database) -> Callable[[], bool]:
    """Return what tells whether the heart has beaten since now."""
    since = db.run("SELECT clock_timestamp() AS now")[0].now
    return lambda: bool(db.run("SELECT heartbeat_at FROM query_generator_runs")[0].heartbeat_at > since)


def test_one_connection_does_for_heartbeat_two_providers_and_the_cap(db: Database, side: Side) -> None:
    """With a cap and two providers a run has two connections on the server, whatever happens at the same time."""
    lease = open_run(db, seconds=SHORT).lease
    schedules = [SharedSchedule(side, "job", name, AHEAD_SECONDS) for name in ("gemini", "openai")]
    allowance = SharedAllowance(side, "job", lease.run_id, 10.0, ReconnectPolicy())
    faults: list[BaseException] = []

    def repeat(work: Callable[[], object]) -> None:
        try:
            for _ in range(50):
                work()
        except BaseException as exc:  # noqa: BLE001  whatever it is fails the test
            faults.append(exc)

    works: list[Callable[[], object]] = [
        lambda: schedules[0].reserve(1, 0.001),
        lambda: schedules[1].reserve(1, 0.001),
        lambda: allowance.raise_to(1.0, 2.0),
        lambda: allowance.lower_to(1.0),
    ]
    with Heartbeat(lease, side):
        threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(beats(db))
        connected = db.run(
            "SELECT count(*) AS n FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'query-generator%'"
        )
    assert (faults, connected[0].n, len(side.opened)) == ([], 2, 1)
    lease.require_alive()


def test_the_heart_beats_while_the_cap_waits_for_another_run(rds: RdsConfig, db: Database, side: Side) -> None:
    """A run that waits for its part of the cap, since another one holds its lock, shows all the time that it lives."""
    lease = open_run(db, seconds=SHORT).lease
    allowance = SharedAllowance(side, "job", lease.run_id, 10.0, ReconnectPolicy(60))
    got: list[float] = []
    asking = threading.Thread(target=lambda: got.append(allowance.raise_to(1.0, 2.0)))
    with closing(Database(get_db_connection(rds))) as other, Heartbeat(lease, side):
        with other.transaction():
            other.run(LOCK_OF_CAP)
            asking.start()
            for _ in range(3):
                wait_until(beats(db))
            assert not got
        asking.join(60)
    assert got == [2.0]
    lease.require_alive()


def test_a_run_that_is_frozen_with_the_lock_of_the_cap_loses_it(rds: RdsConfig, db: Database, side: Side) -> None:
    """A run that stands still between two statements of its turn at the cap does not keep the others from it."""
    got: list[float] = []
    allowance = SharedAllowance(side, "job", open_run(db).lease.run_id, 10.0, ReconnectPolicy(60))
    with closing(Database(get_db_connection(rds))) as frozen, pytest.raises(DatabaseAwayError):
        hold_lock_of_cap(frozen, lambda: got.append(allowance.raise_to(1.0, 2.0)))
    assert got == [2.0]


def hold_lock_of_cap(db: Database, meanwhile: Callable[[], object]) -> None:
    """Take the lock as a run does, and do something else before the rest of its turn."""
    with db.transaction():
        assert db.one("budget.lock", job_id="job").taken
        meanwhile()


def test_a_lost_connection_is_made_again_for_all(db: Database, side: Side) -> None:
    """When it is cut, the limit is away for its five seconds, the cap waits and the heart goes on, all on a new one."""
    lease = open_run(db, seconds=SHORT).lease
    schedule = SharedSchedule(side, "job", "gemini", AHEAD_SECONDS)
    allowance = SharedAllowance(side, "job", lease.run_id, 10.0, ReconnectPolicy(60))
    assert schedule.reserve(1, 0.0)[0]
    (pid,) = side.pids()
    db.run(ending(pid))
    with pytest.raises(DatabaseAwayError):
        schedule.reserve(1, 0.0)
    assert allowance.raise_to(1.0, 2.0) == 2.0
    with pytest.raises(DatabaseAwayError, match="the limit that all runs share"):
        schedule.reserve(1, 0.0)
    with Heartbeat(lease, side):
        wait_until(beats(db))
    assert (len(side.opened), pid in side.pids()) == (2, False)


def test_the_cap_is_as_patient_as_its_run(db: Database, side: Side) -> None:
    """A database that is away is waited for as long as the run does, and then named."""
    run_id, waits = open_run(db).lease.run_id, list[float]()
    side.is_away = True

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        side.is_away = len(waits) < 5

    patient = SharedAllowance(side, "job", run_id, 10.0, ReconnectPolicy(60, clock=lambda: sum(waits), sleep=sleep))
    assert patient.raise_to(1.0, 2.0) == 2.0
    side.use(lambda opened: opened.close())
    side.is_away = True
    hasty = SharedAllowance(side, "job", run_id, 10.0, ReconnectPolicy(60, give_up=lambda: True))
    with pytest.raises(DatabaseAwayError):
        hasty.status()


def test_nobody_waits_for_more_than_one_try_to_connect(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for its turn while the server cannot be reached hears of that, and does not try as long again."""
    side.is_away = True
    turn = CountedLock()
    monkeypatch.setattr(side, "_turn", turn)
    trying, go_on = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def use() -> None:
        try:
            side.use(lambda db: db.run("SELECT 1"))
        except DatabaseAwayError as exc:
            errors.append(exc)

    def hang() -> None:
        trying.set()
        go_on.wait(60)

    side.on_try = hang
    threads = [threading.Thread(target=use) for _ in range(4)]
    threads[0].start()
    assert trying.wait(60)
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: turn.came == 4)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert (len(errors), side.tries) == (4, 1)


def test_a_closed_one_stays_closed(side: Side) -> None:
    """After the end of the run nothing opens it again."""
    side.use(lambda db: db.run("SELECT 1"))
    side.close()
    with pytest.raises(DatabaseAwayError):
        side.use(lambda db: db.run("SELECT 1"))
    assert side.tries == 1
