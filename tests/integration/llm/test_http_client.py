"""The HTTP client of the providers on httpx-based SDKs, against sockets that misbehave."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from query_generator.errors import ConfigurationError
from query_generator.llm.http_client import make_client
from query_generator.llm.http_errors import ErrorStatus
from tests.fakes.tls_server import write_certificate

REPLY = b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000 + b"\r\nContent-Length: 2\r\n\r\n{}"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.contextmanager
def service(reply: bytes, *, pause: float = 0.0, certificate: Path | None = None) -> Iterator[str]:
    """Answer each connection with the same bytes, one at a time where there is a pause between them."""
    stopped = threading.Event()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        tls.load_cert_chain(certificate)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with (
                contextlib.suppress(OSError),
                tls.wrap_socket(connection, True) if certificate else connection as connection,
            ):
                connection.recv(65536)
                step = 1 if pause else len(reply)
                for start in range(0, len(reply), step):
                    connection.sendall(reply[start : start + step])
                    if stopped.wait(pause):
                        return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://localhost:{listener.getsockname()[1]}"
        finally:
            stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def client(url: str, deadline_seconds: float = 5.0) -> httpx2.Client:
    return make_client(url, "key", pool_size=1, timeout_seconds=5.0, deadline_seconds=deadline_seconds)


def test_headers_that_drip_in_end_in_time_too() -> None:
    """A call ends at its deadline whatever part of the reply is slow, and the next call has its own deadline."""
    with service(REPLY, pause=0.02) as url, client(url, 0.2) as slow:
        for _ in range(2):
            with pytest.raises(httpx2.TimeoutException):
                slow.get(url)


def test_a_call_over_tls_has_the_same_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate is checked against SSL_CERT_FILE, and what drips in behind it ends in time too."""
    certificate = write_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with service(REPLY, certificate=certificate) as url, client(url) as made:
        assert made.get(url).json() == {}
    dripping = service(REPLY, pause=0.02, certificate=certificate)
    with dripping as url, client(url, 0.2) as slow, pytest.raises(httpx2.TimeoutException):
        slow.get(url)
    monkeypatch.delenv("SSL_CERT_FILE")
    refused = pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED")
    with service(REPLY, certificate=certificate) as url, client(url) as stranger, refused:
        stranger.get(url)


def test_a_redirect_is_not_followed() -> None:
    """The key goes to the service that the settings name and to no other."""
    with service(REDIRECT) as url, client(url) as made, pytest.raises(ErrorStatus, match="HTTP 302"):
        made.get(url)


def test_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local model is reached where the environment sends the rest of the world through a proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with service(REPLY) as url, client(url) as made:
        assert made.get(url).json() == {}


def test_the_proxy_of_the_environment_is_asked_for_other_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job behind a proxy reaches its service."""
    with service(REPLY) as proxy:
        monkeypatch.setenv("http_proxy", proxy.removeprefix("http://"))
        monkeypatch.delenv("no_proxy", raising=False)
        with client("http://service.test") as made:
            assert made.get("http://service.test/v1").json() == {}


def test_a_proxy_of_an_unknown_kind_is_named_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong proxy setting is a wrong setting, not a crash."""
    monkeypatch.setenv("https_proxy", "gopher://127.0.0.1:9")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
        client("https://service.test")
