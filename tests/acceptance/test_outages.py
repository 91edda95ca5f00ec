"""Outages, rotation, frozen and doubled runs, seen from outside: nothing lost, nothing stored or paid for twice."""

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from query_generator.store.database import get_db_connection
from secrets_cache import RdsConfig
from tests.conftest import API_KEY, Cloud, Ended, wait_until
from tests.fakes.aws_server import RDS_SECRET, AwsServer
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import ROLE, PgServer

PRODUCTS = [{"name": f"Product {number}", "brand": "Acme"} for number in range(1, 31)]
ITEMS = 2 * len(PRODUCTS)
QUESTIONS = 5
CONCURRENCY = 6
ARGUMENTS = ("--job-id", "job", "--products-json", json.dumps(PRODUCTS), "--num-questions", str(QUESTIONS))
LATENCY = 0.2
CONTRACT_SECONDS = 28


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A PostgreSQL of this module, which its tests may stop."""
    with PgServer(tmp_path_factory.mktemp("scratch")) as server:
        yield server


@pytest.fixture
def server(module_server: PgServer) -> PgServer:
    """The server, running, with an empty database."""
    module_server.start()
    module_server.new_database()
    return module_server


@pytest.fixture
def proxy(server: PgServer) -> Iterator[PgProxy]:
    """A proxy before the server."""
    with PgProxy(server.config["port"]) as proxy:
        yield proxy


@dataclass
class Site(Cloud):
    """The standard set-up; no process outlives its test."""

    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """Start a command in this set-up and go on."""
        self.started.append(super().start(*arguments, **more))
        return self.started[-1]


@pytest.fixture
def direct(aws: AwsServer, gemini: GeminiServer, server: PgServer) -> Iterator[Site]:
    """The standard set-up on that server; a call takes LATENCY."""
    yield from site_on(aws, gemini, server, server.config["port"])


@pytest.fixture
def proxied(aws: AwsServer, gemini: GeminiServer, server: PgServer, proxy: PgProxy) -> Iterator[Site]:
    """The standard set-up, whose secret leads to the proxy."""
    yield from site_on(aws, gemini, server, proxy.port)


def site_on(aws: AwsServer, gemini: GeminiServer, server: PgServer, port: int) -> Iterator[Site]:
    """The job goes to `port` with the secret; the test itself looks in as the superuser, past any proxy."""
    aws.put_secrets(API_KEY, secret_of(server.config, port))
    aws.calls.clear()
    gemini.latency = LATENCY
    site = Site(aws, gemini, server.admin)
    yield site
    for process in site.started:
        process.kill()
        process.communicate()


def secret_of(config: RdsConfig, port: int) -> dict[str, Any]:
    """The standard RDS JSON."""
    names = ("host", "username", "password", "dbname")
    return {name: value for name, value in config.items() if name in names} | {"port": port}


def start(cloud: Cloud, **more: str) -> "subprocess.Popen[str]":
    """Start the job."""
    return cloud.start(*ARGUMENTS, **{"MAX_CONCURRENCY": str(CONCURRENCY), **more})


def run(cloud: Cloud, **more: str) -> Ended:
    """Run the job to its end."""
    return cloud.run(*ARGUMENTS, **{"MAX_CONCURRENCY": str(CONCURRENCY), **more})


def ended(process: "subprocess.Popen[str]", seconds: float = 90) -> Ended:
    """Wait for the end of a job."""
    out, log = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, log)


def bill(cloud: Cloud) -> int:
    """Calls paid for until now."""
    return sum(cloud.gemini.billed.values())


def wait_for_calls(cloud: Cloud, calls: int) -> None:
    """Wait until so many more calls are paid for."""
    target = bill(cloud) + calls
    wait_until(lambda: bill(cloud) >= target)


def expect_whole(cloud: Cloud, items: int = ITEMS) -> None:
    """Every item has its questions once, in the rows and in the result, and the job ended once."""
    rows = cloud.rows(
        "SELECT product_id, query_type, count(*) AS n, count(DISTINCT query_hash) AS d FROM queries GROUP BY 1, 2"
    )
    assert Counter((row.n, row.d) for row in rows) == {(QUESTIONS, QUESTIONS): items}
    states = cloud.rows("SELECT state, count(*) AS n FROM job_items GROUP BY 1")
    assert {row.state: row.n for row in states} == {"succeeded": items}
    (operation,) = cloud.rows("SELECT * FROM batch_operations")
    assert (operation.status, operation.total_items) == ("completed", items)
    assert (operation.processed_items, operation.successful_items, operation.failed_items) == (items, items, 0)
    result = cloud.aws.result("job")
    assert result["status"] == "completed"
    ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
    assert len(set(ids)) == len(ids) == items * QUESTIONS
    assert event_counts(cloud)["job_completed"] == 1


def event_counts(cloud: Cloud) -> Counter[str]:
    """How often each event was published."""
    return Counter(event["eventName"] for event in cloud.aws.events("job"))


def contents(cloud: Cloud) -> list[Any]:
    """A fingerprint of everything that a run may write."""
    tables = ("queries", "job_items", "batch_operations", "jobselectedproducts", "products", "rejected_records")
    sums = [
        cloud.rows(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM {name} t") for name in tables
    ]
    return [*sums, cloud.aws.events("job"), cloud.aws.result("job")]


def test_a_database_crash_costs_time_and_no_call(direct: Cloud, server: PgServer) -> None:
    """PostgreSQL crashes and is back after two seconds: nothing is bought meanwhile, and each item once in all."""
    process = start(direct)
    wait_for_calls(direct, 12)
    server.stop("immediate")
    at_the_stop = bill(direct)
    time.sleep(2)  # the time in which nothing may be bought
    assert bill(direct) - at_the_stop <= CONCURRENCY
    server.start()
    job = ended(process)
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) == ITEMS, job.log


def test_a_database_that_stays_away_ends_the_run_and_the_same_id_goes_on(direct: Cloud, server: PgServer) -> None:
    """After DATABASE_RECONNECT_SECONDS the run ends with 75 and says so; later only calls in flight are repeated."""
    process = start(direct, DATABASE_RECONNECT_SECONDS="2")
    wait_for_calls(direct, 12)
    server.stop("immediate")
    at_the_stop = bill(direct)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    last = interrupted.log.splitlines()[-1]
    assert "PostgreSQL" in last
    assert "same job id" in last
    assert "Traceback" not in interrupted.log
    assert bill(direct) - at_the_stop <= CONCURRENCY
    server.start()
    job = run(direct)
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) <= ITEMS + CONCURRENCY


@pytest.mark.parametrize("before", [True, False], ids=["before COMMIT", "after COMMIT"])
def test_a_connection_cut_at_commit_doubles_nothing(proxied: Cloud, proxy: PgProxy, before: bool) -> None:
    """Whether the server had committed or not when the connection broke: no row twice, none lost, no call repeated."""
    process = start(proxied)
    for cuts in (1, 2, 3):
        proxy.cut_at_commit(before)
        while proxy.counts["cuts"] < cuts:
            assert process.poll() is None, ended(process).log
            time.sleep(0.02)
    job = ended(process)
    assert job.code == 0, job.log
    expect_whole(proxied)
    assert bill(proxied) == ITEMS, job.log


def test_a_database_that_hangs_for_longer_than_the_lease_is_waited_for(proxied: Cloud, proxy: PgProxy) -> None:
    """A lapsed lease that nobody took stays good: when the network is back the run goes on and repeats no call."""
    process = start(proxied, LEASE_SECONDS="1")
    wait_for_calls(proxied, 12)
    proxy.blackhole()
    at_the_stop = bill(proxied)
    time.sleep(3)  # the outage, three times the lease
    assert bill(proxied) - at_the_stop <= CONCURRENCY
    proxy.restore()
    job = ended(process)
    assert job.code == 0, job.log
    expect_whole(proxied)
    assert bill(proxied) == ITEMS, job.log


def test_sigterm_ends_a_run_whose_database_hangs(proxied: Cloud, proxy: PgProxy) -> None:
    """With a database that answers nothing SIGTERM still ends the run with 75 in time; the same id goes on."""
    process = start(proxied, DRAIN_SECONDS="1")
    wait_for_calls(proxied, 12)
    proxy.blackhole()
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    proxy.drop_all()
    proxy.restore()
    job = run(proxied)
    assert job.code == 0, job.log
    expect_whole(proxied)
    assert bill(proxied) <= ITEMS + CONCURRENCY


def test_a_failover_to_a_server_that_only_reads_is_an_outage_like_any_other(direct: Cloud, server: PgServer) -> None:
    """Connections that lead to a read-only server for two seconds cost time and no call."""
    process = start(direct)
    wait_for_calls(direct, 12)
    lead_to_a_reader(direct, "on")
    at_the_stop = bill(direct)
    time.sleep(2)  # the time in which nothing may be bought
    assert bill(direct) - at_the_stop <= CONCURRENCY
    lead_to_a_reader(direct, "off")
    job = ended(process)
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) == ITEMS, job.log


def lead_to_a_reader(cloud: Cloud, setting: str) -> None:
    """Break the job's connections and let new ones write nothing, or all."""
    with get_db_connection(cloud.rds) as connection:
        connection.execute(f"ALTER ROLE {ROLE} SET default_transaction_read_only = {setting}".encode())
        if setting == "on":
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [ROLE])


