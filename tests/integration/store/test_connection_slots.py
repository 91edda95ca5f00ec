"""Runs wait for room on the database server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier

import pytest

from query_generator.store import connection_slots
from query_generator.store.connect import get_db_connection
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.connection_slots import LONGEST_WAIT, wait_for_connection_slot
from query_generator.store.database import Database
from secrets_cache import RdsConfig
from tests.conftest import wait_until
from tests.support.virtual_time import VirtualTime

Connect = Callable[[], Database]
ROOM = 2  # runs
CHILDREN = 50


@pytest.fixture
def connect(rds: RdsConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connections to a server on which two runs have room besides what is connected already."""
    with ExitStack() as stack:
        db = stack.enter_context(closing(Database(get_db_connection(rds))))
        (row,) = db.run(
            "SELECT current_setting('max_connections')::int AS most, count(*) AS others FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        db.run("SET application_name = 'somebody else'")
        monkeypatch.setattr(
            connection_slots, "SHARE", (row.others + 1 + ROOM * connection_slots.CONNECTIONS_A_RUN) / row.most
        )
        yield lambda: stack.enter_context(closing(Database(get_db_connection(rds))))


def never(_: Database) -> bool:
    """Tell that something is left to do."""
    return False


def take_place(connect: Connect, time: VirtualTime, children: int = CHILDREN) -> Database:
    """Take a place for a run that has something to do."""
    db = wait_for_connection_slot(connect, never, children, time.sleep, time.clock)
    assert db
    return db


def test_a_run_takes_the_place_of_one_that_ended_within_two_seconds(connect: Connect) -> None:
    """Beyond the share of connections a run waits, however long; when an earlier one ends, also without a word, it goes
    on within two seconds.
    """
    time = VirtualTime()
    first, second = take_place(connect, time), take_place(connect, time)
    assert time.now == 1000
    (own,) = first.run("SELECT pg_backend_pid() AS pid")

    def end_first() -> None:
        first.close()
        wait_until(lambda: not second.run("SELECT FROM pg_stat_activity WHERE pid = %(pid)s", {"pid": own.pid}))

    time.plan(20, end_first)
    take_place(connect, time)
    assert 1020 <= time.now <= 1022


def test_a_run_without_room_ends_with_the_cause(connect: Connect) -> None:
    """After five minutes a run that finds no room says so, and that the same job id goes on later."""
    time = VirtualTime()
    for _ in range(ROOM):
        take_place(connect, time)
    with pytest.raises(DatabaseAwayError, match=r"runs before this one need .* of .* connections; run the same job"):
        take_place(connect, time, children=500)
    assert 1000 + LONGEST_WAIT <= time.now <= 1020 + LONGEST_WAIT


def test_who_waits_hears_within_two_seconds_that_nothing_is_left(connect: Connect) -> None:
    """A child needs no room to learn that its siblings have done the work: it has no connection then, and no place."""
    time = VirtualTime()
    holders = [take_place(connect, time) for _ in range(ROOM)]
    over: list[bool] = []
    time.plan(20, lambda: over.append(True))
    looks: list[Database] = []

    def counted() -> Database:
        looks.append(connect())
        return looks[-1]

    assert wait_for_connection_slot(counted, lambda _: bool(over), CHILDREN, time.sleep, time.clock) is None
    assert 1020 <= time.now <= 1022
    holders[0].close()
    take_place(connect, time)
    for db in looks:
        with pytest.raises(DatabaseAwayError):
            db.run("SELECT 1")


def test_a_server_that_takes_no_connection_is_waited_for(connect: Connect) -> None:
    """While every connection of the server is taken a child goes on looking, and gets in when there is one."""
    time, is_full = VirtualTime(), True

    def refused() -> Database:
        if is_full:
            raise DatabaseAwayError("PostgreSQL: too many connections")
        return connect()

    def free() -> None:
        nonlocal is_full
        is_full = False

    time.plan(20, free)
    take_place(refused, time)
    assert 1020 <= time.now <= 1022


@pytest.mark.parametrize(("children", "seconds"), [(1, 0.5), (16, 0.64), (50, 2.0), (500, 20.0), (10_000, 60.0)])
def test_the_children_of_a_large_array_look_more_rarely(children: int, seconds: float) -> None:
    """A child looks every two seconds at least in an array of 50, and more rarely in a larger one; once a minute in the
    largest.
    """
    time, waits = VirtualTime(), list[tuple[float, float]]()

    def refused() -> Database:
        raise DatabaseAwayError("PostgreSQL: too many connections")

    def longest(least: float, most: float) -> float:
        waits.append((least, most))
        return most

    with pytest.raises(DatabaseAwayError):
        wait_for_connection_slot(refused, never, children, time.sleep, time.clock, longest)
    assert set(waits) == {(seconds / 2, seconds)}


def test_a_burst_is_never_let_in_beyond_the_share(connect: Connect, rds: RdsConfig) -> None:
    """Of runs that come at the same moment as many get in as there is room for, and no more."""
    for _ in range(5):
        start = Barrier(8)
        times = [VirtualTime() for _ in range(8)]
        with ExitStack() as stack:

            def come(time: VirtualTime, start: Barrier = start, stack: ExitStack = stack) -> bool:
                def once() -> Database:
                    return stack.enter_context(closing(Database(get_db_connection(rds))))

                start.wait()
                try:
                    return bool(wait_for_connection_slot(once, never, 10_000, time.sleep, time.clock))
                except DatabaseAwayError:
                    return False

            with ThreadPoolExecutor(8) as pool:
                assert sum(pool.map(come, times)) == ROOM


def test_a_run_that_has_connected_again_still_counts(connect: Connect) -> None:
    """Runs whose connections were lost, and which have made new ones, leave no room that they need."""
    time = VirtualTime()
    for _ in range(ROOM):
        take_place(connect, time).close()
        for _ in range(connection_slots.CONNECTIONS_A_RUN):
            connect()
    with pytest.raises(DatabaseAwayError, match="the runs before this one"):
        take_place(connect, time, children=10_000)
