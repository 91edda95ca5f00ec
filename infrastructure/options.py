"""The options of submit_batch_job.sh: checks them, and makes the container's variables of them. Pure.

Options are given as a mapping of OPTION, without its dashes, to its values in order. Problems are sentences for the
user, in the order in which they are shown. Standard library and Python 3.6, see plan.py.
"""

import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from infrastructure.limits import limit

Given = Mapping[str, Sequence[str]]
Environment = Mapping[str, str]

SOURCES = ("products-json", "products-file", "input-s3", "from-job")
REPEATABLE = ("env", "depends-on")
SET_BY_OPTION = {
    "JOB_ID": "--job-id",
    "PRODUCTS_JSON": "--products-json",
    "PRODUCTS_FROM_JOB": "--from-job",
    "INPUT_S3_BUCKET": "--input-s3",
    "INPUT_S3_KEY": "--input-s3",
    "RETRY_FAILED": "--retry-failed",
}
# Options that are whole numbers: least, most, the container's variable. The job (JobConfig) limits num-questions as
# well; it does not limit rpm, whose limit here only finds typing errors. AWS limits array-size, which has no variable.
NUMBERS: Mapping[str, Tuple[int, int, str]] = {
    "num-questions": (1, 200, "NUM_QUESTIONS"),
    "rpm": (1, 1000000, "MAX_REQUESTS_PER_MINUTE"),
    "array-size": (*limit("array_size"), ""),
}
# Options that are texts: the rule, which is the job's, what is right in words, and the container's variable.
TEXTS: Mapping[str, Tuple[str, str, str]] = {
    "locale": (
        r"(?i:auto|[a-z]{2,3}([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?)",
        "a tag of language and country such as de-AT, or auto",
        "LOCALE",
    ),
    "market-scope": (r"product|category", "product or category", "MARKET_SCOPE"),
}
# Options without a value, and the container's variable.
FLAGS = {"retry-failed": "RETRY_FAILED"}
# Platform → size → (vCPU, MiB), as AWS Batch takes them. For Fargate, limits.json lists the pairs that exist.
SIZES = {
    "ec2": {"small": ("1", "1024"), "medium": ("2", "2048"), "large": ("4", "4096")},
    "fargate": {"small": ("1", "2048"), "medium": ("2", "4096"), "large": ("4", "8192")},
}
# Options with a default: the variable of the submitter's environment, and the value if it is not set.
DEFAULTS = {
    "platform": ("BATCH_PLATFORM", "ec2"),
    "queue": ("BATCH_JOB_QUEUE", "query-generator"),
    "job-definition": ("BATCH_JOB_DEFINITION", "query-generator"),
}
MAX_KEY_PREFIX_BYTES = 512
# The name of a bucket, or the ARN of an access point, by the rule of the job's `s3_address`; no old names.
BUCKET = (
    r"(?:[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
    r"|arn:aws[a-z-]*:(?:s3|s3-object-lambda):[a-z0-9-]*:[0-9]{12}:accesspoint[:/][A-Za-z0-9.-]{1,63}"
    r"|arn:aws[a-z-]*:s3-outposts:[a-z0-9-]+:[0-9]{12}:outpost[:/][A-Za-z0-9.-]{1,63}"
    r"[:/]accesspoint[:/][A-Za-z0-9.-]{1,63})"
)
SECRET = r"(API_KEY|PASSWORD|TOKEN|SECRET|SECRET_ACCESS_KEY)$|^DATABASE_URL$"


class Variable(NamedTuple):
    """A variable of the container, and the option that sets it, with its dashes."""

    name: str
    value: str
    option: str


def given_options(items: Sequence[str]) -> Given:
    """Return the options in OPTION=VALUE texts. Raises ValueError for a text without an equals sign."""
    given: Dict[str, List[str]] = {}
    for item in items:
        option, value = item.split("=", 1)
        given.setdefault(option, []).append(value)
    return given


def repeated(items: Sequence[str]) -> Iterator[str]:
    """Yield a problem for each repetition of an option that may be given only once."""
    seen = set()
    for item in items:
        option = item.split("=", 1)[0]
        if option in seen and option not in REPEATABLE:
            yield f"--{option} is given twice: give it once"
        seen.add(option)


def first(given: Given, option: str, default: str = "") -> str:
    """Return the first value of an option, or the default if it was not given."""
    return given.get(option, [default])[0]


def chosen(given: Given, option: str, environ: Environment) -> str:
    """Return the value of an option of DEFAULTS: as given, or from the submitter's environment, or its default."""
    variable, default = DEFAULTS[option]
    return given[option][0] if option in given else environ.get(variable) or default


def source_of(given: Given) -> str:
    """Return the option that names the products; empty if there is none or more than one."""
    sources = [source for source in SOURCES if source in given]
    return sources[0] if len(sources) == 1 else ""


def resources_of(given: Given, environ: Environment) -> Tuple[str, ...]:
    """Return (vCPU, MiB) of the size on its platform; empty without a size, so that the job definition decides."""
    return SIZES.get(chosen(given, "platform", environ), {}).get(first(given, "size"), ())


def option_problems(given: Given, environ: Environment) -> Iterator[str]:
    """Yield the problems of all option values and of POLL_SECONDS; the input itself is not checked."""
    yield from _job_id(given)
    yield from _sources(given)
    yield from _numbers(given)
    yield from _texts(given)
    yield from _where(given, environ)
    yield from _depends_on(given.get("depends-on", []))
    pause = environ.get("POLL_SECONDS", "10")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", pause):
        yield f"POLL_SECONDS {pause!r}: give a number of seconds"
    yield from _env(given)


