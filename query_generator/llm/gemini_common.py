"""What both Gemini providers share, whichever SDK they use: parameters, refusals, checks of settings."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from query_generator.errors import ConfigurationError
from query_generator.llm.base import CountTokens
from query_generator.llm.endpoints import check_api_key, is_loopback
from query_generator.llm.registry import GEMINI
from query_generator.models import QueryType

# Google's advice for Gemini 3: lower values make it loop; it is also what gives varied questions.
TEMPERATURE = 1.0
# `max_tokens` was the limit of every call once; it is still told to the cache, so that what was bought is found. The
# limit of today follows from the request.
PARAMETERS = {"temperature": TEMPERATURE, "max_tokens": 16_384}

REFUSALS = frozenset({"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"})
"""Finish reasons of replies that the service broke off, and would break off again."""

_MODEL_NAME = re.compile(r"((models|tunedModels)/)?[A-Za-z0-9][A-Za-z0-9._-]*")


def check_settings(api_key: str, models: Mapping[QueryType, str], endpoint: str) -> None:
    """Refuse settings that cannot be right, before any call.

    Raises:
        ConfigurationError: the key cannot be sent as a header, a type of question has no model or one whose name cannot
            be right, or the endpoint is neither empty nor scheme and host of a place that the key may be sent to. The
            error does not show the key.
    """
    check_api_key(api_key, GEMINI.key_settings, f"{GEMINI.title} API key")
    for query_type in QueryType:
        if not _MODEL_NAME.fullmatch(models.get(query_type, "")):
            raise ConfigurationError(
                f"'{models.get(query_type, '')}' is no Gemini model name for {query_type} questions;"
                f" set {GEMINI.model_settings}"
            )
    if endpoint:
        _check_endpoint(endpoint, GEMINI.address_setting)


def _check_endpoint(endpoint: str, setting: str) -> None:
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise ConfigurationError(f"{setting} is no URL; give scheme and host, https://host") from exc
    if not host or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError(f"{setting} must be scheme and host alone, such as https://host")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ConfigurationError(
            f"{setting}: '{parts.scheme}' to '{host}' would show the key; use https (http only on loopback)"
        )


def token_counter(api_key: str, endpoint: str) -> CountTokens:
    """Make a function that counts tokens; its HTTP client is imported only here."""
    from query_generator.llm.token_count import gemini_token_counter

    return gemini_token_counter(api_key, endpoint)
