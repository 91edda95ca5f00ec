"""The command line: what it reads, and what it refuses."""

import argparse

import pytest

from query_generator.cli import LATER_VERBS, build_parser, parse_arguments
from query_generator.errors import ConfigurationError
from query_generator.settings import SETTINGS


def test_the_job_runs_when_no_verb_is_given() -> None:
    """`python batch_job.py --products-file products.json`, as documented, runs the job."""
    arguments = parse_arguments(["--products-file", "products.json"])
    assert arguments == parse_arguments(["run", "--products-file", "products.json"])
    assert (arguments["verb"], arguments["products_file"]) == ("run", "products.json")
    assert parse_arguments([])["verb"] == "run"


def test_every_option_of_run_arrives_under_the_name_of_its_setting() -> None:
    """No option is read and then lost: each sets the field of the configuration that it documents."""
    options = {
        "--job-id": ("job_id", "spring-2026"),
        "--input-s3": ("input_s3", "s3://b/k"),
        "--products-file": ("products_file", "-"),
        "--products-json": ("products_argument", "[]"),
        "--num-questions": ("num_questions", "5"),
        "--limit": ("limit", "7"),
        "--local": ("local_dir", "there"),
        "--provider": ("providers", "offline"),
        "--model": ("gemini_model", "gemini-3.5-flash"),
        "--max-concurrency": ("max_concurrency", "8"),
        "--rpm": ("rpm", "90"),
        "--log-format": ("log_format", "json"),
    }
    arguments = parse_arguments(["run", *(word for option, (_, value) in options.items() for word in (option, value))])
    assert {field: arguments[field] for field, _ in options.values()} == dict(options.values())
    flags = parse_arguments(["--from-job", "--skip-existing", "--refresh", "--verbose"])
    assert [flags[field] for field in ("from_job", "skip_existing", "refresh")] == ["true"] * 3
    assert flags["log_level"] == "DEBUG"
    assert set(arguments) - {"verb"} <= set(SETTINGS)


def test_an_option_that_is_not_given_leaves_the_word_to_the_environment() -> None:
    """An absent option never hides its environment variable behind a default."""
    assert {name: value for name, value in parse_arguments([]).items() if value is not None} == {"verb": "run"}


@pytest.mark.parametrize("verb", [[], ["report", "j1"], ["init-db"]])
def test_local_mode_holds_for_every_verb_and_its_folder_may_be_left_out(verb: list[str]) -> None:
    """`--local` alone uses ./local-run, with every verb."""
    assert parse_arguments([*verb, "--local"])["local_dir"] == "./local-run"
    assert parse_arguments([*verb, "--local", "elsewhere"])["local_dir"] == "elsewhere"
    assert parse_arguments(["--local", "--limit", "1"])["local_dir"] == "./local-run"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["rnu"], "rnu"),
        (["run", "--no-such-option"], "--no-such-option"),
        (["--products-flie", "x"], "--products-flie"),
        (["run", "stray"], "stray"),
        (["report"], "JOB_ID"),
        (["report", "a", "b"], "b"),
        (["init-db", "--rpm", "3"], "--rpm"),
        (["--rpm"], "--rpm"),
        (["--verbose", "--quiet"], "--quiet"),
        *(([verb, "j1"], f"'{verb}' is not available yet") for verb in LATER_VERBS),
    ],
)
def test_a_wrong_command_line_is_a_configuration_error_that_names_the_word(argv: list[str], named: str) -> None:
    """A slip of the keyboard ends with exit code 64 and the word that is wrong, never with argparse's exit code 2."""
    with pytest.raises(ConfigurationError, match=named):
        parse_arguments(argv)


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["run", "--help"], ["--local", "-h"], ["report", "--help"]])
def test_help_is_printed_to_standard_output(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Help is there for the program and for each verb, with examples and the exit codes."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments(argv)
    shown = capsys.readouterr()
    assert ended.value.code == 0
    assert "exit codes:" in shown.out
    assert shown.err == ""


def test_every_option_says_what_it_is_for() -> None:
    """No option is without a line of help."""
    verbs = next(action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    assert [
        action.option_strings for verb in verbs.choices.values() for action in verb._actions if not action.help
    ] == []
