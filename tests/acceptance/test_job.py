"""The job as a process against Secrets Manager, S3 and DynamoDB (moto), PostgreSQL, and a Gemini stand-in."""

import json
import re
import signal
from pathlib import Path

import pytest

from tests.conftest import API_KEY, Cloud, wait_until
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.support.real_sizes import records

PRODUCTS = [
    {"name": "Trail Boot", "brand": "Daybird", "category": "Footwear", "price": 109.99},
    {"name": "Summit Harness", "brand": "Gravitator", "description": "<p>Light &amp; strong</p>"},
    {"title": "Apple Juice", "vendor": {"name": "Frutello"}},
]


def test_every_product_gets_its_questions_and_all_places_agree(cloud: Cloud) -> None:
    """A job of three products ends 0 with 25 + 25 distinct questions each, the same in rows, result and events."""
    ended = cloud.run("--job-id", "demo.1", "--products-json", json.dumps(PRODUCTS))
    assert ended.code == 0, ended.log
    rows = cloud.rows("SELECT product_id, query_type, count(DISTINCT query_hash) AS n FROM queries GROUP BY 1, 2")
    assert sorted((row.query_type, row.n) for row in rows) == [("market", 25)] * 3 + [("product", 25)] * 3
    result = cloud.aws.result("demo.1")
    assert result["status"] == "completed"
    assert result["input_source"] == "args:--products-json"
    assert [product["name"] for product in result["products"]] == ["Trail Boot", "Summit Harness", "Apple Juice"]
    for product in result["products"]:
        assert len(set(product["product_questions"])) == len(set(product["market_questions"])) == 25
        assert len(set(product["query_ids"])) == 50
        assert (product["provider"], product["error"]) == ("gemini", None)
    stats = result["execution_stats"]
    assert (stats["products_processed"], stats["total_queries_generated"], stats["queries_saved_to_db"]) == (
        3,
        150,
        150,
    )
    assert stats["llm"]["total_requests"] == stats["llm"]["successful_requests"] == cloud.gemini.billed.total() == 6
    events = cloud.aws.events("demo.1")
    names = [event["eventName"] for event in events]
    assert names[:4] == ["job_started", "secrets_initialized", "input_loaded", "products_resolved"]
    assert names[-2:] == ["results_saved", "job_completed"]
    assert events[-1]["details"]["execution_stats"]["queries_saved_to_db"] == 150
    assert all(event["pk"] == "demo.1" and event["sk"] == event["event_timestamp_id"] for event in events)
    assert "150 in PostgreSQL" in ended.out


def test_secrets_are_fetched_twice_whatever_the_number_of_products(cloud: Cloud, tmp_path: Path) -> None:
    """A job makes exactly two Secrets Manager calls, and no secret appears in what it prints."""
    catalog = tmp_path / "products.jsonl"
    catalog.write_text("\n".join(map(json.dumps, records(40))))
    ended = cloud.run("--products-file", str(catalog), "--verbose", "--num-questions", "3")
    assert ended.code == 0, ended.log
    assert cloud.aws.calls["GetSecretValue"] == 2
    assert not [name for name in cloud.aws.calls if "Secret" in name and name != "GetSecretValue"]
    for line in (
        "[INIT] Pre-fetching all secrets for caching...",
        "[AI] Fetching Gemini API key from Secrets Manager (first time)",
        "[DB] Fetching RDS configuration from Secrets Manager (first time)",
        "[AI] Using cached Gemini API key for model configuration",
        f"[DB] Using cached RDS credentials, connecting to host: {cloud.rds['host']}",
    ):
        assert line in ended.log
    assert API_KEY not in ended.log + ended.out
    assert cloud.rds["password"] not in ended.log + ended.out


