"""The embedded PostgreSQL with real processes: it is there when used, gone when not, and keeps what was committed."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psycopg
import pytest

from query_generator.errors import ConfigurationError
from query_generator.local.postgres import local_postgres
from tests.conftest import wait_until
from tests.support.paths import ROOT

NOBODY = 65534
USER_PROGRAM = """
import json, signal, sys
from pathlib import Path
from query_generator.local.postgres import local_postgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started with
with local_postgres(Path(sys.argv[1])) as keywords:
    print(json.dumps(keywords), flush=True)
    sys.stdin.read()
"""
AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_override",  # the interpreter may lie in a folder that is closed to others
    "--ambient-caps=+dac_override",
)
IDENTITIES = {"root": (), "another user": AS_NOBODY} if os.geteuid() == 0 else {"ourselves": ()}


class User:
    """A process that uses the server of `directory` until it is told to end."""

    def __init__(self, directory: Path, identity: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*identity, sys.executable, "-c", USER_PROGRAM, str(directory)],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def output(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def connected(self) -> dict[str, Any]:
        """Wait until it has its server: the keywords."""
        keywords: dict[str, Any] = json.loads(self.output.readline())
        return keywords

    def end(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start_user() -> Iterator[Callable[..., User]]:
    users: list[User] = []

    def start(directory: Path, identity: tuple[str, ...] = (), env: Mapping[str, str] | None = None) -> User:
        directory.mkdir(parents=True, exist_ok=True)
        if identity:
            os.chown(directory, NOBODY, NOBODY)
        users.append(User(directory, identity, env))
        return users[-1]

    yield start
    for user in users:
        user.kill()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "local-run"
    wait_until(lambda: not server_processes(tmp_path))


def server_processes(directory: Path) -> set[int]:
    """Process ids of the keeper, the server and initdb; a dead process that waits for its parent does not count."""
    found = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            here = b"/proc/self/cwd" in command and (entry / "cwd").readlink().is_relative_to(directory)
            if entry.name.isdigit() and (here or os.fsencode(directory) in command) and b"json.dumps" not in command:
                found.add(int(entry.name))
    return found


def gone(directory: Path) -> bool:
    """Whether no process of the server is left: none is listed, none holds its lock."""
    return not server_processes(directory) and not locked(directory)


def locked(directory: Path) -> bool:
    with (directory / "postgres.server").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def server_pid(directory: Path) -> int:
    return int((directory / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def keeper_pid(directory: Path) -> int:
    status = Path(f"/proc/{server_pid(directory)}/status").read_text()
    return int(status.split("PPid:")[1].split()[0])


def kill_all(pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def write_note(keywords: dict[str, Any]) -> None:
    with psycopg.connect(**keywords) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'straße ✓' AS text")


def read_note(keywords: dict[str, Any]) -> object:
    with psycopg.connect(**keywords) as connection:
        return connection.execute("SELECT text FROM note").fetchall()


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_committed_data_is_there_in_the_next_run(
    directory: Path, identity: tuple[str, ...], start_user: Callable[..., User]
) -> None:
    """What one run stored, the next run finds, whoever the user is."""
    first = start_user(directory, identity)
    write_note(first.connected())
    first.end()
    wait_until(lambda: gone(directory))
    assert read_note(start_user(directory, identity).connected()) == [("straße ✓",)]


def test_a_second_process_joins_the_running_server(directory: Path, start_user: Callable[..., User]) -> None:
    """A status command in another terminal sees the database of the job that runs."""
    with local_postgres(directory) as keywords:
        write_note(dict(keywords))
        joined = start_user(directory).connected()
        assert joined == keywords
        assert read_note(joined) == [("straße ✓",)]


def test_processes_that_start_at_once_share_one_server(directory: Path, start_user: Callable[..., User]) -> None:
    """Jobs that start on a new folder at the same moment all get the same server."""
    users = [start_user(directory) for _ in range(5)]
    assert len({user.connected()["host"] for user in users}) == 1
    wait_until(lambda: len(server_processes(directory)) == 2)


def test_a_run_right_after_another_gets_a_server(directory: Path, start_user: Callable[..., User]) -> None:
    """A command that starts while the last server stops gets a server that stays."""
    user = start_user(directory)
    write_note(user.connected())
    for _ in range(8):
        follower = start_user(directory)
        user.process.kill()
        assert read_note(follower.connected()) == [("straße ✓",)]
        assert read_note(start_user(directory).connected()) == [("straße ✓",)]
        user = follower


@pytest.mark.parametrize("ending", [User.end, User.kill])
@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_nothing_is_left_after_the_only_user(
    directory: Path, identity: tuple[str, ...], ending: Callable[[User], None], start_user: Callable[..., User]
) -> None:
    """However the only command ends, SIGKILL included, no process and no socket folder is left."""
    user = start_user(directory, identity)
    socket_folder = Path(user.connected()["host"])
    assert socket_folder.is_dir()
    ending(user)
    wait_until(lambda: gone(directory))
    assert not socket_folder.exists()


@pytest.mark.parametrize("ending", [User.end, User.kill])
def test_the_server_outlives_its_first_user_and_goes_with_the_last(
    directory: Path, ending: Callable[[User], None], start_user: Callable[..., User]
) -> None:
    """Killing the job that started the server does not take it from another that uses it."""
    first = start_user(directory)
    first.connected()
    joiner = start_user(directory)
    keywords = joiner.connected()
    with psycopg.connect(**keywords) as connection:
        first.kill()
        connection.execute("SELECT 1")
    write_note(keywords)
    ending(joiner)
    wait_until(lambda: gone(directory))


def test_ctrl_c_in_one_terminal_leaves_the_other_its_server(directory: Path, start_user: Callable[..., User]) -> None:
    """An interrupt from the keyboard ends the job, not the server that others use."""
    first = start_user(directory)
    first.connected()
    keywords = start_user(directory).connected()
    with psycopg.connect(**keywords) as connection:
        os.killpg(first.process.pid, signal.SIGINT)
        first.process.wait()
        connection.execute("SELECT 1")


@pytest.mark.parametrize("identity", IDENTITIES.values(), ids=IDENTITIES.keys())
def test_the_server_goes_with_its_killed_keeper(
    directory: Path, identity: tuple[str, ...], start_user: Callable[..., User]
) -> None:
    """Even a SIGKILL of the process that keeps the server leaves no orphan, and the next command starts anew."""
    user = start_user(directory, identity)
    keywords = user.connected()
    os.kill(keeper_pid(directory), signal.SIGKILL)
    wait_until(lambda: gone(directory))
    again = start_user(directory, identity).connected()
    write_note(again)
    assert again["host"] != keywords["host"]
    assert not Path(keywords["host"]).exists()


def test_committed_data_survives_the_kill_of_every_process(directory: Path, start_user: Callable[..., User]) -> None:
    """After a crash of everything at once the next command finds all that was committed."""
    user = start_user(directory)
    write_note(user.connected())
    kill_all(server_processes(directory))
    user.kill()
    assert read_note(start_user(directory).connected()) == [("straße ✓",)]


def test_a_server_that_is_slow_to_stop_is_waited_for(directory: Path, start_user: Callable[..., User]) -> None:
    """While an old server still has the data in its hands, no second one is started on it."""
    write_note(start_user(directory).connected())
    slow = server_pid(directory)
    keeper = keeper_pid(directory)
    os.kill(slow, signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: keeper not in server_processes(directory))
    assert locked(directory)
    follower = start_user(directory)
    os.kill(slow, signal.SIGCONT)
    assert read_note(follower.connected()) == [("straße ✓",)]


def test_a_server_that_crashes_is_started_anew(directory: Path, start_user: Callable[..., User]) -> None:
    """When the server alone is killed, the next command gets a new one while the first command still lives."""
    write_note(start_user(directory).connected())
    os.kill(server_pid(directory), signal.SIGKILL)
    assert read_note(start_user(directory).connected()) == [("straße ✓",)]


def test_a_foreign_process_with_the_old_id_is_no_obstacle(directory: Path, start_user: Callable[..., User]) -> None:
    """After a crash and a reboot another program may have the server's process id: the next command starts anyway."""
    user = start_user(directory)
    write_note(user.connected())
    kill_all(server_processes(directory))
    user.kill()
    wait_until(lambda: gone(directory))
    pid_file = directory / "postgres" / "postmaster.pid"
    owner = pid_file.stat().st_uid
    with subprocess.Popen(["sleep", "1000"], user=owner if os.geteuid() == 0 else None) as foreigner:
        pid_file.write_text("\n".join([str(foreigner.pid), *pid_file.read_text().splitlines()[1:], ""]))
        assert read_note(start_user(directory).connected()) == [("straße ✓",)]
        foreigner.kill()


