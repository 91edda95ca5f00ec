"""Reading an answer of a Redis server, which may be anybody's: so many bytes, and within a time."""

import time
from typing import Any

from redis._parsers import _RESP2Parser
from redis._parsers.socket import SocketBuffer
from redis.exceptions import InvalidResponse

from query_generator.cache.entries import LARGEST_STORED

LARGEST_ANSWER = LARGEST_STORED + (1 << 16)
"""Bytes of one answer, and what is read ahead with it."""
ANSWER_SECONDS = 2.0
"""For a whole answer; the connection's time-out holds for each part of it."""


class BoundedParser(_RESP2Parser):
    """Gives up an answer that is too large, too slow or nested without end; its connection is closed then."""

    def on_connect(self, connection: Any) -> None:
        """Read from this connection."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        bounded: Any = _BoundedSocket(self._sock)
        self._bounds = bounded
        self._buffer = SocketBuffer(bounded, self.socket_read_size, connection.socket_timeout)

    def can_read(self, timeout: float = 0) -> bool:
        """Tell whether something came that nobody has asked for."""
        self._bounds.begin()
        return bool(super().can_read(timeout))

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Read one answer."""
        self._bounds.begin()
        try:
            return super().read_response(*args, **kwargs)
        except RecursionError:
            raise InvalidResponse("lists in lists without end") from None


class _BoundedSocket:
    """Receives what one answer may have."""

    def __init__(self, connected: Any) -> None:
        self._connected = connected
        self.settimeout = connected.settimeout
        self.begin()

    def begin(self) -> None:
        """Count from here."""
        self._left = LARGEST_ANSWER
        self._ends = time.monotonic() + ANSWER_SECONDS

    def recv(self, size: int) -> bytes:
        """Receive a part."""
        part: bytes = self._connected.recv(size)
        self._left -= len(part)
        if self._left < 0:
            raise InvalidResponse(f"an answer of more than {LARGEST_ANSWER:,} bytes")
        if time.monotonic() > self._ends:
            raise InvalidResponse(f"an answer that takes more than {ANSWER_SECONDS:g} s")
        return part
