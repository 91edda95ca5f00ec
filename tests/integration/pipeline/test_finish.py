"""Which run of a job writes its result, and what it leaves in the ledger when it has failed."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from query_generator.config import JobConfig
from query_generator.errors import FatalError, InterruptedRunError, ServiceAwayError
from query_generator.pipeline.finish import FINISHER_LEASES, Finish
from query_generator.stopping import StopSignal
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.jobs import read_job
from query_generator.store.ledger import Ledger
from secrets_cache import RdsConfig
from tests.support.catalog import open_job, open_run, products, save
from tests.support.ended_process import ended
from tests.support.list_sink import ListSink
from tests.support.outcomes import done, failed
from tests.support.virtual_time import VirtualTime

LEASE = 30.0
AWAY = ServiceAwayError("the provider is away")


class Sleeper(StopSignal):
    """Sleeps in virtual time, and does something at each look at the others."""

    def __init__(self, time: VirtualTime, at_look: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._time = time
        self._at_look = at_look

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self._at_look()
        self._time.sleep(seconds)


@pytest.fixture
def other(rds: RdsConfig, db: Database) -> Iterator[Database]:
    """A second connection to the same database."""
    with closing(Database(get_db_connection(rds))) as second:
        yield second


def finish(ledger: Ledger, folder: Path, stop: StopSignal | None = None, time: VirtualTime | None = None) -> Finish:
    """The end of a run that writes its result into a folder."""
    config = JobConfig(job_id="job", providers=("offline",), local_dir=folder)
    events = EventLog("job", ListSink())
    events.attach(ledger.db)
    return Finish(config, ledger, events, stop or StopSignal(), (time or VirtualTime()).clock)


def test_an_interrupted_child_leaves_the_result_to_the_others(db: Database, tmp_path: Path) -> None:
    """Its siblings go on with its items; one that fails, or has nothing left to do, writes when nobody else does."""
    child = finish(open_job(db, products(1)), tmp_path)
    assert not child.is_for_this_child(InterruptedRunError("stopped: SIGTERM"))
    assert child.is_for_this_child(AWAY)
    assert child.is_for_this_child(None)


def test_a_child_that_failed_does_not_wait_for_the_one_that_writes(
    db: Database, other: Database, tmp_path: Path
) -> None:
    """It ends with its own error at once."""
    assert open_job(db, products(1)).record.begin_finish()
    time = VirtualTime()
    assert not finish(open_run(other), tmp_path, Sleeper(time), time).is_for_this_child(AWAY)
    assert time.now == 1000


def test_a_child_waits_a_lease_and_a_half_for_the_one_that_writes(
    db: Database, other: Database, tmp_path: Path
) -> None:
    """In that time one that died is declared dead; one that lives on then writes without being waited for."""
    assert open_job(db, products(1)).record.begin_finish()
    time = VirtualTime()
    assert not finish(open_run(other), tmp_path, Sleeper(time), time).is_for_this_child(None)
    assert FINISHER_LEASES * LEASE <= time.now - 1000 <= FINISHER_LEASES * LEASE + 1


def test_a_child_takes_over_from_one_that_died_while_it_wrote(db: Database, other: Database, tmp_path: Path) -> None:
    """The child that waits finds it dead, and writes the result itself."""
    writer = open_job(db, products(1))
    assert writer.record.begin_finish()
    time, gone = VirtualTime(), ended()

    def die() -> None:
        db.run(
            "UPDATE query_generator_runs SET process = %(gone)s WHERE run_id = %(run)s",
            {"gone": gone, "run": writer.lease.run_id},
        )

    assert finish(open_run(other), tmp_path, Sleeper(time, die), time).is_for_this_child(None)
    assert time.now - 1000 < 1


def test_a_child_leaves_when_the_result_is_written(db: Database, other: Database, tmp_path: Path) -> None:
    """It has nothing to write when another one has completed the job meanwhile."""
    writer = open_job(db, products(1))
    assert writer.record.begin_finish()
    time = VirtualTime()
    stop = Sleeper(time, lambda: writer.record.complete(lambda: None))
    assert not finish(open_run(other), tmp_path, stop, time).is_for_this_child(None)
    assert time.now - 1000 < 1


@pytest.mark.parametrize(("left", "status"), [(1, "processing"), (0, "failed")])
def test_a_run_that_failed_writes_what_there_is_and_says_whether_work_is_left(
    db: Database, tmp_path: Path, left: int, status: str
) -> None:
    """A job with open items is still in work, also for those who only look at `batch_operations`."""
    ledger = open_job(db, products(1))
    items = ledger.queue.claim(2 - left)
    save(ledger, done(items[0]), *[failed(item) for item in items[1:]])
    with pytest.raises(FatalError) as caught:
        finish(ledger, tmp_path).write(AWAY)
    assert caught.value is AWAY
    job = read_job(db, "job")
    assert (job and job.status) == status
    (result,) = tmp_path.rglob("results.json")
    assert json.loads(result.read_text())["status"] == "failed"
