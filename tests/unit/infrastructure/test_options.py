"""The submit script's options: every wrong value is named, in order, and the job would take the others."""

import pytest

from infrastructure.limits import limit
from infrastructure.options import (
    NUMBERS,
    SET_BY_OPTION,
    SIZES,
    SOURCES,
    Variable,
    given_options,
    option_problems,
    repeated,
    source_of,
    variables_of,
    warnings,
)
from query_generator.config import load_config
from query_generator.errors import ConfigurationError
from query_generator.settings.table import SETTINGS

RIGHT = ("job-id=a", "from-job=")


def problems(*items: str, **environ: str) -> list[str]:
    return list(option_problems(given_options(items), environ))


def job_takes(name: str, value: str) -> bool:
    """Whether the job has nothing to say against a variable's value."""
    try:
        load_config({}, {"JOB_ID": "a", name: value})
    except ConfigurationError as error:
        return name not in str(error)
    return True


def test_nothing_is_wrong_with_right_options() -> None:
    """Options at the ends of their ranges are let through."""
    for option, (low, high, _) in NUMBERS.items():
        assert problems(*RIGHT, f"{option}={low}") == problems(*RIGHT, f"{option}={high}") == []
    arn = "queue=arn:aws:batch:us-east-1:123456789012:job-queue/q"
    assert problems(*RIGHT, arn, "region=us-gov-east-1", "depends-on=a-1:2", "env=X=", POLL_SECONDS="0.25") == []


@pytest.mark.parametrize("option", NUMBERS)
def test_numbers_end_where_they_are_said_to(option: str) -> None:
    """One below the least and one above the most are named with the range; so is what is no whole number."""
    low, high, _ = NUMBERS[option]
    for value in (str(low - 1), str(high + 1), "7.5", "", "٣"):
        expected = f"--{option} {value!r}: give a whole number from {low} to {high}"
        assert problems(*RIGHT, f"{option}={value}") == [expected]


@pytest.mark.parametrize(
    "tag", ["auto", "de", "de-AT", "zh_hant_TW", "es-419", "DE-at", "", "german", "de-", "d", "de AT"]
)
def test_the_script_and_the_job_take_the_same_locales(tag: str) -> None:
    """What the script lets through the job takes, and it is handed on as a variable."""
    said = problems(*RIGHT, f"locale={tag}")
    is_right = not said
    assert is_right == (bool(tag) and job_takes("LOCALE", tag))
    assert is_right or said == [f"--locale {tag!r}: give a tag of language and country such as de-AT, or auto"]
    given = given_options([*RIGHT, f"locale={tag}"])
    assert [each.value for each in variables_of(given) if each.name == "LOCALE"] == [tag]


def test_the_script_and_the_job_agree() -> None:
    """The job takes the ends of num-questions and refuses one more; a variable of the script is one of the job's."""
    variables = {setting.variable for setting in SETTINGS.values()}
    assert {name for _, _, name in NUMBERS.values() if name} <= variables
    assert SET_BY_OPTION.keys() <= variables
    low, high, name = NUMBERS["num-questions"]
    taken = [value for value in (low - 1, low, high, high + 1) if job_takes(name, str(value))]
    assert taken == [low, high]


PREFIXES = {
    True: ("", "query/", "a", "a/b-", "ü/", "x" * 512, "..a/", ".a", "a b/"),
    False: (
        "/",
        "/a",
        "a//",
        "//",
        "..",
        "../",
        "a/../b",
        ".",
        "./a",
        "a\\b",
        "a\nb",
        "\0",
        "\u202e",
        "\ud800",
        "x" * 513,
        "ü" * 257,
    ),
}


@pytest.mark.parametrize(("is_right", "prefix"), [(right, text) for right, texts in PREFIXES.items() for text in texts])
def test_the_script_and_the_job_take_the_same_prefixes(is_right: bool, prefix: str) -> None:
    """What leads out of the bucket's folder, or is no plain text, begins no key: neither the script's nor the job's."""
    said = problems(*RIGHT, f"env=OUTPUT_S3_PREFIX={prefix}")
    assert any("--env OUTPUT_S3_PREFIX" in problem for problem in said) is not is_right
    assert job_takes("OUTPUT_S3_PREFIX", prefix) is is_right


@pytest.mark.parametrize("bucket", ["s3://my-bucket", "my-bucket/query", "my bucket", "arn:aws:s3:::my-bucket"])
def test_the_script_and_the_job_refuse_the_same_buckets(bucket: str) -> None:
    """A bucket that results could not go to is known before the job is submitted."""
    said = problems(*RIGHT, f"env=OUTPUT_S3_BUCKET={bucket}")
    assert any("--env OUTPUT_S3_BUCKET" in problem for problem in said)
    assert not job_takes("OUTPUT_S3_BUCKET", bucket)


