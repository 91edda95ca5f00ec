"""Replies that were paid and are of no use: how many a job buys at most, how it ends, and how it goes on."""

import json
from itertools import chain, repeat

import pytest

from query_generator.store.connect import get_db_connection
from tests.conftest import Cloud, Ended
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.openai_server import OpenAIServer

LIMIT = 5
CALLS_AN_ITEM = 2
NONSENSE = (Fault.BROKEN_JSON, Fault.EMPTY_CANDIDATES, Fault.NO_QUESTIONS)
OPENAI_KEY = "sk-test-openai-0123456789"


def arguments(products: int, job_id: str = "job") -> tuple[str, ...]:
    """A job with so many products and three questions of each type."""
    records = [{"name": f"Trail Boot -{number}-", "brand": "Daybird"} for number in range(products)]
    return ("--job-id", job_id, "--products-json", json.dumps(records), "--num-questions", "3")


def always(cloud: Cloud, fault: Fault, match: str = "") -> None:
    """Let all calls, or those with this in their prompt, go so."""
    cloud.gemini.set_faults(rules=[FaultRule(fault, match=match)])


def calls(cloud: Cloud) -> int:
    """How many calls have come in since this was asked last."""
    asked = cloud.gemini.calls.total()
    cloud.gemini.calls.clear()
    return asked


def states(cloud: Cloud) -> dict[str, int]:
    """How many items are in each state."""
    rows = cloud.rows("SELECT state, count(*)::int AS n FROM job_items GROUP BY state")
    return {row.state: row.n for row in rows}


def change(cloud: Cloud, sql: str) -> None:
    """Change the tables as their owner may."""
    with get_db_connection(cloud.rds) as connection:
        connection.execute(sql.encode())


def quoted_items(ended: Ended) -> int:
    """How many open items a dry run tells."""
    (line,) = [line for line in ended.out.splitlines() if line.startswith("  open ")]
    return int(line.split()[1])


@pytest.mark.parametrize("in_flight", [1, 32])
@pytest.mark.parametrize("fault", NONSENSE)
def test_a_model_that_answers_nonsense_costs_few_calls(cloud: Cloud, fault: Fault, in_flight: int) -> None:
    """Of 25 products no more is bought than twice for five items and what is in flight; exit 65, which AWS Batch does
    not retry; the log says what to try, each failed item is named, and the rest stays open.
    """
    always(cloud, fault)
    ended = cloud.run(*arguments(25), "--max-concurrency", str(in_flight))
    assert ended.code == 65, ended.log
    bought = calls(cloud)
    assert bought <= LIMIT * CALLS_AN_ITEM + (in_flight if in_flight > 1 else 0)
    *_, why, what = (line for line in ended.log.splitlines() if line.startswith("[BATCH ERROR]"))
    assert all(word in ended.log for word in ("Nothing more is bought: 5 items in a row", "UNUSABLE_REPLY_LIMIT (5)"))
    assert all(option in what for option in ("--model", "--provider", "--num-questions", "--refresh")), (why, what)
    assert "Traceback" not in ended.log
    assert states(cloud) == {"failed": LIMIT, "pending": 50 - LIMIT}
    (operation,) = cloud.rows("SELECT status, error_message, failed_items FROM batch_operations")
    assert (operation.status, operation.failed_items) == ("processing", LIMIT)
    assert "Nothing more is bought" in operation.error_message
    result, errors = cloud.aws.result("job"), cloud.aws.result("job", "errors.json")
    assert (result["status"], result["execution_stats"]["llm"]["total_requests"]) == ("failed", bought)
    assert [error["stage"] for error in errors["errors"]] == ["generate"] * LIMIT
    assert [event["eventName"] for event in cloud.aws.events("job")][-1] == "job_failed"


def test_the_log_shows_what_the_replies_look_like(cloud: Cloud) -> None:
    """At most 200 characters of the last reply, on one line."""
    always(cloud, Fault.NO_QUESTIONS)
    ended = cloud.run(*arguments(25), "--num-questions", "60")
    (line,) = [line for line in ended.log.splitlines() if "looks like this" in line]
    assert "It is number 0 of all. It is number 1 of all." in line
    assert len(line.partition("looks like this: ")[2]) <= 200


