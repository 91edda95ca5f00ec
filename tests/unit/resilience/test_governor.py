"""The quota governor: told limits are kept and filled, refusals are heeded, every wait hears the stop signal."""

import math
import random
import threading
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.errors import (
    BudgetExhaustedError,
    ExitCode,
    InterruptedRunError,
    RateLimitedError,
    ServiceAwayError,
)
from query_generator.resilience.governor import FIRST_PAUSE, STARVED_SECONDS, Governor, Limits
from query_generator.resilience.schedule import LocalSchedule
from query_generator.stopping import StopSignal
from tests.support.virtual_time import SlidingLimit, VirtualTime, make_calls


def take_all(_: float) -> float:
    """A service without limits."""
    return 0.0


def most_within(starts: Sequence[tuple[float, int]], seconds: float) -> tuple[int, int]:
    """The most calls, and the most tokens, that started in any such time."""
    calls = tokens = first = now_tokens = 0
    for place, (at, used) in enumerate(starts):
        now_tokens += used
        while starts[first][0] <= at - seconds:
            now_tokens -= starts[first][1]
            first += 1
        calls, tokens = max(calls, place - first + 1), max(tokens, now_tokens)
    return calls, tokens


def governed(time: VirtualTime, limits: Limits, in_flight: int = 50, waiting: int = 10) -> Governor:
    """A governor for which, besides the one that asks, so many callers wait."""
    governor = Governor(limits, in_flight, sleep=time.sleep, clock=time.clock)
    governor._waiting = waiting
    return governor


def begin(governor: Governor) -> float:
    """Start a call that ends at once, unsettled."""
    with governor.admit(0) as started:
        return started


def refuse_for_ever(governor: Governor) -> None:
    """Refuse whatever starts."""
    while True:
        governor.refused(begin(governor), RateLimitedError("429", 30.0))


class SharedWithOthers(LocalSchedule):
    """A schedule that may be out of reach, and keeps the pauses that it was told."""

    def __init__(self, time: VirtualTime) -> None:
        super().__init__(time.clock)
        self.away = False
        self.pauses: list[float] = []
        self.given_back = 0

    def reserve(self, calls: int, gap: float, extra: float = 0.0, unused: int = 0) -> tuple[list[float], float]:
        if self.away:
            raise ServiceAwayError("PostgreSQL is away")
        self.given_back += unused
        return super().reserve(calls, gap, extra)

    def hold(self, seconds: float) -> None:
        if self.away:
            raise ServiceAwayError("PostgreSQL is away")
        self.pauses.append(seconds)
        super().hold(seconds)


@settings(max_examples=60, deadline=None)
@given(
    rpm=st.integers(1, 6000),
    waiting=st.integers(0, 40),
    in_flight=st.integers(1, 60),
    seed=st.integers(0, 1 << 16),
    stalls=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 3)), max_size=8),
)
def test_no_window_holds_more_calls_than_was_told(
    rpm: int, waiting: int, in_flight: int, seed: int, stalls: list[tuple[float, float]]
) -> None:
    """In any 60 s at most the limit, in any second at most its 60th part, also when the machine stalls meanwhile."""
    time = VirtualTime()
    for at, seconds in stalls:
        time.plan(at, partial(time.stall, seconds))
    chance = random.Random(seed)
    starts = make_calls(
        time,
        governed(time, Limits(rpm), in_flight, waiting),
        min(3 * rpm, 300),
        lambda _: 0.0 if chance.random() < 0.9 else 0.5,
        latency=lambda: chance.uniform(0.05, 3.0),
    )
    assert most_within(starts, 60)[0] <= rpm
    assert most_within(starts, 1)[0] <= math.ceil(rpm / 60)


