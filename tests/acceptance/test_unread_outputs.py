"""An output that nobody can read or that takes nothing more: every command does its work and keeps its exit code."""

import array
import fcntl
import json
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from query_generator.local.postgres import local_postgres
from tests.conftest import run_command, wait_until
from tests.support.paths import ROOT

PRODUCTS = json.dumps([{"name": "Boot 靴", "brand": "Déjà"}, {"name": "Shoe", "brand": "Daybird"}])
SOME_BAD = json.dumps([{"name": "Boot", "brand": "Daybird"}, {"brand": "靴 without a name"}])
COMMANDS = {  # with the exit code of each; LOCAL stands for the folder of the tests
    "a job that is done": (0, "run --local LOCAL --job-id done"),
    "a job that buys": (0, "run --local LOCAL --products-json PRODUCTS"),
    "a job with a bad record": (65, "run --local LOCAL --products-json SOME_BAD"),
    "a dry run": (0, "run --local LOCAL --job-id done --dry-run"),
    "a report": (0, "report --local LOCAL done"),
    "init-db": (0, "init-db --local LOCAL"),
    "cache warm": (0, "cache warm --local LOCAL --products-json PRODUCTS"),
    "cache stats": (0, "cache stats --local LOCAL"),
    "the help": (0, "--help"),
    "the help of a verb": (0, "cache warm --help"),
    "a wrong option": (64, "run --no-such-option"),
}
SINKS = (
    *("| head -1", "| true", "| head -c 1", ">&-", "2>&-", "2>&1 >/dev/null | true", "2>&1 | true"),
    *(">&- 2>&-", "<&- >&- 2>&-"),
)
FULL = (">/dev/full", "2>/dev/full", ">/dev/full 2>&1")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a job that is done, whose name not every encoding has; its server runs until the last test."""
    folder = tmp_path_factory.mktemp("unread") / "Ordner-ü-靴"
    given = ("--local", str(folder), "--job-id", "done", "--products-json", PRODUCTS)
    with local_postgres(folder):
        ended = run_command(*given, env={"NUM_QUESTIONS": "2"})
        assert ended.code == 0, ended.log
        yield folder


def words(command: str, local: Path) -> list[str]:
    """The words of a command, with what its placeholders stand for."""
    known = {"LOCAL": str(local), "PRODUCTS": PRODUCTS, "SOME_BAD": SOME_BAD}
    return [known.get(word, word) for word in command.split()]


def held_by(pipe: int) -> int:
    """How many bytes wait in a pipe."""
    waiting = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, waiting)
    return waiting[0]


def through_shell(sink: str, arguments: list[str], local: Path, **more: str) -> tuple[int, str]:
    """Run a command as in `command SINK`; returns its exit code, and its log where the sink leaves that alone."""
    log = local.parent / "log"
    log.write_text("")
    ended = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$0" "$@" 2>"$LOG_FILE" {sink}', sys.executable, "batch_job.py", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "LOG_FILE": str(log),
            "NUM_QUESTIONS": "2",
            "AWS_BATCH_JQ_NAME": "queue",
            "CACHE_URL": str(local.parent / "cache"),
            "JOB_ID": "",
            **more,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    return ended.returncode, ended.stderr + log.read_text()


@pytest.mark.parametrize(
    ("name", "unbuffered"), [*((name, "") for name in COMMANDS), ("a job with a bad record", "1"), ("the help", "1")]
)
def test_an_output_that_nobody_reads_changes_nothing(name: str, unbuffered: str, local: Path) -> None:
    """Whoever closes a pipe or a stream wanted no more: the exit code is the same, and the log has no word of it."""
    code, command = COMMANDS[name]
    for sink in SINKS:
        ended = through_shell(sink, words(command, local), local, PYTHONUNBUFFERED=unbuffered)
        assert ended[0] == code, (sink, ended)
        for word in ("Traceback", "Exception ignored", "Broken pipe", "takes no more"):
            assert word not in ended[1], (sink, ended)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_an_output_that_is_full_is_told_and_changes_no_exit_code(name: str, local: Path) -> None:
    """A full disk costs the words alone; of those that were the command's answer the log says so, once."""
    code, command = COMMANDS[name]
    for sink in FULL:
        ended = through_shell(sink, words(command, local), local)
        assert ended[0] == code, (sink, ended)
        assert "Traceback" not in ended[1]
        assert "Exception ignored" not in ended[1]
        told = sink == ">/dev/full" and code != 64
        assert ended[1].count("standard output takes no more: No space left on device") == told, (sink, ended)


def test_the_work_of_a_job_that_nobody_reads_is_whole(local: Path) -> None:
    """Each job above has its result, although neither its summary nor its metric lines could be written."""
    for number, sink in enumerate(("| true", ">&-", ">/dev/full 2>&1")):
        given = ["--local", str(local), "--job-id", f"whole-{number}", "--products-json", PRODUCTS]
        assert through_shell(sink, given, local)[0] == 0
        result = json.loads((local / f"query/whole-{number}/results.json").read_bytes())
        assert result["status"] == "completed"
        assert result["execution_stats"]["total_queries_generated"] == 8


def test_an_output_whose_encoding_lacks_a_letter_shows_an_escape(local: Path) -> None:
    """A terminal that cannot show a name changes no exit code, and the other words are there."""
    ended = run_command("report", "done", "--local", str(local), env={"PYTHONIOENCODING": "ascii"})
    assert ended.code == 0, ended.log
    assert "\\u9774" in ended.out
    assert "results.json" in ended.out


def test_a_reader_that_is_slow_gets_everything(local: Path) -> None:
    """A pipe that may not block, as some programs leave it, is waited for: nothing of the help is lost."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)  # less than the help
    os.set_blocking(write, False)
    command = [sys.executable, str(ROOT / "batch_job.py"), "run", "--help"]
    with subprocess.Popen(command, stdout=write, stderr=subprocess.PIPE, text=True) as process:
        os.close(write)
        wait_until(lambda: held_by(read) == 4096)
        with open(read, encoding="utf-8") as pipe:
            told = pipe.read()
        assert process.stderr
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert len(told) > 4096
    assert told == run_command("run", "--help", env={}).out
