"""Keeper of the embedded PostgreSQL: creates the cluster once, runs the server, stops it after its last user.

`postgres.py` runs this file as a program with an empty environment: standard library only, so that it starts in
milliseconds. Errors go to `postgres.log`; the user process notices that we have ended, and shows the end of that log.

Two kernel locks (flock) are right even after SIGKILL, when process ids and files may be stale:

- `postgres.users`: every user process holds it shared. The keeper waits for it exclusively, so it gets it only when
  no user is left, and holds it while it stops the server: a new user waits until the server is gone. The file holds
  the name of the socket folder.
- `postgres.server`: held by keeper and server together, inherited from the user that started them. A process that
  gets it knows that no server of this cluster is alive.

PostgreSQL does not run as root. Started by root, it runs as a user id that has no name and no other process, without
any capability, and the data belongs to that id alone. It is given the data folder as its working directory and calls it
`/proc/self/cwd`, so the folders above may be closed to it. What it can write, root opens without following links.

On Linux the kernel stops the server when the keeper is killed (PR_SET_PDEATHSIG). On macOS, a SIGKILL of the keeper
itself leaves the server running; a SIGKILL of users does not.
"""

import ctypes
import fcntl
import os
import pwd
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

DATA = "postgres"
USERS_LOCK = "postgres.users"
SERVER_LOCK = "postgres.server"
LOG = "postgres.log"
PORT = 5432
SUPERUSER = "postgres"
ROLE = "query_generator"
DATABASE = "query_generator"
HAS_ROLE = "query_generator.role"  # in the data: the role is there; earlier versions logged in as the superuser
NOBODY = 65534  # ran the servers of earlier versions
PRIVATE_USERS = range(60706, 61184)  # left free by Debian, Red Hat and systemd, and mapped in containers without root
SERVER_FOLDER_PREFIX = "query-generator-"
SOCKET_FOLDER, NAME_BYTES = "socket", 200
SHORT_PATH = re.compile(r"/[A-Za-z0-9_/.-]{0,50}")  # a socket path holds 103 bytes on macOS, 107 on Linux
HERE = "/proc/self/cwd" if sys.platform == "linux" else "."
PROGRAMS = ("bin/initdb", "bin/postgres", "lib/postgresql", "share/postgresql")
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
NOT_A_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
NEW_FILE = NOT_A_LINK | os.O_WRONLY | os.O_CREAT | os.O_EXCL

INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=reject",
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
CREATE_DATABASE = f"CREATE ROLE {ROLE} LOGIN;\n\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n\n"
ADOPT = Path(__file__).with_name("adopt.sql")


def server_user(data: Path) -> int:
    """Return who runs the server: we, or for root, who cannot, the owner of the folder or a user id that nobody has."""
    if os.geteuid() != 0:
        return os.geteuid()
    owner = data.lstat().st_uid if os.path.lexists(data) else 0
    if owner in PRIVATE_USERS or (owner not in (0, NOBODY) and owner == data.parent.stat().st_uid):
        return owner
    if owner not in (0, NOBODY):
        raise PermissionError(f"{data} belongs to user id {owner}, who does not own the folder that it is in")
    taken = {user.pw_uid for user in pwd.getpwall()} | running_users()
    return random.choice([user for user in PRIVATE_USERS if user not in taken])


def creating_user(user: int) -> int:
    """Return who creates the cluster: for root, a system user without processes, since initdb asks for its name."""
    if os.geteuid() != 0:
        return user
    idle = {*range(1, 1000)} - running_users()
    return next((known.pw_uid for known in pwd.getpwall() if known.pw_uid in idle), NOBODY)


def running_users() -> set[int]:
    """Return the users that have processes."""
    users = set()
    for process in Path("/proc").glob("[1-9]*"):
        with suppress(OSError):
            users.add(process.stat().st_uid)
    return users