@pytest.mark.parametrize(("rpm", "calls"), [(30, 61), (60, 61), (100, 201), (179, 301), (1200, 401), (4000, 3001)])
def test_a_told_limit_is_filled_without_a_refusal(rpm: int, calls: int) -> None:
    """A job takes the time that its limit allows and two hundredths more, whatever the limit."""
    time = VirtualTime()
    service, seconds = SlidingLimit(rpm, 60), SlidingLimit(math.ceil(rpm / 60), 1)
    make_calls(time, governed(time, Limits(rpm)), calls, lambda now: service.wait(now) or seconds.wait(now))
    assert service.refusals == seconds.refusals == 0
    ramp = 1.0
    assert time.now - 1000 <= 1.02 * (calls - 1) * 60 / rpm + 0.2 + ramp


def test_calls_are_spaced_from_the_first_one_on() -> None:
    """A run that begins opens with one call, not with all that a minute allows."""
    time = VirtualTime()
    starts = [at for at, _ in make_calls(time, governed(time, Limits(600)), 50, take_all)]
    assert starts[0] == 1000
    assert min(later - at for at, later in pairwise(starts)) >= 0.1


def test_tokens_a_minute_are_kept_by_what_calls_really_use() -> None:
    """Calls that use two or half as many tokens as estimated are counted as what they use; the limit is filled."""
    for estimate in (500, 1_000, 2_000):
        time, chance = VirtualTime(), random.Random(estimate)
        starts = make_calls(
            time,
            governed(time, Limits(None, 100_000)),
            600,
            take_all,
            latency=partial(chance.uniform, 0.5, 3.0),
            tokens=partial(chance.randint, 800, 1_200),
            estimate=estimate,
        )
        assert most_within(starts, 60)[1] <= 102_000
        assert time.now - 1000 <= 1.1 * 360


def test_tokens_saved_are_not_spent_in_the_next_minute() -> None:
    """An estimate ten times too high makes a slow start, and no burst above the limit afterwards."""
    time = VirtualTime()
    governor = governed(time, Limits(6_000, 60_000))
    starts = make_calls(time, governor, 300, take_all, tokens=lambda: 1_000, estimate=10_000)
    assert most_within(starts, 60)[1] <= 60_000
    assert time.now - 1000 <= 400


def test_small_calls_save_no_tokens_for_the_large_ones_after_them() -> None:
    """Calls that use less than their share pay for one call's worth at most: no burst of large calls follows."""
    time = VirtualTime()
    used = iter([1_000] * 100 + [100] * 60 + [1_000] * 100)
    governor = governed(time, Limits(6_000, 60_000))
    starts = make_calls(time, governor, 260, take_all, tokens=lambda: next(used), estimate=1_000)
    assert most_within(starts, 60)[1] <= 60_000


@pytest.mark.parametrize("asked", [0.5, 7.0, 300.0])
def test_a_refusal_stops_all_starts_for_exactly_the_delay_that_was_told(asked: float) -> None:
    """No call starts before that, and the next one starts then."""
    time = VirtualTime()
    governor = governed(time, Limits())
    governor.refused(begin(governor), RateLimitedError("429", asked))
    refused_at = time.now
    assert begin(governor) - refused_at == pytest.approx(asked)


def test_a_service_that_refuses_again_is_left_alone_twice_as_long() -> None:
    """A wrong delay costs a few refusals, not one in every fifth of a second; an answer ends that."""
    time = VirtualTime()
    governor = governed(time, Limits(), waiting=0)
    starts = [begin(governor)]
    for _ in range(10):
        governor.refused(starts[-1], RateLimitedError("429", 0.2))
        starts.append(begin(governor))
    pauses = [later - at for at, later in pairwise(starts)]
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60.0])
    governor.answered(begin(governor), 0)
    governor.refused(begin(governor), RateLimitedError("429"))
    at = time.now
    assert begin(governor) - at == pytest.approx(FIRST_PAUSE)


def test_a_quota_that_the_service_names_is_kept_from_then_on() -> None:
    """A limit in the refusal replaces a higher one that was told, and is never passed again; a lower one stays."""
    for told, named, kept in ((6_000, 120, 120), (None, 120, 120), (60, 120, 60)):
        time = VirtualTime()
        governor = governed(time, Limits(told))
        governor.refused(begin(governor), RateLimitedError("429", 1.0, requests_per_minute=named))
        starts = make_calls(time, governor, 2 * kept, take_all)
        assert most_within(starts, 60)[0] <= kept
        assert starts[-1][0] - starts[0][0] <= 1.05 * 120


