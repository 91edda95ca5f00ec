"""A server that speaks Redis's protocol and means harm costs the cache, not memory, time or the run."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from query_generator.cache import redis_answer
from query_generator.cache.redis_tier import RedisTier
from query_generator.cache.tiers import TierFailedError

MUCH = 1 << 16


class HostileRedis:
    """Greets as Redis does, and answers what is asked of it with these bytes, then again and again with the others."""

    def __init__(self, start: bytes, again: bytes, pause: float = 0, stops_after: int = 64 << 20) -> None:
        """Take what to say, the seconds between, and the bytes at which a client that keeps reading has failed."""
        self.sent = 0
        self.stops_after = stops_after
        self._start, self._again, self._pause = start, again, pause

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve; yield the address."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()
            yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(server.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            while asked := client.recv(MUCH):
                if b"GETRANGE" not in asked:
                    client.sendall(b"+OK\r\n" * asked.count(b"SETINFO"))
                    continue
                client.sendall(self._start)
                while self._again and self.sent < self.stops_after:
                    time.sleep(self._pause)
                    client.sendall(self._again)
                    self.sent += len(self._again)


@pytest.mark.parametrize(
    ("start", "again", "told"),
    [
        (b"$999999999999\r\n", b"x" * MUCH, "more than"),
        (b"$3000000\r\n" + b"x" * 3_000_000 + b"\r\n", b"", "more than"),
        (b"+", b"x" * MUCH, "more than"),
        (b"-ERR ", b"x" * MUCH, "more than"),
        (b"*2000000000\r\n", b":1\r\n" * (MUCH // 4), "more than"),
        (b"", b"*1\r\n" * (MUCH // 4), "lists in lists"),
        (b":" + b"9" * 5000 + b"\r\n", b"", "5000 digits"),
        (b"$" + b"9" * 5000 + b"\r\n", b"", "5000 digits"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"", "Protocol Error"),
    ],
    ids=["bulk", "value", "line", "error", "list", "nested", "integer", "length", "http"],
)
def test_an_answer_without_end_is_given_up(start: bytes, again: bytes, told: str) -> None:
    """Whatever its form, no more is read than an entry can have, and the tier fails as one that is away."""
    server = HostileRedis(start, again)
    with server.running() as url, pytest.raises(TierFailedError, match=told):
        RedisTier(url).get("key")
    assert server.sent < server.stops_after


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of which a part comes before each time-out ends all the same."""
    monkeypatch.setattr(redis_answer, "ANSWER_SECONDS", 0.3)
    server = HostileRedis(b"$1000000\r\n", b"x", pause=0.02, stops_after=500)
    with server.running() as url, pytest.raises(TierFailedError, match="takes more than"):
        RedisTier(url, timeout=5).get("key")
