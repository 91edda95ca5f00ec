"""Questions by Anthropic's Messages API; the SDK is imported when a provider is made."""

from collections.abc import Mapping
from typing import Any

from query_generator.errors import QueryGeneratorError, SkippableError
from query_generator.llm.answer_form import answer_schema
from query_generator.llm.anthropic_errors import error_from_reply
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.http_errors import ErrorStatus, transport_faults
from query_generator.llm.http_provider import HttpProvider
from query_generator.llm.optional_parameters import OptionalParameters, ParameterSets
from query_generator.llm.registry import ANTHROPIC
from query_generator.llm.reply import parse_answer
from query_generator.llm.reported import usage_in

# The limit of every call once, which is still told to the cache, so that what was bought is found.
FORMER_LIMIT = 16_384

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


def _schema(request: GenerationRequest) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": answer_schema(request, closed=True)}}}


_SCHEMA = OptionalParameters(_schema, ("output_config", "output_format", "json_schema", "structured output"))
# Thinking at the default, medium, effort is billed, and plain questions do not need it.
_EFFORT = OptionalParameters(lambda _: {"output_config": {"effort": "low"}}, ("effort", "output_config: "))


class AnthropicProvider(HttpProvider):
    """The provider `anthropic`."""

    name = "anthropic"
    vendor = ANTHROPIC
    answer_field = "content"
    package = "anthropic"

    def _sdk_method(self, options: dict[str, Any]) -> Any:
        from anthropic import Anthropic

        return Anthropic(**options).messages.with_raw_response.create

    def _optional_parameters(self, base_url: str) -> ParameterSets:
        return ParameterSets([_EFFORT], [_SCHEMA])

    def _post(self, request: GenerationRequest, optional: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        from anthropic import APIConnectionError

        system = {"system": request.prompt.system} if request.prompt.system else {}
        with transport_faults(self.vendor, APIConnectionError):
            response = self._create(
                model=self.model,
                max_tokens=self._limit.of(request),
                messages=[{"role": "user", "content": request.prompt.message}],
                **system,
                **optional,
            ).http_response
        return response.content, dict(response.headers)

    def _error(self, reply: ErrorStatus) -> QueryGeneratorError:
        return error_from_reply(reply, self.model)

    def _read(self, reply: dict[str, Any], model: str, usage: Usage, request: GenerationRequest) -> GenerationReply:
        stop_reason = reply["stop_reason"]
        if stop_reason == "refusal":
            raise SkippableError("Anthropic's model refused to answer (stop reason refusal)")
        text = "".join(part["text"] for part in reply["content"] if part["type"] == "text")
        self._limit.learn(thought=any("thinking" in part["type"] for part in reply["content"]))
        texts, keys = parse_answer(text, stop_reason, request)
        return GenerationReply(
            texts, provider=self.name, model=model, usage=usage, truncated=stop_reason in _CUT, keys=keys
        )

    def _usage(self, usage: object) -> Usage:
        """Count all parts of the prompt: `input_tokens` leaves out those read from or written to the vendor's cache."""
        cached = "cache_read_input_tokens"
        return usage_in(usage, ["input_tokens", "cache_creation_input_tokens", cached], ["output_tokens"], cached)


ADAPTER = AnthropicProvider.adapter({"max_tokens": FORMER_LIMIT})