def test_a_token_quota_that_the_service_names_is_kept_too() -> None:
    """Tokens a minute are learnt like calls a minute."""
    time = VirtualTime()
    governor = governed(time, Limits())
    governor.refused(begin(governor), RateLimitedError("429", 1.0, tokens_per_minute=30_000))
    starts = make_calls(time, governor, 90, take_all, tokens=lambda: 1_000, estimate=1_000)
    assert most_within(starts, 60)[1] <= 30_000


def test_ten_minutes_of_refusals_end_the_buying() -> None:
    """A quota that is used up ends the run with 69; any answer begins the ten minutes anew."""
    time = VirtualTime(0.0)
    governor = governed(time, Limits())
    for _ in range(3):
        began = time.now
        while time.now - began < STARVED_SECONDS - 61:
            governor.refused(begin(governor), RateLimitedError("429", 30.0))
        governor.answered(begin(governor), 0)
    began = time.now
    with pytest.raises(BudgetExhaustedError, match="refused every call for 6") as caught:
        refuse_for_ever(governor)
    assert caught.value.exit_code == ExitCode.BUDGET_EXHAUSTED
    assert STARVED_SECONDS < time.now - began < STARVED_SECONDS + 121


def test_without_the_shared_schedule_a_run_keeps_to_its_share() -> None:
    """When the database is away, each of four children takes a quarter of the limit; when it is back, all of it."""
    time = VirtualTime()
    shared = SharedWithOthers(time)
    governor = Governor(Limits(1200), 50, shared, share=0.25, sleep=time.sleep, clock=time.clock)
    governor._waiting = 10
    rates = []
    for away in (False, True, False):
        shared.away = away
        starts = [at for at, _ in make_calls(time, governor, 200, take_all)]
        rates.append(100 / (starts[-1] - starts[-101]))
    assert rates == pytest.approx([20, 5, 20], rel=0.03)


def test_a_refusal_holds_all_who_share_the_limit() -> None:
    """The delay that one run was told is told to the others; without the database it still holds for itself."""
    time = VirtualTime()
    shared = SharedWithOthers(time)
    governor = Governor(Limits(1200), 50, shared, share=0.25, sleep=time.sleep, clock=time.clock)
    first, second = begin(governor), begin(governor)
    governor.refused(first, RateLimitedError("429", 7.0))
    governor.refused(second, RateLimitedError("429", 7.0))
    at = time.now
    other = Governor(Limits(1200), 50, shared, sleep=time.sleep, clock=time.clock)
    assert shared.pauses == [7.0]
    assert begin(other) == pytest.approx(at + 7.0)
    shared.away = True
    governor.answered(begin(governor), 0)
    governor.refused(begin(governor), RateLimitedError("429", 7.0))
    at = time.now
    assert begin(governor) - at == pytest.approx(7.0)


@pytest.mark.parametrize(("told", "waits"), [(7.0, 7.0), (0.01, 0.01), (None, FIRST_PAUSE)])
def test_a_stray_refusal_at_a_told_limit_delays_its_own_call_alone(told: float | None, waits: float) -> None:
    """The error says how long its call has to wait; others go on as if nothing were, those of other runs too."""
    time = VirtualTime()
    shared = SharedWithOthers(time)
    governor = Governor(Limits(1200), 50, shared, sleep=time.sleep, clock=time.clock)
    for _ in range(30):
        governor.answered(begin(governor), 0)
    refusal, started = RateLimitedError("429", told), begin(governor)
    governor.refused(started, refusal)
    assert refusal.wait_alone == waits
    assert begin(governor) - started < 0.06
    assert shared.pauses == []


