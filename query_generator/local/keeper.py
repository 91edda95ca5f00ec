"""Keeper of the embedded PostgreSQL: creates the cluster once, runs the server, stops it after its last user.

`postgres.py` runs this file as a separate program: standard library only, so that it starts in milliseconds. Errors go
to `postgres.log`; the user process notices that the keeper has ended, and shows the end of that log.

Two kernel locks (flock) are right even after SIGKILL, when process ids and files may be stale:

- `postgres.users`: every user process holds it shared. The keeper waits for it exclusively, so it gets it only when
  no user is left, and holds it while it stops the server: a new user waits until the server is gone.
- `postgres.server`: held by keeper and server together, inherited from the user that started them. A process that
  gets it knows that no server of this cluster is alive. The file holds the name of the socket folder.

On Linux the kernel stops the server when the keeper is killed (PR_SET_PDEATHSIG, through `setpriv`). Where `setpriv`
is missing (macOS), a SIGKILL of the keeper itself leaves the server running; a SIGKILL of users does not.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

DATA = "postgres"
USERS_LOCK = "postgres.users"
SERVER_LOCK = "postgres.server"
LOG = "postgres.log"
PORT = 5432
SUPERUSER = "postgres"
DATABASE = "query_generator"

NOBODY = 65534
SOCKET_FOLDER_PREFIX = "query-generator-"
SHORT_PATH = re.compile(r"/[A-Za-z0-9_/.-]{0,60}")  # a socket path holds 103 bytes on macOS, 107 on Linux

INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
)
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "50",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
}


def tied(command: Sequence[str], death_signal: str) -> list[str]:
    """Return `command` so that it gets `death_signal` when this process dies; for root, it runs as user nobody.

    PostgreSQL does not run as root. Nobody keeps the right to enter folders that are closed to it, since the data may
    be in one. The shell runs the command only while its parent is this process, which may have died before the signal
    was set. Where `setpriv` is missing, the command is returned unchanged.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return list(command)
    as_nobody = (
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )
    options = as_nobody if os.geteuid() == 0 else ()
    guard = ("/bin/sh", "-c", 'test "$PPID" = "$0" && exec "$@"', str(os.getpid()))
    return [setpriv, *options, f"--pdeathsig={death_signal}", "--", *guard, *command]


def create_cluster(binaries: Path, data: Path) -> None:
    """Create the cluster and its database in a new folder, then rename that, so that `data` is complete or missing.

    Raises:
        subprocess.CalledProcessError: a PostgreSQL program failed.
    """
    for unfinished in data.parent.glob(f"{DATA}.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    new = tempfile.mkdtemp(prefix=f"{DATA}.new-", dir=data.parent)
    if os.geteuid() == 0:
        os.chown(new, NOBODY, NOBODY)
    initdb = [str(binaries / "initdb"), "-D", new, *INITDB_OPTIONS]
    subprocess.run(tied(initdb, "KILL"), check=True, env={}, cwd="/")
    single = [str(binaries / "postgres"), "--single", "-j", "-c", "exit_on_error=on", "-D", new, "template1"]
    create = f"CREATE DATABASE {DATABASE};\n\n".encode()
    subprocess.run(tied(single, "KILL"), check=True, env={}, cwd="/", input=create)
    os.rename(new, data)
    folder = os.open(data.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def disown_pid_file(data: Path) -> None:
    """Put our process id into a `postmaster.pid` left by a crash, since the old id may be another process's by now.

    The server ignores its parent's id there, and then checks whether the shared memory of line 7 is in use.
    """
    path = data / "postmaster.pid"
    if path.exists():
        others = path.read_text().splitlines()[1:]
        path.write_text("\n".join([str(os.getpid()), *others, ""]))


def make_socket_folder(server_lock: int) -> Path:
    """Create a private folder with a short path, write its name to the lock file, and remove the previous folder."""
    previous = os.pread(server_lock, 200, 0).decode()
    if Path(previous).name.startswith(SOCKET_FOLDER_PREFIX):
        remove_socket_folder(Path(previous))
    base = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX, dir=base if SHORT_PATH.fullmatch(base) else "/tmp")
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    os.ftruncate(server_lock, 0)
    os.pwrite(server_lock, folder.encode(), 0)
    return Path(folder)


def remove_socket_folder(folder: Path) -> None:
    """Remove the folder and what a killed server left in it, but nothing else."""
    if folder.is_dir():
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def serve(binaries: Path, directory: Path, server_lock: int, socket_folder: Path) -> None:
    """Run the server until it has no users left or ends by itself."""
    command = [str(binaries / "postgres"), "-D", str(directory / DATA), "-k", str(socket_folder)]
    for name, value in SERVER_SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    users = os.open(directory / USERS_LOCK, os.O_RDWR)
    server = subprocess.Popen(tied(command, "INT"), pass_fds=[server_lock], env={}, cwd="/")

    def stop_when_unused() -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        server.send_signal(signal.SIGINT)

    threading.Thread(target=stop_when_unused, daemon=True).start()
    server.wait()


def main(binaries: Path, directory: Path, server_lock: int) -> None:
    """Keep the server of `directory` in a child process, which the terminal's signals do not reach."""
    if os.fork() > 0:
        return
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job inherits that it is ignored
    data = directory / DATA
    if not data.exists():
        try:
            create_cluster(binaries, data)
        except subprocess.CalledProcessError:
            return  # the program has logged why
    disown_pid_file(data)
    socket_folder = make_socket_folder(server_lock)
    serve(binaries, directory, server_lock, socket_folder)
    remove_socket_folder(socket_folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
