"""A PostgreSQL of its own on loopback TCP, with passwords, that can crash, come back and get a new password."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Literal

import psycopg

from query_generator.local.keeper import (
    HERE,
    SUPERUSER,
    as_user,
    create_cluster,
    creating_user,
    programs_for,
    server_user,
)
from query_generator.local.postgres import _find_binaries
from query_generator.store.connect import get_db_connection
from secrets_cache import RdsConfig

HOST = "127.0.0.1"
OTHER_BINARIES = "TEST_POSTGRES_BIN"  # the folder with initdb and postgres of another PostgreSQL to test on
OPTIONS_OF_ANY_VERSION = (f"--username={SUPERUSER}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
ROLE = "job"
ADMIN_PASSWORD = "admin-of-the-scratch-server"
FIRST_PASSWORD = "first 'password' \\ % @:/"
STOP_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",  # a crash of processes loses nothing without it; only a power cut would
    "max_connections": "60",
    "shared_buffers": "32MB",
    "timezone": "UTC",
}


def reserve_port() -> socket.socket:
    """Bind a port of loopback so that nobody else is given it; a server with SO_REUSEADDR may still listen there."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((HOST, 0))
    return reserved


class PgServer:
    """The server keeps its port over restarts. Call it from the main thread: the server dies with its caller's thread.

    `config` is the login of the role `job`, which owns the database; `admin` the superuser's for the same database.
    """

    def __init__(self, directory: Path) -> None:
        """Make the cluster; `directory` must be empty or absent."""
        directory.mkdir(parents=True, exist_ok=True)
        self._copies = Path(tempfile.mkdtemp())
        self._copies.chmod(0o711)
        other = os.environ.get(OTHER_BINARIES)
        # Programs before 16 change the folder and come back by its name, so its parents have to be open.
        self.data = (self._copies if other else directory) / "data"
        self._user = server_user(self.data)
        self._binaries = Path(other) if other else programs_for(self._user, _find_binaries(), self._copies)
        self._log = (directory / "server.log").open("ab")
        self._reserved = reserve_port()
        self._process: subprocess.Popen[bytes] | None = None
        port = self._reserved.getsockname()[1]
        self.admin = RdsConfig(
            host=HOST, port=port, username=SUPERUSER, password=ADMIN_PASSWORD, dbname="postgres", sslmode="disable"
        )
        self.config = self.admin | {"username": ROLE, "password": FIRST_PASSWORD}
        password = f"ALTER ROLE {SUPERUSER} PASSWORD '{ADMIN_PASSWORD}';\n\n"
        if other:
            self._create_elsewhere()
        else:
            create_cluster(self._binaries, self.data, self._user, password)
        (self.data / "pg_hba.conf").write_text(f"host all all {HOST}/32 scram-sha-256\n")

    def _create_elsewhere(self) -> None:
        """Make the cluster with programs of any version, which need a path that their user may go."""
        creator = creating_user(self._user)
        self.data.mkdir(mode=0o700)
        os.chown(self.data, creator, -1)
        password = self._copies / "password"
        password.write_text(ADMIN_PASSWORD)
        command = [
            str(self._binaries / "initdb"),
            "-D",
            str(self.data),
            *OPTIONS_OF_ANY_VERSION,
            f"--pwfile={password}",
        ]
        subprocess.run(command, check=True, **as_user(creator, signal.SIGKILL))
        for path in (self.data, *self.data.rglob("*")):
            os.chown(path, self._user, -1)

    def __enter__(self) -> "PgServer":
        self.start()
        self._administer(f"CREATE ROLE {ROLE} LOGIN PASSWORD {_quoted(FIRST_PASSWORD)}")
        self.new_database()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop("immediate")
        self._reserved.close()
        self._log.close()
        shutil.rmtree(self._copies)

    def start(self) -> None:
        """Start unless it runs, and wait until logins are taken, after a crash recovery if one is due."""
        if self._process:
            return
        command = [str(self._binaries / "postgres"), "-D", HERE, "-p", str(self.admin["port"])]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        folder = os.open(self.data, os.O_RDONLY)
        options = as_user(self._user, signal.SIGQUIT, folder)
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log, **options)
        os.close(folder)
        end = time.monotonic() + 60
        while True:
            try:
                _login(self.admin | {"dbname": "postgres"}).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, "the server has ended; server.log says why"
                assert time.monotonic() < end, "the server does not start"
                time.sleep(0.02)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop as `pg_ctl stop -m` does, and wait for the end; `immediate` is a crash."""
        if self._process:
            self._process.send_signal(STOP_SIGNALS[mode])
            self._process.wait(60)
            self._process = None

    def new_database(self) -> None:
        """Give the role an empty database, to which both logins lead from now on, and its first password."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.set_password(FIRST_PASSWORD)
        self._administer(f"ALTER ROLE {ROLE} RESET ALL")
        self._administer(f"CREATE DATABASE {name} OWNER {ROLE}")
        self.admin["dbname"] = self.config["dbname"] = name

    def set_password(self, new: str) -> None:
        """Change the role's password; connections that are open stay."""
        self._administer(f"ALTER ROLE {ROLE} PASSWORD {_quoted(new)}")
        self.config["password"] = new

    def _administer(self, sql: str) -> None:
        with get_db_connection(self.admin | {"dbname": "postgres"}) as connection:
            connection.execute(sql.encode())


def _login(config: RdsConfig) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(
        host=config["host"],
        port=config["port"],
        user=config["username"],
        password=config["password"],
        dbname=config["dbname"],
        sslmode="disable",
        connect_timeout=5,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
