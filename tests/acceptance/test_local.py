"""Local mode through the command line: no AWS, no key, no database server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import run_command, wait_until
from tests.support.paths import ROOT

EXAMPLE = str(ROOT / "examples/products.json")


def test_a_bare_laptop_gets_questions_that_say_who_wrote_them(tmp_path: Path) -> None:
    """With an empty environment all products get 25 + 25 distinct questions, and every output names the provider."""
    ended = run_command("--local", str(tmp_path), "--products-file", EXAMPLE, "--job-id", "first", env={})
    assert ended.code == 0, ended.log
    result = json.loads((tmp_path / "query/first/results.json").read_bytes())
    for product in result["products"]:
        assert len(set(product["product_questions"])) == len(set(product["market_questions"])) == 25
        assert product["provider"] == "offline"
    boots = result["products"][0]["questions"]
    fields = {"name", "brand", "price", "description", "Color", "Size", "Sole", "Weight"}
    grounds = [set(question["grounded_in"]) for question in boots if question["type"] == "product"]
    assert any(grounds)
    assert all(each <= fields for each in grounds)
    assert not any(question["grounded_in"] for question in boots if question["type"] == "market")
    assert result["execution_stats"]["attributes_lacking"]
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events[-1]["eventName"] == "job_completed"
    assert events[-1]["details"]["providers"] == ["offline"]
    assert "offline" in ended.out
    assert str(tmp_path / "query/first/results.json") in ended.out


def test_data_is_kept_between_runs(tmp_path: Path) -> None:
    """A later command on the same folder knows the job, and a second job reuses the questions that are stored."""
    for job in ("one", "two"):
        ended = run_command("--local", str(tmp_path), "--products-file", EXAMPLE, "--job-id", job, env={})
        assert ended.code == 0, ended.log
    results = [json.loads((tmp_path / f"query/{job}/results.json").read_bytes()) for job in ("one", "two")]
    assert [p["query_ids"] for p in results[0]["products"]] == [p["query_ids"] for p in results[1]["products"]]
    assert run_command("report", "one", "--local", str(tmp_path), env={}).code == 0


def test_a_killed_run_leaves_no_server_and_goes_on(tmp_path: Path) -> None:
    """SIGKILL in the middle of a run, the first start of the database included: the next run completes the job."""
    command = [sys.executable, str(ROOT / "batch_job.py"), "--local", str(tmp_path), "--products-file", EXAMPLE]
    for moment in ("postgres.log", "events.jsonl"):
        process = subprocess.Popen(
            [*command, "--job-id", "killed"], env={"PATH": os.environ["PATH"]}, stderr=subprocess.DEVNULL
        )
        wait_until(lambda moment=moment: (tmp_path / moment).exists())  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
    ended = run_command(*command[2:], "--job-id", "killed", env={})
    assert ended.code == 0, ended.log
    result = json.loads((tmp_path / "query/killed/results.json").read_bytes())
    assert [len(set(product["query_ids"])) for product in result["products"]] == [50] * 6


def test_what_a_run_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    """Whatever the umask of the shell: nobody else may look into the folder, nor read a file that the run has made."""
    before = os.umask(0)
    try:
        variables = {"CACHE_URL": str(tmp_path / "cache")}
        given = ("--products-file", EXAMPLE, "--job-id", "mine", "--limit", "1")
        ended = run_command("--local", str(tmp_path / "a/b"), *given, env=variables)
    finally:
        os.umask(before)
    assert ended.code == 0, ended.log
    own = [path for path in tmp_path.rglob("*") if "postgres" not in path.parts]
    assert {path.name for path in own} > {"a", "b", "query", "results.json", "events.jsonl"}
    assert [path for path in own if path.stat().st_mode & 0o077] == []
    assert (tmp_path / "a/b/postgres").stat().st_mode & 0o077 == 0


def test_links_in_the_folder_lead_no_write_elsewhere(tmp_path: Path) -> None:
    """Links that somebody has put into the local folder are refused or replaced; what they point to stays as it is."""
    folder, elsewhere, target = tmp_path / "local", tmp_path / "elsewhere", tmp_path / "target"
    elsewhere.mkdir()
    target.write_text("mine")
    (folder / "query").mkdir(parents=True)
    (folder / "query/job").symlink_to(elsewhere)
    (folder / "events.jsonl").symlink_to(target)
    given = ("--local", str(folder), "--products-file", EXAMPLE, "--job-id", "job", "--limit", "1")
    ended = run_command(*given, env={})
    assert (ended.code, list(elsewhere.iterdir()), target.read_text()) == (0, [], "mine"), ended.log
    assert "leads out of" in ended.log
    assert "events.jsonl" in ended.log
    assert "query/backup_" in ended.out
    (folder / "query").rename(tmp_path / "query")
    (folder / "query").symlink_to(elsewhere)
    ended = run_command("report", "job", *given[:2], env={})
    assert (ended.code, list(elsewhere.iterdir())) == (64, []), ended.log


def test_a_pipe_is_read_and_said_to_be_waited_for(tmp_path: Path) -> None:
    """Products may come through a named pipe, as from `<(zcat catalog.gz)`; a run that waits for its writer says so."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, str(ROOT / "batch_job.py"), "--local", str(tmp_path / "local"), "--dry-run"]
    with subprocess.Popen(
        [*command, "--products-file", str(pipe)], env={"PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any("is a pipe: waiting for a program that writes to it" in line for line in lines)
        pipe.write_text('[{"name": "Trail Shoe"}]')
        process.stderr.read()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("streams", "products", "code"),
    [
        (">/dev/full", EXAMPLE, 0),
        ("2>/dev/full", EXAMPLE, 0),
        ("<&- >&- 2>&-", EXAMPLE, 0),
        ("<&-", "-", 64),
    ],
    ids=["disk full for the summary", "disk full for the log", "all closed", "no standard input"],
)
def test_streams_that_cannot_be_used_have_their_exit_code(
    streams: str, products: str, code: int, tmp_path: Path
) -> None:
    """What nobody can read costs no run its exit code, and no file gets the number of a closed stream."""
    given = ("--local", str(tmp_path / "local"), "--products-file", products, "--limit", "1", "--num-questions", "1")
    command = ["sh", "-c", f'exec "$0" "$@" {streams}', sys.executable, str(ROOT / "batch_job.py"), *given]
    ended = subprocess.run(command, env={"PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, text=True, timeout=120)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file in place of the folder is a clear error."""
    (tmp_path / "file").write_text("")
    ended = run_command("--local", str(tmp_path / "file"), "--products-file", EXAMPLE, env={})
    assert ended.code == 64, ended.log
    assert "Traceback" not in ended.log


def test_a_link_to_itself_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is a link to itself is a clear error, in a run as in a dry run."""
    (tmp_path / "loop").symlink_to("loop")
    given = ("--local", str(tmp_path / "loop"), "--products-file", EXAMPLE)
    assert [run_command(*given, *more, env={}).code for more in ((), ("--dry-run",))] == [64, 64]
