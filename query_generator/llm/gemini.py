"""Questions from Gemini over REST with google-generativeai; the SDK is imported when a provider is made."""

import ipaddress
import re
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from query_generator.errors import ConfigurationError, RetryableError, SkippableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.google_errors import error_from_reply
from query_generator.llm.reply import QUESTIONS_SCHEMA, parse_question_texts
from query_generator.models import QueryType

GOOGLE_ENDPOINT = "https://generativelanguage.googleapis.com"
# Google's advice for Gemini 3: lower values make it loop; it is also what gives varied questions.
TEMPERATURE = 1.0
# 25 questions take about 1,000 tokens. The rest is room for thinking, which counts here and cannot be turned off in
# this SDK, and for larger counts; it still ends a model that repeats itself well before its own limit of 65,536.
MAX_OUTPUT_TOKENS = 16_384

_REFUSALS = frozenset({"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"})
_HEADER_VALUE = re.compile(r"[!-~]+")
_MODEL_NAME = re.compile(r"((models|tunedModels)/)?[A-Za-z0-9][A-Za-z0-9._-]*")


class GeminiProvider:
    """The provider `gemini`. Threads share one client and at most `pool_size` connections, each call waits for one.

    Make it after any fork. `endpoint` is the scheme and host of a Gemini-compatible service, empty for Google's own.
    `timeout_seconds` bounds the wait for a connection and for each read, not a reply that keeps dripping.
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
    ) -> None:
        """Make the client; no call is made yet.

        Raises:
            ConfigurationError: the key, a model's name or the endpoint cannot be right.
        """
        _check_api_key(api_key)
        _check_models(models)
        _check_endpoint(endpoint)
        self._api_key = api_key
        self._models = dict(models)
        self._timeout_seconds = timeout_seconds
        self._genai, service_client = _import_sdk()
        options = {"api_key": api_key} | ({"api_endpoint": endpoint.rstrip("/")} if endpoint else {})
        self._client = service_client(transport="rest", client_options=options)
        _prepare_session(self._client.transport._session, endpoint or GOOGLE_ENDPOINT, pool_size)

    @property
    def model(self) -> str:
        """The model that is asked for product questions."""
        return self._models[QueryType.PRODUCT]

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._client.transport.close()

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; the errors are those of `Provider.generate`."""
        model = self._models[request.query_type]
        reply = self._call(model, request)
        candidate = _usable_candidate(reply)
        parts = candidate.get("content", {}).get("parts", [])
        return GenerationReply(
            texts=parse_question_texts("".join(part.get("text", "") for part in parts)),
            provider=self.name,
            model=reply.get("model_version") or model,
            usage=_usage(reply.get("usage_metadata", {})),
            truncated=candidate["finish_reason"] == "MAX_TOKENS",
        )

    def _call(self, model: str, request: GenerationRequest) -> dict[str, Any]:
        from google.protobuf.json_format import ParseError

        try:
            sdk_model = self._genai.GenerativeModel(
                model,
                system_instruction=request.prompt.system or None,
                generation_config={
                    "temperature": TEMPERATURE,
                    "max_output_tokens": MAX_OUTPUT_TOKENS,
                    "response_mime_type": "application/json",
                    "response_schema": QUESTIONS_SCHEMA,
                },
            )
            sdk_model._client = self._client
            response = sdk_model.generate_content(
                request.prompt.user, request_options={"timeout": self._timeout_seconds, "retry": None}
            )
        except _ErrorStatus as exc:
            body = exc.response.content.replace(self._api_key.encode(), b"[the key]")
            retry_after = exc.response.headers.get("Retry-After", "")
            raise error_from_reply(exc.response.status_code, body, model, retry_after) from exc
        except requests.Timeout as exc:
            raise RetryableError(f"Gemini sent nothing for {self._timeout_seconds:g} seconds") from exc
        except requests.RequestException as exc:
            raise RetryableError(f"the connection to Gemini failed ({type(exc).__name__})") from exc
        except (ParseError, UnicodeDecodeError) as exc:
            raise RetryableError("Gemini's reply is not the expected JSON; a proxy may stand between") from exc
        except UnicodeEncodeError as exc:
            raise SkippableError("the prompt holds half a surrogate pair, which cannot be sent as UTF-8") from exc
        to_dict = self._genai.protos.GenerateContentResponse.to_dict
        as_dict: dict[str, Any] = to_dict(response._result, use_integers_for_enums=False)
        return as_dict


