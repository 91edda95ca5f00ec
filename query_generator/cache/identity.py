"""What a provider's replies depend on besides the prompt, from the configuration alone; no SDK is imported."""

from collections.abc import Callable
from typing import Any

from query_generator.config import JobConfig

Parameters = dict[str, Any]


def parameters_of(provider: str, config: JobConfig) -> Parameters:
    """Name the parameters of every call to a provider, and its address: a stand-in's replies are its own."""
    return _PARAMETERS[provider](config)


def _gemini(config: JobConfig) -> Parameters:
    from query_generator.llm.gemini import MAX_OUTPUT_TOKENS, TEMPERATURE

    return {"temperature": TEMPERATURE, "max_tokens": MAX_OUTPUT_TOKENS, "address": config.gemini_api_endpoint}


def _google_genai(config: JobConfig) -> Parameters:
    from query_generator.llm.google_genai import MAX_OUTPUT_TOKENS, TEMPERATURE

    return {"temperature": TEMPERATURE, "max_tokens": MAX_OUTPUT_TOKENS, "address": config.gemini_api_endpoint}


def _openai(config: JobConfig) -> Parameters:
    from query_generator.llm.openai_chat import MAX_OUTPUT_TOKENS

    return {"max_tokens": MAX_OUTPUT_TOKENS, "address": config.openai_base_url}


def _anthropic(config: JobConfig) -> Parameters:
    from query_generator.llm.anthropic_messages import MAX_OUTPUT_TOKENS

    return {"max_tokens": MAX_OUTPUT_TOKENS, "address": config.anthropic_base_url}


def _offline(_: JobConfig) -> Parameters:
    from query_generator.llm.offline import OfflineProvider

    return {"grammar": OfflineProvider.model}


_PARAMETERS: dict[str, Callable[[JobConfig], Parameters]] = {
    "gemini": _gemini,
    "google-genai": _google_genai,
    "openai": _openai,
    "anthropic": _anthropic,
    "offline": _offline,
}
