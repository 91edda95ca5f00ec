"""When calls start that share one limit."""

import time
from collections.abc import Callable
from typing import Protocol

AHEAD_SECONDS = 0.25


class Schedule(Protocol):
    """Hands out the start slots at which calls may start, one after another.

    Nobody gets a start slot more than `AHEAD_SECONDS` after those that were handed out before have come, so that a
    pause takes effect soon, and a process that is killed takes little with it.
    """

    def reserve(self, calls: int, gap: float, extra: float = 0.0) -> tuple[list[float], float]:
        """Reserve the next start slots.

        Args:
            calls: how many.
            gap: seconds between two of them.
            extra: seconds that stay free after them, to pay for what earlier calls have used above their share.

        Returns:
            How many seconds from now each call may start, in order, perhaps for more calls than were asked for; when
            there is none, the seconds to wait before asking again.

        Raises:
            BudgetExhaustedError: a day's calls are used up.
            ServiceAwayError: those who share the limit cannot be asked.
        """
        ...

    def hold(self, seconds: float) -> None:
        """Let nobody start for so long."""
        ...


class LocalSchedule:
    """The schedule of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock()

    def reserve(self, calls: int, gap: float, extra: float = 0.0) -> tuple[list[float], float]:
        """Reserve the next start slots; see `Schedule`."""
        now = self._clock()
        if self._next > now + AHEAD_SECONDS:
            return [], self._next - now - AHEAD_SECONDS
        first = max(self._next, now)
        self._next = first + calls * gap + extra
        return [first - now + number * gap for number in range(calls)], 0.0

    def hold(self, seconds: float) -> None:
        """Let no call start for so long."""
        self._next = max(self._next, self._clock() + seconds)
