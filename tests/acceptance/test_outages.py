"""Outages and rotation, seen from outside: nothing lost, nothing stored or paid for twice, and the right exit code."""

import json
import signal
import time
from collections import Counter

import pytest

from query_generator.store.connect import get_db_connection
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import ROLE, PgServer
from tests.support.site import CONCURRENCY, ITEMS, LIMITS, PRODUCTS, STORED_IN_MIDST, WHOLE, Site, ended

IN_FLIGHT_PAID = STORED_IN_MIDST + CONCURRENCY
CONTRACT_SECONDS = 28


def expect_no_buying(site: Site, seconds: float) -> None:
    """The calls in flight are answered, and for so long no other is made."""
    site.answer()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert sum(site.gemini.calls.values()) == IN_FLIGHT_PAID
        time.sleep(0.05)
    assert site.bill() == IN_FLIGHT_PAID


def test_a_database_crash_costs_time_and_no_call(direct: Site, server: PgServer) -> None:
    """PostgreSQL crashes and is back after two seconds: nothing is bought meanwhile, and each item once in all."""
    process = direct.begin_to_midst()
    server.stop("immediate")
    expect_no_buying(direct, 2)
    server.start()
    job = ended(process)
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS, job.log


def test_a_database_that_stays_away_ends_the_run_and_the_same_id_goes_on(direct: Site, server: PgServer) -> None:
    """After DATABASE_RECONNECT_SECONDS the run ends with 75 and says so; later only calls in flight are repeated."""
    process = direct.begin_to_midst(DATABASE_RECONNECT_SECONDS="2")
    server.stop("immediate")
    direct.answer()
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    last = interrupted.error
    assert "PostgreSQL" in last
    assert "same job id" in last
    assert "Traceback" not in interrupted.log
    assert direct.bill() == IN_FLIGHT_PAID
    server.start()
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() <= ITEMS + CONCURRENCY


@pytest.mark.parametrize("before", [True, False], ids=["before COMMIT", "after COMMIT"])
def test_a_connection_cut_at_commit_doubles_nothing(proxied: Site, proxy: PgProxy, before: bool) -> None:
    """Whether the server had committed or not when the connection broke: no row twice, none lost, no call repeated."""
    proxy.cut_at_commit(before, times=3)
    job = proxied.finish()
    assert job.code == 0, job.log
    assert proxy.counts["cuts"] == 3
    assert proxied.account() == WHOLE
    assert proxied.bill() == ITEMS, job.log


def test_a_database_that_hangs_for_longer_than_the_lease_is_waited_for(proxied: Site, proxy: PgProxy) -> None:
    """A lapsed lease that nobody took stays good: when the network is back the run goes on and repeats no call."""
    process = proxied.begin_to_midst(LEASE_SECONDS="1")
    proxy.blackhole()
    expect_no_buying(proxied, 3)
    proxy.restore()
    job = ended(process)
    assert job.code == 0, job.log
    assert proxied.account() == WHOLE
    assert proxied.bill() == ITEMS, job.log


def test_sigterm_ends_a_run_whose_database_hangs(proxied: Site, proxy: PgProxy) -> None:
    """With a database that answers nothing SIGTERM still ends the run with 75 in time; the same id goes on."""
    process = proxied.begin_to_midst(DRAIN_SECONDS="1")
    proxy.blackhole()
    proxied.answer()
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    proxy.drop_all()
    proxy.restore()
    job = proxied.finish()
    assert job.code == 0, job.log
    assert proxied.account() == WHOLE
    assert proxied.bill() <= ITEMS + CONCURRENCY


def test_a_failover_to_a_server_that_only_reads_is_an_outage_like_any_other(direct: Site) -> None:
    """Connections that lead to a read-only server for two seconds cost time and no call."""
    process = direct.begin_to_midst()
    lead_to_a_reader(direct, "on")
    expect_no_buying(direct, 2)
    lead_to_a_reader(direct, "off")
    job = ended(process)
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS, job.log


def lead_to_a_reader(site: Site, setting: str) -> None:
    """Let new connections write nothing, or all; for nothing, break those that are open."""
    with get_db_connection(site.rds) as connection:
        connection.execute(f"ALTER ROLE {ROLE} SET default_transaction_read_only = {setting}".encode())
        if setting == "on":
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [ROLE])


def test_a_rotated_password_costs_one_more_secrets_call(proxied: Site, proxy: PgProxy, server: PgServer) -> None:
    """The password changes and connections break in mid-run: the job ends 0 with three GetSecretValue calls in all."""
    process = proxied.begin_to_midst()
    server.set_password("rotated-password-2")
    proxied.rotate_secret()
    proxy.drop_all()
    proxied.answer()
    job = ended(process)
    assert job.code == 0, job.log
    assert proxied.aws.calls["GetSecretValue"] == 3
    assert "rotated-password-2" not in job.log + job.out
    assert proxied.account() == WHOLE
    assert proxied.bill() == ITEMS, job.log


