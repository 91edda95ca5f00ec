"""Questions by Anthropic's Messages API; the SDK is imported when a provider is made."""

from collections.abc import Mapping
from typing import Any

from query_generator.errors import QueryGeneratorError, SkippableError
from query_generator.llm.anthropic_errors import error_from_reply
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.http_errors import ErrorStatus, transport_faults
from query_generator.llm.http_provider import HttpProvider
from query_generator.llm.optional_parameters import OptionalParameters, ParameterSets
from query_generator.llm.registry import ANTHROPIC
from query_generator.llm.reply import QUESTIONS_SCHEMA, parse_question_texts
from query_generator.llm.reported import usage_in

# 25 questions take about 1,000 tokens; the rest is room for thinking, which counts here, and for larger counts.
MAX_OUTPUT_TOKENS = 16_384

_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})
_SCHEMA = OptionalParameters(
    {
        "output_config": {
            "format": {"type": "json_schema", "schema": {**QUESTIONS_SCHEMA, "additionalProperties": False}}
        }
    },
    ("output_config", "output_format", "json_schema", "structured output"),
)
# Thinking at the default, medium, effort is billed, and plain questions do not need it.
_EFFORT = OptionalParameters({"output_config": {"effort": "low"}}, ("effort", "output_config: "))


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
                max_tokens=MAX_OUTPUT_TOKENS,
                messages=[{"role": "user", "content": request.prompt.user}],
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
        return GenerationReply(
            texts=parse_question_texts(text, stop_reason, wanted=request.count, asked=str(request.query_type)),
            provider=self.name,
            model=model,
            usage=usage,
            truncated=stop_reason in _CUT,
        )

    def _usage(self, usage: object) -> Usage:
        """Count all parts of the prompt: `input_tokens` leaves out those read from or written to the vendor's cache."""
        cached = "cache_read_input_tokens"
        return usage_in(usage, ["input_tokens", "cache_creation_input_tokens", cached], ["output_tokens"], cached)


ADAPTER = AnthropicProvider.adapter({"max_tokens": MAX_OUTPUT_TOKENS})
