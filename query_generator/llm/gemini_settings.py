"""What the settings of the Gemini providers must be, checked before any call."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from query_generator.errors import ConfigurationError
from query_generator.models import QueryType

_HEADER_VALUE = re.compile(r"[!-~]+")
_MODEL_NAME = re.compile(r"((models|tunedModels)/)?[A-Za-z0-9][A-Za-z0-9._-]*")


def check_api_key(api_key: str) -> None:
    """Raise a ConfigurationError, which does not show the key, if it cannot be sent as a header."""
    if not _HEADER_VALUE.fullmatch(api_key):
        raise ConfigurationError(
            "the Gemini API key is empty or holds white space or characters that no key has;"
            " check the setting GEMINI_SECRET_NAME or GEMINI_API_KEY"
        )


def check_models(models: Mapping[QueryType, str]) -> None:
    """Raise a ConfigurationError if a type of question has no model, or one whose name cannot be right."""
    for query_type in QueryType:
        if not _MODEL_NAME.fullmatch(models.get(query_type, "")):
            raise ConfigurationError(
                f"'{models.get(query_type, '')}' is no Gemini model name for {query_type} questions;"
                " set --model (GEMINI_MODEL, GEMINI_MARKET_MODEL)"
            )


def check_endpoint(endpoint: str) -> None:
    """Raise a ConfigurationError unless it is empty, or scheme and host of a place that the key may be sent to."""
    if not endpoint:
        return
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise ConfigurationError("GEMINI_API_ENDPOINT is no URL; give scheme and host, https://host") from exc
    if not host or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError("GEMINI_API_ENDPOINT must be scheme and host alone, such as https://host")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ConfigurationError(
            f"GEMINI_API_ENDPOINT: '{parts.scheme}' to '{host}' would show the key; use https (http only on loopback)"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
