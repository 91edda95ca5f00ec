"""OpenAI's chat completions on loopback: `LlmServer` in its dialect, as OpenAI or as a compatible service speaks it."""

import json
from collections.abc import Iterable
from email.message import Message
from typing import Any

from tests.fakes.gemini_faults import Fault
from tests.fakes.gemini_replies import answer
from tests.fakes.llm_dialect import Answer, Call
from tests.fakes.llm_server import LlmServer


class OpenAIDialect:
    """What chat completions look like. A request that sets one of `unknown_parameters` is refused."""

    def __init__(self, unknown_parameters: Iterable[str] = ()) -> None:
        self.unknown_parameters = frozenset(unknown_parameters)

    def call(self, path: str, headers: Message, document: dict[str, Any]) -> Call | None:
        """Read a request for a chat completion."""
        prompt = "\n".join(message["content"] for message in document["messages"])
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if path != "/v1/chat/completions":
            return None
        return Call(document["model"], prompt, key, parameters=frozenset(document))

    def key_fault(self, key: str, accepted: str) -> Fault | None:
        """Refuse an absent or wrong key with 401."""
        return None if key and accepted in ("", key) else Fault.UNAUTHORIZED

    def error(self, fault: Fault, call: Call, retry_delay: str) -> Answer | None:
        """Report a fault as OpenAI does."""
        if unknown := sorted(self.unknown_parameters & call.parameters):
            return _error(
                400, "invalid_request_error", "unsupported_parameter", f"Unsupported parameter: '{unknown[0]}'."
            )
        wait = {"retry-after-ms": str(round(float(retry_delay.removesuffix("s")) * 1000))}
        limit = f"Rate limit reached for {call.model} in organization org-x on requests per %s: Limit %d, Used %d."
        spent = "You exceeded your current quota, please check your plan and billing details."
        answers = {
            Fault.RATE_LIMIT: _error(429, "requests", "rate_limit_exceeded", limit % ("min (RPM)", 500, 500), wait),
            Fault.DAILY_QUOTA: _error(429, "requests", "rate_limit_exceeded", limit % ("day (RPD)", 200, 200), wait),
            Fault.NO_CREDIT: _error(429, "insufficient_quota", "insufficient_quota", spent),
            Fault.SERVER_ERROR: _error(500, "server_error", None, "The server had an error processing your request."),
            Fault.UNAVAILABLE: _error(503, "server_error", None, "The engine is currently overloaded."),
            Fault.UNAUTHORIZED: _error(401, "invalid_request_error", "invalid_api_key", f"Incorrect key: {call.key}."),
            Fault.FORBIDDEN: _error(403, "invalid_request_error", None, f"Key {call.key} may not do this."),
            Fault.BAD_REQUEST: _error(400, "invalid_request_error", None, "Invalid content."),
            Fault.NOT_FOUND: _error(404, "invalid_request_error", "model_not_found", f"No model `{call.model}`."),
            Fault.ODD_ERROR: Answer(502, {"error": "bad gateway"}),
        }
        answers[Fault.BAD_KEY] = answers[Fault.UNAUTHORIZED]
        return answers.get(fault)

    def reply(self, fault: Fault, call: Call, name: str, texts: list[str]) -> dict[str, Any]:
        """Answer as the model, after 7 tokens of reasoning."""
        text = json.dumps(answer(fault, call.prompt, name, texts, call.planted), ensure_ascii=False)
        finish = "stop"
        message: dict[str, Any] = {"role": "assistant", "refusal": None}
        if fault == Fault.TRUNCATED:
            text, finish = text[: len(text) * 2 // 3], "length"
        elif fault == Fault.BROKEN_JSON:
            text = text.replace('"', "")
        elif fault == Fault.SAFETY:
            text, message["refusal"] = "", "I'm sorry, I can't help with that."
        elif fault == Fault.BLOCKED_PROMPT:
            text, finish = "", "content_filter"
        usage = {"prompt_tokens": len(call.prompt) // 4, "completion_tokens": len(text) // 4 + 7}
        choice = {"index": 0, "finish_reason": finish, "message": {**message, "content": text or None}}
        return {
            "id": "stand-in",
            "object": "chat.completion",
            "created": 0,
            "model": f"{call.model}-001",
            "choices": [] if fault == Fault.EMPTY_CANDIDATES else [choice],
            "usage": {**usage, "completion_tokens_details": {"reasoning_tokens": 7}},
        }

    def count_tokens(self, path: str, headers: Message, document: dict[str, Any], accepted: str) -> Answer | None:
        """Count nothing."""
        return None

    def model_page(self, path: str) -> Answer | None:
        """Describe a model."""
        return Answer(200, {"id": path.removeprefix("/v1/models/")}) if path.startswith("/v1/models/") else None

    def bad_request(self, message: str) -> Answer:
        """Refuse a request that cannot be read."""
        return _error(400, "invalid_request_error", None, message)

    def not_found(self) -> Answer:
        """Know no such path."""
        return _error(404, "invalid_request_error", None, "Invalid URL.")


class OpenAIServer(LlmServer):
    """The service; its `url` with `/v1` is for `OPENAI_BASE_URL`."""

    def __init__(self, *, unknown_parameters: Iterable[str] = (), **settings: Any) -> None:
        super().__init__(OpenAIDialect(unknown_parameters), **settings)


def _error(status: int, kind: str, code: str | None, message: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, {"error": {"message": message, "type": kind, "param": None, "code": code}}, headers or {})
