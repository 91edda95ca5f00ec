"""A connection that never waits for the server without an end. Imported only where a connection is made."""

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

TOLD_AFTER_SECONDS = 10.0
CANCEL_SECONDS = 2.0


class WatchedConnection(psycopg.Connection[Any]):
    """A connection of psycopg that logs a long silence of the server, and ends at one that is too long.

    Silence is the time in which neither the server says something nor takes what it is sent, so that a large statement
    over a slow network is no silence. A connection that ends is closed; the server is asked to cancel what it does.

    Attributes:
        doing: the name of the statement that is waited for, for the log.
        silence_seconds: how long the server may be silent; None: for ever.
        clock: seconds, monotonic.
    """

    doing: str = "a connection"
    silence_seconds: float | None = None
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for the server; raises psycopg.OperationalError when it was silent for too long."""
        return super().wait(self._watched(gen), interval, timeout)

    def flush(self) -> None:
        """Send all that was written in a pipeline, and read meanwhile, so that neither side waits for the other.

        psycopg's pipeline flushes once and waits for answers from then on: what the socket did not take stays, and the
        server waits for it.
        """
        with self.lock:
            self.wait(generators.send(self.pgconn))

    def _watched(self, gen: PQGen[T]) -> Generator[Any, Any, T]:
        silent_since: float | None = None
        told = False
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    silent_since = None
                else:
                    now = self.clock()
                    silent_since = now if silent_since is None else silent_since
                    told = self._check_silence(now - silent_since, told)
                wanted = gen.send(ready)
        except StopIteration as end:
            if told:
                _LOG.warning("[DB] PostgreSQL has answered %s", self.doing)
            return end.value  # type: ignore[no-any-return]

    def _check_silence(self, seconds: float, told: bool) -> bool:
        """Log a silence once; end one that is too long. Returns whether it was logged."""
        if self.silence_seconds is not None and seconds >= self.silence_seconds:
            with suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL_SECONDS)
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer to {self.doing} for {seconds:.0f} s; the connection is given up")
        if seconds >= TOLD_AFTER_SECONDS and not told:
            _LOG.warning("[DB] Waiting for PostgreSQL's answer to %s for %.0f s", self.doing, seconds)
            return True
        return told