@pytest.mark.parametrize("fault", NONSENSE)
def test_a_job_with_fewer_items_than_the_limit_finishes(cloud: Cloud, fault: Fault) -> None:
    """Two products end 65, never 75, after two calls an item, and a retry of the same submission buys nothing."""
    always(cloud, fault)
    ended = cloud.run(*arguments(2), AWS_BATCH_JOB_ID="first", AWS_BATCH_JOB_ATTEMPT="1")
    assert (ended.code, calls(cloud)) == (65, 4 * CALLS_AN_ITEM), ended.log
    assert cloud.aws.result("job")["status"] == "completed_with_errors"
    again = cloud.run(*arguments(2), AWS_BATCH_JOB_ID="first", AWS_BATCH_JOB_ATTEMPT="2")
    assert (again.code, calls(cloud)) == (65, 0), again.log
    cloud.gemini.set_faults()
    submitted = cloud.run(*arguments(2), AWS_BATCH_JOB_ID="second", AWS_BATCH_JOB_ATTEMPT="1")
    assert (submitted.code, calls(cloud)) == (0, 4), submitted.log


def test_a_reply_of_use_begins_the_count_anew(cloud: Cloud) -> None:
    """Four bad items, a good one, four bad ones, a good one: the run goes on to its end; those that failed after the
    first good one are asked again at the end, the others by the next run.
    """
    bad = list(repeat(Fault.BROKEN_JSON, 4 * CALLS_AN_ITEM))
    cloud.gemini.set_faults(script=chain(bad, [Fault.OK], bad, [Fault.OK]))
    ended = cloud.run(*arguments(5), "--max-concurrency", "1")
    assert (ended.code, calls(cloud)) == (65, 8 + 1 + 8 + 1 + 4), ended.log
    assert states(cloud) == {"failed": 4, "succeeded": 6}
    again = cloud.run(*arguments(5))
    assert (again.code, calls(cloud)) == (0, 4), again.log
    assert states(cloud) == {"succeeded": 10}


def test_a_model_that_is_wrong_now_and_then_loses_no_item(cloud: Cloud) -> None:
    """With one reply in sixteen broken, all items of forty products have their questions, and the run ends 0.

    Four in a row would fail an item: that is one run of the test in a thousand.
    """
    cloud.gemini.set_faults(rules=[FaultRule(Fault.BROKEN_JSON, 0.06)], seed=7)
    ended = cloud.run(*arguments(40), "--max-concurrency", "8")
    assert ended.code == 0, ended.log
    assert states(cloud) == {"succeeded": 80}


def test_the_limit_can_be_set(cloud: Cloud) -> None:
    """With a limit of one the first item ends the run; with a high one all items are asked."""
    always(cloud, Fault.BROKEN_JSON)
    first = cloud.run(*arguments(10), "--max-concurrency", "1", UNUSABLE_REPLY_LIMIT="1")
    assert (first.code, calls(cloud)) == (65, CALLS_AN_ITEM), first.log
    assert "an item got paid replies of no use" in first.log
    second = cloud.run(*arguments(10), UNUSABLE_REPLY_LIMIT="100")
    assert (second.code, calls(cloud)) == (65, 20 * CALLS_AN_ITEM), second.log


def test_refusals_are_not_counted(cloud: Cloud) -> None:
    """A model that refuses every product for its safety is asked once for each, and the job finishes with 65."""
    always(cloud, Fault.SAFETY)
    ended = cloud.run(*arguments(10))
    assert (ended.code, calls(cloud)) == (65, 20), ended.log
    assert "Nothing more is bought" not in ended.log


def test_a_job_goes_on_when_the_cause_is_gone(cloud: Cloud) -> None:
    """The same job id later, or with another model and --refresh, does what is left and what had failed; exit 0."""
    always(cloud, Fault.BROKEN_JSON)
    assert cloud.run(*arguments(10)).code == 65
    calls(cloud)
    other = ("--model", "gemini-3.8-flash")
    refused = cloud.run(*arguments(10), *other)
    assert (refused.code, "--refresh" in refused.log, calls(cloud)) == (64, True, 0)
    cloud.gemini.set_faults()
    ended = cloud.run(*arguments(10), *other, "--refresh")
    assert (ended.code, calls(cloud)) == (0, 20), ended.log
    assert states(cloud) == {"succeeded": 20}
    assert cloud.aws.result("job")["status"] == "completed"
    assert cloud.rows("SELECT error_message FROM batch_operations")[0].error_message is None
    assert (cloud.run(*arguments(10), *other).code, calls(cloud)) == (0, 0)