@pytest.mark.parametrize("between", [0, 1, 3])
def test_refusals_in_a_row_stop_all_at_a_told_limit_too(between: int) -> None:
    """The second of two calls that started close to each other holds all calls, and waits for nothing by itself."""
    time = VirtualTime()
    governor = governed(time, Limits(1200))
    first, *_, second = [begin(governor) for _ in range(between + 2)]
    governor.refused(first, RateLimitedError("429", 7.0))
    refusal, at = RateLimitedError("429", 7.0), time.now
    governor.refused(second, refusal)
    assert refusal.wait_alone == 0.0
    assert begin(governor) - at == pytest.approx(7.0)


def test_a_refusal_that_names_a_lower_limit_is_no_stray() -> None:
    """It shows that what was told is too much; at the limit that it names a later one can be a stray."""
    time = VirtualTime()
    governor = governed(time, Limits(1200))
    for waits_alone in (0.0, 2.0):
        for _ in range(30):
            governor.answered(begin(governor), 0)
        refusal = RateLimitedError("429", 2.0, requests_per_minute=600)
        governor.refused(begin(governor), refusal)
        assert refusal.wait_alone == waits_alone


def test_strays_alone_do_not_keep_a_run_without_quota_alive() -> None:
    """A service that refuses whatever is sent is left alone, ever longer, and ends the run after ten minutes."""
    time = VirtualTime()
    governor = governed(time, Limits(60))
    began = time.now
    with pytest.raises(BudgetExhaustedError):
        refuse_for_ever(governor)
    assert time.now - began > STARVED_SECONDS


class Numbered:
    """A service with a strict sliding second that also refuses, for a second, the calls of these numbers."""

    def __init__(self, limit: int, *numbers: int) -> None:
        self.limit = SlidingLimit(limit, 1)
        self.refused = 0
        self._numbers = numbers
        self._calls = 0

    def wait(self, now: float) -> float:
        """Take a call, or refuse it."""
        self._calls += 1
        wait = 1.0 if self._calls in self._numbers else self.limit.wait(now)
        self.refused += wait > 0
        return wait


@pytest.mark.parametrize(
    ("limit", "numbers", "slower", "refusals"),
    [
        (20, (), 1.025, 0),
        (20, (1,), 1.03, 1),
        (20, (150,), 1.03, 1),
        (20, (50, 100, 150, 200, 250, 300, 350), 1.05, 7),
        (20, (150, 151, 152, 153, 154), 1.65, 5),
        (19, (), 1.03, 25),
        (15, (), 1.04, 6),
        (10, (), 1.04, 6),
    ],
)
def test_calls_at_a_told_limit_take_what_the_service_allows(
    limit: int, numbers: tuple[int, ...], slower: float, refusals: int
) -> None:
    """400 calls told 20 a second: strays cost next to nothing, a limit that is lower is found by a few refusals."""
    time, service = VirtualTime(), Numbered(limit, *numbers)
    make_calls(time, governed(time, Limits(1200)), 400, service.wait)
    assert time.now - 1000 <= slower * 400 / limit
    assert service.refused <= refusals


def test_a_quota_that_another_tool_uses_too_is_filled() -> None:
    """Another tool takes five of twenty calls a second: the job takes the other fifteen, with few refusals."""
    time, service, others = VirtualTime(), Numbered(20), [1000.0]

    def take(now: float) -> float:
        while others[-1] <= now:
            service.limit.wait(others[-1])
            others.append(others[-1] + 0.2)
        return service.wait(now)

    make_calls(time, governed(time, Limits(1200)), 400, take)
    assert time.now - 1000 <= 1.06 * 400 / 15
    assert service.refused <= 10


def test_random_refusals_cost_a_tenth_at_a_told_limit() -> None:
    """One call in fifty refused for a second: nobody else waits for that."""
    time, chance, refused = VirtualTime(), random.Random(1), [0]

    def take(_: float) -> float:
        stray = chance.random() < 0.02
        refused[0] += stray
        return float(stray)

    make_calls(time, governed(time, Limits(1200)), 2000, take, latency=lambda: 2.0)
    assert refused[0] >= 20
    assert time.now - 1000 <= 1.15 * 100