def test_a_rotated_password_costs_one_more_secrets_call(proxied: Cloud, proxy: PgProxy, server: PgServer) -> None:
    """The password changes and connections break in mid-run: the job ends 0 with three GetSecretValue calls in all."""
    process = start(proxied)
    wait_for_calls(proxied, 12)
    server.set_password("rotated-password-2")
    rotate(proxied, server, proxy)
    proxy.drop_all()
    job = ended(process)
    assert job.code == 0, job.log
    assert proxied.aws.calls["GetSecretValue"] == 3
    assert "rotated-password-2" not in job.log + job.out
    expect_whole(proxied)
    assert bill(proxied) == ITEMS, job.log


def rotate(cloud: Cloud, server: PgServer, proxy: PgProxy) -> None:
    """Give the RDS secret a new version with the server's password."""
    text = json.dumps(secret_of(server.config, proxy.port))
    cloud.aws.client("secretsmanager").put_secret_value(SecretId=RDS_SECRET, SecretString=text)


def test_a_password_that_stays_refused_ends_the_run(proxied: Cloud, proxy: PgProxy, server: PgServer) -> None:
    """The secret has no newer version: the run ends 77 after three calls at most; put right, the same id goes on."""
    process = start(proxied)
    wait_for_calls(proxied, 12)
    server.set_password("nobody-was-told")
    proxy.drop_all()
    refused = ended(process, CONTRACT_SECONDS)
    assert refused.code == 77, refused.log
    assert "RDS_SECRET_NAME" in refused.log.splitlines()[-1]
    assert proxied.aws.calls["GetSecretValue"] <= 3
    rotate(proxied, server, proxy)
    job = run(proxied)
    assert job.code == 0, job.log
    expect_whole(proxied)
    assert bill(proxied) <= ITEMS + CONCURRENCY


