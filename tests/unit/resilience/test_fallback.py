"""Providers that stand in for each other: who is asked, who no more, and what is said when nobody answers."""

import logging

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    CircuitOpenError,
    ConfigurationError,
    CostCapReachedError,
    FatalError,
    InterruptedRunError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RepliesOfNoUseError,
    RetryableError,
    RunFencedError,
    ServiceAwayError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.models import Product, QueryType
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.fallback import FallbackProvider, error_of_all
from query_generator.resilience.governor import Governor, Limits
from query_generator.resilience.guarded import GuardedProvider
from query_generator.resilience.retry import RetryBudget, RetryingProvider
from tests.support.scripted_provider import ScriptedProvider, Step
from tests.support.virtual_time import VirtualTime

REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 1, Prompt("s", "u"))
GOOD = ["Is it good?"]
OPEN = CircuitOpenError("a is left alone", 300.0, 1)


class Pair:
    """Two scripted providers, `a` before `b`."""

    def __init__(self, first: list[Step], second: list[Step]) -> None:
        self.a, self.b = ScriptedProvider(*first, name="a"), ScriptedProvider(*second, name="b")
        self.provider = FallbackProvider([self.a, self.b])

    def calls(self) -> tuple[int, int]:
        """How often each was asked."""
        return len(self.a.requests), len(self.b.requests)


def test_the_first_answers_alone_as_long_as_it_can() -> None:
    """Nobody else is paid while the preferred provider answers, and the reply says who that was."""
    pair = Pair([GOOD, GOOD], [])
    assert [pair.provider.generate(REQUEST).provider for _ in range(2)] == ["a", "a"]
    assert (pair.provider.name, pair.provider.model) == ("a, b", "script-1, script-1")


