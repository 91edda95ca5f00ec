"""A Gemini REST service on loopback that writes questions, fails as told and counts what it would have billed.

In a test: `with GeminiServer(script=["rate_limit", "ok"]) as server: … server.url … server.stats()`.
As a process: `python -m tests.fakes.gemini_server --latency 0.2 --fault rate_limit=0.05`; its URL is the first line it
prints. `GET /stats` gives the counters; `POST /faults` sets a plan (`FaultPlan.from_json`) and `latency`, seconds.
"""

import argparse
import json
import re
import signal
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.gemini_faults import Fault, FaultPlan, FaultRule, error_reply, google_error
from tests.fakes.gemini_replies import model_reply, prompt_text, wanted
from tests.fakes.question_texts import questions

_GENERATE = re.compile(r"/v1(?:beta)?/models/([^/:]+):generateContent")
_MODEL = re.compile(r"/v1(?:beta)?/models/([^/:]+)")
NOT_ANSWERED = 0  # in place of a status: the connection ended, or hung until the server stopped


class GeminiServer:
    """The service on a thread of its own. All settings can be changed while it runs."""

    def __init__(
        self,
        *,
        port: int = 0,
        script: Iterable[str] = (),
        rules: Iterable[FaultRule] = (),
        seed: int = 0,
        latency: float = 0.0,
        limit: tuple[int, float] | None = None,
        api_key: str = "",
        retry_delay: str = "0.2s",
    ) -> None:
        """Take a free port for 0; `limit` is (calls, seconds) of a sliding window beyond which calls get 429.

        `latency` is in seconds for each good reply. `api_key` is the only accepted key; empty accepts any.
        """
        self.latency, self.limit, self.api_key, self.retry_delay = latency, limit, api_key, retry_delay
        self.drip_seconds = 0.05
        self.on_request: Callable[[tuple[str, str]], None] = lambda _: None  # told of each call when it has come in
        self.on_reply: Callable[[tuple[str, str]], None] = lambda _: None  # and when its reply's last byte has gone out
        self.stopping = threading.Event()
        self.sockets: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.connections = self.in_flight = self.max_in_flight = 0
        self.calls: Counter[tuple[str, str]] = Counter()
        self.billed: Counter[tuple[str, str]] = Counter()
        self.log: list[tuple[float, int]] = []
        self.last_request: dict[str, Any] = {}
        self._plan = FaultPlan(script, rules, seed)
        self._written: Counter[tuple[str, str]] = Counter()
        self._admitted: deque[float] = deque()
        self._http = _HttpServer(("127.0.0.1", port), _GeminiRequest)
        self._http.service = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="gemini-server")

    @property
    def url(self) -> str:
        """Scheme, host and port, for `GEMINI_API_ENDPOINT`."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> "GeminiServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stopping.set()
        self._http.shutdown()
        with self.lock:
            for connection in self.sockets:
                connection.shutdown(socket.SHUT_RDWR)
        self._http.server_close()
        self._thread.join()

    def set_faults(self, script: Iterable[str] = (), rules: Iterable[FaultRule] = (), seed: int = 0) -> None:
        """Replace the script and the rules."""
        with self.lock:
            self._plan = FaultPlan(script, rules, seed)

    def configure(self, document: dict[str, Any]) -> None:
        """Take the body of `POST /faults`; the plan is replaced, the latency kept where none is given."""
        with self.lock:
            self._plan = FaultPlan.from_json(document)
            self.latency = float(document.get("latency", self.latency))

    def stats(self) -> dict[str, Any]:
        """Return the counters as JSON types; a call is billed when the model's own reply began with status 200."""
        with self.lock:
            return {
                "total": sum(self.calls.values()),
                "billed": sum(self.billed.values()),
                "calls": [{"name": name, "type": kind, "count": n} for (name, kind), n in self.calls.items()],
                "billed_calls": [{"name": name, "type": kind, "count": n} for (name, kind), n in self.billed.items()],
                "statuses": {str(status): n for status, n in Counter(status for _, status in self.log).items()},
                "in_flight": self.in_flight,
                "max_in_flight": self.max_in_flight,
                "connections": self.connections,
                "log": list(self.log),
            }

    def begin(self, subject: tuple[str, str], prompt: str) -> Fault:
        """Count a call that has come in and decide its fate."""
        with self.lock:
            self.calls[subject] += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            return Fault.RATE_LIMIT if self._over_limit() else self._plan.next_fault(prompt)

    def end(self, subject: tuple[str, str], arrived: float, status: int, fault: Fault) -> None:
        """Count a call that is over."""
        with self.lock:
            self.in_flight -= 1
            self.log.append((arrived, status))
            self.billed[subject] += status == 200 and fault != Fault.HTML

    def write(self, subject: tuple[str, str], count: int) -> list[str]:
        """Write questions that this server has not written before about this subject."""
        with self.lock:
            start = self._written[subject]
            self._written[subject] += count
        return questions(*subject, start, count)

    def _over_limit(self) -> bool:
        if self.limit is None:
            return False
        calls, seconds = self.limit
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - seconds:
            self._admitted.popleft()
        if len(self._admitted) >= calls:
            return True
        self._admitted.append(now)
        return False


