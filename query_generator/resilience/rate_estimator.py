"""How many calls may start: what refusals have shown of a limit that nobody told. Pure; time is handed in."""

import math
from bisect import bisect_right

FIRST_RATE = 90.0  # calls a second; an unknown limit is met by a few calls instead of by all calls in flight at once
FIRST_GROWTH = math.log(8)  # a second
HORIZONS = (1.0, 10.0, 60.0)  # seconds: the windows in which services count
PATIENCE = 10.0  # seconds; a limit that was found is believed for so long, a longer window for its own length
GROWTH = 0.02  # after half of that time more, and three times as much after the next half
FULL = 0.9  # of what a window has held at most
MARGIN = 0.014  # windows are kept longer by this part: 14 ms of a network's jitter in a second, 0.8 s in a minute


class RateEstimator:
    """Starts get faster until the service refuses one; from then on a sliding window holds what it has taken.

    Which window the service counts in is not known. It is the one that was as full as never before when the call was
    refused, the shortest of those. A call that is taken above a limit disproves that limit.
    """

    def __init__(self, now: float, first_rate: float = FIRST_RATE) -> None:
        """Begin at so many calls a second."""
        self._rate = first_rate
        self._updated = self._cut_at = now
        self._starts: list[float] = []  # of the last minute, without those that were refused
        self._limits: dict[float, int] = {}
        self._most = dict.fromkeys(HORIZONS, 1)
        self._probing = False
        self.refusals = 0

    def rate(self, now: float) -> float:
        """Return the calls a second that may start now, if the windows have room."""
        seconds, self._updated = now - self._updated, now
        if not self._limits:
            self._rate = min(self._rate * math.exp(min(FIRST_GROWTH * seconds, 10.0)), 1e6)
        return self._rate * self._growth(HORIZONS[0], now) if self._limits else self._rate

    def earliest(self, now: float) -> float:
        """Return when the windows have room for a call; minus infinity when they have it now."""
        if self._probing:
            return -math.inf
        return max(
            (
                self._started_before(max(1, int(limit * self._growth(horizon, now)))) + horizon * (1 + MARGIN)
                for horizon, limit in self._limits.items()
            ),
            default=-math.inf,
        )

    def started(self, now: float) -> None:
        """Note that a call starts."""
        self._probing = False
        if len(self._starts) > 64 and self._starts[len(self._starts) // 2] < now - 2 * HORIZONS[-1]:
            del self._starts[: len(self._starts) // 2]
        self._starts.append(now)

    def _started_before(self, calls: int) -> float:
        """Return when the call was started that is so many calls back; minus infinity when there were fewer."""
        return self._starts[-calls] if len(self._starts) >= calls else -math.inf

    def answered(self, started: float) -> None:
        """Note that the service took a call."""
        self.refusals = 0
        for horizon in HORIZONS:
            before = self._count(started, horizon * (1 - MARGIN)) - 1
            self._most[horizon] = max(self._most[horizon], before + 1)
            if before >= self._limits.get(horizon, math.inf):
                del self._limits[horizon]

    def refused(self, started: float, now: float, asked_delay: float) -> bool:
        """Find the limit, unless the call was started before the last refusal was known; tells whether it was not."""
        self.not_taken(started)
        if started < self._cut_at:
            return False
        counts = {horizon: self._count(started, horizon) for horizon in HORIZONS}
        full = self._full_window(counts, asked_delay)
        if counts[full]:
            self._limits[full] = self._most[full] = counts[full]
            second = HORIZONS[0]
            taken = counts[second] if full == second else max(counts[second], self._most[second])
            self._rate = min(self._rate, float(taken))
        self._updated = self._cut_at = now
        self._probing = True
        self.refusals += 1
        return True

    def not_taken(self, started: float) -> None:
        """Leave out a call that was refused."""
        place = bisect_right(self._starts, started) - 1
        if place >= 0 and self._starts[place] == started:
            del self._starts[place]

    def forget(self) -> None:
        """Forget what refusals have shown: the service has named its limit."""
        self._limits.clear()

    def _full_window(self, counts: dict[float, int], asked_delay: float) -> float:
        fullness = {horizon: counts[horizon] / self._most[horizon] for horizon in HORIZONS if horizon >= asked_delay}
        full = (horizon for horizon, part in fullness.items() if part >= FULL)
        return next(full, max(fullness, key=lambda horizon: fullness[horizon], default=HORIZONS[-1]))

    def _count(self, end: float, seconds: float) -> int:
        return bisect_right(self._starts, end) - bisect_right(self._starts, end - seconds)

    def _growth(self, horizon: float, now: float) -> float:
        patience = max(PATIENCE, horizon)
        halves = max(0.0, now - self._cut_at - patience) / (patience / 2)
        return math.exp(min(GROWTH * (2.0 ** min(halves, 20.0) - 1), 20.0))