@settings(max_examples=40, deadline=None)
@given(rpm=st.integers(60, 3000), latest=st.floats(0.001, 1.5), seed=st.integers(0, 1 << 16))
def test_calls_that_go_out_late_bring_none_too_many_into_a_window(rpm: int, latest: float, seed: int) -> None:
    """A busy machine lets threads wait after they were let go: what a service counts in any second is what was told."""
    time, chance = VirtualTime(), random.Random(seed)
    sent = make_calls(
        time,
        governed(time, Limits(rpm)),
        min(3 * rpm, 200),
        take_all,
        sending=lambda: chance.uniform(0.0, latest) if chance.random() < 0.3 else 0.001,
    )
    assert most_within(sorted(sent), 1)[0] <= math.ceil(rpm / 60)
    assert most_within(sorted(sent), 60)[0] <= rpm


def test_slots_that_pass_while_the_process_is_frozen_or_paused_are_given_back() -> None:
    """They count to the day's quota, which would not be filled without them."""
    time = VirtualTime()
    schedule = SharedWithOthers(time)
    governor = Governor(Limits(), 50, schedule, sleep=time.sleep, clock=time.clock)
    begin(governor)
    for lost in (2, 3):
        governor._start_slots.extend([time.clock() + 0.1] * lost)
        time.sleep(5.0)
        begin(governor)
    assert schedule.given_back == 5
    governor._start_slots.extend([time.clock() + 0.1] * 4)
    governor.refused(begin(governor), RateLimitedError("429", 30.0))
    begin(governor)
    assert schedule.given_back == 5 + 3


def test_a_day_without_calls_left_ends_the_run_and_leaves_no_place_taken() -> None:
    """The schedule's word that a day's quota is used up reaches the job."""

    class UsedUp(SharedWithOthers):
        def reserve(self, calls: int, gap: float, extra: float = 0.0, unused: int = 0) -> tuple[list[float], float]:
            raise BudgetExhaustedError("the 10 calls a day are used up")

    time = VirtualTime()
    governor = Governor(Limits(), 1, UsedUp(time), sleep=time.sleep, clock=time.clock)
    for _ in range(3):
        with pytest.raises(BudgetExhaustedError):
            begin(governor)
        assert governor._window.in_flight == 0


def test_overload_has_fewer_calls_in_flight() -> None:
    """A service that says it has too much to do gets fewer calls at once, and no pause."""
    time = VirtualTime()
    governor = governed(time, Limits(), in_flight=10)
    places = [governor.admit(0) for _ in range(10)]
    for started in [place.__enter__() for place in places]:
        governor.overloaded(started)
    assert governor._window.size == 7
    for place in places:
        place.__exit__(None, None, None)


def test_every_waiting_thread_hears_the_stop_signal() -> None:
    """Threads that wait for a start slot, for a place in flight or for their turn all end when the run does."""
    stop = StopSignal()
    slow = Governor(Limits(1), 4, sleep=stop.sleep)
    full = Governor(Limits(), 1, sleep=stop.sleep)
    for governor in (slow, full):
        place = governor.admit(0)
        place.__enter__()
        ended: list[bool] = []

        def work(governor: Governor = governor, ended: list[bool] = ended) -> None:
            with pytest.raises(InterruptedRunError), governor.admit(0):
                pytest.fail("a call started")
            ended.append(True)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        stop.set("SIGTERM")
        for thread in threads:
            thread.join()
        assert len(ended) == 8
        assert governor._window.in_flight == 1
        place.__exit__(None, None, None)


def test_many_threads_never_have_more_in_flight_than_allowed() -> None:
    """MAX_CONCURRENCY holds whatever the threads do, and each of them gets its turn."""
    governor = Governor(Limits(600_000), 5)
    governor._estimator._rate = 1e5
    lock, in_flight, most, done = threading.Lock(), 0, 0, 0

    def work() -> None:
        nonlocal in_flight, most, done
        for _ in range(20):
            with governor.admit(10) as started:
                with lock:
                    in_flight += 1
                    most = max(most, in_flight)
                with lock:
                    in_flight -= 1
                    done += 1
                governor.answered(started, 10)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == 320
    assert most <= 5
