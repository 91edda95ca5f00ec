"""Time that passes only when somebody sleeps, and a service with a sliding limit in it."""

import heapq
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count

from query_generator.errors import RateLimitedError
from query_generator.resilience.governor import Governor


class VirtualTime:
    """A clock in seconds. What was planned happens, in order, while somebody sleeps."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def plan(self, delay: float, event: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._plans, (self.now + delay, next(self._numbers), event))

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while self._plans and self._plans[0][0] <= end:
            self.step()
        self.now = max(self.now, end)

    def stall(self, seconds: float) -> None:
        """Let time pass in which nothing happens, as on a machine that hangs."""
        self.now += seconds

    def step(self) -> None:
        """Go on to the next event."""
        at, _, event = heapq.heappop(self._plans)
        self.now = max(self.now, at)
        event()


class SlidingLimit:
    """Takes so many calls in any time of `seconds`; tells the others when there is room again."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls, self.seconds = calls, seconds
        self.taken: deque[float] = deque()
        self.refusals = 0

    def wait(self, now: float) -> float:
        """Take a call, which is 0; or refuse it, which is the seconds until one would be taken."""
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        if len(self.taken) < self.calls:
            self.taken.append(now)
            return 0.0
        self.refusals += 1
        return self.taken[0] + self.seconds - now


def make_calls(
    time: VirtualTime,
    governor: Governor,
    calls: int,
    take: Callable[[float], float],
    *,
    latency: Callable[[], float] = lambda: 0.2,
    sending: Callable[[], float] = lambda: 0.0,
    refusal_latency: float = 0.01,
    told: Callable[[float], float | None] = lambda wait: wait,
    tokens: Callable[[], int] = lambda: 0,
    estimate: int = 0,
) -> list[tuple[float, int]]:
    """Have calls made until so many are taken; what is refused is made again, after the wait of its own if it has one.

    Args:
        time: passes.
        governor: says when calls start.
        calls: how many.
        take: the service: 0 when it takes the call that starts now, else the seconds after which it would.
        latency: of a reply.
        sending: how long it takes until a call that was let go has been sent.
        refusal_latency: of a refusal.
        told: what the service says of its delay.
        tokens: what a call uses.
        estimate: what it is thought to use.

    Returns:
        When each call was sent, and the tokens that it used; refused ones with 0.
    """
    starts: list[tuple[float, int]] = []
    left, flying, waiting = calls, 0, 0

    def again() -> None:
        nonlocal left, waiting
        left, waiting = left + 1, waiting - 1

    def start() -> None:
        nonlocal left, flying
        place = governor.admit(estimate)
        started = place.__enter__()
        left -= 1
        flying += 1
        time.plan(sending(), lambda: arrive(place, started))

    def arrive(place: AbstractContextManager[float], started: float) -> None:
        governor.sent(started)
        wait = take(time.now)
        used = 0 if wait else tokens()
        starts.append((time.now, used))

        def end() -> None:
            nonlocal flying, waiting
            flying -= 1
            if wait:
                refusal = RateLimitedError("429", told(wait))
                governor.refused(started, refusal)
                waiting += 1
                time.plan(refusal.wait_alone, again)
            else:
                governor.answered(started, used)
            place.__exit__(None, None, None)

        time.plan(refusal_latency if wait else latency(), end)

    while left or flying or waiting:
        if left and governor._window.has_room():
            start()
        else:
            time.step()
    return starts
