"""How a run is told to stop, and a sleep that hears it."""

import time
from collections.abc import Callable

from query_generator.errors import InterruptedRunError

STEP_SECONDS = 0.1


class StopSignal:
    """Set once, by a signal or by a fatal error; whoever waits by `sleep` hears it within a tenth of a second.

    It holds no lock, since a signal handler that waits for a lock of the code it has interrupted waits for ever.
    `drain_seconds` is the time, from when it is set, for what is in flight.
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
        self._set_at: float | None = None

    def set(self, reason: str) -> None:
        """Ask everybody to stop; the first reason is kept."""
        if self._set_at is None:
            self.reason = reason
            self._set_at = self._clock()

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._set_at is not None

    def is_overdue(self) -> bool:
        """Whether a stop was asked for and the time for what is in flight is over."""
        return self._set_at is not None and self._clock() - self._set_at >= self.drain_seconds

    def sleep(self, seconds: float) -> None:
        """Sleep, or find that there is no time for it.

        Raises:
            InterruptedRunError: a stop was asked for before the time was over.
        """
        end = self._clock() + seconds
        while self._set_at is None:
            rest = end - self._clock()
            if rest <= 0:
                return
            self._sleep(min(STEP_SECONDS, rest))
        raise InterruptedRunError(f"stopped: {self.reason}")
