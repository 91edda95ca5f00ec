"""Questions from Gemini by REST with google-generativeai; the SDK is imported when a provider is made."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from urllib3 import exceptions as urllib3_errors

from query_generator.errors import RetryableError, SkippableError, UnusableReplyError
from query_generator.llm.adapter import Adapter, CallLimits
from query_generator.llm.answer_form import QUESTIONS_SCHEMA, OutputLimit
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage, billed
from query_generator.llm.gemini_common import PARAMETERS, REFUSALS, TEMPERATURE, check_settings, token_counter
from query_generator.llm.gemini_sdk import import_sdk
from query_generator.llm.google_errors import error_from_reply
from query_generator.llm.http_errors import expected_shape, no_connection, unreadable
from query_generator.llm.registry import GEMINI
from query_generator.llm.reply import parse_answer, read_json
from query_generator.llm.reply_size import UnreadableBody
from query_generator.llm.reported import UNREADABLE, measured, model_of, usage_of_counts
from query_generator.llm.session import DeadlinePassed, DeadlineSession, ErrorStatus
from query_generator.masking import hide
from query_generator.models import QueryType


class GeminiProvider:
    """The provider `gemini`. Threads share one client and at most `pool_size` connections, each call waits for one.

    Make it after any fork. `endpoint` is the scheme and host of a Gemini-compatible service, empty for Google's own.
    `timeout_seconds` bounds the wait for a connection and for each read; `deadline_seconds` bounds a reply as a whole.

    A call copies a request that was made beforehand and sends it by the SDK's REST transport. The SDK's front end,
    `GenerativeModel`, would make schema, settings and client wrappers anew each time, a third of a call's CPU.
    """

    name = "gemini"

    def __init__(
        self,
        api_key: str,
        models: Mapping[QueryType, str],
        *,
        endpoint: str = "",
        pool_size: int = 32,
        timeout_seconds: float = 60.0,
        deadline_seconds: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the client; no call is made yet.

        Raises:
            ConfigurationError: the key, a model's name, the endpoint, or a proxy for it cannot be right.
        """
        check_settings(api_key, models, endpoint)
        endpoint = endpoint.rstrip("/") or GEMINI.own_address
        hide({api_key})
        self._models = dict(models)
        self._timeout_seconds = timeout_seconds
        self._deadline_seconds = deadline_seconds
        self._session = DeadlineSession(
            endpoint,
            {"x-goog-api-key": api_key},
            pool_size=pool_size,
            deadline_seconds=deadline_seconds,
            clock=clock,
        )
        genai, service_client = import_sdk()
        client = service_client(transport="rest", client_options={"api_key": api_key, "api_endpoint": endpoint})
        client.transport._session = self._session
        self._send = client.transport.generate_content
        self._reply = genai.protos.GenerateContentResponse
        self._wrap = genai.protos.GenerateContentRequest.wrap
        self._limit = OutputLimit()
        self._blank = {model: _blank_request(genai, model) for model in set(self._models.values())}

    @property
    def model(self) -> str:
        """The model that is asked for product questions."""
        return self._models[QueryType.PRODUCT]

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._session.close()

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; the errors are those of `Provider.generate`."""
        model = self._models[request.query_type]
        reply, usage, thoughts = self._call(model, request)
        version = model_of(reply.model_version, model)
        usage = measured(usage, [part.text for candidate in reply.candidates for part in candidate.content.parts])
        with billed(version, usage):
            candidate = _usable_candidate(reply)
            finish = _name(candidate, "finish_reason")
            text = "".join(part.text for at, part in enumerate(candidate.content.parts) if at not in thoughts)
            texts, keys = parse_answer(text, finish, request)
            return GenerationReply(
                texts, provider=self.name, model=version, usage=usage, truncated=finish == "MAX_TOKENS", keys=keys
            )

    def _call(self, model: str, request: GenerationRequest) -> tuple[Any, Usage, frozenset[int]]:
        """Make the call; returns the reply's protobuf message, what it bills, and which of its parts are thoughts."""
        from google.protobuf.json_format import ParseError

        try:
            reply = self._send(self._request(model, request), retry=None, timeout=self._timeout_seconds)
            body = self._session.of_thread.body
        except ErrorStatus as exc:
            retry_after = exc.reply.headers.get("Retry-After", "")
            raise error_from_reply(exc.reply.status_code, exc.reply.content, model, retry_after) from exc
        except DeadlinePassed as exc:
            raise RetryableError(
                f"Gemini's reply was not whole within {self._deadline_seconds:g} seconds, the deadline of a call"
            ) from exc
        except UnreadableBody as exc:
            raise unreadable(GEMINI, exc) from None
        except urllib3_errors.TimeoutError as exc:
            raise RetryableError(f"Gemini sent nothing for {self._timeout_seconds:g} seconds") from exc
        except urllib3_errors.HTTPError as exc:
            raise no_connection("Gemini", exc) from exc
        except (ParseError, UnicodeDecodeError):
            with expected_shape(GEMINI, ParseError, SystemError):  # from the depths of protobuf
                body = self._session.of_thread.body
                return self._without_report(body), UNREADABLE, _thoughts(body)
        except UnicodeEncodeError as exc:
            raise SkippableError("the prompt holds half a surrogate pair, which cannot be sent as UTF-8") from exc
        finally:
            self._session.of_thread.body = b""
        message = type(reply).pb(reply)
        return message, _usage(message), _thoughts(body)

    def _without_report(self, body: bytes) -> Any:
        """Read a reply without what it reports of itself, since the SDK refuses it as a whole for an odd count."""
        from google.protobuf.json_format import ParseDict

        content = {**read_json(body)}
        del content["usageMetadata"]
        content.pop("modelVersion", None)
        return ParseDict(content, self._reply.pb(self._reply()), ignore_unknown_fields=True)

    def _request(self, model: str, request: GenerationRequest) -> Any:
        blank = self._blank[model]
        message = type(blank)()
        message.CopyFrom(blank)
        message.contents[0].parts[0].text = request.prompt.message
        message.system_instruction.parts[0].text = request.prompt.system
        message.generation_config.max_output_tokens = self._limit.of(request)
        if request.groups:
            schema, keys = message.generation_config.response_schema, [group.key for group in request.groups]
            of_a_list = blank.generation_config.response_schema.properties["questions"]
            del schema.properties["questions"]
            del schema.required[:]
            schema.required.extend(keys)
            for key in keys:
                schema.properties[key].CopyFrom(of_a_list)
        return self._wrap(message)


