"""The provider that a configuration asks for, wrapped in its limits and retries."""

from query_generator.config import JobConfig
from query_generator.llm.base import Provider
from query_generator.llm.metered import MeteredProvider
from query_generator.models import QueryType
from query_generator.resilience.rate_limiter import RateLimitedProvider
from query_generator.resilience.retry import RetryingProvider
from query_generator.stopping import StopSignal


def make_provider(config: JobConfig, stop: StopSignal) -> tuple[Provider, MeteredProvider]:
    """Build what `LLM_PROVIDERS` names; returns the outermost provider, and the one that counts the calls.

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
    limited = RateLimitedProvider(metered, config.rpm, sleep=stop.sleep)
    return RetryingProvider(limited, config.retry_max_attempts, sleep=stop.sleep, on_retry=metered.count_retry), metered


def models_of(config: JobConfig) -> dict[QueryType, str]:
    """Name the Gemini model for each type of question."""
    return {
        QueryType.PRODUCT: config.gemini_model,
        QueryType.MARKET: config.gemini_market_model or config.gemini_model,
    }
