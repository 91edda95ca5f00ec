"""The real components that tests run against: PostgreSQL from the wheel, moto's server, the Gemini stand-in."""

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import namedtuple_row

from query_generator import masking
from query_generator.local.keeper import SUPERUSER
from query_generator.local.postgres import local_postgres
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.fakes.aws_server import BUCKET, CREDENTIALS, GEMINI_SECRET, RDS_SECRET, AwsServer
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.pg_server import OTHER_BINARIES, PgServer
from tests.support import forked
from tests.support.endings import ending_of

ENDED: list["Ended"] = []  # the commands that have ended in the test that is running
API_KEY = "AIzaSy-test-key-0123456789"


@pytest.fixture(autouse=True)
def _no_secrets() -> Iterator[None]:
    """Let no test's secrets be masked in another."""
    before = masking.hidden()
    yield
    masking.hide_only(before)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A PostgreSQL server for the session, which need not survive a power cut: the superuser's connection keywords."""
    if os.environ.get(OTHER_BINARIES):
        with PgServer(tmp_path_factory.mktemp("postgres")) as other:
            names = ("host", "port", "password")
            yield {name: other.admin[name] for name in names} | {"user": SUPERUSER, "dbname": "postgres"}  # type: ignore[literal-required]
        return
    with local_postgres(tmp_path_factory.mktemp("postgres")) as server:
        keywords: dict[str, Any] = {**server, "user": SUPERUSER}
        with psycopg.connect(**keywords, autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        yield keywords


@pytest.fixture(scope="session")
def tables(postgres: dict[str, Any]) -> str:
    """The name of a database with the project's tables, to be copied."""
    name = "with_tables"
    with psycopg.connect(**postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    database = Database(get_db_connection(_config(postgres, name)))
    migrate(database)
    database.close()
    return name


@pytest.fixture
def rds(request: pytest.FixtureRequest, postgres: dict[str, Any]) -> Iterator[RdsConfig]:
    """A database of its own: empty, or with the project's tables where `db` is asked for."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    template = request.getfixturevalue("tables") if "db" in request.fixturenames else "template1"
    with psycopg.connect(**postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    yield _config(postgres, name)
    with psycopg.connect(**postgres, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _config(postgres: Mapping[str, Any], name: str) -> RdsConfig:
    return RdsConfig(
        host=postgres["host"],
        port=postgres["port"],
        username=postgres["user"],
        password=postgres.get("password", "unused-but-secret"),
        dbname=name,
        sslmode="disable",
    )


@pytest.fixture
def db(rds: RdsConfig) -> Iterator[Database]:
    """A database with the project's tables."""
    database = Database(get_db_connection(rds))
    yield database
    database.close()


@pytest.fixture(scope="session")
def aws_server() -> Iterator[AwsServer]:
    """AWS for the session."""
    with AwsServer() as server:
        yield server


@pytest.fixture
def aws(aws_server: AwsServer) -> AwsServer:
    """AWS with an empty bucket and an empty table of events."""
    aws_server.reset()
    return aws_server


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    """A Gemini that answers at once."""
    with GeminiServer(api_key=API_KEY) as server:
        yield server


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    log: str

    @property
    def error(self) -> str:
        """The lines that say why it did not succeed."""
        return ending_of(self.log).why

    def __post_init__(self) -> None:
        ENDED.append(self)


def run_command(*arguments: str, env: Mapping[str, str], stdin: str = "") -> Ended:
    """Run `batch_job.py` as a process with exactly this environment."""
    with forked.start(arguments, {"PATH": os.environ["PATH"], **env}, stdin=subprocess.PIPE) as process:
        try:
            out, log = process.communicate(stdin, timeout=120)
        finally:
            process.kill()
    return Ended(process.returncode, out, log)


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Look until a condition holds; fail if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Cloud:
    """The standard set-up: two secrets, a bucket, a table of events, PostgreSQL and Gemini."""

    aws: AwsServer
    gemini: GeminiServer
    rds: RdsConfig

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a job container in this set-up."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.aws.url,
            "GEMINI_SECRET_NAME": GEMINI_SECRET,
            "RDS_SECRET_NAME": RDS_SECRET,
            "OUTPUT_S3_BUCKET": BUCKET,
            "GEMINI_API_ENDPOINT": self.gemini.url,
            "MAX_REQUESTS_PER_MINUTE": "100000",
            "DB_SSLMODE": "disable",
            **more,
        }

    def run(self, *arguments: str, stdin: str = "", **more: str) -> Ended:
        """Run a command in this set-up."""
        return run_command(*arguments, env=self.environment(**more), stdin=stdin)

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """Start a command in this set-up and go on."""
        return forked.start(arguments, {"PATH": os.environ["PATH"], **self.environment(**more)})

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """Ask the database."""
        with get_db_connection(self.rds) as connection:
            return connection.cursor(row_factory=namedtuple_row).execute(sql.encode(), parameters).fetchall()


@pytest.fixture
def cloud(aws: AwsServer, gemini: GeminiServer, rds: RdsConfig) -> Cloud:
    """The standard set-up with empty tables."""
    aws.put_secrets(
        API_KEY,
        {
            "host": rds["host"],
            "port": rds["port"],
            "username": rds["username"],
            "password": rds["password"],
            "dbname": rds["dbname"],
        },
    )
    aws.calls.clear()
    return Cloud(aws, gemini, rds)
