"""Questions over Anthropic's messages interface; the SDK is imported with the first provider."""

import json
from functools import partial
from typing import Any

from query_generator.errors import ConfigurationError, SkippableError
from query_generator.llm.anthropic_errors import SERVICE, error_from_reply
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage, billed
from query_generator.llm.endpoints import OWN_ADDRESSES, check_address, check_api_key
from query_generator.llm.http_errors import ErrorStatus, expected_shape, transport_faults
from query_generator.llm.optional_parameters import OptionalParameters, ParameterSets
from query_generator.llm.reply import QUESTIONS_SCHEMA, parse_question_texts
from query_generator.llm.sdk import sdk_of

# "For high-volume, latency-sensitive tasks", $0.10 and $0.50 a million tokens for prompts up to 100,000 tokens:
# https://platform.claude.com/docs/en/models/haiku-5-5/overview (2026-11); listed in the SDK's types/model_param.py.
DEFAULT_MODEL = "claude-haiku-5-5"
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


class AnthropicProvider:
    """The provider `anthropic`. Threads share one client and at most `pool_size` connections.

    Make it after any fork. `base_url` is the address of a service with the same interface, empty for Anthropic's own.
    `timeout_seconds` bounds each wait for the network, `deadline_seconds` a whole call.
    """

    name = "anthropic"

    def __init__(
        self,
        api_key: str,
        model: str = DEFAULT_MODEL,
        *,
        base_url: str = "",
        pool_size: int = 32,
        timeout_seconds: float = 60.0,
        deadline_seconds: float = 120.0,
    ) -> None:
        """Make the client; no call is made yet.

        Raises:
            ConfigurationError: the key, the model's name or the address cannot be right, or the SDK is not installed.
        """
        check_api_key(api_key, SERVICE.key_settings)
        if base_url:
            check_address(base_url, "ANTHROPIC_BASE_URL", path_allowed=True, shows_key=True)
        if not model.strip():
            raise ConfigurationError("the model's name is empty; check the setting ANTHROPIC_MODEL")
        with sdk_of(self.name, "anthropic"):
            from anthropic import Anthropic

            from query_generator.llm.http_client import make_client

        url = base_url or OWN_ADDRESSES["anthropic"]
        self.model = model
        self._http = make_client(
            url, api_key, pool_size=pool_size, timeout_seconds=timeout_seconds, deadline_seconds=deadline_seconds
        )
        client = Anthropic(
            api_key=api_key, base_url=url, timeout=timeout_seconds, max_retries=0, http_client=self._http
        )
        self._create: Any = client.messages.with_raw_response.create
        self._parameter_sets = ParameterSets([_EFFORT], [_SCHEMA])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; the errors are those of `Provider.generate`."""
        try:
            body = self._parameter_sets.call(partial(self._post, request))
        except ErrorStatus as exc:
            raise error_from_reply(exc, self.model) from exc
        with expected_shape(SERVICE):
            reply = json.loads(body)
            model, usage = reply.get("model") or self.model, _usage(reply.get("usage") or {})
            with billed(model, usage):
                return self._read(reply, model, usage)

    def _post(self, request: GenerationRequest, offered: dict[str, Any]) -> bytes:
        from anthropic import APIConnectionError

        system = {"system": request.prompt.system} if request.prompt.system else {}
        with transport_faults(SERVICE, APIConnectionError):
            body: bytes = self._create(
                model=self.model,
                max_tokens=MAX_OUTPUT_TOKENS,
                messages=[{"role": "user", "content": request.prompt.user}],
                **system,
                **offered,
            ).http_response.content
        return body

    def _read(self, reply: dict[str, Any], model: str, usage: Usage) -> GenerationReply:
        stop_reason = reply["stop_reason"]
        if stop_reason == "refusal":
            raise SkippableError("Anthropic's model refused to answer (stop reason refusal)")
        return GenerationReply(
            texts=parse_question_texts("".join(part["text"] for part in reply["content"] if part["type"] == "text")),
            provider=self.name,
            model=model,
            usage=usage,
            truncated=stop_reason in _CUT,
        )


def _usage(usage: dict[str, Any]) -> Usage:
    """Count all parts of the prompt: `input_tokens` leaves out what the cache was read for or written."""
    cached = usage.get("cache_read_input_tokens") or 0
    prompt = (usage.get("input_tokens") or 0) + (usage.get("cache_creation_input_tokens") or 0) + cached
    return Usage(prompt, usage.get("output_tokens") or 0, cached)
