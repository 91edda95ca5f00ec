"""The only access to PostgreSQL: named statements and transactions, on a connection that is replaced when lost."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError
from query_generator.store.driver import array_text, database_errors
from query_generator.store.reconnect import ReconnectPolicy, with_reconnect
from query_generator.store.sql import statement

if TYPE_CHECKING:
    from psycopg import Pipeline

    from query_generator.store.connection import WatchedConnection

_LOG = logging.getLogger("database")
T = TypeVar("T")

CONFLICT_SECONDS = 10.0  # for how long a transaction that conflicts with another one is retried


class Database:
    """One connection; statements are called by their names in `store/sql`. Not safe for threads.

    Args:
        connection: an open connection.
        reconnect: opens another one when it is lost; without it, a lost connection is not replaced.
        policy: for how long to reconnect, and how long the server may be silent.
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
        """Do work that may be repeated as a whole: repeat it after a conflict, and after a lost connection is back.

        Raises:
            DatabaseAwayError: the database stayed away for longer than the policy allows.
        """
        return with_reconnect(work, self._policy, self._count_failure, self._connect_again)

    def _count_failure(self, error: DatabaseAwayError, _: bool) -> float:
        self.failures += 1
        seconds = self._policy.seconds if self._reconnect else 0.0
        return max(seconds, CONFLICT_SECONDS) if isinstance(error, TransactionConflictError) else seconds

    def _connect_again(self, error: DatabaseAwayError, is_first: bool) -> None:
        """Connect unless the error was a conflict, after which the connection is still good."""
        if isinstance(error, TransactionConflictError) or self._reconnect is None:
            return
        if is_first:
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
        """Run a statement; return a function that reads its rows. In a pipeline, only that function waits.

        Raises, here or when the rows of this or a later statement are read:
            SkippableError: a value does not fit its column, or a row that it refers to is gone.
            DatabaseAwayError: the connection is lost, or the server shuts down.
            PermissionRefusedError: the role may not do this.
        """
        return self._send(name, statement(name), parameters)

    def rows(self, name: str, /, **parameters: object) -> list[Any]:
        """Run a statement and return its rows as named tuples. Raises what `send` raises."""
        return self.send(name, **parameters)()

    def one(self, name: str, /, **parameters: object) -> Any:
        """Run a statement that returns exactly one row."""
        (row,) = self.rows(name, **parameters)
        return row

    def run(self, sql: str, parameters: dict[str, object] | None = None) -> list[Any]:
        """Run SQL text and return its rows; it may be several statements if there are no parameters."""
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
                # The server's idle-in-transaction timeout starts only after a Sync, so each statement gets one.
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
        """Commit everything done inside, or nothing. A nested transaction is part of the outer one."""
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
        """Open a transaction like `transaction` whose statements are sent without waiting for answers.

        BEGIN is sent with the first statements and COMMIT with the last ones, so that a transaction takes one round
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
        # psycopg's transaction() needs the state of the connection, which is not known in a pipeline.
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
        """Roll back only what is done inside if that fails; for use inside a transaction."""
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
        """Let statements run for any time, such as those that change a large table; a long wait is still logged."""
        self._connection.silence_seconds = None
        try:
            yield
        finally:
            self._watch()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
