"""The parameters of DATABASE_URL reach libpq and the server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from query_generator.database_url import parse_database_url
from query_generator.errors import FatalError
from query_generator.store.connect import open_database
from query_generator.store.connection_slots import RUNNING, wait_for_connection_slot
from query_generator.store.database import Database
from tests.fakes.pg_server import PgServer, reserve_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A PostgreSQL on loopback TCP that wants passwords."""
    with PgServer(tmp_path_factory.mktemp("url")) as server:
        yield server


def connect(server: PgServer, parameters: str, *, before: str = "", password: bool = True) -> Database:
    """Connect to that server with some parameters in the address, and perhaps another host before its own."""
    config = server.config
    login = f"{config['username']}:{quote(config['password'], '')}" if password else config["username"]
    address = f"{before}{config['host']}:{config['port']}/{config['dbname']}"
    return open_database(parse_database_url(f"postgresql://{login}@{address}?{parameters}", "prefer"))


def shown(db: Database, setting: str) -> str:
    """What the session has."""
    return str(db.run(f"SHOW {setting}")[0][0])


@pytest.mark.parametrize(
    ("parameters", "setting", "value"),
    [
        ("options=-c%20search_path%3Dpg_catalog,public", "search_path", "public, pg_temp"),
        ("options=-cwork_mem%3D7MB", "work_mem", "7MB"),
        ("options=--geqo%3Doff&connect_timeout=3", "geqo", "off"),
        ("application_name=nightly", "application_name", "query-generator (nightly)"),
        ("client_encoding=utf8", "client_encoding", "UTF8"),
        ("target_session_attrs=read-write", "transaction_read_only", "off"),
    ],
)
def test_parameters_have_their_effect(server: PgServer, parameters: str, setting: str, value: str) -> None:
    """The session is as the address wants it, where the job does not depend on it."""
    db = connect(server, parameters)
    assert shown(db, setting) == value
    db.close()


def test_the_next_host_is_tried(server: PgServer) -> None:
    """Of several hosts one may be away."""
    with reserve_port() as away:
        db = connect(server, "", before=f"127.0.0.1:{away.getsockname()[1]},")
    assert db.run("SELECT 1 AS one") == [(1,)]
    db.close()


def test_the_password_may_come_from_a_file(server: PgServer, tmp_path: Path) -> None:
    """`passfile` holds what the address does not."""
    file = tmp_path / "pass"
    password = server.config["password"].replace("\\", "\\\\").replace(":", "\\:")
    file.write_text(f"*:*:*:*:{password}\n")
    file.chmod(0o600)
    connect(server, f"passfile={file}", password=False).close()


def test_a_service_says_where_to_go(server: PgServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Host, port, login and database come from the service file."""
    config = server.config
    file = tmp_path / "services"
    names = {"host": "host", "port": "port", "user": "username", "dbname": "dbname", "password": "password"}
    file.write_text("[catalog]\n" + "".join(f"{name}={config[key]}\n" for name, key in names.items()))  # type: ignore[literal-required]
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    db = open_database(parse_database_url("postgresql://?service=catalog", "prefer"))
    assert shown(db, "application_name") == "query-generator"
    db.close()


def test_a_run_keeps_the_name_beside_its_own(server: PgServer) -> None:
    """`application_name` is in pg_stat_activity, and runs are counted as ever."""
    db = wait_for_connection_slot(lambda: connect(server, "application_name=nightly"), lambda _: False, 0)
    assert db is not None
    assert shown(db, "application_name") == f"{RUNNING} (nightly)"
    other = wait_for_connection_slot(lambda: connect(server, ""), lambda _: False, 0)
    assert other is not None
    assert shown(other, "application_name") == RUNNING
    db.close()
    other.close()


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ("options=-cno_such%3D1", 64, "no_such"),
        ("options=-cwork_mem%3Dmany", 64, "work_mem"),
        ("connect_timeout=soon", 64, "connect_timeout"),
        ("keepalives_idle=soon", 64, "keepalives_idle"),
        ("target_session_attrs=anything", 64, "target_session_attrs"),
        ("target_session_attrs=standby", 75, "standby"),
        ("sslmode=verify-full&sslrootcert=/no/such/file", 64, "SSL"),
        ("sslmode=require&sslcert=/no/such/file", 64, "SSL"),
        ("service=nothing", 64, "nothing"),
        ("require_auth=none", 64, "authentication method"),
        ("channel_binding=require", 64, "channel binding"),
        ("gssencmode=perhaps", 64, "gssencmode"),
    ],
)
def test_a_value_that_does_not_fit_is_named(server: PgServer, parameters: str, code: int, words: str) -> None:
    """What another try does not mend ends 64, and the password is not shown."""
    with pytest.raises(FatalError, match=words) as caught:
        connect(server, parameters)
    assert caught.value.exit_code == code
    assert "first 'password'" not in str(caught.value)
