"""Counts the tokens of a prompt at the vendor: calls that cost nothing and also show whether the key is good."""

import json

from urllib3.exceptions import HTTPError

from query_generator.llm.base import CountTokens, Prompt
from query_generator.llm.google_errors import error_from_reply
from query_generator.llm.http_errors import expected_shape, no_connection, unreadable
from query_generator.llm.registry import GEMINI
from query_generator.llm.reply import read_json
from query_generator.llm.reply_size import UnreadableBody
from query_generator.llm.session import DeadlinePassed, DeadlineSession, ErrorStatus
from query_generator.masking import hide

TIMEOUT_SECONDS = 20.0
DEADLINE_SECONDS = 30.0


def gemini_token_counter(api_key: str, endpoint: str = "") -> CountTokens:
    """Make a function that counts a prompt's tokens for a Gemini model with the service's `countTokens`.

    Args:
        api_key: the key.
        endpoint: scheme and host of a service that stands in; empty for Google's own.

    The function raises RetryableError, PermissionRefusedError and others as a call to the model does.
    """
    hide({api_key})
    address = endpoint.rstrip("/") or GEMINI.own_address
    session = DeadlineSession(address, {"x-goog-api-key": api_key}, pool_size=1, deadline_seconds=DEADLINE_SECONDS)

    def count(model: str, prompt: Prompt) -> int:
        name = model if "/" in model else f"models/{model}"
        body = {
            "generateContentRequest": {
                "model": name,
                "systemInstruction": {"parts": [{"text": prompt.system}]},
                "contents": [{"role": "user", "parts": [{"text": prompt.message}]}],
            }
        }
        try:
            with expected_shape(GEMINI):
                reply = session.post(
                    f"{address}/v1beta/{name}:countTokens",
                    timeout=TIMEOUT_SECONDS,
                    headers={"Content-Type": "application/json"},
                    params=(),
                    data=json.dumps(body),
                )
                return int(read_json(reply.content)["totalTokens"])
        except ErrorStatus as exc:
            raise error_from_reply(exc.reply.status_code, exc.reply.content, model) from exc
        except UnreadableBody as exc:
            raise unreadable(GEMINI, exc) from None
        except (HTTPError, DeadlinePassed) as exc:
            raise no_connection("Gemini", exc) from exc

    return count