def test_two_refusals_end_the_run(proxied: Cloud, proxy: PgProxy, server: PgServer) -> None:
    """A newer version that is refused as well ends the run with 77 and is not asked for again."""
    process = start(proxied)
    wait_for_calls(proxied, 12)
    rotate(proxied, server, proxy)  # a new version, and yet not the password that the server wants
    server.set_password("nobody-was-told")
    proxy.drop_all()
    refused = ended(process, CONTRACT_SECONDS)
    assert refused.code == 77, refused.log
    assert proxied.aws.calls["GetSecretValue"] == 3


def test_sigterm_does_not_wait_for_calls_that_hang(direct: Cloud) -> None:
    """SIGTERM with every call hanging ends in time with 75, an event and a partial result; the same id goes on."""
    direct.gemini.set_faults(script=["ok"] * 12, rules=[FaultRule(Fault.HANG)])
    process = start(direct, DRAIN_SECONDS="1")
    wait_until(lambda: bill(direct) == 12 and direct.gemini.in_flight == CONCURRENCY)
    wait_until(lambda: stored_items(direct) == 12)
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    assert direct.aws.events("job")[-1]["eventName"] == "job_interrupted"
    result = direct.aws.result("job")
    assert result["status"] == "interrupted"
    assert sum(len(product["query_ids"]) for product in result["products"]) == 12 * QUESTIONS
    direct.gemini.set_faults()
    job = run(direct)
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) == ITEMS


