"""A provider behind its circuit breaker and its quota governor."""

from collections.abc import Callable, Mapping
from functools import partial

from query_generator.errors import OverloadedError, RateLimitedError, SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround, estimated_usage
from query_generator.llm.sending import told_when_sent
from query_generator.models import QueryType
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.governor import Governor


class GuardedProvider(ProviderAround):
    """Makes a call when the governor admits it, if the circuit is closed."""

    def __init__(
        self,
        provider: Provider,
        governor: Governor,
        breakers: Mapping[QueryType, CircuitBreaker],
        confirm: Callable[[], None] = lambda: None,
    ) -> None:
        """Take one breaker for each type of question (types with the same model share one), and a function that is
        called when a call is admitted, and again just before its request is sent, since a run may be frozen in between:
        it may wait, and the call is not made if it raises.
        """
        self._confirm = confirm
        self._provider = provider
        self._governor = governor
        self._breakers = breakers

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call. Raises CircuitOpenError at once while the circuit is open."""
        breaker = self._breakers[request.query_type]
        breaker.check()
        tokens = estimated_tokens(request)
        with self._governor.admit(tokens) as started, breaker.call():
            self._confirm()
            try:
                with told_when_sent(partial(self._governor.sent, started), self._confirm):
                    reply = self._provider.generate(request)
            except RateLimitedError as exc:
                self._governor.refused(started, exc)
                raise
            except OverloadedError:
                self._governor.overloaded(started)
                raise
            except (UnusableReplyError, SkippableError) as exc:
                used = exc.bill.prompt_tokens + exc.bill.output_tokens if exc.bill else tokens
                self._governor.answered(started, used)
                raise
            self._governor.answered(started, reply.usage.prompt_tokens + reply.usage.output_tokens)
            return reply


def estimated_tokens(request: GenerationRequest) -> int:
    """Return an estimate of the tokens of a call's prompt and reply, for use before the first replies."""
    usage = estimated_usage(request)
    return usage.prompt_tokens + usage.output_tokens