def variables_of(given: Given) -> List[Variable]:
    """Return the container's variables in order, except those for the products."""
    job = [Variable("JOB_ID", first(given, "job-id"), "--job-id")]
    flags = [Variable(name, "true", f"--{option}") for option, name in FLAGS.items() if option in given]
    return [*job, *_valued_variables(given), *flags, *_own_variables(given)]


def variable_problems(variable: Variable) -> Iterator[str]:
    """Yield a problem if the container cannot get this value."""
    if variable.value != variable.value.encode("utf-8", "replace").decode():
        yield f"{variable.option}: the value of {variable.name} is not UTF-8 text"


def warnings(given: Given) -> Iterator[str]:
    """Yield a warning, without the value, for each --env that looks like a secret."""
    for variable in _own_variables(given):
        if re.search(SECRET, variable.name.upper()):
            yield f"everyone who may describe the job can read {variable.name}: better keep it in Secrets Manager"


def _valued_variables(given: Given) -> List[Variable]:
    names = {option: rule[2] for rules in (NUMBERS, TEXTS) for option, rule in rules.items()}
    return [
        Variable(name, first(given, option), f"--{option}")
        for option, name in names.items()
        if name and option in given
    ]


def _own_variables(given: Given) -> List[Variable]:
    pairs = (pair.partition("=") for pair in given.get("env", []))
    return [Variable(name, value, "--env") for name, _, value in pairs if name not in SET_BY_OPTION]


def is_key_prefix(text: str) -> bool:
    """Return whether the job takes a text as OUTPUT_S3_PREFIX, by the rule of its settings' `checked_key_prefix`."""
    parts = text.split("/")
    is_path = "" not in parts[:-1] and not {".", ".."} & set(parts) and "\\" not in text
    return is_path and text.isprintable() and len(text.encode()) <= MAX_KEY_PREFIX_BYTES


def _job_id(given: Given) -> Iterator[str]:
    job_id = first(given, "job-id")
    if "job-id" not in given:
        yield "--job-id is missing: name the job; the same name again continues it"
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", job_id) or ".." in job_id:
        yield (f"--job-id {job_id!r}: give 1 to 128 letters, digits, '.', '_' or '-', first a letter or digit, no '..'")


def _sources(given: Given) -> Iterator[str]:
    if not source_of(given):
        sources = ", ".join("--" + source for source in SOURCES if source in given)
        every = ", ".join("--" + source for source in SOURCES)
        yield f"give exactly one of {every}" + (f"; given: {sources}" if sources else "")


def _numbers(given: Given) -> Iterator[str]:
    for option, (low, high, name) in NUMBERS.items():
        if option not in given:
            continue
        value = first(given, option)
        if not (re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high):
            yield f"--{option} {value!r}: give a whole number from {low} to {high}"
        if name:
            yield from variable_problems(Variable(name, value, f"--{option}"))


def _texts(given: Given) -> Iterator[str]:
    for option, (rule, right, _) in TEXTS.items():
        if option in given and not re.fullmatch(rule, first(given, option)):
            yield f"--{option} {first(given, option)!r}: give {right}"


def _where(given: Given, environ: Environment) -> Iterator[str]:
    platform = chosen(given, "platform", environ)
    if platform not in SIZES:
        yield f"--platform {platform!r}: give ec2 or fargate"
    if first(given, "size", "medium") not in SIZES["ec2"]:
        yield f"--size {first(given, 'size')!r}: give small, medium or large"
    for option in ("queue", "job-definition"):
        value = chosen(given, option, environ)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:/_-]{0,254}", value):
            yield f"--{option} {value!r}: give a name or an ARN"
    region = first(given, "region", "us-east-1")
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", region):
        yield f"--region {region!r}: give a region such as us-east-1"


def _depends_on(jobs: Sequence[str]) -> Iterator[str]:
    for job in jobs:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:-]{0,127}", job):
            yield f"--depends-on {job!r}: give the Batch job id that an earlier submission printed"
    if len(jobs) > limit("dependencies"):
        yield f"--depends-on is given {len(jobs)} times: AWS Batch takes {limit('dependencies')} at most"


def _env(given: Given) -> Iterator[str]:
    taken = {variable.name for variable in _valued_variables(given)}
    reserved = limit("reserved_variables")
    for pair in given.get("env", []):
        name, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield f"--env for {name!r}: give NAME=VALUE, the name of letters, digits and '_', first no digit"
        if name.upper().startswith(reserved):
            yield f"--env {name}: AWS Batch keeps {reserved}* names to itself"
        if name == "OUTPUT_S3_PREFIX" and not is_key_prefix(value):
            yield f"--env OUTPUT_S3_PREFIX {value!r}: give what keys may begin with, such as query/"
        if name == "OUTPUT_S3_BUCKET" and not re.fullmatch(BUCKET, value):
            yield f"--env OUTPUT_S3_BUCKET {value!r}: give the name of a bucket alone, or the ARN of an access point"
        if name in SET_BY_OPTION:
            yield f"--env {name}: use {SET_BY_OPTION[name]}"
            continue
        if name in taken:
            yield f"--env: {name} is set twice: give it once"
        yield from variable_problems(Variable(name, value, "--env"))
        taken.add(name)
