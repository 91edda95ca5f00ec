"""A Gemini REST service on loopback that is fast, exact in time, and limits calls as told.

`python -m benchmarks.llm_server --latency 0.2 --limit 20/1`; its URL, for `GEMINI_API_ENDPOINT`, is the first line it
prints. `GET /stats` gives every call as [arrived, replied, status], times in seconds of the machine's monotonic clock.
A service that fails in other ways: `python -m tests.fakes.gemini_server --help`.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.windows import SlidingLimit, most_in_window, parse_limit
from tests.fakes.gemini_faults import Fault, error_reply, google_error
from tests.fakes.gemini_replies import model_reply, prompt_text, wanted
from tests.fakes.llm_dialect import Call
from tests.support.question_texts import questions

STRAY_SECONDS = 1.0  # that a stray refusal asks for

EPILOG = """\
example, in two terminals:
  make llm
  GEMINI_API_KEY=any GEMINI_API_ENDPOINT=http://127.0.0.1:8080 .venv/bin/python batch_job.py \\
      --local --products-file examples/products.json --rpm 1200
At its end (Ctrl-C) it says what it has seen.
"""


class LlmServer:
    """What the service knows: its settings and the calls so far."""

    def __init__(self, latency: float, limit: SlidingLimit | None, stray: int = 0) -> None:
        self.latency = latency
        self.limit = limit
        self.stray = stray
        self.calls: list[tuple[float, float, int]] = []
        self.in_flight = self.max_in_flight = self.asked = 0
        self._written: Counter[tuple[str, str]] = Counter()

    def answer(self, target: str, body: bytes, now: float) -> tuple[float, int, Any]:
        """Decide on a call: seconds until its reply, status, content."""
        url = urlsplit(target)
        model = url.path.removesuffix(":generateContent").rpartition("/")[2]
        try:
            prompt = prompt_text(json.loads(body))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            return 0.0, *google_error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {exc!r}")
        self.asked += 1
        wait = STRAY_SECONDS if self.asked == self.stray else self.limit.wait(now) if self.limit else 0.0
        if wait:
            refusal = error_reply(Fault.RATE_LIMIT, "", model, f"{wait:.3f}s")
            assert refusal
            return 0.0, *refusal
        count, kind, name = wanted(prompt)
        texts = questions(name, kind, self._written[name, kind], count)
        self._written[name, kind] += count
        integers = "enum-encoding=int" in parse_qs(url.query).get("$alt", [""])[0]
        return self.latency, 200, model_reply(Fault.OK, Call(model, prompt, "", integers=integers), name, texts)

    def summary(self) -> str:
        """Say in one line what there was."""
        statuses = Counter(status for _, _, status in self.calls)
        seconds = self.limit.seconds if self.limit else 60.0
        most = most_in_window([arrived for arrived, _, _ in self.calls], seconds)
        return (
            f"{len(self.calls)} calls, by status {dict(statuses)}, at most {self.max_in_flight} in flight, "
            f"at most {most} in any {seconds:g} s"
        )


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as clients of this API use it: bodies with a Content-Length, one request at a time."""

    def __init__(self, server: LlmServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        first, *headers = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (header.partition(":") for header in headers)}
        size = int(fields.get("content-length", 0))
        if len(rest) < size:
            return
        self._buffer = rest[size:]
        method, target, _ = first.split(" ")
        self._take(method, target, rest[:size])

    def _take(self, method: str, target: str, body: bytes) -> None:
        server, arrived = self._server, time.monotonic()
        if method == "GET" and target == "/stats":
            self._send(200, {"calls": server.calls, "max_in_flight": server.max_in_flight})
        elif method == "POST" and ":generateContent" in target:
            server.in_flight += 1
            server.max_in_flight = max(server.max_in_flight, server.in_flight)
            wait, status, content = server.answer(target, body, arrived)
            asyncio.get_running_loop().call_at(arrived + wait, self._reply, arrived, status, content)
        else:
            self._send(*google_error(404, "NOT_FOUND", "No such path."))

    def _reply(self, arrived: float, status: int, content: Any) -> None:
        self._server.in_flight -= 1
        self._send(status, content)
        self._server.calls.append((arrived, time.monotonic(), status))

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content, ensure_ascii=False).encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}"
        self._transport.write(head.encode() + b"\r\n\r\n" + body)


async def _serve(server: LlmServer, port: int) -> None:
    loop = asyncio.get_running_loop()
    terminated = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, terminated.set)
    listener = await loop.create_server(lambda: _Connection(server), "127.0.0.1", port, backlog=1024)
    print(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", flush=True)
    await terminated.wait()
    listener.close()


def main(argv: list[str]) -> int:
    """Serve until interrupted or terminated."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.llm_server",
        description="A Gemini REST service on loopback, to try settings without a key.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="a free one if not given")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="of each reply (0)")
    parser.add_argument(
        "--limit", type=parse_limit, metavar="CALLS/SECONDS", help="calls beyond it in any such time get a 429 (none)"
    )
    parser.add_argument(
        "--stray", type=int, default=0, metavar="N", help="the Nth call gets a 429 for no reason (none)"
    )
    options = parser.parse_args(argv)
    server = LlmServer(options.latency, options.limit, options.stray)
    asyncio.run(_serve(server, options.port))
    print(server.summary(), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
