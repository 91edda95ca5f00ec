"""A database that takes what it is sent and answers nothing, and one that another session has locked, from outside."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from query_generator.store.connect import get_db_connection
from tests.conftest import wait_until
from tests.fakes.pg_proxy import PgProxy
from tests.fakes.pg_server import ROLE
from tests.support.site import CONCURRENCY, ITEMS, LIMITS, STORED_IN_MIDST, WHOLE, Site, ended

IN_FLIGHT_PAID = STORED_IN_MIDST + CONCURRENCY
SHORT = {"DATABASE_RECONNECT_SECONDS": "1"}


@contextmanager
def locked(site: Site, table: str) -> Iterator[None]:
    """Hold a table against everybody else."""
    with get_db_connection(site.rds) as other, other.transaction():
        other.execute(f"LOCK TABLE {table}".encode())
        yield


def waits_for_lock(site: Site) -> bool:
    """Whether a session waits for a lock."""
    return bool(site.rows("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def test_a_server_that_falls_silent_is_given_up_and_nothing_is_lost(proxied: Site, proxy: PgProxy) -> None:
    """TCP is alive and no answer comes: the run ends 75 and names what it waits for; the same id goes on."""
    process = proxied.begin_to_midst(**SHORT)
    proxy.blackhole()
    proxied.answer()
    interrupted = ended(process)
    assert interrupted.code == 75, interrupted.log
    assert "no answer to " in interrupted.log
    assert "Traceback" not in interrupted.log
    assert proxied.bill() == IN_FLIGHT_PAID
    proxy.drop_all()
    proxy.restore()
    job = proxied.finish()
    assert job.code == 0, job.log
    assert proxied.account() == WHOLE
    assert proxied.bill() <= ITEMS + CONCURRENCY


@pytest.mark.parametrize("table", ["queries", "query_generator_runs"])
def test_a_lock_that_is_not_given_back_ends_the_run_and_names_the_table(direct: Site, table: str) -> None:
    """Another session locks a table for good: 75 with its name, and later only calls in flight again."""
    process = direct.begin_to_midst(**SHORT)
    with locked(direct, table):
        direct.answer()
        interrupted = ended(process)
    assert interrupted.code == 75, interrupted.log
    last = interrupted.error
    assert table in last
    assert "lock timeout" in last
    assert direct.bill() == IN_FLIGHT_PAID
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() <= ITEMS + CONCURRENCY


def test_a_lock_that_is_given_back_in_time_costs_no_call(direct: Site) -> None:
    """The wait goes on over the timeouts of single statements, for as long as the run waits for its database."""
    process = direct.begin_to_midst(DATABASE_RECONNECT_SECONDS="60")
    with locked(direct, "queries"):
        direct.answer()
        wait_until(lambda: waits_for_lock(direct))
    job = ended(process)
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS, job.log


@pytest.mark.parametrize(
    ("verb", "table"),
    [
        (("report", "job"), "job_items"),
        (("init-db",), "query_generator_schema_migrations"),
        (LIMITS, "query_generator_runs"),
    ],
)
def test_no_verb_waits_for_a_lock_for_ever(direct: Site, verb: tuple[str, ...], table: str) -> None:
    """A report, a migration and a start that meet a lock end 75 and name the table."""
    assert direct.finish().code == 0
    with locked(direct, table):
        stuck = direct.run(*verb, **SHORT)
    assert stuck.code == 75, stuck.log
    assert table in stuck.error


def test_a_run_that_gets_no_second_connection_does_not_wait_for_ever(direct: Site) -> None:
    """Without heartbeats no call is made; a run that cannot send any says so and ends 75."""
    assert direct.run("init-db").code == 0
    with get_db_connection(direct.rds) as connection:
        connection.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 1".encode())
    direct.gemini.latency = 0.3
    lonely = ended(direct.begin(LEASE_SECONDS="1", **SHORT))
    assert lonely.code == 75, lonely.log
    assert "too many connections for role" in lonely.error
    assert "[DB] No heartbeat" in lonely.log
    with get_db_connection(direct.rds) as connection:
        connection.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1".encode())
    assert direct.finish().code == 0
    assert direct.account() == WHOLE
