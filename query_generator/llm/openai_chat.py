"""Questions by OpenAI's chat completions, from OpenAI or a compatible service; the SDK is imported when one is made.

Compatible services (vLLM, Ollama, llama.cpp and others) know the older `max_tokens`, may not know schemas, and need no
key. A parameter that one refuses is left out from then on.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from query_generator.errors import QueryGeneratorError, SkippableError, UnusableReplyError
from query_generator.llm.answer_form import OutputLimit, answer_schema, thought_tokens
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.http_errors import ErrorStatus, error_inside, transport_faults
from query_generator.llm.http_provider import HttpProvider
from query_generator.llm.openai_errors import error_from_reply
from query_generator.llm.optional_parameters import OptionalParameters, ParameterSets
from query_generator.llm.registry import OPENAI
from query_generator.llm.reply import parse_answer
from query_generator.llm.reported import usage_in

NO_KEY = "none"  # the SDK requires one; a service that needs none ignores it
# The limit of every call once, which is still told to the cache, so that what was bought is found. The limit of today
# follows from the request; OpenAI charges the whole of it against the quota of tokens a minute.
FORMER_LIMIT = 8_192


def _schema(request: GenerationRequest, *, bounded: bool = False, measured: bool = False) -> dict[str, Any]:
    schema = answer_schema(request, closed=True, bounded=bounded, measured=measured)
    return {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "questions", "strict": True, "schema": schema},
        }
    }


_SCHEMA_WORDS = ("response_format", "json_schema", "structured output", "grammar")
_MEASURED_SCHEMA = OptionalParameters(
    partial(_schema, bounded=True, measured=True), ("maxitems", "maxlength", *_SCHEMA_WORDS)
)
_BOUNDED_SCHEMA = OptionalParameters(partial(_schema, bounded=True), ("maxitems", *_SCHEMA_WORDS))
_SCHEMA = OptionalParameters(_schema, _SCHEMA_WORDS)
# Models of this price class reason at medium effort by default, which is billed and which plain questions do not need.
_EFFORT = OptionalParameters(lambda _: {"reasoning_effort": "low"}, ("reasoning_effort", "reasoning.effort"))
# A small model that goes on from an opener strays less.
_STEADY = OptionalParameters(lambda request: {} if request.opener is None else {"temperature": 0.4}, ("temperature",))


class OpenAIProvider(HttpProvider):
    """The provider `openai`. Its `base_url` includes the version: `http://127.0.0.1:11434/v1`."""

    name = "openai"
    vendor = OPENAI
    answer_field = "choices"
    package = "openai"

    def _sdk_method(self, options: dict[str, Any]) -> Any:
        from openai import OpenAI

        api_key = options["api_key"] or NO_KEY
        return OpenAI(**{**options, "api_key": api_key}).chat.completions.with_raw_response.create

    def _optional_parameters(self, base_url: str) -> ParameterSets:
        return compatible_parameters(self._limit) if base_url else openai_parameters(self._limit)

    def _post(self, request: GenerationRequest, optional: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        from openai import APIConnectionError

        system = [{"role": "system", "content": request.prompt.system}] if request.prompt.system else []
        messages = [*system, {"role": "user", "content": request.prompt.message}]
        if request.opener is not None:
            if request.opener:
                messages.append({"role": "assistant", "content": request.opener})
            optional = {name: value for name, value in optional.items() if name != "response_format"} | {"stop": ["?"]}
        with transport_faults(self.vendor, APIConnectionError):
            raw = self._create(model=self.model, messages=messages, extra_body=optional)
        return raw.content, dict(raw.headers)

    def _has_answer(self, reply: Any) -> bool:
        return super()._has_answer(reply) and bool(_text(reply["choices"][0].get("message")))

    def _error_inside(self, reply: Any, headers: Mapping[str, str]) -> ErrorStatus | None:
        """Find an error of the reply, or of its choice, where routers put that of the service behind them."""
        if (error := error_inside(reply, headers)) or not isinstance(reply, dict) or not reply.get("choices"):
            return error
        error = error_inside({"error": reply["choices"][0].get("error")}, headers)
        if error:
            error.usage = reply.get("usage")
        return error

    def _error(self, reply: ErrorStatus) -> QueryGeneratorError:
        return error_from_reply(reply, self.model, self.vendor)

    def _read(self, reply: dict[str, Any], model: str, usage: Usage, request: GenerationRequest) -> GenerationReply:
        if not reply["choices"]:
            raise UnusableReplyError(f"{self.vendor.title}'s reply holds no choice")
        choice = reply["choices"][0]
        message, finish_reason = choice["message"], choice.get("finish_reason")
        if message.get("refusal") or finish_reason == "content_filter":
            raise SkippableError(f"{self.vendor.title}'s model refused to answer (finish reason {finish_reason})")
        text = _text(message)
        self._limit.learn(thought=_has_thought(reply, message, text))
        texts, keys = parse_answer(text, finish_reason, request)
        return GenerationReply(
            texts, provider=self.name, model=model, usage=usage, truncated=finish_reason == "length", keys=keys
        )

    def _usage(self, usage: object) -> Usage:
        return usage_in(usage, ["prompt_tokens"], ["completion_tokens"], "prompt_tokens_details.cached_tokens")


def _text(message: Any) -> str:
    """Return the text of a message, which some services send in parts; parts of thinking are left out."""
    content = (message or {}).get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(
        part if isinstance(part, str) else part.get("text") or ""
        for part in content
        if isinstance(part, str) or part.get("type") in (None, "text", "output_text")
    )


def _has_thought(reply: dict[str, Any], message: dict[str, Any], text: str) -> bool:
    counted = thought_tokens(reply.get("usage"), "completion_tokens_details", "reasoning_tokens")
    return counted or any(message.get(name) for name in ("reasoning_content", "reasoning")) or "think" in text[:40]


def openai_parameters(limit: OutputLimit) -> ParameterSets:
    """Return what calls to OpenAI's own service set; its newer models refuse `max_tokens`."""
    return ParameterSets(_limits(limit), [_BOUNDED_SCHEMA, _SCHEMA], [_EFFORT])


def compatible_parameters(limit: OutputLimit) -> ParameterSets:
    """Return what calls to a compatible service set; many ignore `max_completion_tokens`, some refuse any effort."""
    return ParameterSets(_limits(limit)[::-1], [_MEASURED_SCHEMA, _SCHEMA], [_STEADY])


def _limits(limit: OutputLimit) -> list[OptionalParameters]:
    names = ("max_completion_tokens", "max_tokens")
    return [OptionalParameters(partial(_limit_of, name, limit), (name,)) for name in names]


def _limit_of(name: str, limit: OutputLimit, request: GenerationRequest) -> dict[str, Any]:
    return {name: limit.of(request)}


ADAPTER = OpenAIProvider.adapter({"max_tokens": FORMER_LIMIT})