def stored_items(cloud: Cloud) -> int:
    """Items whose questions are committed."""
    (row,) = cloud.rows("SELECT count(DISTINCT (product_id, query_type)) AS n FROM queries")
    return int(row.n)


def test_a_second_sigterm_leaves_at_once(direct: Cloud) -> None:
    """The second signal does not wait for DRAIN_SECONDS; what was committed stays and the same id goes on."""
    direct.gemini.set_faults(script=["ok"] * 12, rules=[FaultRule(Fault.HANG)])
    process = start(direct, DRAIN_SECONDS="60")
    wait_until(lambda: bill(direct) == 12 and direct.gemini.in_flight == CONCURRENCY)
    process.send_signal(signal.SIGTERM)
    assert process.stderr
    while "SIGTERM" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    direct.gemini.set_faults()
    job = run(direct)
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) <= ITEMS + CONCURRENCY


def test_without_s3_the_job_is_not_completed_and_a_later_run_publishes_it(direct: Cloud) -> None:
    """Both keys fail: exit 75 and no completion; with S3 back the same id publishes the result without a call."""
    direct.aws.fail("PUT /results/")
    unpublished = run(direct)
    assert unpublished.code == 75, unpublished.log
    assert "s3://" in unpublished.log.splitlines()[-1]
    assert direct.rows("SELECT status FROM batch_operations")[0].status != "completed"
    assert "job_completed" not in event_counts(direct)
    direct.aws.failing.clear()
    calls = sum(direct.gemini.calls.values())
    job = direct.run("--job-id", "job", "--num-questions", str(QUESTIONS))
    assert job.code == 0, job.log
    assert sum(direct.gemini.calls.values()) == calls == ITEMS
    expect_whole(direct)


def test_events_wait_for_their_table_and_are_published_once(direct: Cloud) -> None:
    """Without DynamoDB the job warns and ends 0; the next run publishes every event of the first one exactly once."""
    direct.aws.fail("PutItem")
    unpublished = run(direct)
    assert unpublished.code == 0, unpublished.log
    assert "[BATCH WARNING] Events are not published" in unpublished.log
    assert direct.aws.events("job") == []
    direct.aws.failing.clear()
    job = direct.run("--job-id", "job", "--num-questions", str(QUESTIONS))
    assert job.code == 0, job.log
    events = direct.aws.events("job")
    once = ("input_loaded", "products_resolved", "job_completed")
    assert {name: event_counts(direct)[name] for name in once} == dict.fromkeys(once, 1)
    assert sum(int(event["details"]["items"]) for event in events if event["eventName"] == "batch_saved") == ITEMS
    expect_whole(direct)


def test_two_runs_at_once_share_the_work(direct: Cloud) -> None:
    """Two runs of one job, started together: both end 0, each bought some of the items, and none was bought twice."""
    processes = [start(direct), start(direct)]
    for process in processes:
        job = ended(process)
        assert job.code == 0, job.log
    assert set(direct.gemini.billed.values()) == {1}
    assert direct.rows("SELECT count(DISTINCT run_id) AS n FROM job_items")[0].n == 2
    expect_whole(direct)


