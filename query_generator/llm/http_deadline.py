"""A transport for SDKs over httpx that ends every call in time, however slowly, and however much, its service sends."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, cast

import httpcore2
import httpx2

from query_generator.llm.reply_size import LONGEST_WIRE, read_body, too_long
from query_generator.llm.sending import about_to_send, request_sent

_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class DeadlineTransport(httpx2.HTTPTransport):
    """Ends a call, from its connection to the last byte, after `deadline_seconds` with a time-out error of httpx2.

    A call is made by one thread, and the transport itself reads the reply to its end, or to the longest of use. The
    time-outs of httpx2 are for each read: a reply of single bytes outlives them, in its headers too, so each wait for
    the network is cut to what is left of the call.
    """

    def __init__(self, deadline_seconds: float, clock: Callable[[], float] = time.monotonic, **options: Any) -> None:
        """Take the options of `httpx2.HTTPTransport`."""
        super().__init__(**options)
        self._deadline_seconds = deadline_seconds
        self._call = _Call(clock)
        self._pool._network_backend = _Backend(self._call)  # noqa: SLF001 - httpx2 has no public way to it

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Make a call on this thread. Raises UnreadableBody for a reply that is too long, or packed."""
        about_to_send()
        self._call.begin(self._deadline_seconds)
        response = super().handle_request(request)
        try:
            parts = cast("Iterable[bytes]", response.stream)
            body = read_body(response.status_code, response.headers.get("content-encoding", ""), parts)
            _drop_connection_with_stray_bytes(response)
        finally:
            response.close()  # and its connection, if the reply was not read to its end
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _FRAMING]
        return httpx2.Response(response.status_code, headers=headers, content=body)


def _drop_connection_with_stray_bytes(response: httpx2.Response) -> None:
    """Close the connection if there is anything behind the reply, which would be taken for the reply to the next one.

    httpcore2 keeps such bytes, and has no public way to them.
    """
    connection = cast("Any", response.stream)._httpcore_stream._stream._connection  # noqa: SLF001
    if connection._h11_state.trailing_data[0]:  # noqa: SLF001
        connection.close()


class _Call(threading.local):
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ends = math.inf
        self._left = LONGEST_WIRE

    def begin(self, seconds: float) -> None:
        self._ends = self._clock() + seconds
        self._left = LONGEST_WIRE

    def count(self, data: bytes) -> bytes:
        """Count what was read."""
        self._left -= len(data)
        if self._left < 0:
            raise too_long(LONGEST_WIRE)
        return data

    def wait(self, timeout: float | None) -> float:
        """Cut the seconds that one step may take to what is left."""
        left = self._ends - self._clock()
        if left <= 0:
            raise httpcore2.ReadTimeout("the deadline of the call has passed")
        return left if timeout is None else min(timeout, left)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self, call: _Call) -> None:
        self._backend = httpcore2.SyncBackend()
        self._call = call

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self._call.wait(timeout), local_address, socket_options)
        return _Stream(stream, self._call)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, call: _Call) -> None:
        self._stream = stream
        self._call = call

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        request_sent()  # a reply is read when the whole request is written
        return self._call.count(self._stream.read(max_bytes, self._call.wait(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._call.wait(timeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._call.wait(timeout)), self._call)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
