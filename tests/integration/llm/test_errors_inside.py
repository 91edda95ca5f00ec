"""Errors, thinking and missing bills in replies with status 200, with every provider against a service on loopback."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from query_generator.errors import (
    BudgetExhaustedError,
    ConfigurationError,
    OverloadedError,
    PermissionRefusedError,
    QueryGeneratorError,
    RateLimitedError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import estimated_usage
from query_generator.llm.metered import MeteredProvider
from tests.fakes.fixed_server import FixedServer, Given
from tests.integration.llm.test_providers import VENDORS, Closable, Vendor, ask

TEXTS = tuple(f"Is the Aero 5 Vacuum good for room number {number}?" for number in range(5))
DRAFTS = ["Is this one a draft?", "Is that one a thought?"]
ANSWER = json.dumps({"questions": TEXTS})
THOUGHT = json.dumps({"questions": DRAFTS})


@pytest.fixture(scope="module", params=VENDORS, ids=lambda vendor: vendor.name)
def vendor(request: pytest.FixtureRequest) -> Vendor:
    made: Vendor = request.param
    return made


@pytest.fixture(scope="module")
def running(vendor: Vendor) -> Iterator[tuple[FixedServer, Closable]]:
    with FixedServer() as server, closing(vendor.make(server.url, pool_size=2, timeout_seconds=10)) as provider:
        yield server, provider


def gemini(text: str, thought: str, finish: str) -> dict[str, Any]:
    parts = [{"text": thought, "thought": True}, {"text": text}]
    return {"candidates": [{"content": {"parts": parts}, "finishReason": finish}]}


def openai(text: str, thought: str, finish: str) -> dict[str, Any]:
    content = [{"type": "thinking", "text": thought}, {"type": "text", "text": text}]
    message = {"role": "assistant", "content": content, "reasoning_content": thought, "reasoning": thought}
    return {"choices": [{"message": message, "finish_reason": finish}]}


def anthropic(text: str, thought: str, finish: str) -> dict[str, Any]:
    content = [{"type": "thinking", "thinking": thought}, {"type": "text", "text": text}]
    return {"content": content, "stop_reason": finish}


ANSWERS: dict[str, Callable[[str, str, str], dict[str, Any]]] = {
    "gemini": gemini,
    "google-genai": gemini,
    "openai": openai,
    "anthropic": anthropic,
}


def failure(
    running: tuple[FixedServer, Closable], body: object, headers: dict[str, str] | None = None
) -> QueryGeneratorError:
    server, provider = running
    server.given = Given(body=json.dumps(body).encode(), headers=headers or {})
    with pytest.raises(QueryGeneratorError) as caught:
        provider.generate(ask())
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 429, "message": "slow down, please"}, RateLimitedError),
        ({"code": "rate_limit_exceeded", "message": "slow down, please"}, RateLimitedError),
        ({"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow down, please"}, RateLimitedError),
        ({"type": "rate_limit_error", "message": "slow down, please"}, RateLimitedError),
        ({"code": 401, "message": "slow down, please"}, PermissionRefusedError),
        ({"type": "authentication_error", "message": "slow down, please"}, PermissionRefusedError),
        ({"message": "invalid api key (slow down, please)"}, PermissionRefusedError),
        ({"type": "overloaded_error", "message": "slow down, please"}, OverloadedError),
        ({"code": 503, "status": "UNAVAILABLE", "message": "slow down, please"}, OverloadedError),
        ("model overloaded: slow down, please", OverloadedError),
        ("slow down, please", RetryableError),
        ({"code": 404, "message": "slow down, please"}, ConfigurationError),
    ],
    ids=str,
)
def test_an_error_in_a_good_status_is_that_error(
    running: tuple[FixedServer, Closable], error: object, kind: type[Exception]
) -> None:
    """A gateway that answers 200 with an error slows or ends the run as the error itself would; it is not billed."""
    for body in ({"error": error}, {"type": "error", "error": error}, [{"error": error}]):
        told = failure(running, body)
        assert type(told) is kind
        assert "slow down, please" in str(told)
        assert told.bill is None


def test_the_delay_of_a_rate_limit_in_a_good_status_is_kept(
    vendor: Vendor, running: tuple[FixedServer, Closable]
) -> None:
    """The run slows by what the service has asked for, in the error or in the header."""
    error: dict[str, Any] = {"code": 429, "message": "slow down"}
    if vendor.name in ("gemini", "google-genai"):
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
    else:
        error["retry_after"] = 7
    told = failure(running, {"error": error})
    assert isinstance(told, RateLimitedError)
    assert told.retry_after == 7
    told = failure(running, {"error": {"code": 429, "message": "slow down"}}, {"Retry-After": "9"})
    assert isinstance(told, RateLimitedError)
    assert told.retry_after == 9


def test_an_account_without_credit_ends_the_run_whatever_the_status(
    vendor: Vendor, running: tuple[FixedServer, Closable]
) -> None:
    """Nobody waits for money that is not there."""
    if vendor.name in ("openai", "anthropic"):
        assert (
            type(failure(running, {"error": {"code": 402, "message": "Insufficient credits"}})) is BudgetExhaustedError
        )


def test_thinking_is_no_question(vendor: Vendor, running: tuple[FixedServer, Closable]) -> None:
    """Parts, blocks and fields of thinking are left out, and the answer in its parts is read."""
    running[0].given = Given(body=json.dumps(ANSWERS[vendor.name](ANSWER, THOUGHT, "STOP")).encode())
    assert running[1].generate(ask()).texts == TEXTS
    for text in (f"<think>{THOUGHT}</think>{ANSWER}", f"```json\n{ANSWER}\n```"):
        running[0].given = Given(body=json.dumps(ANSWERS[vendor.name](text, THOUGHT, "STOP")).encode())
        assert running[1].generate(ask()).texts == TEXTS


def test_a_reply_of_thinking_alone_says_why_it_ended(vendor: Vendor, running: tuple[FixedServer, Closable]) -> None:
    """The message has the finish reason, and the bill counts the thinking that was paid for."""
    told = failure(running, ANSWERS[vendor.name]("I am sorry.", THOUGHT, "MAX_TOKENS"))
    assert isinstance(told, UnusableReplyError)
    assert "finish reason MAX_TOKENS" in str(told)
    assert told.looks_like == "I am sorry"
    assert told.bill


def test_a_missing_bill_is_estimated_by_the_answer(
    vendor: Vendor, running: tuple[FixedServer, Closable], caplog: pytest.LogCaptureFixture
) -> None:
    """No call with an answer is free: prompt and answer are measured, counted as estimated, and told once."""
    meter = MeteredProvider(running[1], cost=lambda *_: 0.0)
    running[0].given = Given(body=json.dumps(ANSWERS[vendor.name](ANSWER, "", "STOP")).encode())
    with caplog.at_level(logging.WARNING):
        replies = [meter.generate(ask()) for _ in range(2)]
    for reply in replies:
        assert reply.usage.prompt_tokens == estimated_usage(ask()).prompt_tokens
        assert len(ANSWER) // 4 <= reply.usage.output_tokens <= len(ANSWER) // 4 + 15
    assert meter.stats().estimated_requests == 2
    assert len(caplog.records) == 1
    running[0].given = Given(body=json.dumps({"error": "model overloaded"}).encode())
    with pytest.raises(OverloadedError):
        meter.generate(ask())
    assert meter.stats().estimated_requests == 2


def test_a_routers_choice_with_an_error_is_that_error() -> None:
    """A router puts the error of the service behind it into the choice."""
    vendor = next(vendor for vendor in VENDORS if vendor.name == "openai")
    choice = {"message": {"content": ""}, "finish_reason": "error", "error": {"code": 429, "message": "slow down"}}
    with FixedServer() as server, closing(vendor.make(server.url)) as provider:
        assert type(failure((server, provider), {"choices": [choice]})) is RateLimitedError
        refused = {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}
        assert type(failure((server, provider), refused)) is SkippableError
