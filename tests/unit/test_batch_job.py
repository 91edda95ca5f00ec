"""The entry point: exit codes for wrong command lines, and what importing it costs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import batch_job
import secrets_cache
from query_generator.cli import LATER_VERBS
from tests.support.endings import ending_of
from tests.support.paths import ROOT

HEAVY = ["boto3", "botocore", "psycopg", "google.generativeai", "google.protobuf", "requests", "pydantic", "tenacity"]
DOCUMENTED = [
    *("load_input_data", "get_product_ids_from_job", "generate_questions", "save_queries_to_rds", "save_to_s3"),
    *("get_db_connection", "get_gemini_api_key", "get_rds_config", "initialize_secrets"),
]


@pytest.fixture(autouse=True)
def _process_as_before() -> Iterator[None]:
    """Give SIGTERM, SIGINT and the umask back as they were, since other tests run in this process, too."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    mask = os.umask(0)
    os.umask(mask)
    yield
    os.umask(mask)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is configured."""
    monkeypatch.setattr("os.environ", {})


def in_a_new_process(code: str) -> str:
    """Run Python code where nothing is imported yet; returns what it printed."""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["rnu"], "rnu"),
        (["--no-such-option"], "--no-such-option"),
        (["run", "stray"], "stray"),
        (["report"], "JOB_ID"),
        (["--rpm"], "--rpm"),
        *(([verb, "j1"], verb) for verb in LATER_VERBS),
        ([], "RDS_SECRET_NAME"),
        (["init-db"], "RDS_SECRET_NAME"),
        (["report", "j1"], "OUTPUT_S3_BUCKET"),
        (["--local"], "products"),
        (["--local", "--products-file", "p.json", "--rpm", "fast"], "--rpm"),
        (["--local", "--products-file", "p.json", "--job-id", "../x"], "--job-id"),
        (["--local", "--products-file", "p.json", "--log-format", "xml"], "--log-format"),
        (["--local", "--products-file", "p.json", "--provider", "gemini"], "GEMINI_API_KEY"),
    ],
)
@pytest.mark.usefixtures("_empty_environment")
def test_a_wrong_command_line_or_environment_is_exit_64(
    argv: list[str], named: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad configuration ends with 64, says what is wrong in `[INPUT ERROR]` lines and what to type; nothing started."""
    assert batch_job.main(argv) == 64
    assert named in caplog.text
    happened, *why, to_type = caplog.messages
    assert happened.startswith("[BATCH] Exit code 64: ")
    assert all(message.startswith("[INPUT ERROR] ") for message in why)
    assert "type" in to_type
    assert capsys.readouterr().out == ""


def test_importing_the_job_loads_no_sdk() -> None:
    """`import batch_job` is quick and needs no SDK, so that its functions can be imported anywhere."""
    code = f"import batch_job, json, sys; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    assert json.loads(in_a_new_process(code)) == []


def test_the_documented_functions_are_imported_without_an_sdk() -> None:
    """`from batch_job import …` gives every documented function, and no SDK is loaded before it is called."""
    code = (
        f"from batch_job import {', '.join(DOCUMENTED)}\n"
        f"import json, sys\nprint(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    assert json.loads(in_a_new_process(code)) == []


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["report", "-h"], ["init-db", "-h"]])
def test_help_loads_no_sdk_and_ends_with_0(argv: list[str]) -> None:
    """Help is there at once."""
    code = (
        "import batch_job, sys\n"
        f"try:\n    code = batch_job.main({argv})\n"
        "except SystemExit as ended:\n    code = ended.code\n"
        f"print('exit', code, [m for m in {HEAVY} if m in sys.modules])"
    )
    shown = in_a_new_process(code)
    assert "exit codes:" in shown
    assert shown.splitlines()[-1] == "exit 0 []"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_documented_function_is_defined_once(name: str) -> None:
    """The function in the entry point is the one in its room."""
    function = getattr(batch_job, name)
    assert function.__name__ == name
    assert function is getattr(sys.modules[function.__module__], name)
    assert "test" not in function.__module__


def test_the_functions_of_secrets_cache_are_the_ones_in_the_job() -> None:
    """Code that imports `secrets_cache` shares the cache with the job."""
    assert batch_job.get_gemini_api_key is secrets_cache.get_gemini_api_key
    assert batch_job.initialize_secrets is secrets_cache.initialize_secrets


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A typing error in an import says what is missing."""
    with pytest.raises(AttributeError, match="no_such_function"):
        _ = batch_job.no_such_function


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_an_output_that_is_full_changes_no_exit_code(stream: str, unbuffered: str) -> None:
    """A command ends with its own code, not with 120 or 70, when nobody can read what it says."""
    lines = (
        "import logging, sys",
        "from query_generator.log import configure_logging, end_outputs, tell",
        "configure_logging('INFO', 'text')",
        "logging.info('begun')",
        "tell('done')",
        "end_outputs()",
        "sys.exit(65)",
    )
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
            stdout=full if stream == "stdout" else subprocess.DEVNULL,
            stderr=full if stream == "stderr" else subprocess.DEVNULL,
        )
    assert ended.returncode == 65


def test_a_fault_of_the_program_says_what_to_do() -> None:
    """An error that nobody foresaw ends with 70, with its name and traceback, and with what to type."""
    code = (
        "import sys, batch_job\n"
        "batch_job._COMMANDS['init-db'] = 'no_such_module.init_db'\n"
        "sys.exit(batch_job.main(['init-db', '--local', '/nowhere']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 70
    happened, why, to_type = ending_of(ended.stderr)
    assert happened.startswith("[BATCH] Exit code 70: ")
    assert why.startswith("[BATCH ERROR] Unexpected error: ModuleNotFoundError: ")
    assert "Traceback" in why
    assert to_type.endswith("type: python batch_job.py init-db --local /nowhere")
