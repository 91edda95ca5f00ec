"""A PostgreSQL that acceptance tests may stop, a proxy before it, and the standard set-up on each."""

from collections.abc import Iterator

import pytest

from tests.conftest import API_KEY, ENDED
from tests.fakes.aws_server import AwsServer
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import PgServer
from tests.support.endings import lacks
from tests.support.site import Site, secret_of


def pytest_itemcollected(item: pytest.Item) -> None:
    """Trace nothing here: the work is that of other processes, and the stand-ins of this one would be slower."""
    item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def _every_ending_teaches() -> Iterator[None]:
    """Whatever a test is about: a command in it that did not succeed says what happened, why, and what to type."""
    ENDED.clear()
    yield
    for ended in ENDED:
        assert lacks(ended.code, ended.log) == "", ended.log


@pytest.fixture(scope="session")
def session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A server of this session."""
    with PgServer(tmp_path_factory.mktemp("scratch")) as server:
        yield server


@pytest.fixture
def server(session_server: PgServer) -> PgServer:
    """The server, running, with an empty database."""
    session_server.start()
    session_server.new_database()
    return session_server


@pytest.fixture
def proxy(server: PgServer) -> Iterator[PgProxy]:
    """A proxy before the server."""
    with PgProxy(server.config["port"]) as proxy:
        yield proxy


@pytest.fixture
def direct(aws: AwsServer, gemini: GeminiServer, server: PgServer) -> Iterator[Site]:
    """The standard set-up on that server."""
    yield from _site(aws, gemini, server, server.config["port"])


@pytest.fixture
def proxied(aws: AwsServer, gemini: GeminiServer, server: PgServer, proxy: PgProxy) -> Iterator[Site]:
    """The standard set-up, whose secret leads to the proxy."""
    yield from _site(aws, gemini, server, proxy.port)


def _site(aws: AwsServer, gemini: GeminiServer, server: PgServer, port: int) -> Iterator[Site]:
    aws.put_secrets(API_KEY, secret_of(server.config, port))
    aws.calls.clear()
    gemini.latency = 0.03
    site = Site(aws, gemini, server.admin, server, port)
    yield site
    site.close()
