"""How many calls may be in flight. Pure."""

DECREASE = 0.7
INCREASE = 0.1  # of the window, one call at least, for each window of answered calls
TOLERATED = 0.2  # share of refused calls: random faults are no reason to slow down
WEIGHT = 0.05  # of a call in that share: what was long ago does not hide an overload of now


class ConcurrencyLimit:
    """Additive increase, multiplicative decrease of the calls in flight.

    The window is cut when more than a fifth of the latest calls were refused for overload or rate, and not again for
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
        """Calls that may be in flight."""
        return max(1, int(self._size))

    def has_room(self) -> bool:
        """Tell whether one more call may start."""
        return self.in_flight < self.size

    def answered(self) -> None:
        """Open the window a little."""
        self._share_refused -= WEIGHT * self._share_refused
        self._size = min(self._largest, self._size + max(1.0, INCREASE * self._size) / self._size)

    def refused(self, started: float, now: float) -> None:
        """Narrow the window, if it is not one refusal among many answers."""
        if started < self._cut_at:
            return
        self._share_refused += WEIGHT * (1 - self._share_refused)
        if self._share_refused > TOLERATED:
            self._size = max(1.0, DECREASE * min(self._size, self.in_flight))
            self._cut_at = now
            self._share_refused = 0.0
