"""The only door to PostgreSQL: connections, transactions, and its errors in our words."""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from query_generator.store.connect import connect_with_rotation, get_db_connection
from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError
from query_generator.store.driver import array_text, database_errors
from query_generator.store.sql import statement

if TYPE_CHECKING:
    from psycopg import Pipeline

    from query_generator.store.connection import WatchedConnection
    from secrets_cache import RdsConfig

_LOG = logging.getLogger("database")
T = TypeVar("T")

CONFLICT_SECONDS = 10.0
# The longest statements are counts over a whole job (seconds), and waits for another run's lock (half a lease). A
# server that says nothing for so long does not come back, or somebody has to look at its locks.
SILENCE_SECONDS = 300.0


@dataclass(frozen=True)
class ReconnectPolicy:
    """How long to wait for a database that is away; `give_up` ends the waiting early.

    `silence_seconds`: a server that is silent for so long, while an answer is waited for, is away.
    """

    seconds: float = 0.0
    give_up: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform
    silence_seconds: float = SILENCE_SECONDS


class Database:
    """One connection; statements are called by their name in `store/sql`. Not for use by two threads at once.

    Args:
        connection: an open connection.
        reconnect: makes another one when it is lost; without it a lost connection is the end.
        policy: for how long.
    """

    def __init__(
        self,
        connection: "WatchedConnection",
        reconnect: "Callable[[], WatchedConnection] | None" = None,
        policy: ReconnectPolicy | None = None,
    ) -> None:
        self._connection = connection
        self._reconnect = reconnect
        self._policy = policy or ReconnectPolicy()
        self._watch()
        self._in_transaction = False
        self._pipeline: Pipeline | None = None
        self._connected_at = self._policy.clock()
        self.connection_number = 1
        self.failures = 0

    def connected_for(self) -> float:
        """Return the age of the connection in seconds."""
        return self._policy.clock() - self._connected_at

    def with_reconnect(self, work: Callable[[], T]) -> T:
        """Do work that may be repeated as a whole: again after a conflict, and when a lost connection is back.

        Raises:
            DatabaseAwayError: the database stayed away for longer than the policy allows.
        """
        failed_at: float | None = None
        while True:
            try:
                return work()
            except DatabaseAwayError as exc:
                self.failures += 1
                now = self._policy.clock()
                failed_at = now if failed_at is None else failed_at
                seconds = self._policy.seconds if self._reconnect else 0.0
                if isinstance(exc, TransactionConflictError):
                    seconds = max(seconds, CONFLICT_SECONDS)
                if now - failed_at >= seconds or self._policy.give_up():
                    raise
                self._wait_and_connect(exc, now - failed_at)

    def _wait_and_connect(self, error: DatabaseAwayError, away: float) -> None:
        """Wait longer each time, up to 2 s, with jitter; then connect, if the connection is lost."""
        self._policy.sleep(self._policy.uniform(0.02, min(2.0, 0.1 + away)))
        if isinstance(error, TransactionConflictError) or self._reconnect is None:
            return
        if not away:
            _LOG.warning("[DB] %s Waiting for it up to %g s.", error, self._policy.seconds)
        self._connection.close()
        try:
            self._connection = self._reconnect()
            self._watch()
        except DatabaseAwayError as exc:
            _LOG.debug("[DB] Still away: %s", exc)
            return
        self._connected_at = self._policy.clock()
        self.connection_number += 1
        _LOG.warning("[DB] Connected again")

    def send(self, name: str, /, **parameters: object) -> Callable[[], list[Any]]:
        """Run a statement, and return what reads its rows. In a pipeline it is only sent: the first reading waits.

        Raises, here or where the rows of it or of a later statement are read:
            SkippableError: a value does not fit the column, or a row that it refers to is gone.
            DatabaseAwayError: the connection is lost, or the server shuts down.
            PermissionRefusedError: the role may not do this.
        """
        return self._send(name, statement(name), parameters)

    def rows(self, name: str, /, **parameters: object) -> list[Any]:
        """Run a statement and return its rows as named tuples; one without rows returns none. Raises as `send`."""
        return self.send(name, **parameters)()

    def one(self, name: str, /, **parameters: object) -> Any:
        """Run a statement that returns exactly one row."""
        (row,) = self.rows(name, **parameters)
        return row

    def run(self, sql: str, parameters: dict[str, object] | None = None) -> list[Any]:
        """Run SQL text, as `rows` does; several statements at once when there are no parameters."""
        return self._send("SQL text", sql, parameters)()

    def _watch(self) -> None:
        self._connection.silence_seconds = self._policy.silence_seconds
        self._connection.clock = self._policy.clock

    def _send(self, name: str, sql: str, parameters: dict[str, object] | None) -> Callable[[], list[Any]]:
        written = parameters and {
            name: array_text(value) if isinstance(value, list) else value for name, value in parameters.items()
        }
        self._connection.doing = name
        with database_errors():
            cursor = self._connection.execute(sql.encode(), written)
            if self._pipeline:
                # The server's time limit on idle transactions runs only after a Sync: each statement gets its own.
                self._connection.pgconn.pipeline_sync()
                self._pipeline.result_queue.append(None)
                self._connection.flush()

        def read() -> list[Any]:
            self._connection.doing = name
            with database_errors():
                if cursor.pgresult is None and self._pipeline:
                    self._pipeline.sync()
                return cursor.fetchall() if cursor.description else []

        return read

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it. Inside another transaction it is a part of that one."""
        if self._in_transaction:
            yield
            return
        self._in_transaction = True
        try:
            with database_errors(), self._connection.transaction():
                yield
        finally:
            self._in_transaction = False

    @contextmanager
    def pipelined(self) -> Iterator[None]:
        """Open a transaction as `transaction` does, whose statements are sent ahead of the answers.

        BEGIN travels with the first statements and COMMIT with the last ones, so that a transaction costs one round
        trip for each time that rows are read, and one at its end.
        """
        if self._in_transaction:
            yield
            return
        self._in_transaction = True
        try:
            with database_errors():
                yield from self._pipelined()
        finally:
            self._in_transaction = False

    def _pipelined(self) -> Iterator[None]:
        # psycopg's own transaction() would ask for the state of the connection, which is not known in a pipeline.
        try:
            with self._connection.pipeline() as self._pipeline:
                self._connection.execute(b"BEGIN")
                yield
                self._connection.doing = "COMMIT"
                self._connection.execute(b"COMMIT")
                self._connection.flush()
        except BaseException:
            if not self._connection.closed:
                self._connection.rollback()
            raise
        finally:
            self._pipeline = None

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside if that fails; for use inside a transaction."""
        import psycopg

        with database_errors():
            if self._pipeline:
                self._pipeline.sync()
            with self._connection.transaction():
                try:
                    yield
                except BaseException:
                    if self._pipeline:
                        with suppress(psycopg.Error):
                            self._pipeline.sync()
                    raise

    @contextmanager
    def waiting_without_end(self) -> Iterator[None]:
        """Let statements take their time, as those that change a large table do; a long wait is still logged."""
        self._connection.silence_seconds = None
        try:
            yield
        finally:
            self._watch()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def open_database(config: "RdsConfig | None" = None, policy: ReconnectPolicy | None = None) -> Database:
    """Connect; raises what `get_db_connection` raises.

    Args:
        config: where to connect to; by default what the cached secret says, which is then followed when it rotates.
        policy: how long to wait when the connection is lost later.
    """
    connect = connect_with_rotation if config is None else lambda: get_db_connection(config)
    return Database(connect(), connect, policy)
