"""A connection that cannot be had says why, in the class that decides the exit code, and never shows a password."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

import secrets_cache
from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError, ServiceAwayError
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.reconnect import ReconnectPolicy
from secrets_cache import RdsConfig
from tests.fakes.pg_server import PgServer
from tests.fakes.tls_server import tls_server, write_certificate
from tests.support.sessions import ending

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

PASSWORD = "cörrect 'horse' \\ % @:/"
WRONG_LOGINS: list[tuple[dict[str, Any], str]] = [
    ({"password": "a-wrong-password"}, "password authentication failed"),
    ({"password": ""}, "no password supplied"),
    ({"username": "nobody-of-this-name"}, "no pg_hba.conf entry"),
    ({"username": "group_only"}, 'role "group_only" is not permitted to log in'),
    ({"username": "elsewhere"}, "no pg_hba.conf entry"),
    ({"dbname": "closed"}, 'permission denied for database "closed"'),
]
WRONG_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"dbname": "no_such_database"}, 'database "no_such_database" does not exist'),
    ({"sslmode": "require"}, "server does not support SSL"),
    ({"sslmode": "no-such-mode"}, "invalid sslmode value"),
    ({"password": "lone \ud800 surrogate"}, "not valid text"),
]


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def tcp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RdsConfig]:
    """A PostgreSQL on loopback TCP that wants passwords and has no TLS, and a login that works."""
    directory = tmp_path_factory.mktemp("tcp")
    quoted = PASSWORD.replace("'", "''")
    roles = {"full_up": "LOGIN CONNECTION LIMIT 0", "group_only": "NOLOGIN", "elsewhere": "LOGIN"}
    with PgServer(directory) as server:
        server.set_password(PASSWORD)
        with get_db_connection(server.admin) as connection:
            for role, rights in roles.items():
                connection.execute(f"CREATE ROLE {role} {rights} PASSWORD '{quoted}'".encode())
            connection.execute(b"CREATE DATABASE closed")
            connection.execute(b"REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        server.stop()
        allowed = "host all postgres,job,full_up,group_only 127.0.0.1/32 scram-sha-256\n"
        (server.data / "pg_hba.conf").write_text(allowed)
        server.start()
        yield server.config | {"sslmode": "prefer"}


def refused(config: RdsConfig, **changes: Any) -> FatalError:
    """What a connection with these changes raises."""
    changed = config.copy()
    changed.update(changes)  # type: ignore[typeddict-item]
    with pytest.raises(FatalError) as caught:
        get_db_connection(changed)
    return caught.value


def test_a_right_login_connects(tcp_server: RdsConfig) -> None:
    """User and password with any characters in them lead to a connection that names the project to the server."""
    with get_db_connection(tcp_server) as connection:
        (row,) = Database(connection).run(
            "SELECT current_user AS name, current_setting('application_name') AS application, "
            "current_setting('client_encoding') AS encoding"
        )
        assert row == ("job", "query-generator", "UTF8")
        assert connection.autocommit


@pytest.mark.parametrize(
    ("changes", "words"),
    WRONG_LOGINS,
    ids=lambda value: next(iter(value.items()))[-1] if isinstance(value, dict) else "",
)
def test_a_refused_login_is_a_matter_of_permission(tcp_server: RdsConfig, changes: dict[str, Any], words: str) -> None:
    """A wrong user, password or right is exit 77, and the message names the server, the cause and the settings."""
    error = refused(tcp_server, **changes)
    assert isinstance(error, PermissionRefusedError)
    assert f"127.0.0.1:{tcp_server['port']}" in str(error)
    assert words in str(error)
    assert "RDS_SECRET_NAME" in str(error)


@pytest.mark.parametrize(
    ("changes", "words"),
    WRONG_SETTINGS,
    ids=["database", "require", "sslmode", "password"],
)
def test_a_wrong_setting_is_a_matter_of_configuration(
    tcp_server: RdsConfig, changes: dict[str, Any], words: str
) -> None:
    """A database or TLS setting that cannot be right is exit 64."""
    error = refused(tcp_server, **changes)
    assert isinstance(error, ConfigurationError)
    assert words in str(error)


@pytest.mark.parametrize(
    "changes",
    [
        *(changes for changes, _ in WRONG_LOGINS + WRONG_SETTINGS),
        {"username": "full_up"},
        {"host": "no-such-host.invalid"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_no_message_shows_the_password(tcp_server: RdsConfig, changes: dict[str, Any]) -> None:
    """Whatever was wrong is told in one line, which has no cause behind it that a log could print as well."""
    error = refused(tcp_server, **changes)
    password = {**tcp_server, **changes}["password"]
    assert "\n" not in str(error)
    assert not password or password not in str(error)
    assert error.__cause__ is None


def test_a_server_out_of_reach_is_tried_again_later(tcp_server: RdsConfig, tmp_path: Path) -> None:
    """A host that does not answer, does not exist, or takes no more connections is exit 75."""
    for changes in (
        {"port": free_port()},
        {"host": "no-such-host.invalid"},
        {"host": str(tmp_path)},
        {"username": "full_up"},
    ):
        error = refused(tcp_server, **changes)
        assert isinstance(error, ServiceAwayError), error
        assert "Run the same job id again" in str(error)


def test_something_that_is_no_postgresql_is_named(tcp_server: RdsConfig) -> None:
    """A server that hangs up on the first byte is out of reach, not a crash, and is named by host and port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        hang_up = threading.Thread(target=lambda: listener.accept()[0].close())
        hang_up.start()
        error = refused(tcp_server, port=port, sslmode="disable")
        hang_up.join()
    assert isinstance(error, ServiceAwayError)
    assert f"127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("missing", "root certificate file"),
        ("other.example", "certificate verify failed"),
        ("db.example", 'server certificate for "db.example" does not match host name "localhost"'),
    ],
    ids=["no CA file", "another CA", "another host"],
)
def test_a_certificate_that_does_not_hold_is_a_matter_of_configuration(
    tcp_server: RdsConfig, root: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With verify-full, a missing CA file, a foreign certificate and one for another host are exit 64, each named."""
    certificates = {host: write_certificate(tmp_path, host) for host in ("db.example", "other.example")}
    monkeypatch.setenv("PGSSLROOTCERT", str(certificates.get(root, tmp_path / "missing.pem")))
    with tls_server(certificates["db.example"]) as port:
        error = refused(tcp_server, host="localhost", port=port, sslmode="verify-full")
    assert isinstance(error, ConfigurationError)
    assert words in str(error)
    assert ("DB_HOST" if root == "db.example" else "PGSSLROOTCERT") in str(error)


@pytest.fixture
def rotation(tcp_server: RdsConfig) -> Iterator[Callable[..., None]]:
    """Secrets Manager whose secret has the passwords that are given, one after the other; all must be read."""
    made: SecretsManagerClient = boto3.client(
        "secretsmanager", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
    )
    with Stubber(made) as stub:

        def holds(*passwords: str) -> None:
            for password in passwords:
                text = json.dumps({**tcp_server, "password": password})
                stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": "the/rds"})
            secrets_cache.configure(JobConfig(job_id="j", providers=("offline",), rds_secret_name="the/rds"), made)

        yield holds
        stub.assert_no_pending_responses()


def test_a_rotated_password_is_followed(rotation: Callable[..., None]) -> None:
    """A login that is refused because the password was rotated is made with the new one, now and when it reconnects."""
    rotation("an-old-password", PASSWORD)
    db = open_database(policy=ReconnectPolicy(60.0))
    (backend,) = db.run("SELECT pg_backend_pid() AS pid")
    with get_db_connection() as other:
        other.execute(ending(backend.pid).encode())
    assert db.with_reconnect(lambda: db.run("SELECT current_user AS name")) == [("job",)]
    assert db.connection_number == 2
    db.close()


@pytest.mark.parametrize("second", ["an-old-password", "another-wrong-one"])
def test_two_refusals_are_exit_77(rotation: Callable[..., None], second: str) -> None:
    """A secret that is wrong, or wrong again after a rotation, is told after two readings, without the password."""
    rotation("an-old-password", second)
    with pytest.raises(PermissionRefusedError, match="password authentication failed") as caught:
        open_database()
    assert caught.value.exit_code == 77
    assert second not in str(caught.value)


def test_a_server_that_is_no_longer_the_writer_is_away(rds: RdsConfig, db: Database) -> None:
    """After a failover a connection to the former writer is given up, and the run goes on with the new one."""
    own = open_database(rds, ReconnectPolicy(60.0))
    own.run("SET default_transaction_read_only = on")

    def write() -> list[Any]:
        return own.run("INSERT INTO products (product_data) VALUES ('{}') RETURNING product_id")

    with pytest.raises(DatabaseAwayError, match="read-only transaction"):
        write()
    assert own.with_reconnect(write) != []
    assert own.connection_number == 2
    own.close()
