"""What an error reply from Anthropic means for the job; pure."""

from query_generator.errors import BudgetExhaustedError, OverloadedError, QueryGeneratorError, RateLimitedError
from query_generator.llm.http_errors import ErrorStatus, budget_exhausted, error_from_status, requested_delay
from query_generator.llm.registry import ANTHROPIC

# https://platform.claude.com/docs/en/api/rate-limits and /errors: messages of status 400 for a spent limit.
_SPENT_WORDS = ("you have reached your specified", "credit balance is too low")
_QUOTA_HEADERS = {
    "requests_per_minute": "anthropic-ratelimit-requests-limit",
    "tokens_per_minute": "anthropic-ratelimit-tokens-limit",
}


def error_from_reply(reply: ErrorStatus, model: str) -> QueryGeneratorError:
    """Return the error that a reply means, by what the caller does about it."""
    kind, message = reply.error.get("type"), str(reply.error.get("message")).lower()
    details = reply.error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    if code == "enforced_spend_limit_reached" or any(words in message for words in _SPENT_WORDS):
        return budget_exhausted(ANTHROPIC, reply.described())
    error = error_from_status(ANTHROPIC, reply, model)
    if kind == "overloaded_error" and not isinstance(error, (OverloadedError, BudgetExhaustedError)):
        return OverloadedError(f"Anthropic is overloaded: {reply.described()}", requested_delay(reply.headers))
    if isinstance(error, RateLimitedError):
        quotas = {name: reply.headers.get(header, "") for name, header in _QUOTA_HEADERS.items()}
        return RateLimitedError(
            str(error), error.retry_after, **{name: int(limit) for name, limit in quotas.items() if limit.isdigit()}
        )
    return error
