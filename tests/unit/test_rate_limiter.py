"""The limit on calls a minute, by a clock that only moves when somebody sleeps or a call takes its time."""

import random
from bisect import bisect_left
from collections.abc import Callable

import pytest
from query_generator.resilience.rate_limiter import RateLimitedProvider

from query_generator.errors import InterruptedRunError
from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt
from query_generator.models import Product, QueryType
from tests.fakes.scripted_provider import ScriptedProvider

REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 1, Prompt("s", "u"))


class TimedProvider:
    """Notes when each call began, and takes its time."""

    name, model = "timed", "timed-1"

    def __init__(self, duration: Callable[[], float]) -> None:
        self.now = 1_000.0
        self.begun: list[float] = []
        self._duration = duration

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.now += seconds

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Note the time and let some pass."""
        self.begun.append(self.now)
        self.now += self._duration()
        return GenerationReply((), self.name, self.model)


def most_in_a_minute(times: list[float]) -> int:
    """The largest number of calls that began within any 60 seconds."""
    return max(bisect_left(times, begun + 60.0) - index for index, begun in enumerate(times))


@pytest.mark.parametrize("limit", [1, 7, 60, 300])
@pytest.mark.parametrize("kind", ["at once", "random", "slow"])
def test_no_minute_has_more_calls_than_the_limit(limit: int, kind: str) -> None:
    """Over 1,000 calls, no 60 seconds see more than MAX_REQUESTS_PER_MINUTE of them."""
    chance = random.Random(limit)
    durations = {"at once": lambda: 0.0, "random": lambda: chance.expovariate(limit / 30), "slow": lambda: 90 / limit}
    inner = TimedProvider(durations[kind])
    provider = RateLimitedProvider(inner, limit, inner.sleep, inner.clock)
    for _ in range(1_000):
        provider.generate(REQUEST)
    assert len(inner.begun) == 1_000
    assert most_in_a_minute(inner.begun) <= limit


def test_the_limit_is_used_up() -> None:
    """The limit costs no more time than it must: a full minute's calls each minute."""
    inner = TimedProvider(lambda: 0.0)
    provider = RateLimitedProvider(inner, 60, inner.sleep, inner.clock)
    for _ in range(1_000):
        provider.generate(REQUEST)
    ideal = 60.0 * (1_000 // 60)
    assert ideal <= inner.begun[-1] - inner.begun[0] <= ideal + 1.0


def test_calls_below_the_limit_do_not_wait() -> None:
    """The first calls of a job start at once."""

    def sleep(_: float) -> None:
        raise AssertionError("nobody has to wait")

    provider = RateLimitedProvider(ScriptedProvider(*[["Is it good?"]] * 60), 60, sleep, lambda: 0.0)
    for _ in range(60):
        provider.generate(REQUEST)


def test_a_stop_ends_the_waiting() -> None:
    """A job that is told to stop does not wait for its place, and makes no further call."""

    def sleep(_: float) -> None:
        raise InterruptedRunError("stopped: SIGTERM")

    inner = ScriptedProvider(["Is it good?"])
    provider = RateLimitedProvider(inner, 1, sleep, lambda: 0.0)
    provider.generate(REQUEST)
    with pytest.raises(InterruptedRunError):
        provider.generate(REQUEST)
    assert len(inner.requests) == 1


def test_the_name_and_model_are_those_inside() -> None:
    """What is recorded with a question is the vendor, not the wrapping."""
    provider = RateLimitedProvider(ScriptedProvider(), 1)
    assert (provider.name, provider.model) == ("scripted", "script-1")
