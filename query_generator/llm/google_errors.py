"""What a Gemini service's error reply means for the job; pure, whatever SDK carried the reply."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    PermissionRefusedError,
    QueryGeneratorError,
    RetryableError,
    SkippableError,
)

MESSAGE_LIMIT = 200  # characters of the service's own words in ours
_KEY_SETTINGS = "the setting GEMINI_SECRET_NAME or GEMINI_API_KEY"
_PASSING_CLIENT_STATUSES = frozenset({408, 409, 429, 499})  # time-out, aborted, rate limit, cancelled
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")


def error_from_reply(status: int, body: bytes, model: str, retry_after: str = "") -> QueryGeneratorError:
    """Class the reply of an HTTP status of 400 or more by what the caller does about it.

    `body` is the reply as it came, Google's error JSON or anything else; `retry_after` is the header of that name.
    The delay of a rate limit is `RetryInfo.retryDelay` in the error's details, in seconds: Gemini sends no header.
    """
    error = _error_object(body)
    details = [detail for detail in _list(error.get("details")) if isinstance(detail, dict)]
    said = _said(status, error)
    if status == 429 and (quota := next(_daily_quotas(details), "")):
        return BudgetExhaustedError(
            f"Gemini's daily quota {quota} is used up; run the same job id again after the quota's reset, or raise it"
        )
    if status in _PASSING_CLIENT_STATUSES or status >= 500:
        return RetryableError(f"Gemini did not answer: {said}", _delay(details, retry_after))
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details) or status in (401, 403):
        return PermissionRefusedError(f"Gemini refused the API key: {said}; check {_KEY_SETTINGS}")
    if error.get("status") == "FAILED_PRECONDITION":
        return PermissionRefusedError(
            f"Gemini does not serve this account: {said}; check its billing and region, or {_KEY_SETTINGS}"
        )
    if status == 404:
        return ConfigurationError(
            f"Gemini knows no model '{model}': {said}; name another with --model (GEMINI_MODEL, GEMINI_MARKET_MODEL)"
        )
    return SkippableError(f"Gemini refused the request: {said}")


def _error_object(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = payload.get("error") if isinstance(payload, dict) else None
    return error if isinstance(error, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _said(status: int, error: Mapping[str, Any]) -> str:
    words = " ".join(str(error.get("message", "")).split())[:MESSAGE_LIMIT].rstrip(".")
    return f"HTTP {status} ({words})" if words else f"HTTP {status}"


def _daily_quotas(details: list[dict[str, Any]]) -> Iterator[str]:
    for detail in details:
        for violation in _list(detail.get("violations")):
            quota = str(violation.get("quotaId", "")) if isinstance(violation, dict) else ""
            if "PerDay" in quota:
                yield quota


def _delay(details: list[dict[str, Any]], retry_after: str) -> float | None:
    asked = [str(detail["retryDelay"]) for detail in details if "retryDelay" in detail]
    matches = (_SECONDS.fullmatch(text.strip()) for text in (*asked, retry_after))
    return next((float(match[1]) for match in matches if match), None)
