"""What an error reply from OpenAI, or from a compatible service, means for the job; pure."""

import re

from query_generator.errors import ConfigurationError, QueryGeneratorError, RateLimitedError, SkippableError
from query_generator.llm.http_errors import ErrorStatus, budget_exhausted, error_from_status, requested_delay
from query_generator.llm.registry import OPENAI
from query_generator.llm.vendor import Vendor

# https://platform.openai.com/docs/guides/error-codes: errors that last until someone pays or the month ends.
_SPENT = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
# "… on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000. Please try again in 1m1.5s."
_QUOTA = re.compile(r"(requests|tokens) per (min|day)\b[^:]*:?\D*(\d+)", re.IGNORECASE)
_DELAY = re.compile(r"try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(m?s))?", re.IGNORECASE)


def error_from_reply(reply: ErrorStatus, model: str, vendor: Vendor = OPENAI) -> QueryGeneratorError:
    """Return the error that a reply means, by what the caller does about it."""
    code, kind = str(reply.error.get("code")), str(reply.error.get("type"))
    message = str(reply.error.get("message"))
    if code in _SPENT or kind in _SPENT:
        return budget_exhausted(vendor, f"{code}, {reply.described()}")
    if code == "model_not_found":
        return ConfigurationError(
            f"{vendor.title} has no model '{model}' for this key: {reply.described()}; "
            f"check the setting {vendor.model_settings}"
        )
    if message.startswith("Request too large"):
        return SkippableError(f"{vendor.title}'s quota has no room for this request, at any time: {reply.described()}")
    quota = _QUOTA.search(message)
    if reply.status == 429 and quota and quota[2].lower() == "day":
        return budget_exhausted(vendor, reply.described())
    delay = requested_delay(reply.headers)
    error = error_from_status(vendor, reply, model, _delay_in_words(message) if delay is None else delay)
    if isinstance(error, RateLimitedError) and quota:
        return RateLimitedError(str(error), error.retry_after, **{f"{quota[1].lower()}_per_minute": int(quota[3])})
    return error


def _delay_in_words(message: str) -> float | None:
    delay = _DELAY.search(message)
    if not delay or not any(delay.groups()):
        return None
    hours, minutes, seconds, unit = delay.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0) / (1000 if unit == "ms" else 1)
