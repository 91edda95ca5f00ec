"""What error replies mean, also those that no Gemini service writes."""

import json

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RefusedRequestError,
    RetryableError,
    SkippableError,
)
from query_generator.llm.google_errors import error_from_reply
from query_generator.masking import QUOTED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"error": "gateway"}',
        b'{"error": {"details": "none"}}',
        b'{"error": {"details": [null, {"violations": [1]}, {"retryDelay": {"seconds": 1}}]}}',
    ],
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedRequestError),
        (401, PermissionRefusedError),
        (403, PermissionRefusedError),
        (408, RetryableError),
        (413, SkippableError),
        (429, RateLimitedError),
        (500, RetryableError),
        (503, OverloadedError),
        (529, OverloadedError),
        (599, RetryableError),
    ],
)
def test_the_status_decides_when_the_body_says_nothing(
    status: int, kind: type[QueryGeneratorError], body: bytes
) -> None:
    """A proxy's odd error page never crashes the job: its status is enough."""
    error = error_from_reply(status, body, "m")
    assert type(error) is kind
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(
    ("delay", "header", "seconds"),
    [("57s", "", 57.0), ("0.25s", "9", 0.25), ("", "30", 30.0), ("soon", "Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_delay_is_taken_from_the_details_or_the_header(
    status: int, delay: str, header: str, seconds: float | None
) -> None:
    """The wait that the service asks for is known wherever it says it in seconds."""
    body = json.dumps({"error": {"details": [{"retryDelay": delay}]}}).encode()
    error = error_from_reply(status, body, "m", header)
    assert isinstance(error, RetryableError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("violations", "requests", "tokens"),
    [
        ([("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "15")], 15, None),
        ([("GenerateContentInputTokensPerModelPerMinute", "250000")], None, 250_000),
        (
            [("GenerateRequestsPerMinutePerProject", "60"), ("GenerateRequestsPerMinutePerProjectPerModel", 10)],
            10,
            None,
        ),
        ([("GenerateRequestsPerMinute", "60"), ("GenerateContentPaidTierInputTokensPerMinute", "9")], 60, 9),
        ([("GenerateRequestsPerMinute", "many"), ("TokensPerMinute", "-1"), ("PerMinute", "0")], None, None),
        ([("GenerateRequestsPerHour", "60"), ("", "")], None, None),
    ],
)
def test_the_quota_that_the_service_names_is_learned(
    violations: list[tuple[str, object]], requests: int | None, tokens: int | None
) -> None:
    """A limit that nobody configured is known from the first refusal on."""
    told = [{"quotaId": quota, "quotaValue": size} for quota, size in violations]
    error = error_from_reply(429, json.dumps({"error": {"details": [{"violations": told}]}}).encode(), "m")
    assert isinstance(error, RateLimitedError)
    assert (error.requests_per_minute, error.tokens_per_minute) == (requests, tokens)


def test_a_wait_of_hours_is_a_quota_that_is_used_up() -> None:
    """A delay that no limit a minute asks for ends the run, with the delay, instead of blocking it for hours."""
    body = json.dumps({"error": {"details": [{"retryDelay": "600s"}]}}).encode()
    assert isinstance(error_from_reply(429, body, "m"), RateLimitedError)
    error = error_from_reply(429, body.replace(b"600s", b"31415s"), "m")
    assert isinstance(error, BudgetExhaustedError)
    assert "31415 seconds" in str(error)


def test_a_long_message_of_the_service_is_cut() -> None:
    """One line of a log stays one short line."""
    body = json.dumps({"error": {"message": "no\n" * 5_000}}).encode()
    text = str(error_from_reply(400, body, "m"))
    assert len(text) < QUOTED + 100
    assert "\n" not in text
