"""One vendor's provider by its name; each SDK is imported only when its provider is made."""

from collections.abc import Callable
from typing import TypedDict

import secrets_cache
from query_generator.config import JobConfig
from query_generator.llm.base import Provider
from query_generator.models import QueryType

KEY_OF = {"gemini": "gemini", "google-genai": "gemini", "openai": "openai", "anthropic": "anthropic"}


def make_vendor(name: str, config: JobConfig) -> Provider:
    """Make the provider of a name in `LLM_PROVIDERS`.

    Raises:
        ConfigurationError, PermissionRefusedError, ServiceAwayError: its key, model or endpoint is not usable, or its
            SDK is not installed.
    """
    return _MAKERS[name](config)


def models_of(name: str, config: JobConfig) -> dict[QueryType, str]:
    """Name the model that a provider asks for each type of question."""
    product, market = {
        "openai": (config.openai_model, None),
        "anthropic": (config.anthropic_model, None),
        "offline": ("grammar", None),
    }.get(name, (config.gemini_model, config.gemini_market_model))
    return {QueryType.PRODUCT: product, QueryType.MARKET: market or product}


def terms_of_models(config: JobConfig) -> dict[str, str]:
    """Name the models that the questions of a job depend on: the Gemini ones by type, the others by provider."""
    terms: dict[str, str] = {}
    for name in config.providers:
        if KEY_OF.get(name) == "gemini":
            terms |= {str(query_type): model for query_type, model in models_of(name, config).items()}
        elif name != "offline":
            terms[name] = models_of(name, config)[QueryType.PRODUCT]
    return terms


class CallLimits(TypedDict):
    """What every vendor's provider is given alike: connections, and seconds for a wait and for a whole call."""

    pool_size: int
    timeout_seconds: float
    deadline_seconds: float


def limits_of(config: JobConfig) -> CallLimits:
    """Return the limits of a call; as a whole it may take twice as long as any wait in it."""
    return CallLimits(
        pool_size=config.connection_pool_size or config.max_concurrency,
        timeout_seconds=config.llm_timeout,
        deadline_seconds=2 * config.llm_timeout,
    )


def _gemini(config: JobConfig) -> Provider:
    from query_generator.llm.gemini import GeminiProvider

    return GeminiProvider(
        secrets_cache.get_gemini_api_key(),
        models_of("gemini", config),
        endpoint=config.gemini_api_endpoint or "",
        **limits_of(config),
    )


def _google_genai(config: JobConfig) -> Provider:
    from query_generator.llm.google_genai import GoogleGenAIProvider

    return GoogleGenAIProvider(
        secrets_cache.get_gemini_api_key(),
        models_of("google-genai", config),
        endpoint=config.gemini_api_endpoint or "",
        **limits_of(config),
    )


def _openai(config: JobConfig) -> Provider:
    from query_generator.llm.openai_chat import OpenAIProvider

    return OpenAIProvider(
        secrets_cache.get_api_key("openai"),
        config.openai_model,
        base_url=config.openai_base_url or "",
        **limits_of(config),
    )


def _anthropic(config: JobConfig) -> Provider:
    from query_generator.llm.anthropic_messages import AnthropicProvider

    return AnthropicProvider(
        secrets_cache.get_api_key("anthropic"),
        config.anthropic_model,
        base_url=config.anthropic_base_url or "",
        **limits_of(config),
    )


def _offline(_: JobConfig) -> Provider:
    from query_generator.llm.offline import OfflineProvider

    return OfflineProvider()


_MAKERS: dict[str, Callable[[JobConfig], Provider]] = {
    "gemini": _gemini,
    "google-genai": _google_genai,
    "openai": _openai,
    "anthropic": _anthropic,
    "offline": _offline,
}
