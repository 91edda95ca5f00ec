"""What error replies over HTTP mean, as vendors and compatible services write them."""

import json
from datetime import UTC, datetime

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    OverloadedError,
    RateLimitedError,
    RefusedRequestError,
    RetryableError,
    SkippableError,
)
from query_generator.llm import anthropic_errors, openai_chat, openai_errors
from query_generator.llm.answer_form import OutputLimit
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.http_errors import ErrorStatus, error_from_status, requested_delay
from query_generator.llm.vendor import Vendor
from query_generator.models import Product, QueryType

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
VENDOR = Vendor("v", "Vendor", "https://v.example", "v_base_url", "VENDOR_KEY", "VENDOR_MODEL", "m")


def openai_reply(status: int, **error: object) -> ErrorStatus:
    return ErrorStatus(status, {}, json.dumps({"error": error}).encode())


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "20"}, 20.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "-1"}, None),
        ({}, None),
    ],
)
def test_the_delay_is_read_in_each_form_that_http_knows(headers: dict[str, str], delay: float | None) -> None:
    """A delay that a service asks for is kept, whether told in milliseconds, in seconds or as a date."""
    assert requested_delay(headers, NOW) == delay


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": {"message": "m"}}', "HTTP 400 (m)"),
        ('{"error": "m"}', "HTTP 400 (m)"),
        ('{"object": "error", "message": "m"}', "HTTP 400 (m)"),
        ('{"detail": "m"}', "HTTP 400 (m)"),
        ('{"error": 7}', "HTTP 400"),
        ("[]", "HTTP 400"),
        ("<html>", "HTTP 400"),
    ],
)
def test_the_words_of_an_error_are_found_in_each_shape(body: str, words: str) -> None:
    """A person reads what the service said, also one that is compatible in spirit only."""
    assert ErrorStatus(400, {}, body.encode()).described() == words


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (302, {}, RetryableError),
        (402, {}, BudgetExhaustedError),
        (408, {}, RetryableError),
        (400, {}, RefusedRequestError),
        (422, {}, RefusedRequestError),
        (413, {}, SkippableError),
        (429, {"retry-after": "601"}, BudgetExhaustedError),
        (503, {"retry-after": "601"}, BudgetExhaustedError),
        (503, {"retry-after": "30"}, OverloadedError),
        (502, {}, RetryableError),
    ],
)
def test_a_status_alone_says_what_the_job_does(status: int, headers: dict[str, str], kind: type[Exception]) -> None:
    """A reply in no vendor's words is still told apart: try again, leave out, or stop."""
    assert type(error_from_status(VENDOR, ErrorStatus(status, headers, b""), "m")) is kind


@pytest.mark.parametrize(
    ("message", "delay", "requests", "tokens"),
    [
        ("… on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.", 20.0, 3, None),
        ("… on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 1m1.5s.", 61.5, None, 30000),
        ("… on tokens per min. Limit: 10000.000000 / min. Please try again in 15ms.", 0.015, None, 10000),
        ("Slow down.", None, None, None),
    ],
)
def test_openai_says_its_quota_and_the_delay_in_words(
    message: str, delay: float | None, requests: int | None, tokens: int | None
) -> None:
    """The job can fit its pace to the quota that the account has."""
    error = openai_errors.error_from_reply(openai_reply(429, message=message), "m")
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, error.requests_per_minute, error.tokens_per_minute) == (delay, requests, tokens)


def test_a_delay_in_words_above_ten_minutes_ends_the_run() -> None:
    """An hour's wait is the same in a header and in words."""
    error = openai_errors.error_from_reply(openai_reply(429, message="Please try again in 1h2m3s."), "m")
    assert type(error) is BudgetExhaustedError


def test_a_request_above_the_whole_quota_of_a_minute_costs_one_product() -> None:
    """A request that no wait makes possible is not tried again."""
    message = "Request too large for m on tokens per min (TPM): Limit 30000, Requested 40000."
    assert type(openai_errors.error_from_reply(openai_reply(429, message=message), "m")) is SkippableError


@pytest.mark.parametrize("code", ["insufficient_quota", "project_spend_limit_exceeded", "credit_balance_exhausted"])
def test_openai_without_credit_is_not_a_rate_limit(code: str) -> None:
    """Both are status 429, but no wait helps against one of them."""
    error = openai_errors.error_from_reply(openai_reply(429, code=code, type="insufficient_quota", message="m"), "m")
    assert type(error) is BudgetExhaustedError


def test_a_model_that_the_key_may_not_use_is_a_wrong_setting() -> None:
    """A person is sent to the model's setting, not to the key's."""
    error = openai_errors.error_from_reply(openai_reply(403, code="model_not_found", message="no access"), "big-1")
    assert type(error) is ConfigurationError
    assert "'big-1'" in str(error)


def test_anthropic_names_the_quota_in_headers() -> None:
    """The job can fit its pace to the quota that the account has."""
    headers = {"retry-after": "7", "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-tokens-limit": "x"}
    error = anthropic_errors.error_from_reply(ErrorStatus(429, headers, b"{}"), "m")
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, error.requests_per_minute, error.tokens_per_minute) == (7.0, 50, None)


def test_anthropic_can_be_overloaded_at_any_status() -> None:
    """Overload is known by its name too: a proxy may have changed the status."""
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
    assert type(anthropic_errors.error_from_reply(ErrorStatus(500, {}, body), "m")) is OverloadedError
    hour = {"retry-after": "3600"}
    assert type(anthropic_errors.error_from_reply(ErrorStatus(529, hour, body), "m")) is BudgetExhaustedError


def test_openai_itself_is_asked_in_its_newest_words() -> None:
    """Its newer models refuse `max_tokens`; compatible services know nothing else."""
    request = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 5, Prompt("", "Write."))
    assert openai_chat.openai_parameters(OutputLimit()).call(request, dict).keys() == {
        "max_completion_tokens",
        "response_format",
        "reasoning_effort",
    }
    assert openai_chat.compatible_parameters(OutputLimit()).call(request, dict).keys() == {
        "max_tokens",
        "response_format",
    }