def test_a_password_that_stays_refused_ends_the_run(proxied: Site, proxy: PgProxy, server: PgServer) -> None:
    """The secret has no newer version: the run ends 77 after three calls at most; put right, the same id goes on."""
    process = proxied.begin_to_midst()
    server.set_password("nobody-was-told")
    proxy.drop_all()
    proxied.answer()
    refused = ended(process, CONTRACT_SECONDS)
    assert refused.code == 77, refused.log
    assert "RDS_SECRET_NAME" in refused.error
    assert proxied.aws.calls["GetSecretValue"] <= 3
    proxied.rotate_secret()
    job = proxied.finish()
    assert job.code == 0, job.log
    assert proxied.account() == WHOLE
    assert proxied.bill() <= ITEMS + CONCURRENCY


def test_two_refusals_end_the_run(proxied: Site, proxy: PgProxy, server: PgServer) -> None:
    """A newer version that is refused as well ends the run with 77 and is not asked for again."""
    process = proxied.begin_to_midst()
    server.set_password("told-but-changed-again")
    proxied.rotate_secret()
    server.set_password("nobody-was-told")
    proxy.drop_all()
    proxied.answer()
    refused = ended(process, CONTRACT_SECONDS)
    assert refused.code == 77, refused.log
    assert proxied.aws.calls["GetSecretValue"] == 3


def test_without_s3_the_job_is_not_completed_and_a_later_run_publishes_it(direct: Site) -> None:
    """Both keys fail: exit 75 and no completion; with S3 back the same id publishes the result without a call."""
    direct.aws.fail("PUT /results/")
    unpublished = direct.finish()
    assert unpublished.code == 75, unpublished.log
    assert "s3://" in unpublished.error
    assert direct.rows("SELECT status FROM batch_operations")[0].status != "completed"
    assert "job_completed" not in direct.event_counts()
    direct.aws.failing.clear()
    calls = sum(direct.gemini.calls.values())
    job = direct.run(*LIMITS)
    assert job.code == 0, job.log
    assert sum(direct.gemini.calls.values()) == calls == ITEMS
    assert direct.account() == WHOLE


def test_events_wait_for_their_table_and_are_published_once(direct: Site) -> None:
    """Without DynamoDB the job warns and ends 0; the next run publishes every event of the first one exactly once."""
    direct.aws.fail("PutItem")
    unpublished = direct.finish()
    assert unpublished.code == 0, unpublished.log
    assert "[BATCH WARNING] Events are not published" in unpublished.log
    assert direct.aws.events("job") == []
    direct.aws.failing.clear()
    job = direct.run(*LIMITS)
    assert job.code == 0, job.log
    once = ("input_loaded", "products_resolved", "job_completed")
    assert {name: direct.event_counts()[name] for name in once} == dict.fromkeys(once, 1)
    saved = [event["details"] for event in direct.aws.events("job") if event["eventName"] == "batch_saved"]
    assert sum(int(details["items"]) for details in saved) == ITEMS
    assert direct.account() == WHOLE


def test_a_row_that_the_database_refuses_costs_only_itself(direct: Site) -> None:
    """One refused question is named with its reason; the rest of its item and all other items are stored; exit 65."""
    assert direct.run("init-db").code == 0
    with get_db_connection(direct.rds) as connection:
        refusal = "CHECK (query_text NOT LIKE '%if I buy Product 3 used%')"
        connection.execute(f"ALTER TABLE queries ADD CONSTRAINT no_used_goods {refusal}".encode())
    wanted = 10  # the stand-in writes that question as number 9 of its product
    limits = ("--job-id", "job", "--num-questions", str(wanted))
    job = direct.run(*limits, "--products-json", json.dumps(PRODUCTS[:5]))
    assert job.code == 65, job.log
    sizes = direct.rows("SELECT count(*) AS n FROM queries GROUP BY product_id, query_type")
    assert Counter(row.n for row in sizes) == {wanted: 9, wanted - 1: 1}
    (failed,) = direct.rows("SELECT * FROM job_items WHERE state <> 'succeeded'")
    assert (failed.state, failed.error_stage, failed.query_type) == ("failed", "persist", "product")
    result = direct.aws.result("job")
    assert result["status"] == "completed_with_errors"
    assert [len(product["product_questions"]) for product in result["products"]] == [10, 10, 9, 10, 10]
    (error,) = result["errors"]
    assert (error["product_key"], error["stage"]) == ("acme|product 3", "persist")
    assert "no_used_goods" in error["reason"]
    assert direct.aws.result("job", "errors.json")["errors"] == [error]
    again = direct.run(*limits)
    assert (again.code, direct.bill()) == (65, 10), again.log
