"""An LLM service on loopback that writes questions, fails as told and counts what it would have billed.

A vendor's server is this one with the vendor's dialect: `with OpenAIServer(script=["rate_limit", "ok"]) as server: …`.
`GET /stats` gives the counters; `POST /faults` sets a plan (`FaultPlan.from_json`) and `latency`, seconds.
"""

import json
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.fakes.gemini_faults import Fault, FaultPlan, FaultRule
from tests.fakes.gemini_replies import wanted
from tests.fakes.llm_dialect import Answer, Call, Dialect
from tests.support.question_texts import questions

NOT_ANSWERED = 0  # in place of a status: the connection ended, or hung until the server stopped


class LlmServer:
    """The service on a thread of its own. All settings can be changed while it runs."""

    def __init__(
        self,
        dialect: Dialect,
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
        `retry_delay` is what a rate limit asks for, in seconds with an `s`.
        """
        self.dialect = dialect
        self.latency, self.limit, self.api_key, self.retry_delay = latency, limit, api_key, retry_delay
        self.drip_seconds = 0.05
        self.on_request: Callable[[tuple[str, str]], None] = lambda _: None  # told of each call when it has come in
        self.on_reply: Callable[[tuple[str, str]], None] = lambda _: None  # and when its reply's last byte has gone out
        self.planted: Callable[[str], Iterable[str]] = lambda _: ()  # what a prompt makes the model write besides
        self.stopping = threading.Event()
        self.sockets: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.connections = self.in_flight = self.max_in_flight = 0
        self.half_sent = 0  # requests whose headers have come in, and not their whole body
        self.calls: Counter[tuple[str, str]] = Counter()
        self.billed: Counter[tuple[str, str]] = Counter()
        self.log: list[tuple[float, int]] = []
        self.last_request: dict[str, Any] = {}
        self._plan = FaultPlan(script, rules, seed)
        self._written: Counter[tuple[str, str]] = Counter()
        self._admitted: deque[float] = deque()
        self._http = _HttpServer(("127.0.0.1", port), _LlmRequest)
        self._http.service = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="llm-server")

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.stopping.set()
        self._http.shutdown()
        with self.lock:
            for connection in self.sockets:
                with suppress(OSError):  # whose other end was killed
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
    service: LlmServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up; anything else is a fault of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _LlmRequest(BaseHTTPRequestHandler):
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
        service = self.server.service
        if self.path == "/stats":
            self._send(Answer(200, service.stats()))
        else:
            self._send(service.dialect.model_page(self.path) or service.dialect.not_found())

    def do_POST(self) -> None:
        service = self.server.service
        with service.lock:
            service.half_sent += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with service.lock:
            service.half_sent -= 1
        try:
            document = json.loads(body)
            if self.path == "/faults":
                service.configure(document)
                self._send(Answer(200, {}))
                return
            counted = service.dialect.count_tokens(self.path, self.headers, document, service.api_key)
            if counted:
                self._send(counted)
                return
            call = service.dialect.call(self.path, self.headers, document)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as exc:
            self._send(service.dialect.bad_request(f"Invalid JSON payload received. {exc!r}"))
            return
        if call:
            service.last_request = document
            self._generate(call)
        else:
            self._send(service.dialect.not_found())

    def _generate(self, call: Call) -> None:
        service, dialect, arrived = self.server.service, self.server.service.dialect, time.monotonic()
        count, kind, name = wanted(call.prompt)
        subject = (name, kind)
        fault = service.begin(subject, call.prompt)
        service.on_request(subject)
        fault = dialect.key_fault(call.key, service.api_key) or fault
        answer = dialect.error(fault, call, service.retry_delay)
        if answer is None and fault in (Fault.HANG, Fault.DROP):
            answer = Answer(NOT_ANSWERED, "")
            service.stopping.wait(None if fault == Fault.HANG else 0)
        elif answer is None:
            service.stopping.wait(service.latency)
            if fault == Fault.HTML:
                answer = Answer(200, "<html><body>Sign in to the network</body></html>")
            else:
                texts = service.write(subject, max(1, count * 2 // 3) if fault == Fault.FEW else count)
                if fault == Fault.NO_QUESTIONS:
                    texts = [f"It is number {number} of all." for number in range(count)]
                obeyed = replace(call, planted=tuple(service.planted(call.prompt)))
                answer = Answer(200, dialect.reply(fault, obeyed, name, texts))
        service.end(subject, arrived, answer.status, fault)
        if answer.status == NOT_ANSWERED:
            self.close_connection = True
        else:
            self._send(answer, fault)
            service.on_reply(subject)

    def _send(self, answer: Answer, fault: Fault = Fault.OK) -> None:
        page = isinstance(answer.content, str)
        body = answer.content.encode() if page else json.dumps(answer.content, ensure_ascii=False).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/html" if page else "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
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