def test_all_problems_come_at_once_and_in_order() -> None:
    """All wrong values are named at once: the job, the input, numbers, places, and variables at the end."""
    words = ["--job-id '-x'", "exactly one of", "--rpm", "--platform", "--size", "--queue", "--region", "--depends-on"]
    wrong = ["env=9=1", "depends-on=a b", "region=here", "queue=a b", "size=huge", "platform=eks", "rpm=0", "job-id=-x"]
    found = problems(*wrong, POLL_SECONDS="soon")
    for problem, word in zip(found, [*words, "POLL_SECONDS 'soon'", "--env for '9'"], strict=True):
        assert word in problem


@pytest.mark.parametrize("job_id", ["", "-x", ".a", "a..b", "a/b", "a b", "é", "a" * 129, "a\n"])
def test_no_job_has_such_a_name(job_id: str) -> None:
    """A name that the job would refuse is named here; an empty one would leave the job to find its own."""
    assert not job_id or not job_takes("JOB_ID", job_id)
    assert [problem for problem in problems(f"job-id={job_id}", "from-job=") if repr(job_id) in problem]


@pytest.mark.parametrize("sources", [(), ("from-job", "input-s3"), SOURCES], ids=["none", "two", "all"])
def test_there_is_one_source(sources: tuple[str, ...]) -> None:
    """With no source, or several, all that could be given are named, and those that were."""
    items = [f"{source}=" for source in sources]
    (problem,) = problems("job-id=a", *items)
    assert all(f"--{source}" in problem.partition(";")[0] for source in SOURCES)
    assert {source for source in SOURCES if f"--{source}" in problem.partition(";")[2]} == set(sources)
    assert source_of(given_options(items)) == ""


def test_what_may_be_given_once() -> None:
    """Only --env and --depends-on may come again; of another option the first value counts."""
    items = ["rpm=1", "queue=q", "rpm=2", "env=X=1", "env=Y=2", "depends-on=a", "depends-on=b", "queue=r"]
    assert list(repeated(items)) == ["--rpm is given twice: give it once", "--queue is given twice: give it once"]
    assert Variable("MAX_REQUESTS_PER_MINUTE", "1", "--rpm") in variables_of(given_options(items))


def test_all_failed_items_are_tried_again_when_that_is_asked_for() -> None:
    """--retry-failed becomes the job's variable, is no source, and the job takes it."""
    assert problems(*RIGHT, "retry-failed=") == []
    assert Variable("RETRY_FAILED", "true", "--retry-failed") in variables_of(given_options([*RIGHT, "retry-failed="]))
    assert "RETRY_FAILED" not in {variable.name for variable in variables_of(given_options(RIGHT))}
    assert job_takes("RETRY_FAILED", "true")


WRONG_VARIABLES = {
    "no value": ("NAME", "give NAME=VALUE"),
    "no name": ("=x", "--env for ''"),
    "digit first": ("2X=1", "--env for '2X'"),
    "reserved": ("aws_batch_job_id=1", "AWS Batch keeps AWS_BATCH* names to itself"),
    "no text": ("X=\udcff", "the value of X is not UTF-8 text"),
    "by an option": ("MAX_REQUESTS_PER_MINUTE=6", "MAX_REQUESTS_PER_MINUTE is set twice"),
    "by --env": ("TWICE=2", "TWICE is set twice"),
    **{name: (f"{name}=x", f"--env {name}: use {option}") for name, option in SET_BY_OPTION.items()},
}


@pytest.mark.parametrize(("pair", "word"), WRONG_VARIABLES.values(), ids=WRONG_VARIABLES)
def test_wrong_variables_are_named(pair: str, word: str) -> None:
    """A variable that has no name, or another's, is named, and nothing else is."""
    (problem,) = problems(*RIGHT, "rpm=5", "env=TWICE=1", f"env={pair}")
    assert word in problem


def test_dependencies_end_where_aws_says() -> None:
    """As many dependencies as AWS Batch takes are let through, and one more is not."""
    most = limit("dependencies")
    assert problems(*RIGHT, *["depends-on=x"] * most) == []
    (problem,) = problems(*RIGHT, *["depends-on=x"] * (most + 1))
    assert problem == f"--depends-on is given {most + 1} times: AWS Batch takes {most} at most"


@pytest.mark.parametrize(
    "name", ["GEMINI_API_KEY", "db_password", "GITHUB_TOKEN", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY"]
)
def test_secrets_are_warned_about(name: str) -> None:
    """A variable that looks like a secret draws a warning, which does not tell its value."""
    (warning,) = warnings(given_options([f"env={name}=hidden"]))
    assert f"can read {name}:" in warning
    assert "hidden" not in warning


@pytest.mark.parametrize("name", ["GEMINI_MODEL", "MAX_TOKENS", "TOKENIZER", "GEMINI_SECRET_NAME"])
def test_other_variables_are_not_warned_about(name: str) -> None:
    """A name that merely has such a word in it draws no warning."""
    assert list(warnings(given_options([f"env={name}=x"]))) == []


def test_sizes_have_the_same_names_everywhere() -> None:
    """A size that one platform has the others have, too: the problem of a wrong size names them for all."""
    assert {tuple(sizes) for sizes in SIZES.values()} == {("small", "medium", "large")}
