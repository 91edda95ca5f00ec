"""Questions from Gemini with google-genai, the successor of the SDK of `gemini`; imported when a provider is made."""

from collections.abc import Mapping
from typing import Any

from query_generator.errors import RetryableError, SkippableError, UnusableReplyError
from query_generator.llm.adapter import Adapter, CallLimits
from query_generator.llm.answer_form import OutputLimit, answer_schema
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage, billed
from query_generator.llm.gemini_common import PARAMETERS, REFUSALS, TEMPERATURE, check_settings, token_counter
from query_generator.llm.google_errors import error_from_reply
from query_generator.llm.http_errors import ErrorStatus, error_inside, expected_shape, transport_faults
from query_generator.llm.registry import GEMINI
from query_generator.llm.reply import parse_answer, read_json
from query_generator.llm.reported import measured, model_of, usage_in
from query_generator.llm.sdk import sdk_of
from query_generator.models import QueryType


class GoogleGenAIProvider:
    """The provider `google-genai`. Threads share one client and at most `pool_size` connections.

    Make it after any fork. `endpoint` is the scheme and host of a Gemini-compatible service, empty for Google's own.
    `timeout_seconds` bounds each wait for the network, `deadline_seconds` a whole call.
    """

    name = "google-genai"

    def __init__(
        self,
        api_key: str,
        models: Mapping[QueryType, str],
        *,
        endpoint: str = "",
        pool_size: int = 32,
        timeout_seconds: float = 60.0,
        deadline_seconds: float = 120.0,
    ) -> None:
        """Make the client; no call is made yet.

        Raises:
            ConfigurationError: the key, a model's name or the endpoint cannot be right, or the SDK is not installed.
        """
        check_settings(api_key, models, endpoint)
        with sdk_of(self.name, "google-genai"):
            from google.genai import Client, types

            from query_generator.llm.http_client import make_client

        url = endpoint or GEMINI.own_address
        self._models = dict(models)
        self._limit = OutputLimit()
        self._http = make_client(
            url, api_key, pool_size=pool_size, timeout_seconds=timeout_seconds, deadline_seconds=deadline_seconds
        )
        options = types.HttpOptions(
            base_url=url,
            api_version="v1beta",
            timeout=int(timeout_seconds * 1000),  # milliseconds, and the default is to wait for ever
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_client=self._http,
        )
        self._client = Client(api_key=api_key, vertexai=False, http_options=options)

    @property
    def model(self) -> str:
        """The model that is asked for product questions."""
        return self._models[QueryType.PRODUCT]

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._http.close()

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; the errors are those of `Provider.generate`."""
        model = self._models[request.query_type]
        try:
            with expected_shape(GEMINI), transport_faults(GEMINI):
                body, headers = self._post(model, request)
                reply = read_json(body)
                error = error_inside(reply, headers) if not _candidates(reply) else None
            if error:
                raise error
        except ErrorStatus as exc:
            raise error_from_reply(exc.status, exc.body, model, exc.headers.get("retry-after", "")) from exc
        with expected_shape(GEMINI):
            version = model_of(reply.get("modelVersion"), model)
            usage = measured(_usage(reply.get("usageMetadata")), _candidates(reply))
            with billed(version, usage):
                return self._read(reply, version, usage, request)

    def _post(self, model: str, request: GenerationRequest) -> tuple[str, dict[str, str]]:
        """Return the reply as it came: the SDK would warn of values that are newer than itself."""
        request.prompt.message.encode()
        response = self._client.models.generate_content(
            model=model,
            contents=request.prompt.message,
            config={
                "system_instruction": request.prompt.system or None,
                "temperature": TEMPERATURE,
                "max_output_tokens": self._limit.of(request),
                "response_mime_type": "application/json",
                "response_schema": answer_schema(request),
                "automatic_function_calling": {"disable": True},
                "should_return_http_response": True,
            },
        )
        raw = response.sdk_http_response
        if raw is None or raw.body is None:
            raise RetryableError("Gemini's reply is empty")
        return raw.body, dict(raw.headers or {})

    def _read(self, reply: dict[str, Any], model: str, usage: Usage, request: GenerationRequest) -> GenerationReply:
        if blocked := reply.get("promptFeedback", {}).get("blockReason"):
            raise SkippableError(f"Gemini blocked the prompt (block reason {blocked})")
        if not reply.get("candidates"):
            raise UnusableReplyError("Gemini's reply holds no candidate")
        candidate = reply["candidates"][0]
        finish_reason = candidate.get("finishReason")
        if finish_reason in REFUSALS:
            raise SkippableError(f"Gemini broke off its reply (finish reason {finish_reason})")
        parts = candidate.get("content", {}).get("parts", [])
        text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
        texts, keys = parse_answer(text, finish_reason, request)
        return GenerationReply(
            texts, provider=self.name, model=model, usage=usage, truncated=finish_reason == "MAX_TOKENS", keys=keys
        )


def _candidates(reply: Any) -> Any:
    return reply.get("candidates") if isinstance(reply, dict) else None


def _usage(metadata: object) -> Usage:
    """Count thinking as output, as it is billed."""
    output = ["candidatesTokenCount", "thoughtsTokenCount"]
    return usage_in(metadata, ["promptTokenCount"], output, "cachedContentTokenCount")


def _make(api_key: str, models: Mapping[QueryType, str], address: str, limits: CallLimits) -> GoogleGenAIProvider:
    return GoogleGenAIProvider(api_key, models, endpoint=address, **limits)


ADAPTER = Adapter(_make, PARAMETERS, token_counter)
