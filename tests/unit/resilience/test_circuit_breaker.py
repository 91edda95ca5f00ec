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
    with pytest.raises(CircuitOpenError) as early:
        breaker.check()
    with pytest.raises(CircuitOpenError) as caught, breaker.call():
        pytest.fail("the service was asked")
    assert (caught.value.retry_after, caught.value.openings) == (early.value.retry_after, early.value.openings)
    return caught.value


def test_the_threshold_opens_the_circuit_and_not_one_failure_less() -> None:
    """CIRCUIT_BREAKER_THRESHOLD failures in a row, and the service is left alone for CIRCUIT_BREAKER_TIMEOUT."""
    time = VirtualTime()
    breaker = made(time, 4)
    breaker.check()
    call(breaker, OverloadedError("HTTP 503"))
    time.sleep(100)
    error = refusal(breaker)
    assert (error.retry_after, error.openings) == (200.0, 1)
    assert "gemini (m) has failed 5 times" in str(error)


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
    breaker.check()


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
    breaker.check()


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
    breaker.check()


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
    probes: list[int] = []

    def work(number: int) -> None:
        all_there.wait()
        try:
            with breaker.call():
                probes.append(number)
                for _ in range(31):
                    refused.acquire()
        except CircuitOpenError:
            refused.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(probes) == 1