@pytest.mark.parametrize(
    "fault",
    [
        OPEN,
        RetryableError("HTTP 500"),
        OverloadedError("HTTP 503"),
        RateLimitedError("HTTP 429", 2.0),
        UnusableReplyError("no JSON"),
        SkippableError("SAFETY"),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_one_call_is_answered_by_the_next_and_the_first_is_asked_again(fault: QueryGeneratorError) -> None:
    """One bad call, a refusal by one model too, costs no question; the preferred provider gets the next call."""
    pair = Pair([fault, GOOD], [GOOD])
    assert [pair.provider.generate(REQUEST).provider for _ in range(2)] == ["b", "a"]
    assert pair.calls() == (2, 1)


@pytest.mark.parametrize("lasting", [BudgetExhaustedError, PermissionRefusedError, ConfigurationError])
def test_a_provider_that_cannot_answer_today_is_not_asked_again(
    lasting: type[FatalError], caplog: pytest.LogCaptureFixture
) -> None:
    """A used-up day, a refused key and an unknown model cost one call in the run, and are told once."""
    pair = Pair([lasting("no more of this")], [GOOD] * 3)
    with caplog.at_level(logging.WARNING):
        assert [pair.provider.generate(REQUEST).provider for _ in range(3)] == ["b"] * 3
    assert pair.calls() == (1, 3)
    assert caplog.messages == ["[AI ERROR] a is not asked any more in this run: no more of this"]


@pytest.mark.parametrize(
    "end", [InterruptedRunError, CostCapReachedError, ServiceAwayError, RunFencedError], ids=lambda end: end.__name__
)
def test_what_ends_the_run_is_not_taken_for_a_fault_of_a_provider(end: type[FatalError]) -> None:
    """A stop signal, the cost cap, a database that is away and another run's takeover ask nobody else for money."""
    error = end("the end")
    pair = Pair([error], [])
    with pytest.raises(end) as caught:
        pair.provider.generate(REQUEST)
    assert caught.value is error
    assert pair.calls() == (1, 0)


def test_a_lone_provider_speaks_for_itself() -> None:
    """With one provider its own error comes out, delay and all, and is asked anew for the next product."""
    error = RateLimitedError("HTTP 429", 7.0, requests_per_minute=60)
    provider = FallbackProvider([ScriptedProvider(error, GOOD)])
    with pytest.raises(RateLimitedError) as caught:
        provider.generate(REQUEST)
    assert caught.value is error
    assert provider.generate(REQUEST).texts == ("Is it good?",)


def ask_all(provider: FallbackProvider, times: int) -> list[str]:
    """The providers that answered so many calls, or the errors by their kind."""
    answered = []
    for _ in range(times):
        try:
            answered.append(provider.generate(REQUEST).provider)
        except QueryGeneratorError as exc:
            answered.append(type(exc).__name__)
    return answered


def test_a_provider_whose_replies_are_of_no_use_is_not_paid_for_long(caplog: pytest.LogCaptureFixture) -> None:
    """After five such replies in a row the others alone are asked; a good one between them begins the count anew."""
    bad = UnusableReplyError("no JSON")
    pair = Pair([*[bad] * 4, GOOD, *[bad] * 5], [GOOD] * 12)
    with caplog.at_level(logging.WARNING):
        assert ask_all(pair.provider, 13) == [*"bbbb", "a", *"bbbbbbbb"]
    assert pair.calls() == (10, 12)
    (told,) = caplog.messages
    assert told == (
        "[AI ERROR] a is not asked any more in this run: its last 5 replies were of no use. The last one: no JSON"
    )


def test_the_last_provider_that_is_left_is_asked_whatever_its_replies() -> None:
    """Whether the run stops buying is then decided by the items, which get a second reply."""
    bad = UnusableReplyError("no JSON")
    pair = Pair([bad] * 5, [bad] * 20)
    assert ask_all(pair.provider, 20) == ["UnusableReplyError"] * 20
    assert pair.calls() == (5, 20)
    alone = ScriptedProvider(*[bad] * 20)
    assert ask_all(FallbackProvider([alone]), 20) == ["UnusableReplyError"] * 20


def test_what_all_replies_held_is_told_together() -> None:
    """Dropped texts of all of them are counted, and the last one is shown."""
    one, two = UnusableReplyError("no questions"), UnusableReplyError("no questions either")
    one.dropped, two.dropped, two.looks_like = {"empty": 1}, {"empty": 2, "markup": 1}, "<p>"
    error = error_of_all({"a": one, "b": two})
    assert isinstance(error, UnusableReplyError)
    assert (error.dropped, error.looks_like) == ({"empty": 3, "markup": 1}, "<p>")


SPENT, REFUSED, UNKNOWN = BudgetExhaustedError("day"), PermissionRefusedError("key"), ConfigurationError("model")
UNUSABLE, BAD_REQUEST = UnusableReplyError("no JSON"), RefusedRequestError("HTTP 400")
IN_VAIN = RepliesOfNoUseError("its last 5 replies")
FAULT, LIMITED, SKIPPED = RetryableError("HTTP 500"), RateLimitedError("HTTP 429", 5.0), SkippableError("SAFETY")


@pytest.mark.parametrize(
    ("causes", "kind"),
    [
        ((OPEN, OPEN), CircuitOpenError),
        ((OPEN, REFUSED), CircuitOpenError),
        ((OPEN, FAULT), RetryableError),
        ((OPEN, SKIPPED), RetryableError),
        ((OPEN, LIMITED), RateLimitedError),
        ((FAULT, LIMITED), RateLimitedError),
        ((SKIPPED, LIMITED), RateLimitedError),
        ((REFUSED, LIMITED), RateLimitedError),
        ((FAULT, FAULT), RetryableError),
        ((FAULT, SKIPPED), RetryableError),
        ((SPENT, FAULT), RetryableError),
        ((SKIPPED, SKIPPED), SkippableError),
        ((REFUSED, SKIPPED), RefusedRequestError),
        ((BAD_REQUEST, SKIPPED), RefusedRequestError),
        ((UNUSABLE, UNUSABLE), UnusableReplyError),
        ((UNUSABLE, SKIPPED), UnusableReplyError),
        ((UNUSABLE, REFUSED), UnusableReplyError),
        ((IN_VAIN, UNUSABLE), UnusableReplyError),
        ((UNUSABLE, FAULT), RetryableError),
        ((UNUSABLE, OPEN), RetryableError),
        ((UNUSABLE, LIMITED), RateLimitedError),
        ((IN_VAIN, OPEN), CircuitOpenError),
        ((IN_VAIN, IN_VAIN), RepliesOfNoUseError),
        ((REFUSED, SPENT), BudgetExhaustedError),
        ((REFUSED, UNKNOWN), PermissionRefusedError),
        ((UNKNOWN, REFUSED), ConfigurationError),
    ],
)
def test_all_failures_together_are_classed_by_what_may_help(
    causes: tuple[QueryGeneratorError, ...], kind: type[QueryGeneratorError]
) -> None:
    """Waiting, another try, the next product or the end: the mildest that any of the causes leaves; each is named."""
    by_name = dict(zip(("gemini", "openai"), causes, strict=True))
    error = error_of_all(by_name)
    assert type(error) is kind
    assert all(f"{name}: {cause}" in str(error) for name, cause in by_name.items())


def test_open_circuits_are_waited_for_until_the_first_of_them_lets_a_call_through() -> None:
    """With every service down the wait ends with the shortest of the rests, and counts as the hope of the best."""
    error = error_of_all({"a": CircuitOpenError("a", 200.0, 3), "b": CircuitOpenError("b", 40.0, 1)})
    assert isinstance(error, CircuitOpenError)
    assert (error.retry_after, error.openings) == (40.0, 1)


def test_a_rate_limit_of_all_is_waited_for_until_the_first_of_them_takes_calls() -> None:
    """With every quota used up for now the item waits for the one that has room first."""
    error = error_of_all({"a": RateLimitedError("a", 30.0), "b": FAULT, "c": RateLimitedError("c", 5.0)})
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 5.0


def test_nobody_left_ends_the_run_with_each_cause() -> None:
    """When the last provider falls out the run ends with 69 if a budget is among the causes, and names all of them."""
    pair = Pair([PermissionRefusedError("key refused")], [GOOD, BudgetExhaustedError("day used up")])
    assert pair.provider.generate(REQUEST).provider == "b"
    with pytest.raises(BudgetExhaustedError, match="every provider failed: a: key refused; b: day used up") as caught:
        pair.provider.generate(REQUEST)
    assert (int(caught.value.exit_code), pair.calls()) == (69, (1, 2))


def test_a_transient_fault_is_tried_again_before_another_provider_is_paid_and_an_open_circuit_is_not() -> None:
    """Three tries at the first, then the second; once the circuit is open the second answers without a second lost."""
    time = VirtualTime()
    a, b = ScriptedProvider(*[FAULT] * 5, name="a"), ScriptedProvider(*[GOOD] * 4, name="b")
    guarded = GuardedProvider(
        a,
        Governor(Limits(), 4, sleep=time.sleep, clock=time.clock),
        {QueryType.PRODUCT: CircuitBreaker("a", 5, 300.0, time.clock)},
    )
    retrying = RetryingProvider(guarded, 3, RetryBudget(), time.sleep, uniform=lambda low, high: high)
    provider = FallbackProvider([retrying, b])
    asked = []
    for _ in range(3):
        assert provider.generate(REQUEST).provider == "b"
        asked.append(len(a.requests))
    assert asked == [3, 5, 5]
    at = time.now
    provider.generate(REQUEST)
    assert (time.now, len(a.requests), len(b.requests)) == (at, 5, 4)
