"""The embedded PostgreSQL lets nobody in but its owner, gives its own user no rights, and follows no planted link."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from query_generator.errors import ConfigurationError
from query_generator.local import keeper
from query_generator.local.postgres import WHEEL, _find_binaries, local_postgres
from tests.conftest import wait_until
from tests.integration.local.test_local_postgres import NOBODY, gone, keeper_pid, server_pid
from tests.support.paths import ROOT

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
CANARY = "canary-in-the-environment"
EARLIER = """CREATE DATABASE query_generator;

"""
EARLIER_TABLES = """CREATE SCHEMA other;
CREATE TABLE note (id SERIAL PRIMARY KEY, text TEXT);
CREATE TABLE other."Odd 'name" (id BIGINT GENERATED ALWAYS AS IDENTITY);
CREATE SEQUENCE alone;
CREATE VIEW notes AS SELECT * FROM note;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
INSERT INTO note (text) VALUES ('kept');

"""


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for local mode whose parent is closed to others."""
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    yield closed / "local-run"
    wait_until(lambda: not (closed / "local-run/postgres.server").is_file() or gone(closed / "local-run"))


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that planted links lead to; `unharmed` looks at it."""
    path = tmp_path / "outside"
    path.write_text("precious")
    path.chmod(0o640)
    return path


def unharmed(outside: Path) -> bool:
    status = outside.stat()
    return outside.read_text() == "precious" and (status.st_uid, status.st_mode & 0o777) == (os.geteuid(), 0o640)


def refused(directory: Path) -> str:
    """What the user is told when the server does not start."""
    with pytest.raises(ConfigurationError) as caught, local_postgres(directory):
        pass
    return str(caught.value)


def status_of(pid: int, field: str) -> str:
    return Path(f"/proc/{pid}/status").read_text().split(f"{field}:")[1].splitlines()[0].strip()


def run_as(user: int, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python program as another user without capabilities; its imports are done before."""
    program = f"import os, sys, socket, psycopg\nos.setgroups([]); os.setgid({user}); os.setuid({user})\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd="/", check=False
    )


LOG_IN = "psycopg.connect(host=sys.argv[1], user=sys.argv[2], dbname='query_generator')"