def test_the_same_job_id_again_buys_nothing_and_writes_the_same_result(cloud: Cloud) -> None:
    """Running a finished job again makes no LLM call, adds no row, and its result is the same but for its date."""
    arguments = ("--job-id", "again", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5")
    assert cloud.run(*arguments).code == 0
    first = cloud.aws.result("again")
    assert cloud.run(*arguments).code == 0
    assert cloud.run("--job-id", "again", "--num-questions", "5").code == 0
    second = cloud.aws.result("again")
    assert cloud.gemini.billed.total() == 6
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 30
    assert first | {"generated_at": ""} == second | {"generated_at": ""}


def test_a_refused_product_is_named_and_costs_only_itself(cloud: Cloud) -> None:
    """One product that the model refuses ends the job with 65 and is named everywhere; the others are whole."""
    cloud.gemini.set_faults(rules=[FaultRule(Fault.SAFETY, rate=1, match="Summit Harness")])
    ended = cloud.run("--job-id", "refused", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5")
    assert ended.code == 65, ended.log
    result = cloud.aws.result("refused")
    assert result["status"] == "completed_with_errors"
    assert [len(product["query_ids"]) for product in result["products"]] == [10, 0, 10]
    assert "SAFETY" in result["products"][1]["error"]
    assert {error["product_key"] for error in result["errors"]} == {"gravitator|summit harness"}
    assert cloud.aws.result("refused", "errors.json")["errors"] == result["errors"]
    assert "gravitator|summit harness" in ended.out
    bill = cloud.gemini.calls.total()
    assert cloud.run("--job-id", "refused", "--num-questions", "5").code == 65
    assert cloud.gemini.calls.total() == bill


def test_passing_faults_cost_time_and_nothing_else(cloud: Cloud) -> None:
    """With a fifth of all calls failing for transient reasons the job still ends 0 with every question."""
    products = records(20)
    cloud.gemini.set_faults(
        rules=[
            FaultRule(Fault.UNAVAILABLE, rate=0.06),
            FaultRule(Fault.SERVER_ERROR, rate=0.04),
            FaultRule(Fault.RATE_LIMIT, rate=0.05),
            FaultRule(Fault.DROP, rate=0.05),
        ]
    )
    ended = cloud.run("--job-id", "flaky", "--products-json", json.dumps(products), "--num-questions", "5")
    assert ended.code == 0, ended.log
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 200
    stats = cloud.aws.result("flaky")["execution_stats"]["llm"]
    assert stats["failed_requests"] == stats["total_requests"] - 40 > 0
    assert stats["retries"] > 0


def test_unusable_questions_are_dropped_and_the_rest_is_asked_for_once(cloud: Cloud) -> None:
    """Junk among the questions is dropped and counted, and one more call brings what is missing."""
    cloud.gemini.set_faults(rules=[FaultRule(Fault.DIRTY, rate=1, times=2)])
    ended = cloud.run("--job-id", "dirty", "--products-json", json.dumps(PRODUCTS[:1]))
    assert ended.code == 0, ended.log
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 50
    assert "dropped" in ended.out
    assert cloud.aws.result("dirty")["products"][0]["rejected"] > 0


def test_too_few_questions_are_kept_and_the_item_is_named(cloud: Cloud) -> None:
    """A model that never brings enough ends the job with 65; what it brought is stored."""
    cloud.gemini.set_faults(rules=[FaultRule(Fault.FEW, rate=1)])
    ended = cloud.run("--job-id", "few", "--products-json", json.dumps(PRODUCTS[:1]))
    assert ended.code == 65, ended.log
    result = cloud.aws.result("few")
    assert 0 < len(result["products"][0]["product_questions"]) < 25
    assert "of 25 questions" in result["products"][0]["error"]
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == len(result["products"][0]["query_ids"])


FEW_TRIES = {"RETRY_MAX_ATTEMPTS": "1", "CIRCUIT_BREAKER_TIMEOUT": "1"}


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Fault.BAD_KEY, 77, "GEMINI_API_KEY"),
        (Fault.FORBIDDEN, 77, "GEMINI_API_KEY"),
        (Fault.DAILY_QUOTA, 69, "PerDay"),
        (Fault.NOT_FOUND, 64, "--model"),
        (Fault.UNAVAILABLE, 75, "when it is back"),
    ],
)
def test_a_provider_that_cannot_be_used_ends_the_job_with_its_code(
    cloud: Cloud, fault: Fault, code: int, words: str
) -> None:
    """Refused key 77, day's quota 69, unknown model 64, no answer at all 75; the event says so too."""
    cloud.gemini.set_faults(rules=[FaultRule(fault, rate=1)])
    ended = cloud.run("--job-id", "unusable", "--products-json", json.dumps(PRODUCTS[:1]), **FEW_TRIES)
    assert ended.code == code, ended.log
    assert words in ended.log
    assert API_KEY not in ended.log
    event = cloud.aws.events("unusable")[-1]
    assert (event["eventName"], event["details"]["exit_code"]) == ("job_failed", code)
    assert cloud.aws.result("unusable")["status"] == "failed"