def as_user(user: int, death_signal: int, folder: int | None = None) -> dict[str, Any]:
    """Return options of Popen: as this user, without capabilities, in `folder`, and with this signal when we die.

    A `postmaster.pid` that a crash left in the folder gets our process id, since the old one may be another process's
    by now. The server ignores its parent's id there, and then checks whether the shared memory of line 7 is in use.
    """
    keeper = os.getpid()
    prctl: Callable[..., int] = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: 0

    def prepare() -> None:  # in the child, after it has become the user
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != keeper:  # it died before the signal was set
            os._exit(1)
        if folder is not None:
            os.fchdir(folder)
            with suppress(OSError), open(os.open("postmaster.pid", os.O_RDWR | NOT_A_LINK), "rb+") as file:
                others = file.read().splitlines()[1:]
                file.seek(0)
                file.truncate()
                file.write(b"\n".join([b"%d" % keeper, *others, b""]))

    identity: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}
    return {**identity, "preexec_fn": prepare, "env": {}, "cwd": "/"}


def run(command: list[str | Path], user: int, folder: int, text: str = "") -> None:
    subprocess.run(command, check=True, input=text.encode(), **as_user(user, signal.SIGKILL, folder))


def run_single(binaries: Path, user: int, folder: int, database: str, sql: str) -> None:
    run([binaries / "postgres", "--single", "-j", "-c", "exit_on_error=on", "-D", HERE, database], user, folder, sql)