@pytest.mark.parametrize("fault", NONSENSE)
def test_another_provider_takes_over_from_one_that_answers_nonsense(cloud: Cloud, fault: Fault) -> None:
    """The second provider writes every question, and the first is asked no more after five such replies in a row."""
    always(cloud, fault)
    with OpenAIServer(api_key=OPENAI_KEY) as openai:
        ended = cloud.run(
            *(*arguments(25), "--provider", "gemini,openai", "--max-concurrency", "8"),
            OPENAI_BASE_URL=f"{openai.url}/v1",
            OPENAI_API_KEY=OPENAI_KEY,
        )
        assert (ended.code, openai.calls.total()) == (0, 50), ended.log
    assert LIMIT <= calls(cloud) <= LIMIT + 8
    said = "gemini (gemini-3.5-flash-lite) is not asked any more in this run: its last 5 replies were of no use"
    assert said in ended.log


@pytest.mark.parametrize("stands_in", [False, True])
def test_a_bad_model_for_market_questions_is_found_out_beside_a_good_one(cloud: Cloud, stands_in: bool) -> None:
    """Each model has a row of its own, so good product questions in between do not hide what is paid for in vain."""
    always(cloud, Fault.BROKEN_JSON, "market questions, about")
    with OpenAIServer(api_key=OPENAI_KEY) as openai:
        ended = cloud.run(
            *(*arguments(25), "--max-concurrency", "1", "--provider", "gemini,openai" if stands_in else "gemini"),
            GEMINI_MARKET_MODEL="gemini-3.8-flash",
            OPENAI_BASE_URL=f"{openai.url}/v1",
            OPENAI_API_KEY=OPENAI_KEY,
        )
        assert openai.calls.total() == (25 if stands_in else 0)
    assert ended.code == (0 if stands_in else 65), ended.log
    market = sum(count for (_, kind), count in cloud.gemini.calls.items() if kind == "market")
    assert market == (LIMIT if stands_in else LIMIT * CALLS_AN_ITEM)


def test_two_providers_that_answer_nonsense_cost_few_calls(cloud: Cloud) -> None:
    """The limit holds for each of them, and the run ends 65."""
    always(cloud, Fault.BROKEN_JSON)
    with OpenAIServer(api_key=OPENAI_KEY, rules=[FaultRule(Fault.BROKEN_JSON)]) as openai:
        ended = cloud.run(
            *(*arguments(25), "--provider", "gemini,openai", "--max-concurrency", "4"),
            OPENAI_BASE_URL=f"{openai.url}/v1",
            OPENAI_API_KEY=OPENAI_KEY,
        )
        assert ended.code == 65, ended.log
        assert openai.calls.total() <= LIMIT * CALLS_AN_ITEM + 4
    assert calls(cloud) <= LIMIT * CALLS_AN_ITEM + 4


def test_the_provider_without_a_model_stands_in(cloud: Cloud) -> None:
    """With `offline` behind it a model that answers nonsense costs a few calls, and the job ends 0."""
    always(cloud, Fault.NO_QUESTIONS)
    ended = cloud.run(*arguments(25), "--provider", "gemini,offline", "--max-concurrency", "1")
    assert (ended.code, calls(cloud)) == (0, LIMIT), ended.log


def child(cloud: Cloud, array: str, index: int, products: int, *more: str) -> Ended:
    """Run one child of an array of two."""
    batch = {
        "AWS_BATCH_JOB_ID": f"{array}:{index}",
        "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
        "AWS_BATCH_JOB_ARRAY_SIZE": "2",
        "AWS_BATCH_JOB_ATTEMPT": "1",
    }
    return cloud.run(*arguments(products), *more, "--max-concurrency", "1", **batch)


def test_each_child_of_an_array_counts_its_own(cloud: Cloud) -> None:
    """Each ends 65 after five items, and when the cause is gone the array, submitted again, does all that is left."""
    always(cloud, Fault.BROKEN_JSON)
    for index in (0, 1):
        ended = child(cloud, "one", index, 10)
        assert (ended.code, calls(cloud)) == (65, LIMIT * CALLS_AN_ITEM), ended.log
    assert states(cloud) == {"failed": 2 * LIMIT, "pending": 20 - 2 * LIMIT}
    cloud.gemini.set_faults()
    ended = child(cloud, "two", 0, 10)
    assert (ended.code, calls(cloud)) == (0, 20), ended.log
    assert states(cloud) == {"succeeded": 20}


