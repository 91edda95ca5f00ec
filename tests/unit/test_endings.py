"""What a command that did not succeed says at its end."""

import pytest

from query_generator import errors
from query_generator.ending import HAPPENED, LONGEST_COMMAND, WAY_ON, Ending, help_command, lines_of, same_command
from query_generator.errors import ExitCode, FatalError
from query_generator.masking import hide

FAILURES = sorted(set(ExitCode) - {ExitCode.SUCCEEDED})
FATAL = [it for it in vars(errors).values() if isinstance(it, type) and issubclass(it, FatalError)]


@pytest.mark.parametrize("code", FAILURES)
def test_every_exit_code_says_what_happened_why_and_what_to_type(code: ExitCode) -> None:
    """No code leaves its user alone: what happened, why, and the command to type, in this order, a line each."""
    happened, why, to_type = lines_of(Ending(code, "the cause"), "python batch_job.py")
    assert happened == f"[BATCH] Exit code {code:d}: {HAPPENED[code]}"
    assert why.endswith(" ERROR] the cause")
    assert to_type.startswith("[BATCH] ")
    assert to_type.endswith(WAY_ON[code].partition("{command}")[0] + "python batch_job.py")


@pytest.mark.parametrize("error", FATAL, ids=lambda it: it.__name__)
def test_every_fatal_error_tells_its_way_on(error: type[FatalError]) -> None:
    """Each error that ends a run says what to type, and what it says fits its exit code."""
    happened, why, to_type = lines_of(Ending.by(error("the cause")), "THIS")
    assert f"Exit code {error.exit_code:d}: " in happened
    assert why.endswith(" ERROR] the cause")
    assert "THIS" in to_type


def test_a_success_says_nothing_more() -> None:
    """A command that succeeded ends with its own words."""
    assert list(lines_of(Ending.of(ExitCode.SUCCEEDED), "any")) == []


def test_several_causes_have_a_line_each() -> None:
    """Whoever has to correct three settings sees three lines."""
    lines = list(lines_of(Ending(ExitCode.BAD_CONFIGURATION, "one\ntwo\nthree"), "any"))
    assert lines[1:-1] == ["[INPUT ERROR] one", "[INPUT ERROR] two", "[INPUT ERROR] three"]


@pytest.mark.parametrize(
    ("words", "job_id", "command"),
    [
        (["--local", "--products-file", "a b.csv"], "j", "--local --products-file 'a b.csv' --job-id j"),
        (["run", "--job-id", "j", "--limit", "2"], "j", "run --job-id j --limit 2"),
        (["--job-id=j", "--from-job"], "j", "--job-id=j --from-job"),
        (["init-db"], "", "init-db"),
        (["report", "spring", "--local"], "", "report spring --local"),
        ([], "j", "--job-id j"),
    ],
)
def test_the_command_can_be_typed_as_it_stands(words: list[str], job_id: str, command: str) -> None:
    """It is the one that was given, quoted for a shell, with the job's id where a fresh one was made up."""
    assert same_command(words, job_id=job_id) == f"python batch_job.py {command}"


@pytest.mark.parametrize(
    "words",
    [
        ["--products-json", '[{"name": "x"}]'],
        ["--products-json=[]"],
        ["--products-file", "x" * LONGEST_COMMAND],
        ["a\nb"],
    ],
    ids=["products", "products with =", "long", "no line"],
)
def test_what_nobody_types_again_is_not_repeated(words: list[str]) -> None:
    """Products on the command line, and what is no line of text, are left out; the job id is named all the same."""
    assert same_command(words, job_id="j") == "the same command again, with --job-id j"


def test_a_command_that_holds_a_secret_is_not_repeated() -> None:
    """A masked command would be wrong, and a plain one would show the secret."""
    hide({"very-secret-word"})
    assert same_command(["--model", "very-secret-word"], job_id="j") == "the same command again, with --job-id j"


def test_in_aws_batch_it_is_the_command_of_the_submit_script() -> None:
    """Nobody types into a container: the job is submitted again."""
    command = same_command(["run"], job_id="j", in_batch=True)
    assert command == "the same ./submit_batch_job.sh command with --job-id j"


@pytest.mark.parametrize(("words", "verb"), [(["report", "--x"], "report --help"), (["--x"], "--help"), ([], "--help")])
def test_a_wrong_command_line_leads_to_the_help_of_its_verb(words: list[str], verb: str) -> None:
    """Only a verb that there is, is named."""
    assert help_command(words, ["run", "report"]) == f"python batch_job.py {verb}"
