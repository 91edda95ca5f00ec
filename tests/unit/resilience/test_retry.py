"""Retries: how often, how long after, and what is not tried again."""

import threading

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    CircuitOpenError,
    InterruptedRunError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.models import Product, QueryType
from query_generator.resilience.retry import LONGEST_DELAY, RetryBudget, RetryingProvider
from tests.support.scripted_provider import ScriptedProvider

REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 1, Prompt("s", "u"))
FAULT = RetryableError("overloaded")


def longest(_: float, high: float) -> float:
    """The jitter's upper bound."""
    return high


def shortest(low: float, _: float) -> float:
    """The jitter's lower bound."""
    return low


def test_a_transient_fault_is_tried_again() -> None:
    """One overload costs a wait, not a product; the retry is counted once."""
    slept: list[float] = []
    retries: list[int] = []
    inner = ScriptedProvider(FAULT, ["Is it good?"])
    provider = RetryingProvider(inner, 3, RetryBudget(), slept.append, lambda: retries.append(1))
    assert provider.generate(REQUEST).texts == ("Is it good?",)
    assert inner.requests == [REQUEST, REQUEST]
    assert (len(slept), len(retries)) == (1, 1)


@pytest.mark.parametrize("attempts", [1, 3, 10])
def test_the_number_of_tries_is_the_one_that_was_set(attempts: int) -> None:
    """RETRY_MAX_ATTEMPTS counts the first try too; then the last fault is handed on, without a last wait."""
    faults = [RetryableError(f"fault {number}") for number in range(attempts)]
    slept: list[float] = []
    inner = ScriptedProvider(*faults)
    with pytest.raises(RetryableError) as caught:
        RetryingProvider(inner, attempts, RetryBudget(), slept.append).generate(REQUEST)
    assert caught.value is faults[-1]
    assert (len(inner.requests), len(slept)) == (attempts, attempts - 1)


@pytest.mark.parametrize(
    "error",
    [
        SkippableError("blocked"),
        PermissionRefusedError("key"),
        BudgetExhaustedError("day"),
        InterruptedRunError("stop"),
        CircuitOpenError("open", 300.0, 1),
        UnusableReplyError("no questions"),
    ],
)
def test_what_another_try_cannot_mend_is_not_tried_again(error: QueryGeneratorError) -> None:
    """A refused key or a blocked prompt is paid for once."""
    slept: list[float] = []
    with pytest.raises(type(error)):
        RetryingProvider(ScriptedProvider(error), 5, RetryBudget(), slept.append).generate(REQUEST)
    assert slept == []


def test_the_wait_is_exponential_with_full_jitter_and_a_ceiling() -> None:
    """The waits lie between 0 and 1, 2, 4, ... seconds, never above a minute."""
    for jitter, expected in ((longest, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]), (shortest, [0.0] * 9)):
        slept: list[float] = []
        inner = ScriptedProvider(*[FAULT] * 9, ["Is it good?"])
        RetryingProvider(inner, 10, RetryBudget(), slept.append, uniform=jitter).generate(REQUEST)
        assert slept == expected
    assert max(expected, default=0.0) <= LONGEST_DELAY


def test_the_jitter_is_spread() -> None:
    """A thousand callers that failed together do not come back together."""
    slept: list[float] = []
    for _ in range(1_000):
        RetryingProvider(ScriptedProvider(FAULT, ["Is it good?"]), 2, RetryBudget(), slept.append).generate(REQUEST)
    assert 0.0 <= min(slept) <= max(slept) <= 1.0
    assert len(set(slept)) > 900


@pytest.mark.parametrize("asked", [0.5, 37.0, 90.0])
def test_a_delay_that_the_service_asks_for_is_waited_out(asked: float) -> None:
    """RetryInfo of an overload is honoured in full, also above our own ceiling, and the jitter comes after it."""
    for jitter, extra in ((shortest, 0.0), (longest, 1.0)):
        slept: list[float] = []
        inner = ScriptedProvider(OverloadedError("503", asked), ["Is it good?"])
        RetryingProvider(inner, 2, RetryBudget(), slept.append, uniform=jitter).generate(REQUEST)
        assert slept == [asked + extra]


def test_a_stop_ends_the_waiting() -> None:
    """A job that is told to stop does not wait for its next try."""

    def sleep(_: float) -> None:
        raise InterruptedRunError("stopped: SIGTERM")

    inner = ScriptedProvider(FAULT)
    with pytest.raises(InterruptedRunError):
        RetryingProvider(inner, 3, RetryBudget(), sleep).generate(REQUEST)
    assert len(inner.requests) == 1


def test_each_call_has_its_own_count() -> None:
    """A bad minute of one product takes no try from the next one."""
    inner = ScriptedProvider(FAULT, FAULT, ["Is it good?"], FAULT, FAULT, ["Is it bad?"])
    provider = RetryingProvider(inner, 3, RetryBudget(), lambda _: None)
    assert [provider.generate(REQUEST).texts for _ in range(2)] == [("Is it good?",), ("Is it bad?",)]


def test_the_name_and_model_are_those_inside() -> None:
    """What is recorded with a question is the vendor, not the wrapping."""
    provider = RetryingProvider(ScriptedProvider(), 3, RetryBudget())
    assert (provider.name, provider.model) == ("scripted", "script-1")


def test_a_rate_limit_is_tried_again_without_a_wait_of_its_own() -> None:
    """After a 429 the governor alone says when the next call may start: no wait is added to the one that was told."""
    slept: list[float] = []
    inner = ScriptedProvider(RateLimitedError("429", 37.0), ["Is it good?"])
    RetryingProvider(inner, 2, RetryBudget(), slept.append, uniform=longest).generate(REQUEST)
    assert slept == [0.0]


def test_retries_are_at_most_a_tenth_of_all_calls_and_ten() -> None:
    """A service that fails every call is asked 1.1 times as often as without retries, not three times."""
    inner = ScriptedProvider(*[FAULT] * 1_000)
    provider = RetryingProvider(inner, 3, RetryBudget(), lambda _: None)
    for _ in range(200):
        with pytest.raises(RetryableError):
            provider.generate(REQUEST)
    assert 200 + 10 + 19 <= len(inner.requests) <= 200 + 10 + 20


def test_the_budget_is_one_for_all_threads() -> None:
    """Thirty-two threads spend no retry twice."""
    budget = RetryBudget(share=0.5, reserve=100.0)
    spent: list[bool] = []

    def work() -> None:
        for _ in range(100):
            budget.earn()
            spent.append(budget.spend())

    threads = [threading.Thread(target=work) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent += [budget.spend() for _ in range(200)]
    assert sum(spent) == 100 + 32 * 100 // 2


def test_a_stray_rate_limit_is_waited_out_by_its_own_call() -> None:
    """The governor has said how long this call alone is not made again: exactly so long, without jitter."""
    slept: list[float] = []
    stray = RateLimitedError("429", 37.0)
    stray.wait_alone = 37.0
    inner = ScriptedProvider(stray, ["Is it good?"])
    assert RetryingProvider(inner, 3, RetryBudget(), slept.append, uniform=longest).generate(REQUEST).texts
    assert slept == [37.0]


def test_a_call_without_budget_hands_its_error_on_at_once() -> None:
    """When the budget is spent, the item goes to the back of the queue instead of waiting here."""
    slept: list[float] = []
    inner = ScriptedProvider(FAULT)
    with pytest.raises(RetryableError, match="overloaded"):
        RetryingProvider(inner, 3, RetryBudget(reserve=0.0), slept.append).generate(REQUEST)
    assert (len(inner.requests), slept) == (1, [])