def create_cluster(binaries: Path, data: Path, user: int, sql: str) -> None:
    """Create a cluster in a new closed folder and run `sql`, then rename it, so that `data` is complete or missing.

    Raises:
        subprocess.CalledProcessError: a PostgreSQL program failed.
    """
    for unfinished in data.parent.glob(f"{DATA}.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f"{DATA}.new-", dir=data.parent))
    (new / "data").mkdir(mode=0o700)
    folder = os.open(new / "data", os.O_RDONLY)
    creator = creating_user(user)
    hand_over(folder, creator)
    run([binaries / "initdb", "-D", HERE, *INITDB_OPTIONS], creator, folder)
    run_single(binaries, creator, folder, "template1", sql)
    os.close(os.open(HAS_ROLE, NEW_FILE, 0o600, dir_fd=folder))
    hand_over(folder, user)
    os.close(folder)
    os.rename(new / "data", data)
    new.rmdir()
    os.fsync(parent := os.open(data.parent, os.O_RDONLY))
    os.close(parent)


def adopt_cluster(binaries: Path, folder: int, user: int) -> None:
    """Give the data to the server's user, and what an earlier version made as superuser to the role."""
    owner = os.fstat(folder).st_uid
    has_role = HAS_ROLE in os.listdir(folder)
    if not has_role:
        if owner == 0:
            hand_over(folder, owner := creating_user(user))
        run_single(binaries, owner, folder, DATABASE, ADOPT.read_text())
        os.close(os.open(HAS_ROLE, NEW_FILE, 0o600, dir_fd=folder))
    if owner != user or not has_role:
        hand_over(folder, user)


def hand_over(folder: int, user: int) -> None:
    """Give a folder and its files to a user, itself last; no file that has a name elsewhere, nor a link's target."""
    if os.geteuid() != 0:
        return
    for _, _, names, parent in os.fwalk(".", topdown=False, dir_fd=folder):
        for name in names:
            with suppress(OSError), open(os.open(name, os.O_RDONLY | NOT_A_LINK, dir_fd=parent), "rb") as file:
                status = os.fstat(file.fileno())
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                    os.fchown(file.fileno(), user, user)
        os.fchown(parent, user, user)


def make_server_folder(base: Path, users_lock: int) -> Path:
    """Create a folder with a short path, write its socket folder to the lock file, and remove the previous one.

    Root's lies where the server's user can come to it, and lets it pass.
    """
    previous = Path(os.fsdecode(os.pread(users_lock, NAME_BYTES, 0))).parent
    if previous.name.startswith(SERVER_FOLDER_PREFIX) and previous.parent in (base, Path("/tmp")):
        with suppress(FileNotFoundError, ValueError):
            if previous.lstat().st_uid == os.geteuid():
                shutil.rmtree(previous)
    root = os.geteuid() == 0
    open_to_all = all(above.stat().st_mode & stat.S_IXOTH for above in (base, *base.parents))
    fit = SHORT_PATH.fullmatch(str(base)) and (open_to_all or not root)
    folder = Path(tempfile.mkdtemp(prefix=SERVER_FOLDER_PREFIX, dir=base if fit else "/tmp"))
    folder.chmod(0o711 if root else 0o700)
    os.ftruncate(users_lock, 0)
    os.pwrite(users_lock, os.fsencode(folder / SOCKET_FOLDER), 0)
    return folder


def programs_for(user: int, binaries: Path, folder: Path) -> Path:
    """Return the programs, or a copy of them in `folder` where the server's user cannot run them where they are."""
    with suppress(PermissionError, subprocess.CalledProcessError):
        if os.geteuid() == 0:
            options = as_user(user, signal.SIGKILL)
            subprocess.run([binaries / "postgres", "-V"], check=True, stdout=subprocess.DEVNULL, **options)
        return binaries
    site, libraries = binaries.parents[2], binaries.parents[1].with_suffix(".libs")  # found by relative paths
    before = os.umask(0o022)
    for top in (libraries, *(binaries.parent / name for name in PROGRAMS)):
        for source in (top, *top.rglob("*")):
            if source.is_file():
                target = folder / source.relative_to(site)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
                target.chmod(0o755)
    os.umask(before)
    return folder / binaries.relative_to(site)


def write_logins(folder: Path, user: int) -> dict[str, str]:
    """Let who started the server, the data's owner and root log in, known by their sockets; return the settings."""
    logins = ""
    for known in {os.geteuid(), user, 0}:
        with suppress(KeyError):
            name = pwd.getpwuid(known).pw_name
            logins += f'owner "{name}" {ROLE}\nowner "{name}" {SUPERUSER}\n'
    files = {"hba_file": "local all all peer map=owner\n", "ident_file": logins}
    for name, text in files.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
    return {name: str(folder / name) for name in files}


def serve(binaries: Path, data: int, user: int, folder: Path, users_lock: int, server_lock: int) -> None:
    """Run the server until it has no users left or ends by itself."""
    sockets = folder / SOCKET_FOLDER
    sockets.mkdir(mode=0o700)
    os.chown(sockets, user, -1)
    command = [str(binaries / "postgres"), "-D", HERE, "-k", str(sockets)]
    for name, value in (*SERVER_SETTINGS.items(), *write_logins(folder, user).items()):
        command += ["-c", f"{name}={value}"]
    server = subprocess.Popen(command, pass_fds=[server_lock], **as_user(user, signal.SIGINT, data))

    def stop_when_unused() -> None:
        fcntl.flock(users_lock, fcntl.LOCK_EX)
        server.send_signal(signal.SIGINT)

    threading.Thread(target=stop_when_unused, daemon=True).start()
    server.wait()


def keep(binaries: Path, directory: Path, base: Path, server_lock: int) -> None:
    """Run the server of `directory`, whose cluster is made if it is missing."""
    data = directory / DATA
    user = server_user(data)
    users_lock = os.open(directory / USERS_LOCK, os.O_RDWR | NOT_A_LINK)
    folder = make_server_folder(base, users_lock)
    try:
        programs = programs_for(user, binaries, folder)
        if not os.path.lexists(data):
            create_cluster(programs, data, user, CREATE_DATABASE)
        opened = os.open(data, os.O_RDONLY | os.O_DIRECTORY | NOT_A_LINK)
        adopt_cluster(programs, opened, user)
        serve(programs, opened, user, folder, users_lock, server_lock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(binaries: Path, directory: Path, base: Path, server_lock: int) -> None:
    """Keep the server of `directory` in a child process, which the terminal's signals do not reach."""
    if os.fork() > 0:
        return
    os.setsid()
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job inherits that it is ignored
    try:
        keep(binaries, directory, base, server_lock)
    except subprocess.CalledProcessError as exc:
        print(f"{exc.cmd[0]} ended with {exc.returncode}", file=sys.stderr)
    except (OSError, subprocess.SubprocessError) as exc:
        print(exc, file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
