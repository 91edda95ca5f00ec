"""The command line: what it reads, and what it refuses."""

import argparse
import re
from collections.abc import Iterator

import pytest

from query_generator.cli import LATER_VERBS, build_parser, parse_arguments
from query_generator.errors import ConfigurationError
from query_generator.settings.table import SETTINGS


def test_the_job_runs_when_no_verb_is_given() -> None:
    """`python batch_job.py --products-file products.json`, as documented, runs the job."""
    arguments = parse_arguments(["--products-file", "products.json"])
    assert arguments == parse_arguments(["run", "--products-file", "products.json"])
    assert (arguments["verb"], arguments["products_file"]) == ("run", "products.json")
    assert parse_arguments([])["verb"] == "run"


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


def parsers(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[argparse.Action]]]:
    """Each verb with what it reads."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for word, made in action.choices.items():
            yield from parsers(made, (*words, word))
    if not below:
        yield " ".join(words), [action for action in parser._actions if action.dest != "help"]


VERBS = dict(parsers(build_parser()))


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_declared_and_says_what_it_is_for(verb: str) -> None:
    """What a verb reads is a setting that is declared for it, under the setting's name, with a line of help."""
    read = {text: action.dest for action in VERBS[verb] for text in action.option_strings or [action.dest]}
    declared = {
        text: name
        for name, one in SETTINGS.items()
        for text in (one.option.shorthands or [one.option.name] if verb in one.option.verbs else [])
    }
    declared |= {name: name for name, one in SETTINGS.items() if verb in one.option.arguments}
    assert read == declared
    assert [action.dest for action in VERBS[verb] if not action.help] == []


def test_every_declared_verb_exists() -> None:
    """No setting is declared for a verb that nobody can type."""
    options = [one.option for one in SETTINGS.values()]
    assert {verb for option in options for verb in (*option.verbs, *option.arguments, *option.other_help)} == set(VERBS)


CANARY = "AIzaSyCanary-0123456789"


@pytest.mark.parametrize(
    "argv",
    [
        *(["--api-key", CANARY], ["--api-key=" + CANARY], ["-p" + CANARY], ["--" + CANARY], [CANARY], ["run", CANARY]),
        *(["cache", CANARY], ["cache", "--key", CANARY], ["--dry-run=" + CANARY], ["--verbose=" + CANARY]),
        *(["report", "a", CANARY], ["--", CANARY], ["--job-id", CANARY, "--rpm"], ["--from-job=x\n'" + CANARY]),
        *(["cache", f"x' (choose from '{CANARY}"], ["--hunter2"], ["hunter2"], ["--password", "s3cr3t"]),
    ],
)
def test_a_wrong_command_line_is_told_without_its_values(argv: list[str]) -> None:
    """A key that was typed where no option takes it is in nobody's log."""
    with pytest.raises(ConfigurationError) as caught:
        parse_arguments(argv)
    assert not re.search("Canary|hunter2|s3cr3t", str(caught.value))
