"""What an error reply from Gemini means for the job, whichever SDK carried it; pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RetryableError,
    SkippableError,
)
from query_generator.llm.http_errors import LONGEST_DELAY, OVERLOADED_STATUSES, TOO_LARGE
from query_generator.llm.registry import GEMINI
from query_generator.masking import quoted

_TRANSIENT_CLIENT_STATUSES = frozenset({408, 409, 499})  # time-out, aborted, cancelled
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_WHOLE = re.compile(r"[0-9]{1,15}")


def error_from_reply(status: int, body: bytes, model: str, retry_after: str = "") -> QueryGeneratorError:
    """Return the error that a reply means, by what the caller does about it.

    Args:
        status: HTTP status, any but 200: a redirect, which is not followed, is a transient fault.
        body: as it came, Google's error JSON or anything else. In its details `RetryInfo.retryDelay` has the delay of a
            rate limit in seconds, since Gemini sends no header, and `QuotaFailure.violations` has the quotas that are
            used up: `quotaId` names unit and period, `quotaValue` the size.
        model: that was asked for.
        retry_after: the header of that name.
    """
    error = _error_object(body)
    details = [detail for detail in _list(error.get("details")) if isinstance(detail, dict)]
    message = _message(status, error)
    delay = _delay(details, retry_after)
    if status == 429:
        return _rate_limit(message, delay, list(_violations(details)))
    if status in OVERLOADED_STATUSES:
        return OverloadedError(f"Gemini did not answer: {message}", delay)
    if status in _TRANSIENT_CLIENT_STATUSES or status < 400 or status >= 500:
        return RetryableError(f"Gemini did not answer: {message}", delay)
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details) or status in (401, 403):
        return PermissionRefusedError(f"Gemini refused the API key: {message}; check the setting {GEMINI.key_settings}")
    if error.get("status") == "FAILED_PRECONDITION":
        return PermissionRefusedError(
            f"Gemini does not serve this account: {message}; check its billing and region, "
            f"or the setting {GEMINI.key_settings}"
        )
    if status == 404:
        return ConfigurationError(
            f"Gemini knows no model '{model}': {message}; name another with {GEMINI.model_settings}"
        )
    refused = SkippableError if status == TOO_LARGE else RefusedRequestError
    return refused(f"Gemini refused the request: {message}")


def _error_object(body: bytes) -> Mapping[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = payload.get("error") if isinstance(payload, dict) else None
    return error if isinstance(error, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _message(status: int, error: Mapping[str, Any]) -> str:
    words = quoted(error.get("message", ""))
    return f"HTTP {status} ({words})" if words else f"HTTP {status}"


def _rate_limit(message: str, delay: float | None, violations: list[tuple[str, int]]) -> QueryGeneratorError:
    daily = next((quota for quota, _ in violations if "PerDay" in quota), "")
    if daily:
        return BudgetExhaustedError(
            f"Gemini's daily quota {daily} is used up; run the same job id again after the quota's reset, or raise it"
        )
    if delay is not None and delay > LONGEST_DELAY:
        return BudgetExhaustedError(
            f"Gemini's quota is used up and it asks to wait {delay:g} seconds: {message}; "
            "run the same job id again after that, or raise the quota"
        )
    minutely = [(quota, size) for quota, size in violations if "PerMinute" in quota and size > 0]
    return RateLimitedError(
        f"Gemini did not answer: {message}",
        delay,
        requests_per_minute=min((size for quota, size in minutely if "Token" not in quota), default=None),
        tokens_per_minute=min((size for quota, size in minutely if "Token" in quota), default=None),
    )


def _violations(details: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """Yield name and size of each quota that is used up; the size is 0 where the reply has none."""
    for detail in details:
        for violation in _list(detail.get("violations")):
            if isinstance(violation, dict):
                size = str(violation.get("quotaValue", ""))
                yield str(violation.get("quotaId", "")), int(size) if _WHOLE.fullmatch(size) else 0


def _delay(details: list[dict[str, Any]], retry_after: str) -> float | None:
    asked = [str(detail["retryDelay"]) for detail in details if "retryDelay" in detail]
    matches = (_SECONDS.fullmatch(text.strip()) for text in (*asked, retry_after))
    return next((float(match[1]) for match in matches if match), None)
