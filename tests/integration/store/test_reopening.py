"""Which failed items a run opens again, and that a dry run tells the same."""

import uuid
from collections import Counter

import pytest

from query_generator.models import QueryType
from query_generator.store.database import Database
from query_generator.store.lease import Lease
from query_generator.store.ledger import Ledger
from query_generator.store.open_work import OpenWork
from tests.support.catalog import TERMS, open_job, products, save
from tests.support.outcomes import done, failed

OUTAGE, IN_VAIN, REFUSED, SHORT = "outage", "in vain", "refused", "short"
KINDS = (OUTAGE, IN_VAIN, REFUSED, SHORT)


@pytest.fixture
def job(db: Database) -> Database:
    """A job of five products in a run that has ended: an item failed for each cause, the other items are done."""
    ledger = open_job(db, products(5))
    items = ledger.queue.claim(10)
    save(ledger, *[done(item, 1) for item in items[len(KINDS) :]])
    save(ledger, *[failed(item, transient=kind in (OUTAGE, IN_VAIN)) for item, kind in zip(items, KINDS, strict=False)])
    for item, kind in zip(items, KINDS, strict=False):
        answered, ids = {OUTAGE: (0, []), IN_VAIN: (2, []), REFUSED: (0, []), SHORT: (2, [1])}[kind]
        db.run(
            "UPDATE job_items SET error = %(kind)s, answered = %(answered)s, query_ids = %(ids)s::bigint[] "
            "WHERE product_id = %(product)s AND query_type = %(type)s",
            {
                "kind": kind,
                "answered": answered,
                "ids": ids,
                "product": item.product_id,
                "type": str(item.query_type),
            },
        )
    ledger.lease.end()
    return db


def reopened(db: Database, *, is_child: bool = False, submission: str = "", retry_failed: bool = False) -> set[str]:
    """Begin a run and end it; returns the causes of the failed items that it has opened."""
    before = causes(db)
    ledger = Ledger(db, "job", Lease(db, "job", str(uuid.uuid4()), 30.0))
    ledger.record.open(TERMS, lambda _: False, is_child=is_child, submission=submission, retry_failed=retry_failed)
    ledger.lease.end()
    return before - causes(db)


def causes(db: Database) -> set[str]:
    """The causes of all failed items."""
    return {row.error for row in db.run("SELECT error FROM job_items WHERE state = 'failed'")}


def test_a_run_opens_what_failed_for_a_cause_outside_of_the_item(job: Database) -> None:
    """A service that was away, and replies of no use; each gets its calls anew."""
    assert reopened(job) == {OUTAGE, IN_VAIN}
    rows = job.run("SELECT answered, deferred, run_id FROM job_items WHERE state = 'pending'")
    assert [tuple(row) for row in rows] == [(0, 0, None)] * 2


def test_all_are_opened_if_that_is_asked_for(job: Database) -> None:
    """Refused and short items too; what they have stays."""
    assert reopened(job, retry_failed=True) == set(KINDS)
    rows = job.run("SELECT answered, query_ids FROM job_items WHERE state = 'pending'")
    assert Counter((row.answered, tuple(row.query_ids)) for row in rows) == {(0, ()): 3, (0, (1,)): 1}


def test_a_retry_of_the_same_submission_pays_for_nothing_again(job: Database) -> None:
    """AWS Batch starts a job anew for reasons of its own: only what was not paid for is open again."""
    assert reopened(job, submission="one") == {OUTAGE, IN_VAIN}
    job.run("UPDATE job_items SET state = 'failed', error = 'in vain', answered = 2 WHERE state = 'pending'")
    assert reopened(job, submission="one") == set()
    assert reopened(job, submission="one", retry_failed=True) == set()
    assert reopened(job, submission="two", retry_failed=True) == {IN_VAIN, REFUSED, SHORT}


def test_an_outage_is_no_matter_of_submissions(job: Database) -> None:
    """What a service did not answer costs nothing, and each retry tries it again."""
    reopened(job, submission="one")
    job.run("UPDATE job_items SET state = 'failed', error = 'outage' WHERE state = 'pending'")
    assert reopened(job, submission="one") == {OUTAGE}


def test_the_first_child_of_an_array_opens_them_for_all(job: Database) -> None:
    """Even beside a run that another submission has left alive; its siblings open nothing."""
    other = Ledger(job, "job", Lease(job, "job", str(uuid.uuid4()), 30.0))
    other.lease.begin()
    assert reopened(job, is_child=True) == set()
    assert reopened(job, is_child=True, submission="array", retry_failed=True) == set(KINDS)
    job.run("UPDATE job_items SET state = 'failed', error = 'outage' WHERE state = 'pending'")
    assert reopened(job, is_child=True, submission="array", retry_failed=True) == set()


@pytest.mark.parametrize("retry_failed", [False, True])
def test_the_dry_run_finds_the_same(job: Database, retry_failed: bool) -> None:
    """The same products and types are open before and after."""
    work = OpenWork(job, "job", retry_failed=retry_failed)
    told = {(item.product.name, item.query_type) for item in work.of(products(5))}
    assert len(told) == (4 if retry_failed else 2)
    reopened(job, retry_failed=retry_failed)
    rows = job.run(
        "SELECT product_data ->> 'name' AS name, query_type FROM job_items JOIN products USING (product_id) "
        "WHERE state = 'pending'"
    )
    assert {(row.name, QueryType(row.query_type)) for row in rows} == told
