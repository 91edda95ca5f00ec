"""Decides whether a refusal is stray, or shows a limit. Pure."""

import math
from collections import deque

CLOSE, RECENT = 5, 20  # calls, by the order of their starts
SEVERAL = 3  # refusals among the recent calls
ROW_SECONDS = 10.0


class Strays:
    """Recognizes stray refusals: a limit makes a service refuse calls that started in a row, a fault only single calls.

    A refusal is stray unless another call was refused within four starts of it, or three of the latest twenty calls
    were. Answers are not used: a reply takes seconds, and only then is it known that the call was accepted. If one call
    in fifty is refused by chance, a tenth of these refusals are mistaken for a limit.
    """

    def __init__(self) -> None:
        self._starts: deque[float] = deque(maxlen=RECENT)
        self._refused: set[float] = set()
        self._row_known = self._row_until = -math.inf

    def started(self, now: float) -> None:
        """Note that a call starts."""
        self._starts.append(now)

    def refused(self, started: float) -> bool:
        """Note that the call which started at `started` was refused; return whether the refusal is stray."""
        self._refused = {start for start in self._refused if start >= self._starts[0]} | {started}
        refused = [index for index, start in enumerate(self._starts) if start in self._refused]
        own = next((index for index in refused if self._starts[index] == started), 0)
        close = sum(abs(index - own) < CLOSE for index in refused)
        return close < 2 and len(refused) < SEVERAL

    def is_first_row(self, started: float, now: float, pause: float) -> bool:
        """Return whether this refusal, which is not stray, belongs to the first row of refusals in a while.

        Late calls alone can overfill one window. But if calls that were started after the row was known are refused
        again, within ten seconds after the pause of `pause` seconds, the limit must be lower.
        """
        if started <= self._row_known:
            return True
        is_first = now > self._row_until
        self._row_known, self._row_until = now, now + pause + ROW_SECONDS
        return is_first
