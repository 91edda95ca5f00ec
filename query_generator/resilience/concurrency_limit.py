"""A limit of the calls in flight that adapts to refusals. Pure."""

DECREASE = 0.7
INCREASE = 0.1  # of the window, one call at least, for each window of answered calls
TOLERATED = 0.2  # share of refused calls, since random faults are no reason to slow down
WEIGHT = 0.05  # of the latest call in that share, so that old answers do not hide a new overload


class ConcurrencyLimit:
    """Limits the calls in flight by additive increase and multiplicative decrease.

    The limit is cut if more than a fifth of the latest calls were refused for overload or rate, but not again for
    calls that were started before the cut.
    """

    def __init__(self, largest: int) -> None:
        self._largest = float(largest)
        self._size = float(largest)
        self._share_refused = 0.0
        self._cut_at = float("-inf")
        self.in_flight = 0

    @property
    def size(self) -> int:
        """The number of calls that may be in flight."""
        return max(1, int(self._size))

    def has_room(self) -> bool:
        """Return whether one more call may start."""
        return self.in_flight < self.size

    def answered(self) -> None:
        """Raise the limit a little after an answered call."""
        self._share_refused -= WEIGHT * self._share_refused
        self._size = min(self._largest, self._size + max(1.0, INCREASE * self._size) / self._size)

    def refused(self, started: float, now: float) -> None:
        """Cut the limit unless refusals are rare; `started` and `now` are seconds, monotonic."""
        if started < self._cut_at:
            return
        self._share_refused += WEIGHT * (1 - self._share_refused)
        if self._share_refused > TOLERATED:
            self._size = max(1.0, DECREASE * min(self._size, self.in_flight))
            self._cut_at = now
            self._share_refused = 0.0
