"""When the latest calls went out, for the windows in which a service counts them. Pure; time is handed in."""

import math

# Windows are kept longer by this part, for the way to the service: 13 ms in a second. Calls are spaced by a little more
# than that beyond their limit, so that one which went out a millisecond late delays no other.
MARGIN = 0.0135
LOOK_SECONDS = 0.01


class SentCalls:
    """Calls of the last minute by the time at which their requests were written.

    A call reaches the service some time after it was let go: a thread waits for the processor, a connection is made.
    So a call that was let go and is not sent yet counts in every window, and from then on where it was sent. What was
    sent and refused counts too.
    """

    def __init__(self, longest_seconds: float) -> None:
        """Keep what a window of so many seconds holds."""
        self._longest = longest_seconds * (1 + MARGIN)
        self._sent: list[float] = []
        self._unsent: list[float] = []

    def started(self, now: float) -> None:
        """Note that a call is let go."""
        self._unsent.append(now)
        if len(self._sent) > 64 and self._sent[len(self._sent) // 2] < now - self._longest:
            del self._sent[: len(self._sent) // 2]

    def sent(self, started: float, now: float) -> None:
        """Note that the call which was let go then has been sent; what was noted as sent stays where it is."""
        if started in self._unsent:
            self._unsent.remove(started)
            self._sent.append(now)

    def earliest(self, calls: int, seconds: float, now: float) -> float:
        """Return when a window of `seconds` that may hold so many calls has room; minus infinity if it has it now.

        While all its room is held by calls that are not sent, that is found out by looking again.
        """
        room = calls - len(self._unsent)
        if room <= 0:
            return now + LOOK_SECONDS
        return self._sent[-room] + seconds * (1 + MARGIN) if len(self._sent) >= room else -math.inf
