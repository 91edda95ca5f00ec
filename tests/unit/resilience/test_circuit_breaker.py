"""The circuit breaker: when it opens, who may look whether the service is back, and what is no failure."""

import threading
from contextlib import suppress

import pytest

from query_generator.errors import (
    CircuitOpenError,
    InterruptedRunError,
    OverloadedError,
    QueryGeneratorError,
    RateLimitedError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.resilience.circuit_breaker import PROBE_SECONDS, CircuitBreaker
from tests.support.virtual_time import VirtualTime

FAULT = RetryableError("HTTP 500")
SECONDS = 30.0  # for a test that would hang


def call(breaker: CircuitBreaker, error: QueryGeneratorError | None = None) -> None:
    """Make a call that ends so."""
    with suppress(type(error or FAULT)), breaker.call():
        if error:
            raise error


def made(time: VirtualTime, failures: int = 0, timeout: float = 300.0) -> CircuitBreaker:
    """A breaker with a threshold of 5, after so many failures."""
    breaker = CircuitBreaker("gemini (m)", 5, timeout, time.clock)
    for _ in range(failures):
        call(breaker, FAULT)
    return breaker


def refusal(breaker: CircuitBreaker) -> CircuitOpenError:
    """What a call gets while the circuit is open."""
    with pytest.raises(CircuitOpenError) as caught, breaker.call():
        pytest.fail("the service was asked")
    return caught.value


def is_open(breaker: CircuitBreaker) -> bool:
    """Whether one finds out early that a call would not be made."""
    try:
        breaker.check()
    except CircuitOpenError:
        return True
    return False


def test_who_looks_early_hears_what_a_call_would() -> None:
    """Before a place in the limits is taken one hears the same wait and the same count of openings as with a call."""
    breaker = made(VirtualTime(), 5)
    with pytest.raises(CircuitOpenError) as early:
        breaker.check()
    late = refusal(breaker)
    assert (early.value.retry_after, early.value.openings, str(early.value)) == (300.0, 1, str(late))
    assert (late.retry_after, late.openings) == (300.0, 1)


def test_the_threshold_opens_the_circuit_and_not_one_failure_less() -> None:
    """CIRCUIT_BREAKER_THRESHOLD failures in a row, and the service is left alone for CIRCUIT_BREAKER_TIMEOUT."""
    time = VirtualTime()
    breaker = made(time, 4)
    assert not is_open(breaker)
    call(breaker, OverloadedError("HTTP 503"))
    time.sleep(100)
    error = refusal(breaker)
    assert (error.retry_after, error.openings) == (200.0, 1)
    assert "gemini (m) has failed 5 times" in str(error)
    assert "the last time: HTTP 503" in str(error)


@pytest.mark.parametrize(
    "answer", [None, RateLimitedError("429"), UnusableReplyError("no JSON"), SkippableError("blocked")]
)
def test_any_answer_of_the_service_ends_a_row_of_failures(answer: QueryGeneratorError | None) -> None:
    """A 429, a refusal and a useless reply come from a service that works: they open nothing."""
    breaker = made(VirtualTime(), 4)
    for _ in range(20):
        call(breaker, answer)
    for _ in range(4):
        call(breaker, FAULT)
    assert not is_open(breaker)


def test_one_probe_at_a_time_looks_whether_the_service_is_back() -> None:
    """After the time-out one call is made, the others wait a moment; its answer lets them all through."""
    time = VirtualTime()
    breaker = made(time, 5)
    time.sleep(300)
    with breaker.call():
        assert refusal(breaker).retry_after == PROBE_SECONDS
    call(breaker)
    for _ in range(4):
        call(breaker, FAULT)
    assert not is_open(breaker)


def test_a_failed_probe_opens_the_circuit_again() -> None:
    """A service that is still down is asked once a time-out, and the openings are counted until it answers."""
    time = VirtualTime()
    breaker = made(time, 5)
    for openings in (2, 3):
        time.sleep(300)
        call(breaker, FAULT)
        error = refusal(breaker)
        assert (error.retry_after, error.openings) == (300.0, openings)
    time.sleep(300)
    call(breaker)
    for _ in range(5):
        call(breaker, FAULT)
    assert refusal(breaker).openings == 1


def test_a_probe_that_was_interrupted_leaves_its_place_to_the_next() -> None:
    """A probe that ends without a word of the service blocks nobody, and counts as nothing."""
    time = VirtualTime()
    breaker = made(time, 5)
    time.sleep(300)
    with pytest.raises(InterruptedRunError), breaker.call():
        raise InterruptedRunError("stopped")
    call(breaker)
    assert not is_open(breaker)


def test_late_failures_of_calls_from_before_do_not_open_it_anew() -> None:
    """Calls that were in flight when it opened are part of that opening."""
    time = VirtualTime()
    breaker = made(time)
    late = [breaker.call() for _ in range(3)]
    for place in late:
        place.__enter__()
    for _ in range(5):
        call(breaker, FAULT)
    for place in late:
        assert not place.__exit__(RetryableError, FAULT, None)
    error = refusal(breaker)
    assert (error.openings, error.retry_after) == (1, 300.0)


def test_of_many_threads_one_probes() -> None:
    """Thirty-two threads that wake up together ask a broken service once."""
    time = VirtualTime()
    breaker = made(time, 5)
    time.sleep(300)
    all_there, refused = threading.Barrier(32), threading.Semaphore(0)
    probes, everybody = list[int](), list[bool]()

    def work(number: int) -> None:
        all_there.wait()
        try:
            with breaker.call():
                probes.append(number)
                for _ in range(31):
                    everybody.append(refused.acquire(timeout=SECONDS))
        except CircuitOpenError:
            refused.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(probes) == 1
    assert everybody == [True] * 31
