"""Builds the provider of a run: each vendor behind its limits and retries, and all behind one fallback."""

from collections.abc import Callable
from itertools import filterfalse

import secrets_cache
from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig
from query_generator.llm.adapter import provider_by_name
from query_generator.llm.base import Provider, Usage
from query_generator.llm.metered import Meters
from query_generator.llm.prices import Prices, load_prices
from query_generator.llm.registry import is_paid, models_of
from query_generator.models import QueryType
from query_generator.questions.of_use import OfUseProvider
from query_generator.resilience.budget import Budget, BudgetedProvider
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.fallback import FallbackProvider
from query_generator.resilience.governor import Governor, Limits
from query_generator.resilience.guarded import GuardedProvider
from query_generator.resilience.retry import RetryBudget, RetryingProvider
from query_generator.resilience.schedule import Schedule
from query_generator.resilience.waiting import WaitingProvider
from query_generator.stopping import StopSignal

TYPICAL_CALL = Usage(prompt_tokens=500, output_tokens=700)  # to compare prices by


def vendor_provider(name: str, config: JobConfig) -> Provider:
    """Make one vendor's provider with its key from `secrets_cache`. Raises what `provider_by_name` raises."""
    return provider_by_name(name, config, secrets_cache.get_api_key)


def make_provider(
    config: JobConfig,
    stop: StopSignal,
    schedule_of: Callable[[str], Schedule] | None = None,
    budget: Budget | None = None,
    cache: ResponseCache | None = None,
    confirm: Callable[[], None] = lambda: None,
    innermost: Callable[[str, JobConfig], Provider] = vendor_provider,
) -> tuple[Provider, Meters]:
    """Build the providers that `LLM_PROVIDERS` names.

    Args:
        config: the configuration of the run.
        stop: interrupts every wait.
        schedule_of: returns the schedule of a provider that all runs share; by default this run keeps to its part of
            the limit.
        budget: what this run may spend; None is no limit.
        cache: asked before each provider that costs money; None buys every reply.
        confirm: called right before each call that may cost money; the call is not made if it raises.
        innermost: makes the provider with a name, around which the others are built.

    Returns:
        The outermost provider, and the meters that count the calls.

    Raises:
        ConfigurationError, PermissionRefusedError, ServiceAwayError: a key or an endpoint is not usable.
    """
    prices = load_prices(config.prices_file)
    meters = Meters(prices.cost_usd)
    retry_budget = RetryBudget()
    chains: list[Provider] = []
    for name in in_order(config, prices):
        meter = meters.add(innermost(name, config))
        chain: Provider = meter
        if is_paid(name):
            governor = _governor(config, stop, schedule_of(name) if schedule_of else None)
            chain = GuardedProvider(chain, governor, _breakers(config, name), confirm)
            if budget:
                chain = BudgetedProvider(chain, budget, prices, models_of(name, config))
            chain = RetryingProvider(
                chain, config.retry_max_attempts, retry_budget, sleep=stop.sleep, on_retry=meter.count_retry
            )
            chain = cache.around(chain, stop, prices.cost_usd) if cache else chain
            chain = OfUseProvider(chain)
        chains.append(chain)
    models = {name: models_of(name, config) for name in config.providers}
    fallback = FallbackProvider(chains, config.unusable_reply_limit, models)
    return WaitingProvider(fallback, sleep=stop.sleep), meters


def writers_of(config: JobConfig) -> dict[QueryType, str]:
    """Return the models that may write each type of question, all providers together."""
    models = [models_of(name, config) for name in config.providers]
    return {query_type: ", ".join(of_provider[query_type] for of_provider in models) for query_type in QueryType}


def in_order(config: JobConfig, prices: Prices) -> list[str]:
    """Return the names of the providers in the order in which they are asked; if that is by price, free ones last."""
    if config.routing == "ordered":
        return list(config.providers)
    paid = sorted(filter(is_paid, config.providers), key=lambda name: _price(name, config, prices))
    return [*paid, *filterfalse(is_paid, config.providers)]


def _price(name: str, config: JobConfig, prices: Prices) -> float:
    costs = [prices.cost_usd(name, model, TYPICAL_CALL) for model in models_of(name, config).values()]
    return sum(float("inf") if usd is None else usd for usd in costs)


def _governor(config: JobConfig, stop: StopSignal, schedule: Schedule | None) -> Governor:
    share = 1 / config.array_size
    part = 1.0 if schedule else share
    limits = Limits(config.rpm * part, config.tpm * part if config.tpm else None)
    return Governor(limits, config.max_concurrency, schedule, share=share, sleep=stop.sleep)


def _breakers(config: JobConfig, name: str) -> dict[QueryType, CircuitBreaker]:
    """Make a breaker for each model of a provider."""
    models = models_of(name, config)
    breakers = {
        model: CircuitBreaker(f"{name} ({model})", config.circuit_breaker_threshold, config.circuit_breaker_timeout)
        for model in models.values()
    }
    return {query_type: breakers[model] for query_type, model in models.items()}
