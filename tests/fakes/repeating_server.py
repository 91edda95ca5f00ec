"""An LLM service of any vendor that refuses each call, and repeats in the error what it was told to."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.support.disguises import DISGUISES


def product_of(number: int) -> str:
    """Return the name of the product whose calls get the disguise with this number."""
    return f"Canary {number:03d}x"


class RepeatingServer:
    """Answers with an error of this status that repeats a secret, disguised by the number in the product's name."""

    def __init__(self, secret: str, status: int = 400, *, everywhere: bool = False) -> None:
        """Repeat it in the message, or in every field of the error, the message being too long to be quoted whole."""
        self.secret, self.status, self.everywhere, self.calls = secret, status, everywhere, 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Repeating)
        self._http.service = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def body(self, request: str) -> bytes:
        """Return the body of an error. Each disguise comes twice: as JSON writes it, and raw if that is JSON too."""
        number = re.search(r"Canary (\d{3})x", request)
        raw, which = divmod(int(number[1]) if number else 0, len(DISGUISES))
        shown = list(DISGUISES.values())[which](self.secret)
        text = json.dumps({"error": self._error()})
        as_it_is = text.replace("HERE", shown)
        return (as_it_is if raw and _is_json(as_it_is) else text.replace("HERE", json.dumps(shown)[1:-1])).encode()

    def _error(self) -> dict[str, Any]:
        message = "no good: HERE was sent"
        if not self.everywhere:
            return {"code": self.status, "status": "INVALID_ARGUMENT", "type": "invalid_request", "message": message}
        quota = {"violations": [{"quotaId": "PerDay HERE", "quotaValue": "HERE"}], "reason": "HERE"}
        return {
            "code": "HERE",
            "status": "HERE",
            "type": "HERE",
            "param": "HERE",
            "message": f"{'-' * 150} {message}",
            "details": [{"@type": "HERE", "retryDelay": "HERE", "error_code": "HERE"}, quota],
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class _Repeating(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        service: RepeatingServer = self.server.service  # type: ignore[attr-defined]
        request = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        service.calls += 1
        body = service.body(request)
        self.send_response(service.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
