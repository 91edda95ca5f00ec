"""The scratch server and the proxy before it do what the tests of outages count on."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from query_generator.errors import PermissionRefusedError, ServiceAwayError
from query_generator.store.connect import get_db_connection
from tests.conftest import wait_until
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import PgServer


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A server for this module."""
    with PgServer(tmp_path_factory.mktemp("scratch")) as server:
        yield server


@pytest.fixture
def server(module_server: PgServer) -> PgServer:
    """The server, running, with an empty table `queries`."""
    module_server.start()
    module_server.new_database()
    with get_db_connection(module_server.config) as connection:
        connection.execute("CREATE TABLE queries (n int)")
    return module_server


@pytest.fixture
def proxy(server: PgServer) -> Iterator[PgProxy]:
    """A proxy that passes everything on."""
    with PgProxy(server.config["port"]) as proxy:
        yield proxy


def connect(server: PgServer, proxy: PgProxy) -> "psycopg.Connection[Any]":
    """Connect by way of the proxy; libpq asks for TLS first."""
    return get_db_connection(server.config | {"port": proxy.port, "sslmode": "prefer"})


def numbers(server: PgServer) -> list[int]:
    """What is stored, asked past the proxy."""
    with get_db_connection(server.admin) as connection:
        return [row.n for row in connection.execute("SELECT n FROM queries ORDER BY n")]


def store(connection: "psycopg.Connection[Any]", number: int) -> None:
    """Store a number in a transaction, with a parameter: the extended protocol."""
    with connection.transaction():
        connection.execute("WITH a AS (INSERT INTO queries VALUES (%s) RETURNING n) SELECT n FROM a", [number])


def test_a_crash_keeps_what_is_committed_and_the_port(server: PgServer) -> None:
    """After an immediate stop the server refuses connections; started again it has every committed row."""
    with get_db_connection(server.config) as connection:
        store(connection, 1)
    before = dict(server.config)
    with get_db_connection(server.config) as connection:
        connection.execute("BEGIN; INSERT INTO queries VALUES (2)")
        server.stop("immediate")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    with pytest.raises(ServiceAwayError, match="refused"):
        get_db_connection(server.config)
    server.start()
    assert (numbers(server), dict(server.config)) == ([1], before)


def test_a_fast_stop_ends_connections(server: PgServer) -> None:
    """A fast stop does not wait for clients."""
    with get_db_connection(server.config) as connection:
        server.stop("fast")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_the_old_password_is_refused_after_a_change(server: PgServer) -> None:
    """A changed password ends the old login, and leaves open connections and the superuser's alone."""
    old = server.config.copy()
    with get_db_connection(old) as connection:
        server.set_password("another ''\\ one")
        with pytest.raises(PermissionRefusedError):
            get_db_connection(old)
        store(connection, 3)
    get_db_connection(server.config).close()
    assert numbers(server) == [3]


def test_the_proxy_passes_both_protocols_on(server: PgServer, proxy: PgProxy) -> None:
    """Simple and extended queries, large values in both directions and errors go through unchanged."""
    with connect(server, proxy) as connection:
        store(connection, 4)
        large = "x" * 3_000_000
        assert connection.execute("SELECT %s::text AS t", [large]).fetchone().t == large  # type: ignore[union-attr]
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM missing")
        assert connection.execute("SELECT 1 AS one; SELECT 2").fetchall() == [(1,)]
    assert (proxy.counts["connections"], proxy.counts["commits"], proxy.counts["cuts"]) == (1, 1, 0)


@pytest.mark.parametrize(("before", "stored"), [(True, []), (False, [7])])
def test_a_cut_at_commit_loses_it_before_and_keeps_it_after(
    server: PgServer, proxy: PgProxy, before: bool, stored: list[int]
) -> None:
    """Cut before COMMIT nothing is stored, after it everything is; either way the client sees a broken connection."""
    with connect(server, proxy) as idle, connect(server, proxy) as connection:
        proxy.cut_at_commit(before)
        with idle.transaction():
            idle.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError), connection.transaction():
            connection.execute("INSERT INTO queries VALUES (7)")
        idle.execute("SELECT 1")
    assert proxy.counts["cuts"] == 1
    assert numbers(server) == stored
    with connect(server, proxy) as connection:
        store(connection, 8)
    assert numbers(server) == [*stored, 8]


def test_a_held_commit_keeps_the_transaction_open(server: PgServer, proxy: PgProxy) -> None:
    """A held COMMIT does not reach the server, whose transaction lasts until the connection ends."""
    proxy.hold_at_commit()
    with connect(server, proxy) as connection:
        client = threading.Thread(target=_ends_badly, args=(connection,))
        client.start()
        wait_until(lambda: proxy.counts["held"] == 1)
        with get_db_connection(server.admin) as other:
            idle = "SELECT state FROM pg_stat_activity WHERE usename = 'job'"
            wait_until(lambda: [row.state for row in other.execute(idle)] == ["idle in transaction"])
        proxy.drop_all()
        client.join()
    assert numbers(server) == []


def _ends_badly(connection: "psycopg.Connection[Any]") -> None:
    with pytest.raises(psycopg.OperationalError):
        store(connection, 9)


def test_a_black_hole_answers_nothing_until_it_is_gone(server: PgServer, proxy: PgProxy) -> None:
    """Connections stay open but nothing passes; afterwards what waited goes through."""
    with connect(server, proxy) as connection:
        proxy.blackhole()
        client = threading.Thread(target=store, args=(connection, 10))
        client.start()
        client.join(0.2)
        assert client.is_alive()
        assert numbers(server) == []
        proxy.restore()
        client.join()
    assert numbers(server) == [10]


def test_refused_and_dropped_connections_come_back(server: PgServer, proxy: PgProxy) -> None:
    """`refuse` keeps open connections and takes no new one, `drop_all` breaks them, `restore` takes them again."""
    with connect(server, proxy) as connection:
        proxy.refuse()
        with pytest.raises(ServiceAwayError, match="refused"):
            connect(server, proxy)
        connection.execute("SELECT 1")
        proxy.drop_all()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    proxy.restore()
    connect(server, proxy).close()


def test_a_proxy_before_a_stopped_server_breaks_connections(server: PgServer, proxy: PgProxy) -> None:
    """While the server is down a connection by way of the proxy fails as one to a dying server does."""
    server.stop("immediate")
    with pytest.raises(ServiceAwayError):
        connect(server, proxy)
    server.start()
    connect(server, proxy).close()