class _HttpServer(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = False
    service: GeminiServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is a fault of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _GeminiRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _HttpServer

    def setup(self) -> None:
        super().setup()
        service = self.server.service
        with service.lock:
            service.connections += 1
            service.sockets.add(self.connection)
            if service.stopping.is_set():
                self.connection.shutdown(socket.SHUT_RDWR)

    def finish(self) -> None:
        with self.server.service.lock:
            self.server.service.sockets.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        model = _MODEL.fullmatch(urlsplit(self.path).path)
        if self.path == "/stats":
            self._send(200, self.server.service.stats())
        elif model:
            self._send(200, {"name": f"models/{model[1]}", "supportedGenerationMethods": ["generateContent"]})
        else:
            self._send(*google_error(404, "NOT_FOUND", "No such path."))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        match = _GENERATE.fullmatch(url.path)
        try:
            document = json.loads(body)
            if url.path == "/faults":
                self.server.service.configure(document)
                self._send(200, {})
                return
            prompt = prompt_text(document)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as exc:
            self._send(*google_error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received. {exc!r}"))
            return
        if match:
            self.server.service.last_request = document
            self._generate(match[1], parse_qs(url.query), prompt)
        else:
            self._send(*google_error(404, "NOT_FOUND", "No such path."))

    def _generate(self, model: str, query: dict[str, list[str]], prompt: str) -> None:
        service, arrived = self.server.service, time.monotonic()
        count, kind, name = wanted(prompt)
        subject = (name, kind)
        fault = service.begin(subject, prompt)
        service.on_request(subject)
        key = self.headers.get("x-goog-api-key") or query.get("key", [""])[0]
        if not key:
            fault = Fault.FORBIDDEN
        elif service.api_key and key != service.api_key:
            fault = Fault.BAD_KEY
        content: Any = ""
        if error := error_reply(fault, key, model, service.retry_delay):
            status, content = error
        elif fault in (Fault.HANG, Fault.DROP):
            status = NOT_ANSWERED
            service.stopping.wait(None if fault == Fault.HANG else 0)
        else:
            status = 200
            service.stopping.wait(service.latency)
            if fault == Fault.HTML:
                content = "<html><body>Sign in to the network</body></html>"
            else:
                texts = service.write(subject, max(1, count * 2 // 3) if fault == Fault.FEW else count)
                integers = "enum-encoding=int" in query.get("$alt", [""])[0]
                content = model_reply(fault, model, prompt, name, texts, integers)
        service.end(subject, arrived, status, fault)
        if status == NOT_ANSWERED:
            self.close_connection = True
        else:
            self._send(status, content, fault)
            service.on_reply(subject)

    def _send(self, status: int, content: Any, fault: Fault = Fault.OK) -> None:
        page = isinstance(content, str)
        body = content.encode() if page else json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if page else "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == Fault.DRIP:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.server.service.stopping.wait(self.server.service.drip_seconds):
                    break
        else:
            self.wfile.write(body[: len(body) // 2] if fault == Fault.DROP_BODY else body)
            self.wfile.flush()
        self.close_connection = self.close_connection or fault in (Fault.DRIP, Fault.DROP_BODY)


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
