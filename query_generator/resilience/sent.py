"""When the latest calls were sent, for the windows in which a service counts them. Pure; times are passed in."""

import math

# Windows are longer by this share, for the way to the service: 13.5 ms in a second. Calls are spaced by slightly more
# than that beyond their limit, so that a call which is sent a millisecond late delays no other.
MARGIN = 0.0135
CHECK_SECONDS = 0.01


class SentCalls:
    """The calls of the last minute, by the time at which their requests were written.

    A call reaches the service some time after it was admitted: a thread waits for the processor, a connection is made.
    So a call that is admitted and not sent yet counts in every window, and later in those of the time at which it was
    sent. Refused calls count too.
    """

    def __init__(self, longest_seconds: float) -> None:
        """Keep the calls of a window of `longest_seconds` seconds."""
        self._longest = longest_seconds * (1 + MARGIN)
        self._sent: list[float] = []
        self._unsent: list[float] = []

    def started(self, now: float) -> None:
        """Note that a call is admitted."""
        self._unsent.append(now)
        if len(self._sent) > 64 and self._sent[len(self._sent) // 2] < now - self._longest:
            del self._sent[: len(self._sent) // 2]

    def sent(self, started: float, now: float) -> None:
        """Note that the call which was admitted at `started` is sent now, unless that was noted before."""
        if started in self._unsent:
            self._unsent.remove(started)
            self._sent.append(now)

    def earliest(self, calls: int, seconds: float, now: float) -> float:
        """Return when a window of `seconds` that may hold `calls` calls has room; minus infinity if it has room now.

        While calls that are not sent yet hold all the room, this returns the time of the next check.
        """
        room = calls - len(self._unsent)
        if room <= 0:
            return now + CHECK_SECONDS
        return self._sent[-room] + seconds * (1 + MARGIN) if len(self._sent) >= room else -math.inf
