"""A package index on loopback (PEP 503), with wheels that hold nothing but their metadata."""

import hashlib
import io
import re
import time
import zipfile
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self


class PackageIndex:
    """Wheels by name, at `url`; `/closed` of the same address lets nobody in without a password.

    While `silent` is set, requests are not answered.
    """

    def __init__(self) -> None:
        self._files: dict[str, dict[str, bytes]] = {}
        self.silent = Event()
        self.asked = Event()
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.asked.set()
                while index.silent.is_set():
                    time.sleep(0.02)
                status, kind, body = index.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if status == 401:
                    self.send_header("WWW-Authenticate", 'Basic realm="packages"')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        Handler.protocol_version = "HTTP/1.1"
        Handler.wbufsize = -1  # an answer in one piece, or each waits 40 ms for an acknowledgement
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.address}/simple/"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.silent.clear()
        self._server.shutdown()
        self._server.server_close()

    def add(
        self, name: str, version: str, requires: Iterable[str] = (), extras: Iterable[str] = (), script: str = ""
    ) -> str:
        """Offer a release with these requirements and extras, and a script of its name; returns its file's SHA-256."""
        plain = re.sub(r"[-_.]+", "_", name).lower()
        stem = f"{plain}-{version}"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires] + [f"Provides-Extra: {extra}" for extra in extras]
        about = f"{stem}.dist-info"
        parts = {
            f"{about}/METADATA": "\n".join(lines) + "\n",
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if script:
            parts[f"{stem}.data/scripts/{name}"] = script
        record = "".join(f"{part},,\n" for part in [*parts, f"{about}/RECORD"])
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as wheel:
            for part, text in {**parts, f"{about}/RECORD": record}.items():
                entry = zipfile.ZipInfo(part)
                entry.external_attr = 0o100755 << 16
                wheel.writestr(entry, text)
        self._files.setdefault(plain, {})[f"{stem}-py3-none-any.whl"] = held.getvalue()
        return hashlib.sha256(held.getvalue()).hexdigest()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for a path."""
        _, place, name, *rest = [*path.split("/"), "", ""]
        files = self._files.get(re.sub(r"[-_.]+", "_", name).lower(), {})
        if place == "closed":
            return 401, "text/plain", b"Who are you?"
        if place == "files" and rest[0] in files:
            return 200, "application/octet-stream", files[rest[0]]
        if place == "simple" and files:
            links = [f'<a href="/files/{name}/{file}">{file}</a>' for file in files]
            return 200, "text/html", f"<!DOCTYPE html><html><body>{' '.join(links)}</body></html>".encode()
        return 404, "text/plain", b"No such package"
