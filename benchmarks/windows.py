"""Calls in sliding windows of time: at most so many, and how many there were."""

import argparse
from collections import deque


class SlidingLimit:
    """Admits at most `calls` in any `seconds`."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self._admitted: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Admit a call and return 0, or return the seconds until one would be admitted."""
        while self._admitted and self._admitted[0] <= now - self.seconds:
            self._admitted.popleft()
        if len(self._admitted) >= self.calls:
            return self._admitted[0] + self.seconds - now
        self._admitted.append(now)
        return 0.0


def most_in_window(arrivals: list[float], seconds: float) -> int:
    """Return the largest number of arrivals in any window of `seconds`, its end excluded."""
    window: deque[float] = deque()
    most = 0
    for arrival in sorted(arrivals):
        window.append(arrival)
        while window[0] <= arrival - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def parse_limit(text: str) -> SlidingLimit:
    """Read `20/1`: 20 calls in any second.

    Raises:
        argparse.ArgumentTypeError: it is not of this form, or one of the numbers is not above 0.
    """
    calls, _, seconds = text.partition("/")
    try:
        limit = SlidingLimit(int(calls), float(seconds))
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"'{text}' is not CALLS/SECONDS, such as 20/1") from exc
    if limit.calls <= 0 or limit.seconds <= 0:
        raise argparse.ArgumentTypeError(f"'{text}': both numbers must be above 0")
    return limit
