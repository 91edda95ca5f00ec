"""HTTP for the SDK of `gemini`: threads share one pool of connections, and every call ends at a deadline."""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http.client import HTTPResponse
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3 import HTTPConnectionPool, PoolManager, Timeout
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from query_generator.errors import ConfigurationError
from query_generator.llm.http_errors import error_inside
from query_generator.llm.reply import read_json
from query_generator.llm.reply_size import LONGEST_WIRE, read_body, too_long
from query_generator.llm.sending import about_to_send, request_sent

PART = 65_536  # bytes of a reply that are read at once


class Reply(NamedTuple):
    """A whole reply, in the shape that the SDK reads."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class ErrorStatus(Exception):  # noqa: N818 - it never leaves the provider
    """A reply with any status but 200, raised before the SDK reads it, since the SDK fails on odd bodies."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"HTTP {reply.status_code}")
        self.reply = reply


class DeadlinePassed(Exception):  # noqa: N818 - it never leaves the provider
    """The reply was not complete at the deadline. Its connection is closed."""


class _OfThread(threading.local):
    body = b""  # of the last reply on this thread


class DeadlineSession:
    """The part of a `requests.Session` that the SDK's transport uses, for calls to one host.

    A real Session costs 0.6 ms of CPU per call, mostly for preparing requests that differ only in their body. Proxy and
    CA bundle are those that requests finds in the environment; they are looked up once.

    The wait for a free connection ends within `deadline_seconds`, and so does the call from the sending of its request,
    however slowly status line, headers and body arrive. The lookup of the host's name is not bounded.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        pool_size: int,
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the headers of every request; no connection is opened yet.

        Raises:
            ConfigurationError: the environment names a proxy or CA bundle that cannot be used.
        """
        self.of_thread = _OfThread()
        self._headers = dict(headers)
        self._deadline_seconds = deadline_seconds
        self._pool = _pool(endpoint, pool_size)
        self._pool.ConnectionCls = _ending_connection(self._pool.ConnectionCls, deadline_seconds, clock)

    def post(
        self, url: str, *, timeout: float, headers: Mapping[str, str], params: Sequence[tuple[str, str]], data: str
    ) -> Reply:
        """Send a request and read its whole reply; redirects are not followed.

        Raises:
            ErrorStatus: the status is not 200, and of the body there is only the beginning; or the reply is an error.
            UnreadableBody: the reply is too long, or packed.
            DeadlinePassed: the reply is not complete in time.
            urllib3.exceptions.HTTPError: the connection failed, or nothing came for `timeout` seconds.
        """
        response = self._pool.urlopen(
            "POST",
            f"{urlsplit(url).path}?{urlencode(params)}",
            body=data.encode(),
            headers={**self._headers, **headers},
            timeout=Timeout(timeout),
            pool_timeout=ceil(self._deadline_seconds),
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            parts = response.stream(PART)
            body = read_body(response.status, response.headers.get("Content-Encoding", ""), parts)
        finally:
            response.close()  # and its connection, if the reply was not read to its end
            response.release_conn()
        reply = _with_its_error(Reply(response.status, response.headers, body))
        self.of_thread.body = body
        if reply.status_code != 200:
            raise ErrorStatus(reply)
        return reply

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._pool.close()


def _with_its_error(reply: Reply) -> Reply:
    """Return a reply; one with status 200 that is an error is returned with the error's own status."""
    if reply.status_code != 200 or b'error"' not in reply.content or b'"candidates"' in reply.content:
        return reply
    try:
        error = error_inside(read_json(reply.content), {name.lower(): value for name, value in reply.headers.items()})
    except (ValueError, RecursionError):
        return reply
    return Reply(error.status, {**reply.headers, **_titled(error.headers)}, error.body) if error else reply


def _titled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


class _EndingReader(io.RawIOBase):
    """Reads one reply from a socket, until a deadline and a number of bytes; the socket's own time-out holds too."""

    def __init__(self, sock: socket.socket, ends: float, clock: Callable[[], float]) -> None:
        self._sock, self._timeout = sock, sock.gettimeout()
        self._raw = sock.makefile("rb", buffering=0)
        self._ends, self._clock = ends, clock
        self._left = LONGEST_WIRE
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._over:
            return 0
        left = self._ends - self._clock()
        if left <= 0:
            raise DeadlinePassed
        if self._timeout is None or left < self._timeout:
            self._sock.settimeout(left)
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError as exc:
            if self._clock() >= self._ends:
                raise DeadlinePassed from exc
            raise
        self._left -= count or 0
        if self._left < 0:
            raise too_long(LONGEST_WIRE)
        return count

    def end(self) -> bool:
        """Read no more; return whether the TLS layer holds bytes that nobody has read."""
        self._over = True
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    def close(self) -> None:
        self._raw.close()
        super().close()


class _ReplyReader(io.BufferedReader):
    """Buffers a reply. If there are bytes behind its end, nobody may take them for the reply to the next request."""

    def __init__(self, raw: _EndingReader, give_up_connection: Callable[[], None]) -> None:
        super().__init__(raw)
        self._reader = raw
        self._give_up_connection = give_up_connection

    def close(self) -> None:
        stray = not self.closed and (self._reader.end() or self.peek(1))
        super().close()
        if stray:
            self._give_up_connection()


def _ending_connection(connection: type[Any], deadline_seconds: float, clock: Callable[[], float]) -> type[Any]:
    """Derive a class of urllib3 connections whose replies end at a deadline, counted from the start of the request."""

    class EndingConnection(connection):  # type: ignore[misc]
        def connect(self) -> None:
            self._begin()  # a proxy's reply to CONNECT ends, too
            super().connect()

        def request(self, *arguments: Any, **options: Any) -> None:
            about_to_send()
            self._begin()
            super().request(*arguments, **options)
            request_sent()

        def _begin(self) -> None:
            self.response_class = partial(self._response, clock() + deadline_seconds)

        def _response(self, ends: float, sock: socket.socket, **options: Any) -> HTTPResponse:
            response = HTTPResponse(sock, **options)
            response.fp.close()
            response.fp = _ReplyReader(_EndingReader(sock, ends, clock), self.close)
            return response

    return EndingConnection


def _pool(endpoint: str, size: int) -> HTTPConnectionPool:
    if urlsplit(endpoint).scheme == "http":  # on loopback, where no proxy is used
        return PoolManager(maxsize=size, block=True).connection_from_url(endpoint)
    try:
        environment = requests.Session().merge_environment_settings(endpoint, {}, None, None, None)
        bundle = certifi.where() if environment["verify"] is True else environment["verify"]
        context = create_urllib3_context()  # made once, since loading the bundle takes 10 ms
        context.load_verify_locations(**{"capath" if Path(bundle).is_dir() else "cafile": bundle})
        proxy = select_proxy(endpoint, environment["proxies"])
        if proxy:
            adapter = HTTPAdapter(pool_maxsize=size, pool_block=True)
            manager: PoolManager = adapter.proxy_manager_for(proxy, ssl_context=context)
        else:
            manager = PoolManager(maxsize=size, block=True, ssl_context=context)
        return manager.connection_from_url(endpoint)
    except (OSError, ValueError, HTTPError, requests.RequestException) as exc:
        raise ConfigurationError(
            f"the proxy or the CA bundle that the environment names cannot be used ({type(exc).__name__}); "
            "check HTTPS_PROXY, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE"
        ) from exc
