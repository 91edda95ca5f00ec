"""The only access to PostgreSQL: named statements and transactions, on a connection that is replaced when lost."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError, not_kept
from query_generator.store.driver import array_text, database_errors, reading
from query_generator.store.reconnect import ReconnectPolicy, with_reconnect
from query_generator.store.sql import statement, tables_of

if TYPE_CHECKING:
    from psycopg import Cursor, Pipeline

    from query_generator.store.connection import WatchedConnection

_LOG = logging.getLogger("database")
T = TypeVar("T")

CONFLICT_SECONDS = 10.0  # for how long a transaction that conflicts with another one is retried
# Statements that read or write a whole job may take this many times as long as others.
WHOLE_JOB_TIMES = 5
WHOLE_JOB = frozenset(
    {
        *("ledger.set_status", "ledger.note_progress", "ledger.counts", "ledger.dropped", "ledger.reopen_items"),
        *("ledger.reopen_unfilled_items", "ledger.keep_rejected", "ledger.forget_rejected"),
        *("cache.sums", "quote.experience"),
    }
)
MIGRATION_SECONDS = 3600.0  # for one statement, which may build an index over a large table
# What these store comes from an input or a reply: a row that is refused costs only itself.
TAKES_ROWS = frozenset(
    {
        *("products.add", "products.link", "products.set_keys", "products.set_read"),
        *("products.selected_by_key", "products.ids_by_hash", "products.keys_by_id", "products.unkeyed_page"),
        *("ledger.add_items", "ledger.add_rejected", "ledger.save_outcomes", "queries.add"),
    }
)


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
        self._in_transaction = False
        self._gave_up: DatabaseAwayError | None = None
        self._watch()
        self._pipeline: Pipeline | None = None
        self._sent: list[tuple[str, Cursor[Any]]] = []  # in the open pipeline
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
        try:
            done = with_reconnect(work, self._policy, self._count_failure, self._connect_again)
        except DatabaseAwayError as exc:
            if self._gave_up is None:
                self._gave_up = exc
                raise
            raise self._gave_up from exc
        self._gave_up = None
        return done

    def _count_failure(self, error: DatabaseAwayError, _: bool) -> float:
        """Count it; return for how long to go on. A database that was given up gets one try until it is back."""
        self.failures += 1
        seconds = self._policy.seconds if self._reconnect and self._gave_up is None else 0.0
        is_short = isinstance(error, TransactionConflictError) and not error.waited
        return max(seconds, CONFLICT_SECONDS) if is_short else seconds

    def _connect_again(self, error: DatabaseAwayError, is_first: bool) -> None:
        """Connect unless the error was a conflict, after which the connection is still good."""
        if is_first and (error.waited or not isinstance(error, TransactionConflictError)):
            _LOG.warning("[DB] %s Waiting for it up to %g s.", error, self._policy.seconds)
        if isinstance(error, TransactionConflictError) or self._reconnect is None:
            return
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
        """Run a statement that returns exactly one row.

        Raises:
            ConfigurationError: it returned another number of rows: somebody has deleted the row that it is about.
        """
        rows = self.rows(name, **parameters)
        if len(rows) != 1:
            raise not_kept(f"{', '.join(tables_of(name))} ({name})")
        return rows[0]

    def run(self, sql: str, parameters: dict[str, object] | None = None, *, name: str = "SQL text") -> list[Any]:
        """Run SQL text and return its rows; it may be several statements if there are no parameters."""
        return self._send(name, sql, parameters)()

    def _watch(self, times: float = 1.0) -> None:
        self._connection.silence_seconds = times * self._policy.silence_seconds
        self._connection.clock = self._policy.clock

    def _begin(self, name: str) -> None:
        """Set how long the statement, and what follows in its transaction, may take, and what its errors mean."""
        if not self._in_transaction:
            self._watch()
            self._connection.takes_rows = False
        if name in WHOLE_JOB:
            self._watch(WHOLE_JOB_TIMES)
        self._connection.takes_rows |= name in TAKES_ROWS
        self._connection.doing = name

    def _send(self, name: str, sql: str, parameters: dict[str, object] | None) -> Callable[[], list[Any]]:
        written = parameters and {
            name: array_text(value) if isinstance(value, list) else value for name, value in parameters.items()
        }
        self._begin(name)
        with database_errors(self._connection):
            cursor = self._connection.execute(sql.encode(), written)
            if self._pipeline:
                # The server's idle-in-transaction timeout starts only after a Sync, so each statement gets one.
                self._connection.pgconn.pipeline_sync()
                self._pipeline.result_queue.append(None)
                self._sent.append((name, cursor))
                self._connection.flush()

        def read() -> list[Any]:
            self._connection.doing = name
            with database_errors(self._connection):
                if cursor.pgresult is None and self._pipeline:
                    with self._named():
                        self._pipeline.sync()
                with reading(self._connection):
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
            with database_errors(self._connection), self._connection.transaction():
                yield
        finally:
            self._in_transaction = False
            self._watch()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Open a transaction whose statements are undone at its end."""
        import psycopg

        with self.transaction():
            yield
            raise psycopg.Rollback

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
            with database_errors(self._connection):
                yield from self._pipelined()
        finally:
            self._in_transaction = False
            self._watch()

    def _pipelined(self) -> Iterator[None]:
        # psycopg's transaction() needs the state of the connection, which is not known in a pipeline.
        try:
            with self._named(), self._connection.pipeline() as self._pipeline:
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
            self._sent.clear()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of an error in a pipeline at which statement it is: the first one whose answer was not taken."""
        try:
            yield
        except BaseException:
            self._connection.doing = next(
                (name for name, cursor in self._sent if cursor.pgresult is None), self._connection.doing
            )
            raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Roll back only what is done inside if that fails; for use inside a transaction."""
        import psycopg

        with database_errors(self._connection):
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
    def migrating(self) -> Iterator[None]:
        """Open a transaction for statements that change large tables, which may take an hour each; waits for locks are
        as short as ever, and long waits are logged.
        """
        try:
            with self.transaction():
                self.rows("session.take_any_time")
                self._connection.silence_seconds = MIGRATION_SECONDS
                yield
        finally:
            self._watch()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
