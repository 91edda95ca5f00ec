"""Schedules the starts of calls that share one limit."""

import time
from collections.abc import Callable
from typing import Protocol

AHEAD_SECONDS = 0.25


class Schedule(Protocol):
    """Hands out start slots: the times at which calls may start, one after another.

    No slots are handed out while the next free one is more than `AHEAD_SECONDS` away, so that a pause takes effect
    soon, and a process that is killed wastes few of them.
    """

    def reserve(self, calls: int, gap: float, extra: float = 0.0, unused: int = 0) -> tuple[list[float], float]:
        """Reserve the next start slots.

        Args:
            calls: how many slots.
            gap: seconds between two slots.
            extra: seconds to leave free after them, for what earlier calls used beyond their share.
            unused: earlier slots that have passed without a call, which are given back to the day that counts them.

        Returns:
            The seconds from now to each slot, in order, and 0. There may be more slots than asked for; if there are
            none, the second value is the seconds to wait before asking again.

        Raises:
            BudgetExhaustedError: the calls of the day are used up.
            ServiceAwayError: the shared schedule is out of reach.
        """
        ...

    def hold(self, seconds: float) -> None:
        """Let no call start for `seconds`.

        Raises:
            ServiceAwayError: the shared schedule is out of reach.
        """
        ...


class LocalSchedule:
    """The schedule of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock()

    def reserve(self, calls: int, gap: float, extra: float = 0.0, unused: int = 0) -> tuple[list[float], float]:
        """Reserve the next start slots; see `Schedule`."""
        now = self._clock()
        if self._next > now + AHEAD_SECONDS:
            return [], self._next - now - AHEAD_SECONDS
        first = max(self._next, now)
        self._next = first + calls * gap + extra
        return [first - now + number * gap for number in range(calls)], 0.0

    def hold(self, seconds: float) -> None:
        """Let no call start for `seconds`."""
        self._next = max(self._next, self._clock() + seconds)
