"""A Gemini REST service on loopback: `LlmServer` in Gemini's dialect.

In a test: `with GeminiServer(script=["rate_limit", "ok"]) as server: … server.url … server.stats()`.
As a process: `python -m tests.fakes.gemini_server --latency 0.2 --fault rate_limit=0.05`; its URL is the first line it
prints.
"""

import argparse
import re
import signal
import sys
import threading
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.gemini_faults import Fault, FaultRule, error_reply, google_error
from tests.fakes.gemini_replies import model_reply, prompt_text
from tests.fakes.llm_dialect import Answer, Call
from tests.fakes.llm_server import LlmServer

_GENERATE = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent")
_COUNT_TOKENS = re.compile(r"/v1(?:beta)?/models/([^/:]+):countTokens")
_MODEL = re.compile(r"/v1(?:beta)?/models/([^/:]+)")


class GeminiDialect:
    """What Gemini's REST interface looks like."""

    def call(self, path: str, headers: Message, document: dict[str, Any]) -> Call | None:
        """Read a generateContent request."""
        url = urlsplit(path)
        query = parse_qs(url.query)
        prompt = prompt_text(document)
        match = _GENERATE.fullmatch(url.path)
        if not match:
            return None
        key = headers.get("x-goog-api-key") or query.get("key", [""])[0]
        return Call(match[1], prompt, key, integers="enum-encoding=int" in query.get("$alt", [""])[0])

    def key_fault(self, key: str, accepted: str) -> Fault | None:
        """Refuse an absent key with 403, a wrong one with 400."""
        if not key:
            return Fault.FORBIDDEN
        return Fault.BAD_KEY if accepted and key != accepted else None

    def error(self, fault: Fault, call: Call, retry_delay: str) -> Answer | None:
        """Report a fault as Google's services do."""
        error = error_reply(fault, call.key, call.model, retry_delay)
        return Answer(*error) if error else None

    def reply(self, fault: Fault, call: Call, name: str, texts: list[str]) -> dict[str, Any]:
        """Answer as the model."""
        return model_reply(fault, call, name, texts)

    def count_tokens(self, path: str, headers: Message, document: dict[str, Any], accepted: str) -> Answer | None:
        """Count a prompt's tokens as the bill does, free of charge."""
        match = _COUNT_TOKENS.fullmatch(urlsplit(path).path)
        if not match:
            return None
        prompt, key = prompt_text(document["generateContentRequest"]), headers.get("x-goog-api-key", "")
        fault = self.key_fault(key, accepted)
        call = Call(match[1], prompt, key)
        return (self.error(fault, call, "") if fault else None) or Answer(200, {"totalTokens": len(prompt) // 4})

    def model_page(self, path: str) -> Answer | None:
        """Describe a model."""
        model = _MODEL.fullmatch(urlsplit(path).path)
        methods = {"supportedGenerationMethods": ["generateContent"]}
        return Answer(200, {"name": f"models/{model[1]}", **methods}) if model else None

    def bad_request(self, message: str) -> Answer:
        """Refuse a request that cannot be read."""
        return Answer(*google_error(400, "INVALID_ARGUMENT", message))

    def not_found(self) -> Answer:
        """Know no such path."""
        return Answer(*google_error(404, "NOT_FOUND", "No such path."))


class GeminiServer(LlmServer):
    """The service; its `url` is for `GEMINI_API_ENDPOINT`."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(GeminiDialect(), **settings)


def main(argv: list[str]) -> int:
    """Serve until interrupted or terminated."""
    parser = argparse.ArgumentParser(description="A Gemini REST service on loopback that fails as told.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds for each good reply")
    parser.add_argument("--limit", default="", help="CALLS/SECONDS beyond which calls get 429")
    parser.add_argument("--api-key", default="", help="the only accepted key")
    parser.add_argument("--fault", action="append", default=[], help="NAME=RATE or NAME=RATE:TEXT of the prompt")
    parser.add_argument("--script", default="", help="fates of the first calls, by commas")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    calls, _, seconds = options.limit.partition("/")
    server = GeminiServer(
        port=options.port,
        script=filter(None, options.script.split(",")),
        rules=[_rule(text) for text in options.fault],
        seed=options.seed,
        latency=options.latency,
        limit=(int(calls), float(seconds)) if calls else None,
        api_key=options.api_key,
    )
    terminated = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: terminated.set())
    with server:
        print(server.url, flush=True)
        terminated.wait()
    return 0


def _rule(text: str) -> FaultRule:
    name, _, rest = text.partition("=")
    rate, _, match = rest.partition(":")
    return FaultRule(Fault(name), float(rate or 1), match)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
