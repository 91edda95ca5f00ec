"""Is a refusal a stray one, or has a limit been met? Pure."""

import math
from collections import deque

CLOSE, RECENT = 5, 20  # calls, by the order of their starts
SEVERAL = 3  # refusals among the recent calls
ROW_SECONDS = 10.0


class Strays:
    """A service that meets its limit refuses calls that start one after another, a fault refuses one here or there.

    So a refusal is a stray one unless another one of the five calls around it was refused, or three of the latest
    twenty. Answers are no part of it: a reply takes seconds, and until then nobody knows that the call was taken. Of
    calls that are refused by chance, one in fifty, a tenth is taken for a limit.
    """

    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=RECENT)
        self._refused: set[float] = set()
        self._row_known = self._row_until = -math.inf

    def started(self, now: float) -> None:
        """Note that a call starts."""
        self._starts.append(now)

    def refused(self, started: float) -> bool:
        """Note that the service refused the call that started then; tells whether that is a stray refusal."""
        self._refused = {start for start in self._refused if start >= self._starts[0]} | {started}
        places = [place for place, start in enumerate(self._starts) if start in self._refused]
        own = next((place for place in places if self._starts[place] == started), 0)
        close = sum(abs(place - own) < CLOSE for place in places)
        return close < 2 and len(places) < SEVERAL

    def is_first_row(self, started: float, now: float, pause: float) -> bool:
        """Tell whether this refusal, no stray, belongs to the first row of refusals for a while.

        Late calls can crowd one window by themselves. Calls that are sent after the row was known and are refused in a
        row again, within ten seconds after the pause, show a lower limit.
        """
        if started <= self._row_known:
            return True
        is_first = now > self._row_until
        self._row_known, self._row_until = now, now + pause + ROW_SECONDS
        return is_first
