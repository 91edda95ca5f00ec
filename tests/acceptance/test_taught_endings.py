"""The end of a command that did not succeed: what happened, why, and what to type, for every exit code and verb."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

import pytest

from query_generator.errors import ExitCode
from tests.conftest import Cloud, run_command
from tests.fakes.aws_server import RDS_SECRET
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.support.endings import ending_of

ONE, NAMELESS = '{"name": "Trail Boot"}\n', '{"brand": "Daybird"}\n'
RUN = ("--job-id", "job", "--products-file", "-")
WARM = ("cache", "warm", "--products-file", "-")
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
FEW_TRIES = {"RETRY_MAX_ATTEMPTS": "1", "CIRCUIT_BREAKER_TIMEOUT": "1"}


def always(fault: Fault) -> Callable[[Cloud], None]:
    """Let every call to Gemini go so."""
    return lambda cloud: cloud.gemini.set_faults(rules=[FaultRule(fault)])


def without_database(cloud: Cloud) -> None:
    """Let the secret lead to a port where nobody listens."""
    login = {"host": "127.0.0.1", "port": 1, "username": "app", "password": "unused-but-secret", "dbname": "catalog"}
    cloud.aws.client("secretsmanager").put_secret_value(SecretId=RDS_SECRET, SecretString=json.dumps(login))


def with_job(cloud: Cloud) -> None:
    """Let the job be known, with one question of each type."""
    cloud.run(*RUN, "--num-questions", "1", stdin=ONE)


class Case(NamedTuple):
    """A command, what is wrong with its surroundings, and what it says in the end."""

    code: int
    words: tuple[str, ...]
    why: str
    to_type: str
    before: Callable[[Cloud], None] = lambda _: None
    stdin: str = ONE
    more: Mapping[str, str] = {}


AGAIN = f"python batch_job.py {' '.join(RUN)}"
CASES = {
    "run: no such verb": Case(64, ("rnu",), "rnu", "type: python batch_job.py --help"),
    "run: no such option": Case(64, ("run", "--rps", "3"), "--rps", "type: python batch_job.py run --help"),
    "run: a wrong number": Case(64, (*RUN, "--rpm", "fast"), "--rpm", "the same command again"),
    "run: no such file": Case(
        64,
        ("--local", "x", "--job-id", "j", "--products-file", "none.json"),
        "none.json does not exist",
        "type: python batch_job.py --local x --job-id j --products-file none.json",
    ),
    "run: no products": Case(64, RUN, "stdin is empty", f"corrected, type: {AGAIN}", stdin=""),
    "run: other terms": Case(
        64, RUN, "num_questions was 1, is 25", f"With one of these changes, type: {AGAIN}", with_job
    ),
    "dry run: no such object": Case(
        64,
        ("--dry-run", "--input-s3", "s3://results/none.json"),
        "NoSuchKey",
        "type: python batch_job.py --dry-run --input-s3 s3://results/none.json",
    ),
    "report: no such job": Case(64, ("report", "none"), "does not know it", "type: python batch_job.py report none"),
    "cache warm: nothing is kept": Case(64, WARM, "set CACHE_URL", f"type: python batch_job.py {' '.join(WARM)}"),
    "run: a record without a name": Case(
        65, RUN, "the first, input: record 2: field 'name'", f"in the input, type: {AGAIN}", stdin=ONE + NAMELESS
    ),
    "run: too few questions": Case(
        65, RUN, "the first, generate: ", f"--retry-failed all that failed, type: {AGAIN}", always(Fault.FEW)
    ),
    "run: replies of no use": Case(
        65,
        RUN,
        "Nothing more is bought",
        f"With one of these changes, type: {AGAIN}",
        always(Fault.BROKEN_JSON),
        more={"UNUSABLE_REPLY_LIMIT": "1"},
    ),
    "cache warm: a record without a name": Case(
        65, WARM, "the first, input: record 2", "type: python batch_job.py cache warm", stdin=ONE + NAMELESS
    ),
    "run: a day's quota": Case(69, RUN, "PerDay", f"credit again, type: {AGAIN}", always(Fault.DAILY_QUOTA)),
    "run: the cap": Case(
        69,
        (*RUN, "--max-cost", "0.000001"),
        "the cap of",
        f"a higher amount in --max-cost (MAX_COST_USD), type: {AGAIN} --max-cost 0.000001",
    ),
    "cache warm: a day's quota": Case(
        69, WARM, "PerDay", f"type: python batch_job.py {' '.join(WARM)}", always(Fault.DAILY_QUOTA)
    ),
    "run: Gemini is away": Case(
        75, RUN, "when it is back", f"To go on, type: {AGAIN}", always(Fault.UNAVAILABLE), more=FEW_TRIES
    ),
    "run in AWS Batch: Gemini is away": Case(
        75,
        ("--products-file", "-"),
        "when it is back",
        "type: the same ./submit_batch_job.sh command with --job-id first",
        always(Fault.UNAVAILABLE),
        more={**FEW_TRIES, "AWS_BATCH_JOB_ID": "first"},
    ),
    "dry run: no database": Case(
        75, (*RUN, "--dry-run"), "PostgreSQL at 127.0.0.1:1", f"type: {AGAIN} --dry-run", without_database
    ),
    "init-db: no database": Case(
        75, ("init-db",), "PostgreSQL at 127.0.0.1:1", "type: python batch_job.py init-db", without_database
    ),
    "report: no database": Case(
        75, ("report", "j"), "PostgreSQL at 127.0.0.1:1", "type: python batch_job.py report j", without_database
    ),
    "cache stats: no Redis": Case(
        75,
        ("cache", "stats"),
        "127.0.0.1:1",
        "type: python batch_job.py cache stats",
        more={"CACHE_URL": "redis://127.0.0.1:1/0"},
    ),
    "run: a wrong key": Case(77, RUN, "GEMINI_API_KEY", f"corrected, type: {AGAIN}", always(Fault.BAD_KEY)),
    "init-db: no credentials": Case(77, ("init-db",), "Give the job a role", "batch_job.py init-db", more=NOBODY),
    "report: no credentials": Case(77, ("report", "j"), "Give the job a role", "batch_job.py report j", more=NOBODY),
}


@pytest.mark.parametrize("what", CASES)
def test_an_ending_teaches(what: str, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The last lines are what happened, with the exit code, then why, then the command to type, right for the verb."""
    case = CASES[what]
    case.before(cloud)
    more = dict(case.more)
    if "cache warm" in what and "nothing is kept" not in what:
        more["CACHE_URL"] = str(tmp_path_factory.mktemp("cache"))
    ended = cloud.run(*case.words, stdin=case.stdin, **{"DATABASE_RECONNECT_SECONDS": "1", **more})
    assert ended.code == case.code, ended.log
    happened, why, to_type = ending_of(ended.log)
    assert happened.startswith(f"[BATCH] Exit code {case.code}: ")
    assert case.why in why
    assert case.to_type in to_type


def test_every_exit_code_that_a_command_can_be_led_to_is_tried() -> None:
    """All of the table but 0 and the faults of the program itself, 70, whose end the tests of the entry point show."""
    tried = {case.code for case in CASES.values()}
    assert tried == {*ExitCode} - {ExitCode.SUCCEEDED, ExitCode.UNEXPECTED}


def test_the_way_on_is_told_with_quiet_as_well() -> None:
    """Whoever asked for silence still learns how it ended."""
    ended = run_command("--local", "x", "--products-file", "none.json", "--quiet", env={})
    assert len(ended.log.splitlines()) == 3


def test_the_command_that_is_told_does_it(cloud: Cloud) -> None:
    """Typed as it stands, after the cause is gone, the command finishes the job."""
    cloud.gemini.set_faults(rules=[FaultRule(Fault.DAILY_QUOTA)])
    first = cloud.run("--products-file", "-", "--num-questions", "2", stdin=ONE)
    cloud.gemini.set_faults()
    words = ending_of(first.log).to_type.partition("python batch_job.py ")[2].split()
    assert cloud.run(*words, stdin=ONE).code == 0
    assert cloud.rows("SELECT count(*) AS n FROM batch_operations")[0].n == 1
