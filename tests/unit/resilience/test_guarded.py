"""What the guard of a provider tells the governor and the circuit breaker of a call."""

import pytest

from query_generator.errors import (
    Bill,
    BudgetExhaustedError,
    CircuitOpenError,
    OverloadedError,
    QueryGeneratorError,
    RateLimitedError,
    RetryableError,
    RunFencedError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt
from query_generator.llm.sending import about_to_send, request_sent
from query_generator.models import Product, QueryType
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.governor import STARVED_SECONDS, Governor, Limits
from query_generator.resilience.guarded import GuardedProvider, estimated_tokens
from tests.support.scripted_provider import ScriptedProvider, Step
from tests.support.virtual_time import VirtualTime

FAULT = RetryableError("HTTP 500")
GOOD = ["Is it good?"]


def request(query_type: QueryType = QueryType.PRODUCT, prompt: str = "u", count: int = 1) -> GenerationRequest:
    """A request."""
    return GenerationRequest(Product("Boot"), query_type, count, Prompt("s", prompt))


class Guarded:
    """A guarded provider that follows a script, in virtual time; each type of question has its own breaker."""

    def __init__(self, *script: Step, limits: Limits | None = None) -> None:
        self.time = VirtualTime()
        self.inner = ScriptedProvider(*script)
        self.governor = Governor(limits or Limits(), 4, sleep=self.time.sleep, clock=self.time.clock)
        self.provider = self.around(self.inner)

    def around(self, provider: ScriptedProvider) -> GuardedProvider:
        """Guard a provider."""
        breakers = {kind: CircuitBreaker(kind, 5, 300.0, self.time.clock) for kind in QueryType}
        return GuardedProvider(provider, self.governor, breakers)

    def fail(self, error: type[QueryGeneratorError], query_type: QueryType = QueryType.PRODUCT) -> None:
        """Make a call that fails so."""
        with pytest.raises(error):
            self.provider.generate(request(query_type))


class SlowProvider(ScriptedProvider):
    """Takes three seconds for a call, and tells at once that it was sent, or not at all."""

    SECONDS = 3.0

    def __init__(self, time: VirtualTime, tells: bool, *script: Step) -> None:
        super().__init__(*script)
        self._time = time
        self._tells = tells

    def generate(self, request: GenerationRequest) -> GenerationReply:
        if self._tells:
            request_sent()
        self._time.sleep(self.SECONDS)
        return super().generate(request)


def test_a_reply_comes_through_and_its_tokens_are_settled() -> None:
    """What a call has used, and not what it was estimated at, counts for the tokens a minute."""
    guarded = Guarded(*[GOOD] * 5, limits=Limits(None, 780))  # two estimated calls, or sixty real ones
    for _ in range(5):
        assert guarded.provider.generate(request(count=10)).texts == ("Is it good?",)
    assert (guarded.provider.name, guarded.provider.model) == ("scripted", "script-1")
    assert guarded.time.now - 1000 < 70


def test_tokens_of_a_refused_prompt_are_settled() -> None:
    """A reply of no use counts for the tokens a minute with what it was billed, not with what was estimated."""
    refusal = SkippableError("blocked")
    refusal.bill = Bill("script-1", 10, 3, 0)
    guarded = Guarded(*[refusal] * 5, limits=Limits(None, 780))
    for _ in range(5):
        with pytest.raises(SkippableError):
            guarded.provider.generate(request(count=10))
    assert guarded.time.now - 1000 < 70


@pytest.mark.parametrize(("tells", "waits"), [(True, 0.0), (False, 1.0)])
def test_a_call_counts_when_it_goes_out(tells: bool, waits: float) -> None:
    """The next call of one a second follows a second after the last was written, or, if nobody told that, was over."""
    guarded = Guarded(GOOD, GOOD, limits=Limits(60))
    guarded.inner = SlowProvider(guarded.time, tells, GOOD, GOOD)
    guarded.provider = guarded.around(guarded.inner)
    guarded.provider.generate(request())
    ended = guarded.time.now
    guarded.provider.generate(request())
    assert guarded.time.now - ended - SlowProvider.SECONDS == pytest.approx(waits, abs=0.02)


def test_an_open_circuit_costs_no_place_and_no_call() -> None:
    """While the circuit is open a call is refused at once, also when the limit would have it wait for minutes."""
    guarded = Guarded(*[FAULT] * 5, limits=Limits(6))
    for _ in range(5):
        guarded.fail(RetryableError)
    at = guarded.time.now
    guarded.fail(CircuitOpenError)
    assert (guarded.time.now, len(guarded.inner.requests)) == (at, 5)


def test_models_fail_apart() -> None:
    """When the model for market questions is down, product questions are still asked."""
    guarded = Guarded(*[FAULT] * 5, GOOD)
    for _ in range(5):
        guarded.fail(RetryableError, QueryType.MARKET)
    guarded.fail(CircuitOpenError, QueryType.MARKET)
    assert guarded.provider.generate(request()).texts == ("Is it good?",)


def test_a_rate_limit_pauses_the_next_call() -> None:
    """The delay of a 429 is waited out by whoever calls next."""
    guarded = Guarded(RateLimitedError("429", 37.0), GOOD)
    guarded.fail(RateLimitedError)
    guarded.provider.generate(request())
    assert guarded.time.now == pytest.approx(1037.0)


def test_ten_minutes_of_rate_limits_end_the_run_whatever_the_breaker_says() -> None:
    """Refusals open no circuit; after ten minutes they end the buying."""
    guarded = Guarded(*[RateLimitedError("429", 60.0)] * 20)
    for _ in range(11):
        guarded.fail(RateLimitedError)
    guarded.fail(BudgetExhaustedError)
    assert guarded.time.now - 1000 > STARVED_SECONDS


@pytest.mark.parametrize("error", [UnusableReplyError("no JSON"), SkippableError("blocked")])
def test_a_reply_that_is_useless_still_tells_that_the_service_takes_calls(error: QueryGeneratorError) -> None:
    """A service that refuses now and then, and answers badly in between, is not one without quota."""
    guarded = Guarded(*[RateLimitedError("429", 60.0), error] * 20)
    for _ in range(20):
        guarded.fail(RateLimitedError)
        guarded.fail(type(error))
    assert guarded.time.now - 1000 > STARVED_SECONDS


def test_overload_narrows_the_flight() -> None:
    """A 503 counts as a failure, and has fewer calls in flight."""
    guarded = Guarded(*[OverloadedError("503")] * 5)
    for _ in range(5):
        guarded.fail(OverloadedError)
    assert guarded.governor._window.size < 4
    guarded.fail(CircuitOpenError)


def test_a_call_is_estimated_by_the_bytes_of_its_prompt_and_the_questions() -> None:
    """A long description and many questions need more tokens, in Chinese too."""
    assert estimated_tokens(request(prompt="u" * 399, count=10)) == 100 + 400
    assert estimated_tokens(request(prompt="靴" * 400, count=10)) == 300 + 400


class AskedProvider(ScriptedProvider):
    """Asks, as a transport does, whether its request may be written."""

    def generate(self, request: GenerationRequest) -> GenerationReply:
        about_to_send()
        return super().generate(request)


def test_a_call_is_confirmed_again_when_it_is_about_to_go_out() -> None:
    """A run that was taken over while an SDK prepared the request spends nothing: the call ends there."""
    guarded, confirmations = Guarded(), iter([None, RunFencedError("declared dead")])
    provider = AskedProvider(GOOD)

    def confirm() -> None:
        if error := next(confirmations):
            raise error

    breakers = {kind: CircuitBreaker(kind, 5, 300.0, guarded.time.clock) for kind in QueryType}
    with pytest.raises(RunFencedError):
        GuardedProvider(provider, guarded.governor, breakers, confirm).generate(request())
    assert provider.requests == []
