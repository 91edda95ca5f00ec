"""Anthropic's messages interface on loopback: `LlmServer` in its dialect."""

import json
from collections.abc import Iterable
from email.message import Message
from typing import Any

from tests.fakes.gemini_faults import Fault
from tests.fakes.gemini_replies import answer
from tests.fakes.llm_dialect import Answer, Call
from tests.fakes.llm_server import LlmServer


class AnthropicDialect:
    """What messages look like. A request that sets one of `unknown_parameters` (`output_config.effort`) is refused."""

    def __init__(self, unknown_parameters: Iterable[str] = ()) -> None:
        self.unknown_parameters = frozenset(unknown_parameters)

    def call(self, path: str, headers: Message, document: dict[str, Any]) -> Call | None:
        """Read a request for a message."""
        prompt = "\n".join([document.get("system", ""), *(message["content"] for message in document["messages"])])
        if path != "/v1/messages" or not headers.get("anthropic-version"):
            return None
        nested = (f"output_config.{name}" for name in document.get("output_config", ()))
        if not document["max_tokens"]:
            raise ValueError("max_tokens")
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        return Call(document["model"], prompt, key, frozenset({*document, *nested}))

    def key_fault(self, key: str, accepted: str) -> Fault | None:
        """Refuse an absent or wrong key with 401."""
        return None if key and accepted in ("", key) else Fault.UNAUTHORIZED

    def error(self, fault: Fault, call: Call, retry_delay: str) -> Answer | None:
        """Report a fault as Anthropic does; a rate limit asks for whole seconds, at least one."""
        if unknown := sorted(self.unknown_parameters & call.parameters):
            return _error(400, "invalid_request_error", f"{unknown[0]}: Extra inputs are not permitted")
        wait = {"retry-after": str(max(1, round(float(retry_delay.removesuffix("s")))))}
        quotas = {"anthropic-ratelimit-requests-limit": "500", "anthropic-ratelimit-tokens-limit": "40000"}
        spent = {"details": {"error_code": "enforced_spend_limit_reached"}}
        answers = {
            Fault.RATE_LIMIT: _error(429, "rate_limit_error", "Your rate limit is 500 a minute.", {**wait, **quotas}),
            Fault.DAILY_QUOTA: _error(429, "rate_limit_error", "You have reached your API usage limits.", more=spent),
            Fault.NO_CREDIT: _error(400, "invalid_request_error", "Your credit balance is too low to access the API."),
            Fault.SERVER_ERROR: _error(500, "api_error", "Internal server error"),
            Fault.UNAVAILABLE: _error(529, "overloaded_error", "Overloaded"),
            Fault.UNAUTHORIZED: _error(401, "authentication_error", f"invalid x-api-key {call.key}"),
            Fault.FORBIDDEN: _error(403, "permission_error", f"Key {call.key} may not do this."),
            Fault.BAD_REQUEST: _error(400, "invalid_request_error", "messages: invalid content"),
            Fault.NOT_FOUND: _error(404, "not_found_error", f"model: {call.model}"),
            Fault.ODD_ERROR: Answer(502, {"error": "bad gateway"}),
        }
        answers[Fault.BAD_KEY] = answers[Fault.UNAUTHORIZED]
        return answers.get(fault)

    def reply(self, fault: Fault, call: Call, name: str, texts: list[str]) -> dict[str, Any]:
        """Answer as the model: 7 tokens of thinking, then two blocks of text; 3 tokens of the prompt were cached."""
        text = json.dumps(answer(fault, call.prompt, name, texts, call.planted), ensure_ascii=False)
        stop = "end_turn"
        if fault == Fault.TRUNCATED:
            text, stop = text[: len(text) * 2 // 3], "max_tokens"
        elif fault == Fault.BROKEN_JSON:
            text = text.replace('"', "")
        elif fault in (Fault.SAFETY, Fault.BLOCKED_PROMPT):
            text, stop = "", "refusal"
        elif fault == Fault.EMPTY_CANDIDATES:
            text = ""
        half = len(text) // 2
        blocks = [{"type": "text", "text": part} for part in (text[:half], text[half:]) if part]
        usage = {"input_tokens": len(call.prompt) // 4 - 3, "cache_read_input_tokens": 1}
        return {
            "id": "stand-in",
            "type": "message",
            "role": "assistant",
            "model": f"{call.model}-001",
            "content": [{"type": "thinking", "thinking": "Let me think?", "signature": "x"}, *blocks],
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {**usage, "cache_creation_input_tokens": 2, "output_tokens": len(text) // 4 + 7},
        }

    def count_tokens(self, path: str, headers: Message, document: dict[str, Any], accepted: str) -> Answer | None:
        """Count nothing."""
        return None

    def model_page(self, path: str) -> Answer | None:
        """Describe a model."""
        return Answer(200, {"id": path.removeprefix("/v1/models/")}) if path.startswith("/v1/models/") else None

    def bad_request(self, message: str) -> Answer:
        """Refuse a request that cannot be read."""
        return _error(400, "invalid_request_error", message)

    def not_found(self) -> Answer:
        """Know no such path."""
        return _error(404, "not_found_error", "Not Found")


class AnthropicServer(LlmServer):
    """The service; its `url` is for `ANTHROPIC_BASE_URL`."""

    def __init__(self, *, unknown_parameters: Iterable[str] = (), **settings: Any) -> None:
        super().__init__(AnthropicDialect(unknown_parameters), **settings)


def _error(
    status: int, kind: str, message: str, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
) -> Answer:
    error = {"type": kind, "message": message, **(more or {})}
    return Answer(status, {"type": "error", "error": error, "request_id": "req_1"}, headers or {})