@AS_ROOT
def test_the_server_has_a_user_of_its_own_and_no_rights(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Started by root, it runs under an id that has no name, with no capability; the first log says where and who."""
    caplog.set_level("DEBUG")
    with local_postgres(directory):
        pid = server_pid(directory)
        said = (
            f"[DB] PostgreSQL runs as user id {status_of(pid, 'Uid').split()[0]}, which now owns its data, {directory}"
        )
        assert said in caplog.text
        user = int(status_of(pid, "Uid").split()[0])
        assert user in keeper.PRIVATE_USERS
        assert {*status_of(pid, "Uid").split(), *status_of(pid, "Gid").split()} == {str(user)}
        assert status_of(pid, "Groups") == ""
        assert [status_of(pid, field) for field in ("CapPrm", "CapEff", "CapAmb")] == ["0" * 16] * 3
        assert status_of(pid, "NoNewPrivs") == "1"


@AS_ROOT
@pytest.mark.parametrize("role", [keeper.SUPERUSER, keeper.ROLE])
def test_no_other_user_gets_in(directory: Path, role: str) -> None:
    """Nobody, a user of the system and the server's own user are refused, even if the socket's folder were open."""
    with local_postgres(directory) as keywords:
        server = (directory / "postgres").stat().st_uid
        for user in (NOBODY, 1, 60999):
            assert "Permission denied" in run_as(user, LOG_IN, str(keywords["host"]), role).stderr
        Path(str(keywords["host"])).chmod(0o755)
        for user in (NOBODY, 1, 60999, server):
            assert "Peer authentication failed" in run_as(user, LOG_IN, str(keywords["host"]), role).stderr


@AS_ROOT
def test_no_other_user_touches_the_data_or_the_processes(tmp_path: Path) -> None:
    """Where the folders above are open, nobody still reads no data, writes none, and stops neither process."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    directory = tmp_path / "open"
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    tries = ("os.listdir(sys.argv[1])", "open(sys.argv[1] + '/PG_VERSION')", "os.kill(int(sys.argv[2]), 9)")
    with local_postgres(directory):
        for pid in (server_pid(directory), keeper_pid(directory)):
            for code in tries:
                assert "PermissionError" in run_as(NOBODY, code, str(directory / "postgres"), str(pid)).stderr
    wait_until(lambda: gone(directory))


def test_the_job_is_no_superuser(directory: Path) -> None:
    """A job's login owns its database and makes tables there, but runs no program and reads no file."""
    programs = ("COPY note FROM PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')", "ALTER SYSTEM SET fsync = off")
    with local_postgres(directory) as keywords, psycopg.connect(**keywords, autocommit=True) as connection:  # type: ignore[arg-type]
        connection.execute("CREATE TABLE note (text TEXT)")
        for sql in (*programs, "CREATE ROLE another", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.encode())


def test_keeper_and_server_see_nothing_of_the_environment(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment of the job is in no environment and no command line of what it starts."""
    monkeypatch.setenv("GEMINI_API_KEY", CANARY)
    with local_postgres(directory):
        for pid in (keeper_pid(directory), server_pid(directory)):
            assert not (Path("/proc") / str(pid) / "environ").read_bytes().strip(b"\0")
            assert CANARY.encode() not in (Path("/proc") / str(pid) / "cmdline").read_bytes()


def test_all_is_private_whatever_the_umask(directory: Path) -> None:
    """No file or folder that local mode makes can be read by another user, and closed parents stay closed."""
    before = os.umask(0)
    try:
        with local_postgres(directory) as keywords:
            folder = Path(str(keywords["host"]))
            made = [directory, folder, *directory.rglob("*")]
            assert not [path for path in made if path.lstat().st_mode & 0o077 and not path.is_symlink()]
            assert not list(folder.glob(".s.*/*"))
    finally:
        os.umask(before)
    assert directory.parent.stat().st_mode & 0o777 == 0o700


@AS_ROOT
def test_programs_in_a_closed_folder_are_run_all_the_same(tmp_path: Path) -> None:
    """With the interpreter's packages in root's home the server runs copies, which go with it."""
    packages = tmp_path / "home" / "packages"
    packages.mkdir(parents=True, mode=0o700)
    packages.parent.chmod(0o700)
    for name in (WHEEL, f"{WHEEL}.libs"):
        (packages / name).symlink_to(_find_binaries().parents[2] / name)
    code = (
        "import sys, pathlib; from query_generator.local.postgres import local_postgres\n"
        "with local_postgres(pathlib.Path(sys.argv[1])) as keywords: print(keywords['host'])"
    )
    directory = tmp_path / "home" / "local-run"
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    command = [sys.executable, "-c", code, str(directory)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    wait_until(lambda: gone(directory))
    assert not Path(ended.stdout.strip()).parent.exists()


def test_it_starts_without_any_program_of_the_system(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `setpriv`, no other program on the PATH is needed."""
    monkeypatch.setenv("PATH", "/nowhere")
    with local_postgres(directory) as keywords, psycopg.connect(**keywords):  # type: ignore[arg-type]
        pass


@pytest.fixture
def earlier(directory: Path) -> Path:
    """A folder as earlier versions left it: made by nobody if by root, trusting, its tables the superuser's."""
    directory.mkdir()
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    data = directory / "postgres"
    data.mkdir(mode=0o700)
    folder = os.open(data, os.O_RDONLY)
    keeper.hand_over(folder, user)
    with tempfile.TemporaryDirectory() as copies:
        Path(copies).chmod(0o755)
        binaries = keeper.programs_for(user, _find_binaries(), Path(copies))
        options = ["--auth=trust" if option == "--auth=reject" else option for option in keeper.INITDB_OPTIONS]
        keeper.run([binaries / "initdb", "-D", keeper.HERE, *options], user, folder)
        keeper.run_single(binaries, user, folder, "template1", EARLIER)
        keeper.run_single(binaries, user, folder, "query_generator", EARLIER_TABLES)
    os.close(folder)
    return directory


def check_adopted(directory: Path) -> None:
    with local_postgres(directory) as keywords, psycopg.connect(**keywords) as connection:  # type: ignore[arg-type]
        connection.execute("INSERT INTO note (text) VALUES ('new')")
        assert connection.execute("SELECT text FROM notes").fetchall() == [("kept",), ("new",)]
        for kind, name in (("TABLE", "note"), ("TABLE", 'other."Odd \'name"'), ("VIEW", "notes")):
            connection.execute(f"ALTER {kind} {name} RENAME TO {kind.lower()}_{name[:2]}".encode())
        connection.execute("ALTER SEQUENCE alone RESTART; ALTER FUNCTION one() STABLE; CREATE TABLE other.more ()")
        superusers = connection.execute("SELECT rolname FROM pg_roles WHERE rolsuper").fetchall()
        assert superusers == [(keeper.SUPERUSER,)]


def test_data_of_an_earlier_version_is_adopted(earlier: Path) -> None:
    """Its rows are there, its tables are the job's, and the job's login is no superuser; so at the next start."""
    check_adopted(earlier)
    wait_until(lambda: gone(earlier))
    with local_postgres(earlier) as keywords, psycopg.connect(**keywords) as connection:  # type: ignore[arg-type]
        assert connection.execute("SELECT text FROM table_no").fetchall() == [("kept",), ("new",)]
    if os.geteuid() == 0:
        assert {path.lstat().st_uid for path in (earlier / "postgres").rglob("*")} <= {*keeper.PRIVATE_USERS}


def test_an_adoption_that_was_killed_is_done_again(earlier: Path) -> None:
    """A crash between its steps, and one of the earlier server's, leave data that the next start takes over."""
    folder = os.open(earlier / "postgres", os.O_RDONLY)
    user = os.fstat(folder).st_uid
    with tempfile.TemporaryDirectory() as copies:
        Path(copies).chmod(0o755)
        binaries = keeper.programs_for(user, _find_binaries(), Path(copies))
        keeper.run_single(binaries, user, folder, "query_generator", keeper.ADOPT.read_text())
    os.close(folder)
    pid_file = earlier / "postgres/postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{earlier}/postgres\n1\n5432\n/tmp\n\n  0 0\nready   \n")
    os.chown(pid_file, user, user)
    check_adopted(earlier)


@AS_ROOT
def test_data_that_root_took_is_given_back(directory: Path) -> None:
    """After `chown -R root`, or a copy by root, the server gets its data again."""
    with local_postgres(directory) as keywords, psycopg.connect(**keywords) as connection:  # type: ignore[arg-type]
        connection.execute("CREATE TABLE note ()")
    wait_until(lambda: gone(directory))
    for path in (directory / "postgres", *(directory / "postgres").rglob("*")):
        os.chown(path, 0, 0)
    with local_postgres(directory) as keywords, psycopg.connect(**keywords) as connection:  # type: ignore[arg-type]
        connection.execute("SELECT FROM note")


@AS_ROOT
def test_another_users_data_stays_theirs(directory: Path) -> None:
    """In another user's folder root runs the server as that user, who may log in as well; elsewhere it is refused."""
    with local_postgres(directory):
        pass
    wait_until(lambda: gone(directory))
    for path in (directory / "postgres", *(directory / "postgres").rglob("*")):
        os.chown(path, 1, 1)
    assert "belongs to user id 1" in refused(directory)
    os.chown(directory, 1, 1)
    with local_postgres(directory) as keywords, psycopg.connect(**keywords):  # type: ignore[arg-type]
        assert status_of(server_pid(directory), "Uid").split()[0] == "1"
        assert run_as(1, LOG_IN, str(keywords["host"]), keeper.ROLE).returncode == 0
        assert run_as(NOBODY, LOG_IN, str(keywords["host"]), keeper.ROLE).returncode != 0
    wait_until(lambda: gone(directory))
    assert {path.lstat().st_uid for path in (directory / "postgres").rglob("*")} == {1}


@pytest.mark.parametrize("name", ["postgres.log", "postgres.users", "postgres.server"])
@pytest.mark.parametrize("plant", ["symlink", "hard link", "fifo"])
def test_a_planted_file_leads_nowhere(directory: Path, outside: Path, name: str, plant: str) -> None:
    """A link or FIFO in the place of a file is replaced or named: nothing is written through it, and nothing hangs."""
    directory.mkdir()
    if plant == "symlink":
        (directory / name).symlink_to(outside)
    elif plant == "hard link":
        (directory / name).hardlink_to(outside)
    else:
        os.mkfifo(directory / name)
    if name == "postgres.log":
        with local_postgres(directory):
            assert stat.S_ISREG((directory / name).lstat().st_mode)
    else:
        assert name in refused(directory)
    assert unharmed(outside)


def test_a_planted_data_folder_leads_nowhere(directory: Path, outside: Path, tmp_path: Path) -> None:
    """A link in the place of the data is refused, and an unfinished folder that is a link is not emptied."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (elsewhere / "file").write_text("precious")
    directory.mkdir()
    (directory / "postgres").symlink_to(elsewhere)
    assert "does not start" in refused(directory)
    (directory / "postgres").unlink()
    (directory / "postgres.new-1").symlink_to(elsewhere)
    with local_postgres(directory):
        pass
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
    assert (elsewhere.stat().st_mode & 0o777, elsewhere.stat().st_uid) == (0o755, os.geteuid())


@AS_ROOT
def test_what_the_old_server_planted_in_its_data_is_not_given_away(earlier: Path, outside: Path) -> None:
    """Links from the data to root's files stay root's when the data is handed over."""
    data = earlier / "postgres"
    (data / "symlink").symlink_to(outside)
    (data / "hard link").hardlink_to(outside)
    (data / "postmaster.pid").symlink_to(outside)
    with suppress(ConfigurationError), local_postgres(earlier):
        pass
    assert unharmed(outside)


def test_a_planted_name_of_the_socket_folder_is_not_believed(directory: Path, tmp_path: Path) -> None:
    """A name that points to somebody's folder neither empties it, nor makes the job log in to a server there."""
    somebody = Path(tempfile.mkdtemp(prefix=keeper.SERVER_FOLDER_PREFIX))
    (somebody / "socket").mkdir()
    directory.mkdir()
    (directory / "postgres").mkdir(mode=0o700)
    for lock in ("postgres.users", "postgres.server"):
        (directory / lock).write_text(str(somebody / "socket"))
    if os.geteuid() == 0:
        os.chown(somebody, NOBODY, NOBODY)
    (directory / "postgres").rmdir()
    with socket.socket(socket.AF_UNIX) as fake:
        fake.bind(f"{somebody}/socket/.s.PGSQL.5432")
        with local_postgres(directory) as keywords:
            assert keywords["host"] != f"{somebody}/socket"
    assert somebody.exists() == (os.geteuid() == 0)


@pytest.mark.parametrize("text", [b"\0", b"\xff" * 300, b"/" * 199, b"."])
def test_rubbish_in_the_lock_file_does_no_harm(directory: Path, text: bytes) -> None:
    """Whatever stands in the lock file, the server starts."""
    directory.mkdir()
    (directory / "postgres.users").write_bytes(text)
    with local_postgres(directory) as keywords, psycopg.connect(**keywords):  # type: ignore[arg-type]
        pass


def start_user(directory: Path) -> "subprocess.Popen[Any]":
    """A process that joins the server and is killed by its test."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom pathlib import Path\n"
    code += "from query_generator.local.postgres import local_postgres\n"
    code += "with local_postgres(Path(sys.argv[1])): print('ready', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code, str(directory)], stdin=pipe, stdout=pipe)


def test_copies_and_sockets_of_a_killed_keeper_are_removed(directory: Path) -> None:
    """What a SIGKILL of the keeper leaves in the folder for temporary files goes with the next start."""
    user = start_user(directory)
    assert user.stdout
    user.stdout.readline()
    left = Path(os.fsdecode((directory / "postgres.users").read_bytes())).parent
    os.kill(keeper_pid(directory), signal.SIGKILL)
    user.kill()
    user.communicate()
    wait_until(lambda: gone(directory))
    assert left.exists()
    with local_postgres(directory):
        assert not left.exists()
