"""A run shows that it lives, and learns when another one has declared it dead."""

import uuid
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from query_generator.errors import RunFencedError
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.database import Database
from query_generator.store.lease import Heartbeat, Lease
from query_generator.store.ledger import Ledger
from query_generator.store.side_connection import SideConnection
from secrets_cache import RdsConfig
from tests.conftest import wait_until
from tests.support.catalog import TERMS, open_run
from tests.support.sessions import ending

SHORT = 0.2


def test_the_heart_beats_beside_the_runs_transactions(rds: RdsConfig, db: Database) -> None:
    """A run shows again and again that it lives, whatever its first connection is busy with."""
    lease = open_run(db, seconds=SHORT).lease
    seen: set[Any] = set()

    def beats_three_times() -> bool:
        seen.add(watcher.execute("SELECT heartbeat_at FROM query_generator_runs").fetchone())
        return len(seen) == 4

    side = SideConnection(lambda: open_database(rds))
    with get_db_connection(rds) as watcher, closing(side), Heartbeat(lease, side), db.transaction():
        wait_until(beats_three_times)
    lease.require_alive()


def test_the_heart_goes_on_after_a_lost_connection(rds: RdsConfig, db: Database) -> None:
    """A cut connection costs a beat and not the run."""
    lease = open_run(db, seconds=SHORT).lease
    backends: list[int] = []

    def connect() -> Database:
        own = open_database(rds)
        backends.append(own.run("SELECT pg_backend_pid() AS pid")[0].pid)
        return own

    with closing(SideConnection(connect)) as side, Heartbeat(lease, side):
        wait_until(lambda: len(backends) == 1)
        db.run(ending(backends[0]))
        wait_until(lambda: len(backends) == 2)
        since = db.run("SELECT clock_timestamp() AS now")[0].now
        wait_until(lambda: db.run("SELECT heartbeat_at FROM query_generator_runs")[0].heartbeat_at > since)
    lease.require_alive()


def test_the_heart_notices_death(rds: RdsConfig, db: Database) -> None:
    """A run that was declared dead learns it from its heartbeat, without writing anything."""
    lease = open_run(db, seconds=SHORT).lease
    with closing(SideConnection(lambda: open_database(rds))) as side, Heartbeat(lease, side):
        db.run("UPDATE query_generator_runs SET state = 'dead'")
        wait_until(lease.lost.is_set)
    with pytest.raises(RunFencedError, match="declared dead by another run of job job"):
        lease.require_alive()


class NotedLease(Lease):
    """Notes when each beat that the database took was sent."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, "job", str(uuid.uuid4()), SHORT)
        self.sent: list[float] = []

    def confirm(self, since: float) -> None:
        """Note it."""
        self.sent.append(since)


def test_a_beat_counts_from_when_it_was_sent(rds: RdsConfig, db: Database) -> None:
    """Not from when its answer came: from then on another run may have counted the time already."""
    lease, seconds = NotedLease(db), count()
    Ledger(db, "job", lease).record.open(TERMS, lambda _: False)
    with closing(SideConnection(lambda: open_database(rds))) as side, Heartbeat(lease, side, lambda: next(seconds)):
        wait_until(lambda: len(lease.sent) >= 2)
    assert lease.sent[:2] == [0, 1]
