"""What happens while no provider may be asked: one wait, and then an end with a code that is tried again."""

import pytest

from query_generator.errors import CircuitOpenError, ExitCode, InterruptedRunError, RetryableError, ServiceAwayError
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.models import Product, QueryType
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.governor import Governor, Limits
from query_generator.resilience.guarded import GuardedProvider
from query_generator.resilience.retry import RetryBudget, RetryingProvider
from query_generator.resilience.waiting import WaitingProvider
from tests.support.scripted_provider import ScriptedProvider
from tests.support.virtual_time import VirtualTime

REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 1, Prompt("s", "u"))
FAULT = RetryableError("HTTP 500")


def test_an_open_circuit_is_waited_for() -> None:
    """A service that is away for one time-out costs the time and no product."""
    slept: list[float] = []
    inner = ScriptedProvider(CircuitOpenError("open", 300.0, 1), CircuitOpenError("probing", 1.0, 1), ["Is it good?"])
    provider = WaitingProvider(inner, slept.append)
    assert provider.generate(REQUEST).texts == ("Is it good?",)
    assert slept == [300.0, 1.0]
    assert (provider.name, provider.model) == ("scripted", "script-1")


def test_a_circuit_that_opens_again_ends_the_run() -> None:
    """A service that is away for longer ends the run with 75, and says how it goes on."""
    slept: list[float] = []
    with pytest.raises(ServiceAwayError, match="run the same job id again") as caught:
        WaitingProvider(ScriptedProvider(CircuitOpenError("open", 300.0, 2)), slept.append).generate(REQUEST)
    assert (caught.value.exit_code, slept) == (ExitCode.TRY_AGAIN, [])


def test_other_errors_pass_through() -> None:
    """Waiting is for open circuits alone."""
    with pytest.raises(RetryableError, match="HTTP 500"):
        WaitingProvider(ScriptedProvider(FAULT)).generate(REQUEST)


def test_a_stop_ends_the_waiting() -> None:
    """A run that is told to stop does not sit out the circuit's time-out."""

    def sleep(_: float) -> None:
        raise InterruptedRunError("stopped: SIGTERM")

    with pytest.raises(InterruptedRunError):
        WaitingProvider(ScriptedProvider(CircuitOpenError("open", 300.0, 1)), sleep).generate(REQUEST)


@pytest.mark.parametrize(("recovers", "calls"), [(True, 7), (False, 6)])
def test_the_layers_together_ask_a_broken_service_no_more_than_the_threshold_says(recovers: bool, calls: int) -> None:
    """Five failures, a wait, one probe: then all goes on, or the run ends; no layer repeats what another one does."""
    time = VirtualTime()
    inner = ScriptedProvider(*[FAULT] * 5, *([["Is it good?"]] * 2 if recovers else [FAULT]))
    governor = Governor(Limits(), 8, sleep=time.sleep, clock=time.clock)
    breaker = CircuitBreaker("scripted", 5, 300.0, time.clock)
    guarded = GuardedProvider(inner, governor, {QueryType.PRODUCT: breaker})
    retrying = RetryingProvider(guarded, 3, RetryBudget(), time.sleep, uniform=lambda low, high: low)
    provider = WaitingProvider(retrying, time.sleep)
    with pytest.raises(RetryableError):
        provider.generate(REQUEST)
    if recovers:
        assert [provider.generate(REQUEST).texts for _ in range(2)] == [("Is it good?",)] * 2
    else:
        with pytest.raises(ServiceAwayError):
            provider.generate(REQUEST)
    assert len(inner.requests) == calls
    assert 300 <= time.now - 1000 <= 302