def _blank_request(genai: Any, model: str) -> Any:
    """Let the SDK make a request without its texts; returns the protobuf message."""
    front = genai.GenerativeModel(
        model,
        system_instruction="-",
        generation_config={
            "temperature": TEMPERATURE,
            "response_mime_type": "application/json",
            "response_schema": QUESTIONS_SCHEMA,
        },
    )
    content = genai.protos.Content(role="user", parts=[genai.protos.Part(text="-")])
    request = front._prepare_request(contents=content, tools=None, tool_config=None)
    return type(request).pb(request)


def _thoughts(body: bytes) -> frozenset[int]:
    """Return which parts of the first candidate are thoughts; this SDK does not know that field."""
    if b'"thought"' not in body:
        return frozenset()
    with expected_shape(GEMINI):
        parts = read_json(body)["candidates"][0]["content"]["parts"]
        return frozenset(at for at, part in enumerate(parts) if part.get("thought"))


def _usable_candidate(reply: Any) -> Any:
    blocked = _name(reply.prompt_feedback, "block_reason")
    if blocked != "BLOCK_REASON_UNSPECIFIED":
        raise SkippableError(f"Gemini blocked the prompt (block reason {blocked})")
    if not reply.candidates:
        raise UnusableReplyError("Gemini's reply holds no candidate")
    candidate = reply.candidates[0]
    finish = _name(candidate, "finish_reason")
    if finish in REFUSALS:
        raise SkippableError(f"Gemini broke off its reply (finish reason {finish})")
    return candidate


def _name(message: Any, enum_field: str) -> str:
    """Return the name of an enum's value, or its number where the value is newer than the SDK."""
    number = getattr(message, enum_field)
    value = message.DESCRIPTOR.fields_by_name[enum_field].enum_type.values_by_number.get(number)
    return str(value.name if value else number)


def _usage(reply: Any) -> Usage:
    """Count thinking as output, as it is billed; this SDK shows it only in the total."""
    metadata = reply.usage_metadata
    prompt, thinking_too = metadata.prompt_token_count, metadata.total_token_count - metadata.prompt_token_count
    output = max(metadata.candidates_token_count, thinking_too)
    return usage_of_counts([prompt], [output], metadata.cached_content_token_count)


def _make(api_key: str, models: Mapping[QueryType, str], address: str, limits: CallLimits) -> GeminiProvider:
    return GeminiProvider(api_key, models, endpoint=address, **limits)


ADAPTER = Adapter(_make, PARAMETERS, token_counter)
