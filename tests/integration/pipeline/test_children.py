"""A child of an array that comes late, or has waited, learns whether its siblings have done the work."""

from contextlib import closing
from dataclasses import replace

from query_generator.config import JobConfig
from query_generator.pipeline.children import is_over_for_child
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.ledger import Ledger
from secrets_cache import RdsConfig
from tests.support.catalog import load, open_run, products
from tests.support.outcomes import done, failed

CHILD = JobConfig(job_id="job", providers=("offline",), batch_job_id="array", array_index=3, array_size=4)
STRANGER = replace(CHILD, batch_job_id="another")


def begin(db: Database) -> Ledger:
    """Begin the job as a child of the array, up to where it reads its input."""
    ledger = open_run(db)
    assert ledger.record.begin_load()
    ledger.record.note_source("test", siblings="array")
    return ledger


def test_it_is_over_when_the_result_is_written_and_not_before(db: Database) -> None:
    """While the input is read, while items are open or in work, and while the result is written, there may be something
    to do; when the job is completed there is nothing, for a child of that array.
    """
    assert not is_over_for_child(CHILD, db)
    ledger = begin(db)
    assert not is_over_for_child(CHILD, db)
    load(ledger, products(1))
    assert not is_over_for_child(CHILD, db)
    items = ledger.queue.claim(2)
    assert not is_over_for_child(CHILD, db)
    ledger.queue.save([done(item) for item in items], {}, lambda: [done(item) for item in items], lambda _: None)
    assert not is_over_for_child(CHILD, db)
    assert ledger.record.begin_finish()
    assert not is_over_for_child(CHILD, db)
    ledger.record.complete(lambda: None)
    assert is_over_for_child(CHILD, db)
    assert not is_over_for_child(STRANGER, db)


def test_what_failed_for_a_transient_reason_is_left_to_a_child_that_is_alone(db: Database) -> None:
    """Such an item is tried again by a child that comes when no other one lives, so for that one it is not over."""
    ledger = begin(db)
    load(ledger, products(1))
    one, other = ledger.queue.claim(2)
    outcomes = [done(one), failed(other, transient=True)]
    ledger.queue.save(outcomes, {}, lambda: outcomes, lambda _: None)
    ledger.record.complete(lambda: None)
    assert is_over_for_child(CHILD, db)
    ledger.lease.end()
    assert not is_over_for_child(CHILD, db)
    db.run("UPDATE job_items SET passing = FALSE")
    assert is_over_for_child(CHILD, db)


def test_before_there_are_tables_nothing_is_over(rds: RdsConfig) -> None:
    """The first child of the first job finds an empty database."""
    with closing(Database(get_db_connection(rds))) as empty:
        assert not is_over_for_child(CHILD, empty)
