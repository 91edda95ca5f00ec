"""Commands as forks: each is a process that differs in nothing from one that a new interpreter runs."""

import json
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Cloud, Ended, run_command, wait_until
from tests.support import forked

ONE = json.dumps([{"name": "Boot 靴", "brand": "Déjà"}])
VARYING = re.compile(r"\d+\.\d+ ?s\b|[0-9a-f-]{36}|\d+ tokens|\d+ \+ \d+|0\.\d+ USD|\d+ texts? \(.*\)")


@pytest.fixture(params=["fork", "new interpreter"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to start a command, one after the other."""
    monkeypatch.setenv(forked.NEW_INTERPRETERS, "1" if request.param == "new interpreter" else "")
    name: str = request.param
    return name


def told(ended: Ended) -> tuple[int, str, str]:
    return ended.code, VARYING.sub("…", ended.out), VARYING.sub("…", ended.log)


@pytest.mark.parametrize(
    ("arguments", "env", "stdin"),
    [
        (("--help",), {}, ""),
        (("run", "--no-such-option"), {}, ""),
        (("--products-json", ONE), {"DB_PORT": "x", "MAX_CONCURRENCY": "many"}, ""),
        (("--products-file", "-", "--dry-run", "--provider", "offline"), {"DATABASE_URL": "postgres://@:1/"}, ONE),
        (("report", "none"), {"DATABASE_URL": "postgresql://a:bcdefgh@127.0.0.1:1/d", "HOME": "/"}, ""),
    ],
    ids=["help", "wrong option", "wrong settings", "standard input", "no database"],
)
def test_a_fork_says_what_a_new_interpreter_says(
    arguments: tuple[str, ...], env: dict[str, str], stdin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code, output and log are the same, with nothing but the variables that are given."""
    env = {"DATABASE_RECONNECT_SECONDS": "1", **env}
    fork = run_command(*arguments, env=env, stdin=stdin)
    monkeypatch.setenv(forked.NEW_INTERPRETERS, "1")
    assert told(fork) == told(run_command(*arguments, env=env, stdin=stdin))


def test_a_job_finds_its_services(way: str, cloud: Cloud) -> None:
    """Secrets, database, bucket, events and Gemini are those of its environment."""
    ended = cloud.run("--products-json", ONE, "--job-id", "job", "--num-questions", "3")
    assert ended.code == 0, ended.log
    assert cloud.aws.result("job")["execution_stats"]["queries_saved_to_db"] == 6
    assert cloud.aws.events("job")[-1]["eventName"] == "job_completed"


def test_a_command_is_in_the_folder_of_the_test(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that is relative leads where the test is."""
    monkeypatch.chdir(tmp_path)
    ended = run_command("--products-file", "none.json", "--dry-run", "--local", "x", env={})
    assert "none.json" in ended.error
    assert ended.code == 64


def test_a_killed_command_is_told(way: str, cloud: Cloud) -> None:
    """A signal ends the command itself, and how it ended is what any process's parent is told."""
    cloud.gemini.latency = 60
    process = cloud.start("--products-json", ONE)
    wait_until(lambda: cloud.gemini.in_flight > 0)
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    process.kill()  # of one that has ended is nothing
    assert process.poll() == -signal.SIGKILL


def test_a_command_that_is_stopped_ends_by_itself(way: str, cloud: Cloud) -> None:
    """SIGINT arrives whatever the tests themselves were started with."""
    cloud.gemini.latency = 60
    process = cloud.start("--products-json", ONE, DRAIN_SECONDS="0")
    wait_until(lambda: cloud.gemini.in_flight > 0)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate()
    assert process.returncode == 75
    assert "SIGINT" in log


def test_variables_that_python_reads_at_its_start_make_a_new_interpreter() -> None:
    """A fork would know them too late."""
    ended = run_command("--help", env={"PYTHONVERBOSE": "1"})
    assert ended.code == 0
    assert "import _frozen_importlib" in ended.log
