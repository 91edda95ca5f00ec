"""Counts what calls cost, in number, time and tokens."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace

from query_generator.errors import Bill, QueryGeneratorError, RetryableError
from query_generator.llm.base import (
    GenerationReply,
    GenerationRequest,
    Provider,
    ProviderAround,
    Usage,
    estimated_usage,
    usage_of,
)
from query_generator.llm.prices import cost_usd
from query_generator.masking import without_keys
from query_generator.unexpected import unexpected_as

_LOG = logging.getLogger("metered")


@dataclass(slots=True)
class CallStats:
    """Sums over the calls of a run.

    `fallback_requests` went to another provider than the first. `seconds` counts successful calls only, tokens those
    that were billed, also for replies of no use. `unpriced_requests` are billed calls of a model whose price is not
    known: with any, `cost_usd` is too low. `estimated_requests` are calls whose billed tokens could not be read, and
    count as estimated. `cost_by_provider` is in US dollars, by provider name; None where some price is not known.
    """

    total_requests: int = 0
    successful_requests: int = 0
    failed_requests: int = 0
    retries: int = 0
    fallback_requests: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    unpriced_requests: int = 0
    estimated_requests: int = 0
    cost_by_provider: dict[str, float | None] = field(default_factory=dict)

    def plus(self, other: "CallStats") -> "CallStats":
        """Add two sums."""
        names = [f.name for f in fields(self) if f.name != "cost_by_provider"]
        result = CallStats(**{name: getattr(self, name) + getattr(other, name) for name in names})
        for provider, usd in (*self.cost_by_provider.items(), *other.cost_by_provider.items()):
            result.add_cost(provider, usd)
        return result

    def add_cost(self, provider: str, usd: float | None) -> None:
        """Count what a provider's calls have cost."""
        so_far = self.cost_by_provider.get(provider, 0.0)
        self.cost_by_provider[provider] = None if usd is None or so_far is None else so_far + usd


class MeteredProvider(ProviderAround):
    """Counts every call that goes to the vendor, just outside the SDK, so that waiting is not counted as latency.

    It is also the one place that prices what a call has billed: the reply, or the bill of an error, carries the cost.
    """

    def __init__(
        self,
        provider: Provider,
        clock: Callable[[], float] = time.monotonic,
        *,
        is_fallback: bool = False,
        cost: Callable[[str, str, Usage], float | None] = cost_usd,
    ) -> None:
        """Take the provider, and what prices a call by provider, model and usage."""
        self._provider = provider
        self._is_fallback = is_fallback
        self._cost = cost
        self._clock = clock
        self._lock = threading.Lock()
        self._stats = CallStats()

    def stats(self) -> CallStats:
        """Return the sums up to now."""
        with self._lock:
            return replace(self._stats, cost_by_provider=dict(self._stats.cost_by_provider))

    def count_retry(self) -> None:
        """Count a call as a repeated one, before it is made again."""
        with self._lock:
            self._stats.retries += 1

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make the call and count it, also when it fails."""
        started = self._clock()
        try:
            with unexpected_as(lambda reason: RetryableError(f"{self.name}: {reason}")):
                reply = self._provider.generate(request)
        except QueryGeneratorError as exc:
            self._count(failed_requests=1)
            if exc.bill:
                usage = self._readable(usage_of(exc.bill), request)
                cost = self._bill(self.name, exc.bill.model, usage)
                model = without_keys(exc.bill.model)
                exc.bill = Bill(model, usage.prompt_tokens, usage.output_tokens, usage.cached_tokens, cost)
            raise
        self._count(successful_requests=1, seconds=self._clock() - started)
        reply = _without_secrets(reply)
        usage = self._readable(reply.usage, request)
        return replace(reply, usage=usage, cost_usd=self._bill(reply.provider, reply.model, usage))

    def _readable(self, usage: Usage, request: GenerationRequest) -> Usage:
        """Return the tokens of a call, or an estimate where the reply bills something that is no count."""
        if usage.prompt_tokens >= 0:
            return usage
        with self._lock:
            self._stats.estimated_requests += 1
            is_first = self._stats.estimated_requests == 1
        if is_first:
            _LOG.warning("[AI ERROR] %s bills no tokens that can be read; they are estimated", self.name)
        return estimated_usage(request, usage.output_tokens)

    def _bill(self, provider: str, model: str, usage: Usage) -> float | None:
        cost = self._cost(provider, model, usage)
        with self._lock:
            self._stats.add_cost(provider, cost)
            self._stats.prompt_tokens += usage.prompt_tokens
            self._stats.output_tokens += usage.output_tokens
            self._stats.cost_usd += cost or 0.0
            self._stats.unpriced_requests += cost is None
        return cost

    def _count(self, **sums: float) -> None:
        with self._lock:
            self._stats.total_requests += 1
            self._stats.fallback_requests += self._is_fallback
            for name, value in sums.items():
                setattr(self._stats, name, getattr(self._stats, name) + value)


def _without_secrets(reply: GenerationReply) -> GenerationReply:
    """Return a reply that repeats no key, in the questions or in the model's name, which stands in every row."""
    told = (reply.model, *reply.texts)
    if without_keys(together := "\0".join(told)) == together:
        return reply
    return replace(reply, model=without_keys(reply.model), texts=tuple(map(without_keys, reply.texts)))


class Meters:
    """The meters of a run, one for each provider."""

    def __init__(self, cost: Callable[[str, str, Usage], float | None] = cost_usd) -> None:
        """Take what prices a call by provider, model and usage."""
        self._cost = cost
        self._meters: list[MeteredProvider] = []

    def add(self, provider: Provider) -> MeteredProvider:
        """Put a meter around a provider; all but the first stand in for it."""
        meter = MeteredProvider(provider, is_fallback=bool(self._meters), cost=self._cost)
        self._meters.append(meter)
        return meter

    def stats(self) -> CallStats:
        """Return the sums up to now over all providers."""
        return sum_of(self.by_provider().values())

    def by_provider(self) -> dict[str, CallStats]:
        """Return the sums up to now by the name of the provider."""
        return {meter.name: meter.stats() for meter in self._meters}


def sum_of(stats: Iterable[CallStats]) -> CallStats:
    """Add up sums."""
    total = CallStats()
    for part in stats:
        total = total.plus(part)
    return total