def test_a_job_that_failed_goes_on_when_the_cause_is_gone(cloud: Cloud) -> None:
    """After a day's quota was used up, the same job id buys only what is missing."""
    cloud.gemini.set_faults(script=["ok", "ok", "ok"], rules=[FaultRule(Fault.DAILY_QUOTA, rate=1)])
    arguments = ("--job-id", "later", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5")
    assert cloud.run(*arguments, MAX_CONCURRENCY="1").code == 69
    cloud.gemini.set_faults()
    ended = cloud.run(*arguments)
    assert ended.code == 0, ended.log
    assert cloud.gemini.billed.total() == 6
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 30


def test_s3_and_dynamodb_faults_lose_nothing(cloud: Cloud) -> None:
    """Where the result's key fails the backup key is written; without the events table the job warns and ends 0."""
    cloud.aws.fail("PUT /results/query/faults/")
    cloud.aws.fail("PutItem")
    ended = cloud.run("--job-id", "faults", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5")
    assert ended.code == 0, ended.log
    keys = [entry["Key"] for entry in cloud.aws.client("s3").list_objects_v2(Bucket="results")["Contents"]]
    assert len(keys) == 1
    assert re.fullmatch(r"query/backup_[0-9a-f]{8}_\d{8}T\d{6}Z\.json", keys[0])
    assert ended.log.count("Events are not published") == 2
    cloud.aws.failing.clear()
    assert cloud.run("--job-id", "faults", "--num-questions", "5").code == 0
    assert "job_completed" in [event["eventName"] for event in cloud.aws.events("faults")]


def test_sigterm_saves_what_is_in_flight_and_the_same_id_goes_on(cloud: Cloud) -> None:
    """SIGTERM ends with 75 and a partial result; going on buys each item once in all."""
    products = records(30)
    cloud.gemini.latency = 0.3
    arguments = ("--job-id", "stopped", "--products-json", json.dumps(products), "--num-questions", "5")
    process = cloud.start(*arguments, MAX_CONCURRENCY="8")
    wait_until(lambda: cloud.gemini.billed.total() >= 8)
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 75, log
    assert cloud.aws.result("stopped")["status"] == "interrupted"
    assert cloud.aws.events("stopped")[-1]["eventName"] == "job_interrupted"
    cloud.gemini.latency = 0
    ended = cloud.run(*arguments)
    assert ended.code == 0, ended.log
    assert cloud.gemini.billed.total() == 60
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 300


def test_after_sigkill_nothing_is_lost_or_doubled(cloud: Cloud) -> None:
    """Killed without warning, the same job id completes the job; only calls that were in flight are bought again."""
    products = records(30)
    cloud.gemini.latency = 0.1
    arguments = ("--job-id", "killed", "--products-json", json.dumps(products), "--num-questions", "5")
    process = cloud.start(*arguments, MAX_CONCURRENCY="8")
    wait_until(lambda: cloud.gemini.billed.total() >= 20)
    process.kill()
    process.communicate()
    wait_until(lambda: cloud.rows("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'")[0].n == 0)
    ended = cloud.run(*arguments)
    assert ended.code == 0, ended.log
    assert cloud.rows("SELECT count(*) AS n FROM queries")[0].n == 300
    assert [len(set(product["query_ids"])) for product in cloud.aws.result("killed")["products"]] == [10] * 30
    assert cloud.gemini.billed.total() <= 60 + 8


def test_products_selected_in_the_database_need_no_input(cloud: Cloud) -> None:
    """With rows in products and jobselectedproducts, made by others, the job id alone is enough."""
    assert cloud.run("init-db").code == 0
    cloud.rows(
        """WITH p AS (INSERT INTO products (product_data, brand_name, product_hash) VALUES
           ('{"title": "Old Lamp"}', 'Lumora', 'x1'), ('{"no": "name"}', NULL, 'x2') RETURNING product_id)
           INSERT INTO jobselectedproducts (job_id, product_id) SELECT 'selected', product_id FROM p RETURNING 1"""
    )
    ended = cloud.run("--job-id", "selected", "--from-job", "--num-questions", "5")
    assert ended.code == 65, ended.log
    result = cloud.aws.result("selected")
    assert [(product["name"], product["brand"]) for product in result["products"]] == [("Old Lamp", "Lumora")]
    assert result["errors"][0]["stage"] == "input"
    assert cloud.rows("SELECT count(*) AS n FROM products")[0].n == 2


def test_report_writes_the_result_again_from_the_database(cloud: Cloud) -> None:
    """When the result object is gone, `report` makes it again without any call."""
    assert cloud.run("--job-id", "kept", "--products-json", json.dumps(PRODUCTS), "--num-questions", "5").code == 0
    before = cloud.aws.result("kept")
    cloud.aws.client("s3").delete_object(Bucket="results", Key="query/kept/results.json")
    bill = cloud.gemini.calls.total()
    ended = cloud.run("report", "kept")
    assert ended.code == 0, ended.log
    assert cloud.aws.result("kept") | {"generated_at": ""} == before | {"generated_at": ""}
    assert cloud.gemini.calls.total() == bill
    assert cloud.run("report", "unknown").code == 64
