"""The signal that asks a run to stop, and a sleep that it interrupts."""

import time
from collections.abc import Callable

from query_generator.errors import InterruptedRunError

STEP_SECONDS = 0.1


class StopSignal:
    """Set once, by a signal or by a fatal error; it interrupts `sleep` within a tenth of a second.

    It takes no lock: a signal handler that waits for a lock held by the code it interrupted would wait forever.
    `drain_seconds` is the time that calls in flight get after it is set.
    """

    def __init__(
        self,
        drain_seconds: float = 25.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.drain_seconds = drain_seconds
        self.reason = ""
        self._clock = clock
        self._sleep = sleep
        self._due_at: float | None = None

    def set(self, reason: str, drain_seconds: float | None = None) -> None:
        """Ask all threads to stop; of several reasons the first is kept, of several times the shortest.

        Args:
            reason: in words.
            drain_seconds: for calls in flight, in place of the usual time; infinite where nothing presses.
        """
        due_at = self._clock() + (self.drain_seconds if drain_seconds is None else drain_seconds)
        if self._due_at is None:
            self.reason = reason
            self._due_at = due_at
        self._due_at = min(self._due_at, due_at)

    def is_set(self) -> bool:
        """Return whether a stop was asked for."""
        return self._due_at is not None

    def is_overdue(self) -> bool:
        """Return whether a stop was asked for and the time for calls in flight is over."""
        return self._due_at is not None and self._clock() >= self._due_at

    def sleep(self, seconds: float) -> None:
        """Sleep unless a stop is asked for.

        Raises:
            InterruptedRunError: a stop was asked for before the time was over.
        """
        end = self._clock() + seconds
        while self._due_at is None:
            rest = end - self._clock()
            if rest <= 0:
                return
            self._sleep(min(STEP_SECONDS, rest))
        raise InterruptedRunError(f"stopped: {self.reason}")
