"""How a run is told to stop, and a sleep that hears it."""

import threading

from query_generator.errors import InterruptedRunError


class StopSignal:
    """Set once, by a signal or by a fatal error; whoever waits by `sleep` is woken."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.reason = ""

    def set(self, reason: str) -> None:
        """Ask everybody to stop; the first reason is kept."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._event.is_set()

    def sleep(self, seconds: float) -> None:
        """Sleep, or find that there is no time for it.

        Raises:
            InterruptedRunError: a stop was asked for before the time was over.
        """
        if self._event.wait(seconds):
            raise InterruptedRunError(f"stopped: {self.reason}")
