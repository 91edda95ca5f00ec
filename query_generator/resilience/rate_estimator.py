"""Finds an unknown rate limit by the refusals of the service. Pure; times are seconds, passed in."""

import math
from bisect import bisect_right

FIRST_RATE = 90.0  # calls a second, so that a few calls meet an unknown limit and not all calls in flight at once
FIRST_GROWTH = math.log(8)  # per second: eight times the rate after each second
HORIZONS = (1.0, 10.0, 60.0)  # seconds: the windows in which services count
TRUSTED_SECONDS = 10.0  # for how long a found limit is kept; that of a longer window for the window's length
GROWTH = 0.02  # of the limit after another half of that time, and three times as much after the next half
FULL = 0.9  # of the most calls that a window has held
MARGIN = 0.014  # windows are longer by this share: 14 ms of network jitter in a second, 0.8 s in a minute


class RateEstimator:
    """Raises the rate until the service refuses a call; from then on a sliding window keeps to what it accepted.

    It is not known in which window the service counts. The estimate is the shortest window that was as full as never
    before when the call was refused. A call that is accepted above a limit disproves that limit.
    """

    def __init__(self, now: float, first_rate: float = FIRST_RATE) -> None:
        """Begin at `first_rate` calls a second."""
        self._rate = first_rate
        self._updated = self._cut_at = now
        self._starts: list[float] = []  # of the last minute, without those that were refused
        self._limits: dict[float, int] = {}
        self._most = dict.fromkeys(HORIZONS, 1)
        self._probing = False
        self.refusals = 0

    def rate(self, now: float) -> float:
        """Return how many calls a second may start now, if the windows have room."""
        seconds, self._updated = now - self._updated, now
        if not self._limits:
            self._rate = min(self._rate * math.exp(min(FIRST_GROWTH * seconds, 10.0)), 1e6)
        return self._rate * self._growth(HORIZONS[0], now) if self._limits else self._rate

    def earliest(self, now: float) -> float:
        """Return when the windows have room for a call; minus infinity if they have room now."""
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
        """Return the start of the call that is `calls` calls back; minus infinity if there were fewer."""
        return self._starts[-calls] if len(self._starts) >= calls else -math.inf

    def answered(self, started: float) -> None:
        """Note that the service accepted a call."""
        self.refusals = 0
        for horizon in HORIZONS:
            before = self._count(started, horizon * (1 - MARGIN)) - 1
            self._most[horizon] = max(self._most[horizon], before + 1)
            if before >= self._limits.get(horizon, math.inf):
                del self._limits[horizon]

    def refused(self, started: float, now: float, asked_delay: float) -> bool:
        """Note a refused call, and find the limit unless the call was started before the last refusal was known.

        Returns:
            Whether the refusal counted.
        """
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
        """Remove a refused call from the windows."""
        index = bisect_right(self._starts, started) - 1
        if index >= 0 and self._starts[index] == started:
            del self._starts[index]

    def forget(self) -> None:
        """Forget the limits that were found, since the service has named its limit."""
        self._limits.clear()

    def _full_window(self, counts: dict[float, int], asked_delay: float) -> float:
        fullness = {horizon: counts[horizon] / self._most[horizon] for horizon in HORIZONS if horizon >= asked_delay}
        full = (horizon for horizon, part in fullness.items() if part >= FULL)
        return next(full, max(fullness, key=lambda horizon: fullness[horizon], default=HORIZONS[-1]))

    def _count(self, end: float, seconds: float) -> int:
        return bisect_right(self._starts, end) - bisect_right(self._starts, end - seconds)

    def _growth(self, horizon: float, now: float) -> float:
        trusted = max(TRUSTED_SECONDS, horizon)
        halves = max(0.0, now - self._cut_at - trusted) / (trusted / 2)
        return math.exp(min(GROWTH * (2.0 ** min(halves, 20.0) - 1), 20.0))
