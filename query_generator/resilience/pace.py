"""How many calls a second may start: what was told, and what refusals have shown. Pure; time is handed in."""

import math
from collections import deque

FIRST_RATE = 12.0  # calls a second; an unknown limit is met by a call or two instead of by all calls in flight at once
FIRST_GROWTH = math.log(8)  # a second: from 12 to 128 calls a second takes 1.1 s
GROWTH_AFTER_REFUSAL = 0.005  # a second, twice as much every GROWTH_DOUBLES seconds without a refusal
GROWTH_DOUBLES = 2.0
CAUTION = 0.97  # of what the service has just taken
SLOWEST = 1 / 60
HORIZONS = (1.0, 10.0, 60.0)  # seconds: the windows in which services count
REFUSALS_A_HORIZON = 3


class Pace:
    """The rate at which calls start: it grows until the service refuses one, and then begins from what it has taken.

    After a refusal the rate is a little below the number of calls that the service has taken in its window, divided by
    the window; the window is not known, so the shortest one is tried that is not shorter than the delay it asked for,
    and a longer one each time that three calls in a row are refused.
    """

    def __init__(self, now: float) -> None:
        self._rate = FIRST_RATE
        self._growth = FIRST_GROWTH
        self._updated = now
        self._cut_at = now
        self._starts: deque[float] = deque()
        self.refusals = 0

    def rate(self, now: float) -> float:
        """Return the calls a second that may start now."""
        seconds = now - self._updated
        if seconds > 0:
            self._updated = now
            self._rate = min(self._rate * math.exp(min(self._growth * seconds, 10.0)), 1e6)
            self._growth = min(FIRST_GROWTH, self._growth * 2 ** min(seconds / GROWTH_DOUBLES, 10.0))
        return self._rate

    def started(self, now: float) -> None:
        """Note that a call starts."""
        while self._starts and self._starts[0] < now - HORIZONS[-1]:
            self._starts.popleft()
        self._starts.append(now)

    def started_before(self, calls: int) -> float:
        """Return when the call was started that is so many calls back; minus infinity when there were fewer."""
        return self._starts[-calls] if len(self._starts) >= calls else -math.inf

    def answered(self) -> None:
        """Note that the service took a call."""
        self.refusals = 0

    def refused(self, started: float, now: float, asked_delay: float) -> bool:
        """Slow down, unless the call was started before the service's last refusal was known; tells whether it was not.

        Args:
            started: when the refused call was started.
            now: the present.
            asked_delay: what the service wants to be waited, in seconds; 0 when it said nothing.
        """
        if started in self._starts:
            self._starts.remove(started)
        if started < self._cut_at:
            return False
        shortest = next((place for place, horizon in enumerate(HORIZONS) if horizon >= asked_delay), len(HORIZONS) - 1)
        horizon = HORIZONS[min(shortest + self.refusals // REFUSALS_A_HORIZON, len(HORIZONS) - 1)]
        taken = sum(start > now - horizon for start in self._starts)
        self._rate = max(SLOWEST, CAUTION * taken / horizon)
        self._growth = GROWTH_AFTER_REFUSAL
        self._updated = self._cut_at = now
        self.refusals += 1
        return True