def test_a_frozen_run_that_wakes_after_its_successor_writes_nothing(direct: Cloud) -> None:
    """A run frozen with calls in flight is succeeded after its lease; woken up it sees that and ends 75."""
    frozen = start(direct, LEASE_SECONDS="2")
    wait_for_calls(direct, 12)
    frozen.send_signal(signal.SIGSTOP)
    expect_succession(direct, frozen)


def test_a_run_frozen_inside_a_transaction_does_not_hold_up_its_successor(proxied: Cloud, proxy: PgProxy) -> None:
    """Frozen between its insert and its COMMIT, a run holds locks; its successor finishes the job all the same."""
    frozen = start(proxied, LEASE_SECONDS="2")
    wait_for_calls(proxied, 12)
    proxy.hold_at_commit()
    wait_until(lambda: proxy.counts["held"] == 1)
    frozen.send_signal(signal.SIGSTOP)
    expect_succession(proxied, frozen)


def expect_succession(cloud: Cloud, frozen: "subprocess.Popen[str]") -> None:
    """Run the successor of a frozen run, then wake the frozen one up."""
    successor = run(cloud, LEASE_SECONDS="2")
    assert successor.code == 0, successor.log
    expect_whole(cloud)
    before = contents(cloud)
    frozen.send_signal(signal.SIGCONT)
    zombie = ended(frozen)
    assert zombie.code == 75, zombie.log
    assert "declared dead" in zombie.log
    assert contents(cloud) == before
    assert bill(cloud) <= ITEMS + CONCURRENCY


def test_a_killed_run_on_the_same_host_is_succeeded_at_once(direct: Cloud) -> None:
    """A run whose process is gone is not waited for: the next one finishes long before the lease would have ended."""
    killed = start(direct, LEASE_SECONDS="3600")
    wait_for_calls(direct, 12)
    killed.kill()
    killed.communicate()
    job = run(direct, LEASE_SECONDS="3600")
    assert job.code == 0, job.log
    expect_whole(direct)
    assert bill(direct) <= ITEMS + CONCURRENCY


def test_a_row_that_the_database_refuses_costs_only_itself(direct: Cloud) -> None:
    """One refused question is named with its reason; the rest of its item and all other items are stored; exit 65."""
    assert direct.run("init-db").code == 0
    with get_db_connection(direct.rds) as connection:
        refusal = "CHECK (query_text NOT LIKE '%if I buy Product 3 used%')"
        connection.execute(f"ALTER TABLE queries ADD CONSTRAINT no_used_goods {refusal}".encode())
    wanted = 10  # the stand-in writes that question as number 9 of its product
    arguments = ("--job-id", "job", "--products-json", json.dumps(PRODUCTS[:5]), "--num-questions", str(wanted))
    job = direct.run(*arguments)
    assert job.code == 65, job.log
    rows = direct.rows("SELECT product_id, query_type, count(*) AS n FROM queries GROUP BY 1, 2")
    assert Counter(row.n for row in rows) == {wanted: 9, wanted - 1: 1}
    (failed,) = direct.rows("SELECT * FROM job_items WHERE state <> 'succeeded'")
    assert (failed.state, failed.error_stage, failed.query_type) == ("failed", "persist", "product")
    result = direct.aws.result("job")
    assert result["status"] == "completed_with_errors"
    assert [len(product["product_questions"]) for product in result["products"]] == [10, 10, 9, 10, 10]
    (error,) = result["errors"]
    assert (error["product_key"], error["stage"]) == ("acme|product 3", "persist")
    assert re.search("no_used_goods", error["reason"])
    assert direct.aws.result("job", "errors.json")["errors"] == [error]
    assert bill(direct) == 10
    again = direct.run("--job-id", "job", "--num-questions", str(wanted))
    assert (again.code, bill(direct)) == (65, 10), again.log
