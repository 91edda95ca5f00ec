"""A connection that never waits for the server forever. Imported only where a connection is made."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg import generators
from psycopg.abc import PQGen

_LOG = logging.getLogger("database")
T = TypeVar("T")

LOGGED_AFTER_SECONDS = 10.0
CANCEL_SECONDS = 2.0
FIRST_ANSWER_SECONDS = 10.0  # for what is asked while the connection is made


class WatchedConnection(psycopg.Connection[Any]):
    """A psycopg connection that logs a long silence of the server, and closes itself if the silence is too long.

    The server is silent while it neither sends nor accepts data, so a large statement over a slow network is not a
    silence. Before the connection is closed, the server is asked to cancel the statement.

    Attributes:
        doing: the name of the statement that is waited for, for the log.
        role: who is logged in.
        silence_seconds: how long the server may be silent.
        silence: for how many seconds the server was silent last.
        takes_rows: whether rows of the input or of a reply are being stored.
        clock: seconds, monotonic.
    """

    doing: str = "a connection"
    role: str = ""
    silence_seconds: float = FIRST_ANSWER_SECONDS
    silence: float = 0.0
    takes_rows: bool = False
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server. Raises psycopg.OperationalError if it was silent for too long."""
        return super().wait(self._watched(gen), interval, timeout)

    def flush(self) -> None:
        """Send everything that was written in a pipeline, reading meanwhile so that neither side blocks the other.

        psycopg's pipeline flushes once and then waits for answers: data that the socket did not accept would never be
        sent, while the server waits for it.
        """
        with self.lock:
            self.wait(generators.send(self.pgconn))

    def _watched(self, gen: PQGen[T]) -> Generator[Any, Any, T]:
        silent_since: float | None = None
        logged = False
        self.silence = 0.0
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    silent_since = None
                else:
                    now = self.clock()
                    silent_since = now if silent_since is None else silent_since
                    self.silence = now - silent_since
                    logged = self._check_silence(self.silence, logged)
                wanted = gen.send(ready)
        except StopIteration as end:
            if logged:
                _LOG.warning("[DB] PostgreSQL has answered %s", self.doing)
            return end.value  # type: ignore[no-any-return]

    def _check_silence(self, seconds: float, logged: bool) -> bool:
        """Log a silence once, and close the connection if it is too long; return whether it was logged."""
        if seconds >= self.silence_seconds:
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL_SECONDS)
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer to {self.doing} for {seconds:.0f} s; the connection was closed")
        if seconds >= LOGGED_AFTER_SECONDS and not logged:
            _LOG.warning("[DB] Waiting for PostgreSQL's answer to %s for %.0f s", self.doing, seconds)
            return True
        return logged