def test_a_retried_child_opens_nothing_that_was_paid_for_in_vain(cloud: Cloud) -> None:
    """Of one submission each failed item is paid for once, whatever AWS Batch starts again; the next one opens them;
    --retry-failed opens refused items once for all children of an array.
    """
    always(cloud, Fault.BROKEN_JSON, "-0-")
    assert child(cloud, "one", 0, 2).code == 65
    assert calls(cloud) == 2 + 2 * CALLS_AN_ITEM
    assert (child(cloud, "one", 0, 2).code, child(cloud, "one", 1, 2).code, calls(cloud)) == (0, 0, 0)
    always(cloud, Fault.SAFETY, "-0-")
    assert (child(cloud, "two", 0, 2).code, calls(cloud)) == (65, 2)
    assert (child(cloud, "three", 0, 2, "--retry-failed").code, calls(cloud)) == (65, 2)
    assert child(cloud, "three", 1, 2, "--retry-failed").code in (0, 65)
    assert calls(cloud) == 0


def test_what_the_model_refused_is_open_again_only_when_asked_for(cloud: Cloud) -> None:
    """A refused item is not asked again by the same job id, but with --retry-failed, and the dry run tells as much."""
    always(cloud, Fault.SAFETY, "-1-")
    assert cloud.run(*arguments(3)).code == 65
    calls(cloud)
    again = cloud.run(*arguments(3))
    assert (again.code, calls(cloud)) == (65, 0), again.log
    cloud.gemini.set_faults()
    assert quoted_items(cloud.run(*arguments(3), "--dry-run")) == 0
    assert quoted_items(cloud.run(*arguments(3), "--dry-run", "--retry-failed")) == 2
    assert cloud.run(*arguments(3)).code == 65
    calls(cloud)
    retried = cloud.run(*arguments(3), RETRY_FAILED="true")
    assert (retried.code, calls(cloud)) == (0, 2), retried.log
    assert cloud.aws.result("job")["status"] == "completed"


@pytest.mark.parametrize("retry_failed", [False, True])
def test_the_dry_run_counts_what_the_run_then_buys(cloud: Cloud, retry_failed: bool) -> None:
    """Items refused by the model, by the service, of no use and short: each is open or not by one rule."""
    rules = [
        FaultRule(Fault.SAFETY, match="-0-"),
        FaultRule(Fault.BROKEN_JSON, match="-1-"),
        FaultRule(Fault.BAD_REQUEST, match="-2-"),
        FaultRule(Fault.NO_QUESTIONS, match="-3-"),
    ]
    cloud.gemini.set_faults(rules=rules)
    first = cloud.run(*arguments(6), UNUSABLE_REPLY_LIMIT="100")
    assert first.code == 65, first.log
    assert states(cloud) == {"failed": 8, "succeeded": 4}
    calls(cloud)
    cloud.gemini.set_faults()
    more = ("--retry-failed",) if retry_failed else ()
    told = quoted_items(cloud.run(*arguments(6), *more, "--dry-run"))
    ended = cloud.run(*arguments(6), *more)
    assert told == calls(cloud) == (8 if retry_failed else 6)
    assert ended.code == (0 if retry_failed else 65), ended.log


def test_what_a_rule_of_the_table_refused_is_open_again(cloud: Cloud) -> None:
    """A product of which a constraint takes no question gets them when the constraint is gone, and nothing else is
    bought again.
    """
    assert cloud.run("init-db").code == 0
    change(cloud, "ALTER TABLE queries ADD CONSTRAINT no_boots CHECK (product_id <> 2)")
    assert cloud.run(*arguments(3)).code == 65
    failed = cloud.rows("SELECT error_stage, passing FROM job_items WHERE state = 'failed'")
    assert [tuple(row) for row in failed] == [("persist", True)] * 2
    calls(cloud)
    change(cloud, "ALTER TABLE queries DROP CONSTRAINT no_boots")
    ended = cloud.run(*arguments(3))
    assert (ended.code, calls(cloud)) == (0, 2), ended.log
