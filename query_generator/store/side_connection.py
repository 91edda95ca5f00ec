"""The second connection of a run, for work that must not wait for its transactions: heartbeat, limits and cap."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError
from query_generator.store.database import Database
from query_generator.store.reconnect import ReconnectPolicy, with_reconnect

_LOG = logging.getLogger("side_connection")
T = TypeVar("T")

LAST_WAIT_SECONDS = 1.0


class SideConnection:
    """One connection that several threads use in turn. It is opened on first use, and again after it was lost.

    Each use is a statement or a short transaction that waits for locks for some milliseconds at most, so that a
    heartbeat is never delayed by the others. If an attempt to connect fails, all threads that waited for their turn
    meanwhile fail as well, so that no thread waits longer than one attempt takes.

    Args:
        connect: opens a connection.
    """

    def __init__(self, connect: Callable[[], Database]) -> None:
        self._connect = connect
        self._turn = threading.Lock()
        self._db: Database | None = None
        self._failures = 0
        self._is_closed = False

    def use(self, work: Callable[[Database], T]) -> T:
        """Do some work on the connection, without retries.

        Raises:
            DatabaseAwayError: the connection is lost, cannot be made, or is closed for good.
            FatalError: what `get_db_connection` raises.
        """
        failures = self._failures
        with self._turn:
            if self._is_closed or (self._db is None and self._failures != failures):
                raise DatabaseAwayError("PostgreSQL: the connection for heartbeat, limits and cap is not open")
            try:
                db = self._db = self._db or self._connect()
                return work(db)
            except TransactionConflictError:
                raise
            except DatabaseAwayError:
                self._failures += 1
                self._drop()
                raise

    def with_reconnect(self, work: Callable[[Database], T], policy: ReconnectPolicy) -> T:
        """Do work that may be repeated as a whole, and repeat it while the database is away. Others may use the
        connection between two attempts.

        Raises:
            DatabaseAwayError: the database stayed away for longer than the policy allows.
        """

        def seconds(error: DatabaseAwayError, is_first: bool) -> float:
            if is_first:
                _LOG.debug("[DB] %s Waiting for it up to %g s.", error, policy.seconds)
            return policy.seconds

        return with_reconnect(lambda: self.use(work), policy, seconds)

    def close(self) -> None:
        """Close the connection for good; if a thread hangs in using it, it stays open until the process ends."""
        if self._turn.acquire(timeout=LAST_WAIT_SECONDS):
            self._is_closed = True
            self._drop()
            self._turn.release()

    def _drop(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()
