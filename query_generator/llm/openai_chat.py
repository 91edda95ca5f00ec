"""Questions over OpenAI's chat completions, from OpenAI or a compatible service; the SDK comes with the first provider.

Compatible services (vLLM, Ollama, llama.cpp and others) know the older `max_tokens`, may know no schema, and need no
key; what one refuses is left out from then on.
"""

import json
from functools import partial
from typing import Any

from query_generator.errors import ConfigurationError, SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage, billed
from query_generator.llm.endpoints import OWN_ADDRESSES, check_address, check_api_key
from query_generator.llm.http_errors import ErrorStatus, expected_shape, transport_faults
from query_generator.llm.openai_errors import SERVICE, error_from_reply
from query_generator.llm.optional_parameters import OptionalParameters, ParameterSets
from query_generator.llm.reply import QUESTIONS_SCHEMA, parse_question_texts
from query_generator.llm.sdk import sdk_of

# "The most efficient model for focused tasks at high volume", $0.10 and $0.50 a million tokens:
# https://developers.openai.com/api/docs/models/gpt-6-luna (2026-11); listed in the SDK's types/shared/chat_model.py.
DEFAULT_MODEL = "gpt-6-luna"
# 25 questions take about 1,000 tokens; the rest is room for reasoning, which counts here, and for larger counts. It is
# no larger because OpenAI charges the whole limit against the quota of tokens a minute.
MAX_OUTPUT_TOKENS = 8_192
NO_KEY = "none"  # the SDK insists on one; services that need none do not look

_SCHEMA = OptionalParameters(
    {
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "questions",
                "strict": True,
                "schema": {**QUESTIONS_SCHEMA, "additionalProperties": False},
            },
        }
    },
    ("response_format", "json_schema", "structured output", "grammar"),
)
_LIMIT = OptionalParameters({"max_completion_tokens": MAX_OUTPUT_TOKENS}, ("max_completion_tokens",))
_OLD_LIMIT = OptionalParameters({"max_tokens": MAX_OUTPUT_TOKENS}, ("max_tokens",))
# The models of this price reason at medium effort by default, which is billed and which plain questions do not need.
_EFFORT = OptionalParameters({"reasoning_effort": "low"}, ("reasoning_effort", "reasoning.effort"))


class OpenAIProvider:
    """The provider `openai`. Threads share one client and at most `pool_size` connections.

    Make it after any fork. `base_url` is that of a compatible service with its version, `http://127.0.0.1:11434/v1`;
    empty for OpenAI's own. With it the key may be empty. `timeout_seconds` bounds each wait for the network,
    `deadline_seconds` a whole call.
    """

    name = "openai"

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
        if api_key or not base_url:
            check_api_key(api_key, SERVICE.key_settings)
        if base_url:
            check_address(base_url, "OPENAI_BASE_URL", path_allowed=True, shows_key=bool(api_key))
        if not model.strip():
            raise ConfigurationError("the model's name is empty; check the setting OPENAI_MODEL")
        with sdk_of(self.name, "openai"):
            from openai import OpenAI

            from query_generator.llm.http_client import make_client

        url = base_url or OWN_ADDRESSES["openai"]
        self.model = model
        self._http = make_client(
            url, api_key, pool_size=pool_size, timeout_seconds=timeout_seconds, deadline_seconds=deadline_seconds
        )
        client = OpenAI(
            api_key=api_key or NO_KEY, base_url=url, timeout=timeout_seconds, max_retries=0, http_client=self._http
        )
        self._create: Any = client.chat.completions.with_raw_response.create
        self._parameter_sets = compatible_parameters() if base_url else openai_parameters()

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
        from openai import APIConnectionError

        system = [{"role": "system", "content": request.prompt.system}] if request.prompt.system else []
        messages = [*system, {"role": "user", "content": request.prompt.user}]
        with transport_faults(SERVICE, APIConnectionError):
            body: bytes = self._create(model=self.model, messages=messages, extra_body=offered).content
        return body

    def _read(self, reply: dict[str, Any], model: str, usage: Usage) -> GenerationReply:
        if not reply["choices"]:
            raise UnusableReplyError("OpenAI's reply holds no choice")
        choice = reply["choices"][0]
        message, finish_reason = choice["message"], choice.get("finish_reason")
        if message.get("refusal") or finish_reason == "content_filter":
            raise SkippableError(f"OpenAI's model refused to answer (finish reason {finish_reason})")
        return GenerationReply(
            texts=parse_question_texts(message.get("content") or ""),
            provider=self.name,
            model=model,
            usage=usage,
            truncated=finish_reason == "length",
        )


def _usage(usage: dict[str, Any]) -> Usage:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
    return Usage(usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0, cached or 0)


def openai_parameters() -> ParameterSets:
    """What calls to OpenAI's own service set: its newer models refuse `max_tokens`."""
    return ParameterSets([_LIMIT, _OLD_LIMIT], [_SCHEMA], [_EFFORT])


def compatible_parameters() -> ParameterSets:
    """What calls to a compatible service set: many of them ignore `max_completion_tokens`, some refuse any effort."""
    return ParameterSets([_OLD_LIMIT, _LIMIT], [_SCHEMA])
