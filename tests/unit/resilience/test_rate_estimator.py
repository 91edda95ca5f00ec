"""How fast calls may start when nobody told the limit."""

import math
from collections.abc import Callable

import pytest

from query_generator.resilience.governor import Governor, Limits
from query_generator.resilience.rate_estimator import FIRST_RATE, MARGIN, TRUSTED_SECONDS, RateEstimator
from tests.support.virtual_time import SlidingLimit, VirtualTime, make_calls

Told = Callable[[float], float | None]


def start(estimator: RateEstimator, calls: int, begin: float, gap: float) -> list[float]:
    """Start calls that the service takes, faster than at first."""
    estimator.rate(begin + 1)
    starts = [begin + number * gap for number in range(calls)]
    for at in starts:
        estimator.started(at)
        estimator.answered(at)
    return starts


def test_a_run_begins_gently_and_is_fast_within_seconds() -> None:
    """An unknown limit is met by a few calls, and a service without one is used in full two seconds later."""
    estimator = RateEstimator(0.0)
    assert estimator.rate(0.0) == FIRST_RATE
    assert estimator.rate(1.0) == pytest.approx(8 * FIRST_RATE)
    assert estimator.rate(2.0) == pytest.approx(64 * FIRST_RATE)
    assert estimator.rate(1e9) == 1e6
    assert estimator.earliest(1e9) == -math.inf


def test_a_refusal_holds_what_the_service_has_taken_in_a_second() -> None:
    """After 20 calls in a second and a refusal, one call looks when the delay is over; then 20 in any second."""
    estimator = RateEstimator(0.0)
    starts = start(estimator, 20, 0.0, 0.05)
    estimator.started(0.99)
    assert estimator.refused(0.99, 0.995, 0.01)
    assert estimator.earliest(1.0) == -math.inf
    estimator.started(1.005)
    assert estimator.earliest(1.005) == pytest.approx(starts[1] + 1 + MARGIN)
    assert estimator.rate(1.005) == 20


def test_a_limit_that_is_refused_again_though_its_window_has_room_is_a_longer_one() -> None:
    """One refusal in a second's window, one in ten seconds': the longer limit is found by the second refusal."""
    estimator = RateEstimator(0.0)
    start(estimator, 50, 0.0, 0.04)
    for at in (2.0, 3.5):
        estimator.started(at)
        assert estimator.refused(at, at + 0.01, 0.0)
    estimator.started(4.0)
    assert estimator.earliest(4.0) == pytest.approx(0.04 + 10 * (1 + MARGIN))


def test_a_window_is_not_shorter_than_the_delay_that_was_asked_for() -> None:
    """A service that asks for 55 seconds counts in minutes."""
    estimator = RateEstimator(0.0)
    start(estimator, 100, 0.0, 0.05)
    estimator.started(5.0)
    assert estimator.refused(5.0, 5.1, 55.0)
    estimator.started(60.1)
    assert estimator.earliest(60.1) == pytest.approx(0.05 + 60 * (1 + MARGIN))


def test_refusals_of_calls_from_before_the_last_one_change_nothing() -> None:
    """A burst of refusals is one sign, not fifty."""
    estimator = RateEstimator(0.0)
    start(estimator, 20, 0.0, 0.05)
    for at in (1.0, 1.001, 1.002):
        estimator.started(at)
    assert estimator.refused(1.0, 1.2, 0.1)
    assert not estimator.refused(1.001, 1.2, 0.1)
    assert not estimator.refused(1.002, 1.3, 0.1)
    assert estimator.refusals == 1


def test_a_call_that_is_taken_above_a_limit_disproves_it() -> None:
    """A random refusal among many answers slows nothing down for long."""
    estimator = RateEstimator(0.0)
    starts = [number * 0.01 for number in range(100)]
    for at in starts:
        estimator.started(at)
    estimator.rate(0.6)
    assert estimator.refused(starts[50], 0.6, 0.0)
    slowed = estimator.rate(0.6)
    for at in starts[:50] + starts[51:]:
        estimator.answered(at)
    estimator.started(1.0)
    assert estimator.earliest(1.0) == -math.inf
    assert estimator.rate(1.6) == pytest.approx(8 * slowed)


def test_a_limit_that_was_found_is_believed_for_a_while_and_then_tried() -> None:
    """A quota that was raised is used: slowly at first, several times faster within two minutes."""
    estimator = RateEstimator(0.0)
    start(estimator, 20, 0.0, 0.05)
    estimator.started(1.0)
    estimator.refused(1.0, 1.0, 0.0)
    believed = estimator.rate(1.0)
    assert estimator.rate(1.0 + TRUSTED_SECONDS) == believed
    assert believed < estimator.rate(1.0 + 1.5 * TRUSTED_SECONDS) < 1.03 * believed
    assert estimator.rate(51.0) > 5 * believed


def test_a_refusal_of_the_first_call_says_nothing_of_a_limit() -> None:
    """A quota that others have used up delays a run, and does not make it crawl afterwards."""
    estimator = RateEstimator(0.0)
    estimator.started(0.0)
    assert estimator.refused(0.0, 0.1, 20.0)
    assert estimator.earliest(21.0) == -math.inf
    assert estimator.rate(22.0) > FIRST_RATE


def test_a_limit_that_the_service_names_takes_the_place_of_what_was_found() -> None:
    """Nothing is guessed that is known."""
    estimator = RateEstimator(0.0)
    start(estimator, 20, 0.0, 0.05)
    estimator.started(1.0)
    estimator.refused(1.0, 1.0, 0.0)
    estimator.forget()
    estimator.started(1.0)
    assert estimator.earliest(1.0) == -math.inf


@pytest.mark.parametrize(
    "told", [lambda wait: wait, lambda wait: 0.2, lambda wait: None], ids=["told", "wrong", "none"]
)
@pytest.mark.parametrize("refusal_latency", [0.01, 0.2])
@pytest.mark.parametrize(
    ("limit", "seconds", "calls", "slower", "refusals"),
    [
        (20, 1, 400, 1.1, 20),
        (20, 1, 2000, 1.05, 30),
        (5, 1, 200, 1.06, 20),
        (50, 10, 400, 1.05, 70),
        (200, 10, 2000, 1.07, 140),
        (100, 60, 400, 1.35, 90),
        (600, 60, 3000, 1.1, 120),
    ],
)
@pytest.mark.no_cover
def test_an_untold_limit_is_found_and_filled(
    told: Told, refusal_latency: float, limit: int, seconds: float, calls: int, slower: float, refusals: int
) -> None:
    """Nobody has to know the quota: a job with 50 calls at once finds it, with few refusals and little time lost."""
    time = VirtualTime()
    governor = Governor(Limits(), 50, sleep=time.sleep, clock=time.clock)
    service = SlidingLimit(limit, seconds)
    make_calls(time, governor, calls, service.wait, told=told, refusal_latency=refusal_latency)
    ideal = (calls - 1) // limit * seconds + 0.2
    assert time.now - 1000 <= slower * ideal
    sent_before_the_first_refusal_was_known = 30 if refusal_latency > 0.1 else 0
    assert service.refusals <= refusals + sent_before_the_first_refusal_was_known