class _ErrorStatus(Exception):  # noqa: N818 - it never leaves this module
    """A reply of status 400 or more, kept from the SDK: it would send a 401 three times and trip over odd bodies."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.response = response


def _raise_for_status(response: requests.Response, **_options: object) -> None:
    if response.status_code >= 400:
        _ = response.content  # a body that is not read keeps its connection out of the pool
        raise _ErrorStatus(response)


def _prepare_session(session: requests.Session, endpoint: str, pool_size: int) -> None:
    """Fit the SDK's session to many threads: a hard limit of connections, proxies and CA bundle looked up once."""
    session.hooks["response"].append(_raise_for_status)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=pool_size, pool_block=True))
    environment = session.merge_environment_settings(endpoint, {}, False, None, None)
    session.proxies, session.verify = environment["proxies"], environment["verify"]
    session.trust_env = False  # at each call it costs 0.2 ms, and a ~/.netrc could add a password


def _import_sdk() -> tuple[Any, Any]:
    """Import the SDK (0.5 s, 86 MB) without its notices that its upstream and Python 3.11 end."""
    with warnings.catch_warnings():
        for notice in (r"\s*All support for the `google\.generativeai` package", "You are using a Python version"):
            warnings.filterwarnings("ignore", message=notice, category=FutureWarning)
        import google.generativeai as genai
        from google.ai.generativelanguage import GenerativeServiceClient
    return genai, GenerativeServiceClient


def _usable_candidate(reply: Mapping[str, Any]) -> dict[str, Any]:
    blocked = reply.get("prompt_feedback", {}).get("block_reason", "BLOCK_REASON_UNSPECIFIED")
    if blocked != "BLOCK_REASON_UNSPECIFIED":
        raise SkippableError(f"Gemini blocked the prompt (block reason {blocked})")
    if not reply["candidates"]:
        raise RetryableError("Gemini's reply holds no candidate")
    candidate: dict[str, Any] = reply["candidates"][0]
    if candidate["finish_reason"] in _REFUSALS:
        raise SkippableError(f"Gemini broke off its reply (finish reason {candidate['finish_reason']})")
    return candidate


def _usage(metadata: Mapping[str, Any]) -> Usage:
    """Count thinking as output, as it is billed: this SDK shows it only as what the total has over the parts."""
    prompt = metadata.get("prompt_token_count", 0)
    thinking_too = metadata.get("total_token_count", 0) - prompt
    return Usage(prompt_tokens=prompt, output_tokens=max(metadata.get("candidates_token_count", 0), thinking_too))


def _check_api_key(api_key: str) -> None:
    if not _HEADER_VALUE.fullmatch(api_key):
        raise ConfigurationError(
            "the Gemini API key is empty or holds white space or characters that no key has;"
            " check the setting GEMINI_SECRET_NAME or GEMINI_API_KEY"
        )


def _check_models(models: Mapping[QueryType, str]) -> None:
    for query_type in QueryType:
        if not _MODEL_NAME.fullmatch(models.get(query_type, "")):
            raise ConfigurationError(
                f"'{models.get(query_type, '')}' is no Gemini model name for {query_type} questions;"
                " set --model (GEMINI_MODEL, GEMINI_MARKET_MODEL)"
            )


def _check_endpoint(endpoint: str) -> None:
    if not endpoint:
        return
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise ConfigurationError("GEMINI_API_ENDPOINT is no URL; give scheme and host, https://host") from exc
    if not host or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConfigurationError("GEMINI_API_ENDPOINT must be scheme and host alone, such as https://host")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ConfigurationError(
            f"GEMINI_API_ENDPOINT: '{parts.scheme}' to '{host}' would show the key; use https (http only on loopback)"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
