"""The provider that a configuration asks for, wrapped in its limits and retries."""

from query_generator.config import JobConfig
from query_generator.llm.base import Provider
from query_generator.llm.metered import MeteredProvider
from query_generator.models import QueryType
from query_generator.resilience.circuit_breaker import CircuitBreaker
from query_generator.resilience.governor import Governor, Limits
from query_generator.resilience.guarded import GuardedProvider
from query_generator.resilience.retry import RetryBudget, RetryingProvider
from query_generator.resilience.schedule import Schedule
from query_generator.resilience.waiting import WaitingProvider
from query_generator.stopping import StopSignal


def make_provider(
    config: JobConfig, stop: StopSignal, schedule: Schedule | None = None
) -> tuple[Provider, MeteredProvider]:
    """Build what `LLM_PROVIDERS` names; returns the outermost provider, and the one that counts the calls.

    Args:
        config: of the run.
        stop: ends every wait.
        schedule: the limit that this run shares with others; without it the run takes its share of it.

    Raises:
        ConfigurationError, PermissionRefusedError, ServiceAwayError: the key or the endpoint is not usable.
    """
    if config.providers == ("offline",):
        from query_generator.llm.offline import OfflineProvider

        offline = MeteredProvider(OfflineProvider())
        return offline, offline

    from query_generator.llm.gemini import GeminiProvider
    from secrets_cache import get_gemini_api_key

    gemini = GeminiProvider(
        get_gemini_api_key(),
        models_of(config),
        endpoint=config.gemini_api_endpoint or "",
        pool_size=config.connection_pool_size or config.max_concurrency,
    )
    metered = MeteredProvider(gemini)
    guarded = GuardedProvider(metered, _governor(config, stop, schedule), _breakers(config, metered.name))
    retrying = RetryingProvider(
        guarded, config.retry_max_attempts, RetryBudget(), sleep=stop.sleep, on_retry=metered.count_retry
    )
    return WaitingProvider(retrying, sleep=stop.sleep), metered


def _governor(config: JobConfig, stop: StopSignal, schedule: Schedule | None) -> Governor:
    share = 1 / config.array_size
    part = 1.0 if schedule else share
    limits = Limits(config.rpm * part, config.tpm * part if config.tpm else None)
    return Governor(limits, config.max_concurrency, schedule, share=share, sleep=stop.sleep)


def _breakers(config: JobConfig, provider: str) -> dict[QueryType, CircuitBreaker]:
    models = models_of(config)
    breakers = {
        model: CircuitBreaker(f"{provider} ({model})", config.circuit_breaker_threshold, config.circuit_breaker_timeout)
        for model in models.values()
    }
    return {query_type: breakers[model] for query_type, model in models.items()}


def models_of(config: JobConfig) -> dict[QueryType, str]:
    """Name the Gemini model for each type of question."""
    return {
        QueryType.PRODUCT: config.gemini_model,
        QueryType.MARKET: config.gemini_market_model or config.gemini_model,
    }
