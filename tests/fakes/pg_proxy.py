"""A TCP proxy before PostgreSQL that knows the protocol well enough to break a connection at its worst moment."""

import contextlib
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType

from tests.fakes.pg_server import HOST, reserve_port

_ENCRYPTION_REQUESTS = (80877103, 80877104)  # SSLRequest, GSSENCRequest
_STORES_QUESTIONS = re.compile(rb"\binsert\s+into\s+queries\b", re.IGNORECASE)
_COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
_PIECE = 1 << 18
_ENDS = re.compile(rb"\s*(commit|rollback|end|abort)\s*;?\s*", re.IGNORECASE)


class PgProxy:
    """Threads pass on the messages of the simple and of the extended query protocol, without TLS.

    `counts` has `connections`, `commits` (COMMITs passed on that follow an INSERT INTO queries in their transaction),
    `cuts` (connections broken at such a COMMIT) and `held` (such COMMITs kept back by `hold_at_commit`).
    """

    def __init__(self, server_port: int, round_trip: float = 0.0) -> None:
        """Stand before the server at a port; `round_trip` is added to each one, in seconds, half of it each way."""
        self.delay = round_trip / 2
        self.counts: Counter[str] = Counter()
        self._server = (HOST, server_port)
        self._reserved = reserve_port()
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._listener: socket.socket | None = None
        self._at_commits: list[str] = []
        self.transient = threading.Event()

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
        self.transient.set()
        self._reserved.close()

    def restore(self) -> None:
        """Listen, pass everything on, and forget what was to be done at COMMITs."""
        self._at_commits = []
        self.transient.set()
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
        self.transient.clear()

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
        self._asked = bytearray()
        self._stores_questions = False
        self._held = False
        self._cut_after = False
        self._kept = b""
        for connection in (client, server):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self) -> None:
        """Pass messages on until either side ends."""
        back = threading.Thread(target=self._pass, args=(self._server, self._client, self._answers), daemon=True)
        self._server.sendall(self._startup())
        back.start()
        self._pass(self._client, self._server, self._questions)
        back.join()

    def drop(self) -> None:
        """Break both connections."""
        for connection in (self._client, self._server):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _startup(self) -> bytes:
        """Refuse encryption, and return the first message that asks for something else."""
        while True:
            head = self._client.recv(8, socket.MSG_WAITALL)
            if len(head) < 8:
                raise EOFError
            size, code = struct.unpack("!II", head)
            body = self._client.recv(size - 8, socket.MSG_WAITALL)
            if code not in _ENCRYPTION_REQUESTS:
                return struct.pack("!II", size, code) + body
            self._client.sendall(b"N")

    def _pass(self, source: socket.socket, target: socket.socket, look: Callable[[bytes], bytes]) -> None:
        """Pass on what `look` leaves of each piece that comes, as it comes, after the delay of one way."""
        late: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
        if self._proxy.delay:
            threading.Thread(target=self._send_late, args=(target, late), daemon=True).start()
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                passed = look(piece)
                if passed and self._proxy.delay:
                    late.put((time.monotonic() + self._proxy.delay, passed))
                elif passed:
                    self._send(target, passed)
        late.put((0.0, b""))
        self.drop()

    def _send_late(self, target: socket.socket, late: "SimpleQueue[tuple[float, bytes]]") -> None:
        with contextlib.suppress(OSError):
            while (entry := late.get())[1]:
                time.sleep(max(0.0, entry[0] - time.monotonic()))
                self._send(target, entry[1])

    def _send(self, target: socket.socket, piece: bytes) -> None:
        self._proxy.transient.wait()
        target.sendall(piece)

    def _questions(self, piece: bytes) -> bytes:
        """Take whole messages, up to one that is not to pass; nothing passes after that."""
        self._asked += piece
        end = 0
        while not self._held and len(self._asked) >= end + 5:
            size = 1 + int.from_bytes(self._asked[end + 1 : end + 5])
            if len(self._asked) < end + size:
                break
            if self._asked[end] in b"QP":
                self._held = not self._may_ask(
                    bytes(self._asked[end : end + 1]), bytes(self._asked[end + 5 : end + size])
                )
            end += 0 if self._held else size
        passed = bytes(self._asked[:end])
        del self._asked[:end]
        return passed

    def _may_ask(self, kind: bytes, body: bytes) -> bool:
        """Look at the text of a Query or Parse message on its way to the server."""
        sql = body if kind == b"Q" else body.partition(b"\0")[2]
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

    def _answers(self, piece: bytes) -> bytes:
        """Keep all back while the answer to a COMMIT is awaited at which the connection is to be cut."""
        if not self._cut_after:
            return piece
        self._kept += piece
        if _COMMITTED in self._kept:
            self._proxy.count("cuts")
            self.drop()
        return b""
