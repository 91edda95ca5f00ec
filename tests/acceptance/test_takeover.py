"""Stopped, killed, frozen and doubled runs of one job, seen from outside: each item is done once, by one of them."""

import signal
import subprocess
from typing import Any

from tests.conftest import Ended, wait_until
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.pg_proxy import PgProxy
from tests.support.site import CONCURRENCY, ITEMS, QUESTIONS, STORED_IN_MIDST, WHOLE, Site, ended

CONTRACT_SECONDS = 28


def begin_to_hanging_calls(site: Site, **more: str) -> "subprocess.Popen[str]":
    """Start a job whose calls hang for good when 12 items are stored."""
    site.gemini.set_faults(script=["ok"] * STORED_IN_MIDST, rules=[FaultRule(Fault.HANG)])
    process = site.begin(**more)
    wait_until(lambda: site.stored_items() == STORED_IN_MIDST and site.gemini.in_flight == CONCURRENCY)
    return process


def test_sigterm_does_not_wait_for_calls_that_hang(direct: Site) -> None:
    """SIGTERM with every call hanging ends in time with 75, an event and a partial result; the same id goes on."""
    process = begin_to_hanging_calls(direct, DRAIN_SECONDS="1")
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    assert direct.aws.events("job")[-1]["eventName"] == "job_interrupted"
    result = direct.aws.result("job")
    assert result["status"] == "interrupted"
    assert sum(len(product["query_ids"]) for product in result["products"]) == STORED_IN_MIDST * QUESTIONS
    direct.gemini.set_faults()
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS


def test_a_second_sigterm_leaves_at_once(direct: Site) -> None:
    """The second signal does not wait for DRAIN_SECONDS; what was committed stays and the same id goes on."""
    process = begin_to_hanging_calls(direct, DRAIN_SECONDS="600")
    process.send_signal(signal.SIGTERM)
    assert process.stderr
    while "SIGTERM" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    interrupted = ended(process, CONTRACT_SECONDS)
    assert interrupted.code == 75, interrupted.log
    direct.gemini.set_faults()
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS


def test_a_killed_run_on_the_same_host_is_succeeded_at_once(direct: Site) -> None:
    """A run whose process is gone is not waited for: the next one ends long before the lease of an hour would."""
    killed = direct.begin_to_midst(LEASE_SECONDS="3600")
    killed.kill()
    killed.communicate()
    direct.answer()
    job = direct.finish(LEASE_SECONDS="3600")
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() <= ITEMS + CONCURRENCY


def test_two_runs_at_once_share_the_work(direct: Site) -> None:
    """Two runs of one job, started together: both buy, both end 0, and no item was bought or stored twice."""
    direct.pause(0)
    processes = [direct.begin(), direct.begin()]
    wait_until(lambda: direct.gemini.in_flight == 2 * CONCURRENCY)
    direct.answer()
    for process in processes:
        job = ended(process)
        assert job.code == 0, job.log
    assert set(direct.gemini.billed.values()) == {1}
    assert direct.rows("SELECT count(DISTINCT run_id) AS n FROM job_items")[0].n == 2
    assert direct.account() == WHOLE


def test_a_frozen_run_that_wakes_after_its_successor_writes_nothing(direct: Site) -> None:
    """A run frozen with calls in flight is succeeded after its lease; woken up it sees that and ends 75."""
    frozen = direct.begin_to_midst(LEASE_SECONDS="2")
    frozen.send_signal(signal.SIGSTOP)
    direct.answer()
    successor, zombie, unchanged = succession(direct, frozen)
    assert successor.code == 0, successor.log
    assert direct.account() == WHOLE
    assert (zombie.code, "declared dead" in zombie.log, unchanged) == (75, True, True), zombie.log
    assert direct.bill() <= ITEMS + CONCURRENCY


def test_a_run_frozen_inside_a_transaction_does_not_hold_up_its_successor(proxied: Site, proxy: PgProxy) -> None:
    """Frozen between its insert and its COMMIT, a run holds locks; its successor finishes the job all the same."""
    frozen = proxied.begin_to_midst(LEASE_SECONDS="2")
    proxy.hold_at_commit()
    proxied.answer()
    wait_until(lambda: proxy.counts["held"] == 1)
    frozen.send_signal(signal.SIGSTOP)
    successor, zombie, unchanged = succession(proxied, frozen)
    assert successor.code == 0, successor.log
    assert proxied.account() == WHOLE
    assert (zombie.code, "declared dead" in zombie.log, unchanged) == (75, True, True), zombie.log
    assert proxied.bill() <= ITEMS + CONCURRENCY


def succession(site: Site, frozen: "subprocess.Popen[str]") -> tuple[Ended, Ended, bool]:
    """Run the successor of a frozen run, then wake that one; how they ended, and whether waking has changed nothing."""
    successor = site.finish(LEASE_SECONDS="2")
    before = contents(site)
    frozen.send_signal(signal.SIGCONT)
    zombie = ended(frozen)
    return successor, zombie, contents(site) == before


def contents(site: Site) -> list[Any]:
    """A fingerprint of everything that a run may write."""
    tables = (
        "queries",
        "job_items",
        "batch_operations",
        "jobselectedproducts",
        "products",
        "query_generator_rejected_records",
        "query_generator_runs",
    )
    sums = [site.rows(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM {name} t") for name in tables]
    return [*sums, site.aws.events("job"), site.aws.result("job")]
