"""What error replies mean, also those that no Gemini service writes."""

import json

import pytest

from query_generator.errors import PermissionRefusedError, QueryGeneratorError, RetryableError, SkippableError
from query_generator.llm.google_errors import MESSAGE_LIMIT, error_from_reply


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
        (400, SkippableError),
        (401, PermissionRefusedError),
        (403, PermissionRefusedError),
        (408, RetryableError),
        (413, SkippableError),
        (429, RetryableError),
        (500, RetryableError),
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
def test_the_delay_is_taken_from_the_details_or_the_header(delay: str, header: str, seconds: float | None) -> None:
    """The wait that the service asks for is known wherever it says it in seconds."""
    body = json.dumps({"error": {"details": [{"retryDelay": delay}]}}).encode()
    error = error_from_reply(429, body, "m", header)
    assert isinstance(error, RetryableError)
    assert error.retry_after == seconds


def test_a_long_message_of_the_service_is_cut() -> None:
    """One line of a log stays one short line."""
    body = json.dumps({"error": {"message": "no\n" * 5_000}}).encode()
    text = str(error_from_reply(400, body, "m"))
    assert len(text) < MESSAGE_LIMIT + 100
    assert "\n" not in text
