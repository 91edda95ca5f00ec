"""A TCP proxy before PostgreSQL that knows the protocol well enough to break a connection at its worst moment."""

import contextlib
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import BinaryIO

from tests.fakes.pg_server import HOST, reserve_port

_ENCRYPTION_REQUESTS = (80877103, 80877104)  # SSLRequest, GSSENCRequest
_STORES_QUESTIONS = re.compile(rb"\binsert\s+into\s+queries\b", re.IGNORECASE)
_ENDS = re.compile(rb"\s*(commit|rollback|end|abort)\s*;?\s*", re.IGNORECASE)


class PgProxy:
    """Threads pass whole messages on, of the simple and of the extended query protocol, without TLS.

    `counts` has `connections`, `commits` (COMMITs passed on that follow an INSERT INTO queries in their transaction),
    `cuts` (connections broken at such a COMMIT) and `held` (such COMMITs kept back by `hold_at_commit`).
    """

    def __init__(self, server_port: int) -> None:
        self.counts: Counter[str] = Counter()
        self._server = (HOST, server_port)
        self._reserved = reserve_port()
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._listener: socket.socket | None = None
        self._at_commits: list[str] = []
        self.passing = threading.Event()

    @property
    def port(self) -> int:
        """The port that stands in for the server's; it stays the same."""
        port: int = self._reserved.getsockname()[1]
        return port

    def __enter__(self) -> "PgProxy":
        self.restore()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        self.drop_all()
        self.passing.set()
        self._reserved.close()

    def restore(self) -> None:
        """Listen, pass everything on, and forget what was to be done at COMMITs."""
        self._at_commits = []
        self.passing.set()
        if self._listener is None:
            self._listener = socket.create_server(self._reserved.getsockname(), backlog=64)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse new connections until `restore`; those that are open stay."""
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def blackhole(self) -> None:
        """Take connections but pass nothing on any, in either direction, until `restore`."""
        self.passing.clear()

    def drop_all(self) -> None:
        """Break every connection that is open."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.drop()

    def cut_at_commit(self, before: bool, times: int = 1) -> None:
        """Break the connection at each of the next COMMITs that store questions: before it is passed on, or after.

        After means that the server has committed and its answer is not passed on.
        """
        self._at_commits = ["cut before" if before else "cut after"] * times

    def hold_at_commit(self) -> None:
        """Keep back the next COMMIT that stores questions, for good; its transaction stays open on the server."""
        self._at_commits = ["hold"]

    def take_order(self) -> str:
        """Count a COMMIT that stores questions, and say what to do at it; each order is given once."""
        with self._lock:
            order = self._at_commits.pop() if self._at_commits else ""
            self.counts["held" if order == "hold" else "cuts" if order == "cut before" else "commits"] += 1
            return order

    def count(self, name: str) -> None:
        """Count something."""
        with self._lock:
            self.counts[name] += 1

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.count("connections")
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, EOFError), socket.create_connection(self._server) as server:
            link = _Link(self, client, server)
            with self._lock:
                self._links.add(link)
            try:
                link.run()
            finally:
                with self._lock:
                    self._links.discard(link)


class _Link:
    """One client's connection and the one made for it to the server."""

    def __init__(self, proxy: PgProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._stores_questions = False
        self._cut_after = False
        for connection in (client, server):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Pass messages on until either side ends."""
        back = threading.Thread(target=self._pass, args=(self._server, self._client, self._may_answer), daemon=True)
        with self._client.makefile("rb") as client:
            self._send(self._server, self._startup(client))
            back.start()
            self._pass(self._client, self._server, self._may_ask)
        back.join()

    def drop(self) -> None:
        """Break both connections."""
        for connection in (self._client, self._server):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _startup(self, client: BinaryIO) -> bytes:
        """Refuse encryption, and return the first message that asks for something else."""
        while True:
            head = client.read(8)
            if len(head) < 8:
                raise EOFError
            size, code = struct.unpack("!II", head)
            body = client.read(size - 8)
            if code not in _ENCRYPTION_REQUESTS:
                return struct.pack("!II", size, code) + body
            self._client.sendall(b"N")

    def _pass(self, source: socket.socket, target: socket.socket, may_pass: Callable[[bytes, bytes], bool]) -> None:
        with contextlib.suppress(OSError, ValueError), source.makefile("rb") as messages:
            while header := messages.read(5):
                body = messages.read(int.from_bytes(header[1:]) - 4)
                if may_pass(header[:1], body):
                    self._send(target, header + body)
        self.drop()

    def _send(self, target: socket.socket, message: bytes) -> None:
        self._proxy.passing.wait()
        target.sendall(message)

    def _may_ask(self, kind: bytes, body: bytes) -> bool:
        """Look at the text of a Query or Parse message on its way to the server."""
        sql = body if kind == b"Q" else body.partition(b"\0")[2] if kind == b"P" else b""
        sql = sql.partition(b"\0")[0]
        if _STORES_QUESTIONS.search(sql):
            self._stores_questions = True
        if not _ENDS.fullmatch(sql):
            return True
        stores_questions, self._stores_questions = self._stores_questions, False
        if not (stores_questions and sql.strip().lower().startswith((b"commit", b"end"))):
            return True
        order = self._proxy.take_order()
        self._cut_after = order == "cut after"
        if order == "cut before":
            self.drop()
        return not order or self._cut_after

    def _may_answer(self, kind: bytes, body: bytes) -> bool:
        """Look at a CommandComplete on its way back."""
        if self._cut_after and kind == b"C" and body == b"COMMIT\0":
            self._proxy.count("cuts")
            self.drop()
            return False
        return True