def test_an_empty_pid_file_is_no_obstacle(directory: Path, start_user: Callable[..., User]) -> None:
    """A crash in the first moment of a start leaves an empty pid file: the next command starts anyway."""
    first = start_user(directory)
    write_note(first.connected())
    first.end()
    wait_until(lambda: gone(directory))
    pid_file = directory / "postgres" / "postmaster.pid"
    pid_file.touch()
    owner = (directory / "postgres").stat().st_uid
    os.chown(pid_file, owner, owner)
    assert read_note(start_user(directory).connected()) == [("straße ✓",)]


@pytest.mark.parametrize("victims", ["everything", "the user"])
def test_a_kill_in_the_first_start_does_no_harm(directory: Path, victims: str, start_user: Callable[..., User]) -> None:
    """A SIGKILL while the database is made for the first time leaves nothing half made for the next command."""
    user = start_user(directory)
    wait_until(lambda: any(directory.glob("postgres.new-*/data/base/1")))
    if victims == "everything":
        kill_all(server_processes(directory))
    user.kill()
    wait_until(lambda: gone(directory))
    write_note(start_user(directory).connected())
    assert not list(directory.glob("postgres.new-*"))


def test_any_folder_will_do(tmp_path: Path, start_user: Callable[..., User]) -> None:
    """The folder may have spaces and a long path and lie below a private one; so may the folder for temporary files."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    directory = private / "a folder, with 'quotes' and straße" / ("long " * 30).strip()
    temporary = tmp_path / ("t" * 120)
    temporary.mkdir()
    keywords = start_user(directory, env={"TMPDIR": str(temporary)}).connected()
    write_note(keywords)
    assert len(keywords["host"]) < 100
    assert Path(keywords["host"]).stat().st_mode & 0o777 == 0o700
    assert private.stat().st_mode & 0o777 == 0o700


def test_data_of_another_version_is_named(directory: Path) -> None:
    """Data that another PostgreSQL version made is left alone, and the message says which version that was."""
    with local_postgres(directory):
        pass
    wait_until(lambda: gone(directory))
    (directory / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ConfigurationError, match="initialized by PostgreSQL version 16"), local_postgres(directory):
        pass


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A path that is a file ends in one message that names it and the ways out."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=r"file cannot be used: .*DATABASE_URL"),
        local_postgres(tmp_path / "file"),
    ):
        pass


def test_without_the_wheel_the_message_says_how_to_install_it(directory: Path) -> None:
    """Where the embedded PostgreSQL is not installed, the message names the two ways to install it."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{USER_PROGRAM}"
    command = [sys.executable, "-I", "-S", "-c", program, str(directory)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ConfigurationError" in ended.stderr
    assert "make run" in ended.stderr
    assert "requirements-local.txt" in ended.stderr
