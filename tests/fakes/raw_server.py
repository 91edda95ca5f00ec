"""A service on loopback that answers with any bytes at all, whether HTTP or not."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

Reply = Callable[[int], Iterable[bytes]]


class RawServer:
    """Answers the n-th request, counted from 0, with the bytes that `reply(n)` yields.

    Args:
        reply: makes the bytes of a reply.
        keep: leave the connection open after a reply.
        certificate: PEM file of certificate and key; speaks TLS with it.
    """

    def __init__(self, reply: Reply, *, keep: bool = True, certificate: Path | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._reply, self._keep = reply, keep
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(certificate)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopped = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._threads = [threading.Thread(target=self._accept, name="raw-server")]

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"{'https://localhost' if self._tls else 'http://127.0.0.1'}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        with self._lock:
            self._stopped = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                if self._stopped:
                    connection.close()
                    return
                self._open.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), self._wrapped(connection) as served, served.makefile("rb") as lines:
            served.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for request in _requests(lines):
                with self._lock:
                    number = len(self.requests)
                    self.requests.append(request)
                for part in self._reply(number):
                    served.sendall(part)
                if not self._keep:
                    served.shutdown(socket.SHUT_WR)
                    break
        with self._lock:
            self._open.discard(connection)

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection


def _requests(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the head and body of each request on a connection."""
    reader = iter(lines)
    for first in reader:
        head, length = first, 0
        for line in reader:
            head += line
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
            if line in (b"\r\n", b"\n"):
                break
        yield head + (lines.read(length) if length else b"")  # type: ignore[attr-defined]


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Write a reply with these headers, and with its length if they do not tell of it."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
