"""The limit that all runs of a job share, on PostgreSQL."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from itertools import pairwise

import pytest

from query_generator.errors import BudgetExhaustedError, ServiceAwayError
from query_generator.resilience.schedule import AHEAD_SECONDS
from query_generator.store.connect import get_db_connection
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.quota import AWAY_SECONDS, FASTER, LATEST_CHECK, LONGEST_CHECK, SLOWER, SharedSchedule
from query_generator.store.side_connection import SideConnection
from query_generator.store.sql import migrations
from secrets_cache import RdsConfig
from tests.support.virtual_time import VirtualTime

Make = Callable[..., SharedSchedule]
BEFORE = """
INSERT INTO products (product_id, product_data) VALUES (1, '{}'), (2, '{}'), (3, '{}');
INSERT INTO job_items (job_id, product_id, query_type, position, content_hash, state, deferred) VALUES
    ('job', 1, 'product', 1, 'x', 'pending', FALSE), ('job', 2, 'product', 2, 'x', 'pending', TRUE),
    ('job', 3, 'product', 3, 'x', 'running', FALSE);
"""


@pytest.fixture
def make(rds: RdsConfig, db: Database) -> Iterator[Make]:
    """Make the schedule of one more run."""
    with ExitStack() as stack:

        def one_more(
            calls_a_day: int | None = None, job_id: str = "job", ahead: float = AHEAD_SECONDS
        ) -> SharedSchedule:
            side = stack.enter_context(closing(SideConnection(lambda: Database(get_db_connection(rds)))))
            return SharedSchedule(side, job_id, "gemini", ahead, calls_a_day)

        yield one_more


LOG = """
CREATE TABLE handed_out (first_at TIMESTAMPTZ, calls BIGINT, at TIMESTAMPTZ DEFAULT clock_timestamp());
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO handed_out VALUES
        (NEW.next_at - make_interval(secs => 0.004 * (NEW.day_calls - OLD.day_calls)), NEW.day_calls - OLD.day_calls);
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON query_generator_quotas FOR EACH ROW EXECUTE FUNCTION note();
"""


def test_runs_together_are_never_handed_two_start_slots_closer_than_the_gap(make: Make, db: Database) -> None:
    """Five runs at once share one limit: their start slots, merged, are a gap apart, and none is far ahead."""
    gap, calls = 0.004, 60
    db.run(LOG)

    def run(schedule: SharedSchedule) -> None:
        left = calls
        while left > 0:
            delays, wait = schedule.reserve(min(3, left), gap)
            assert all(0 <= delay <= 2 * AHEAD_SECONDS + 3 * gap for delay in delays)
            left -= len(delays)
            time.sleep(wait)

    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(run, make()) for _ in range(5)]:
            done.result()
    rows = db.run("SELECT extract(epoch FROM first_at)::float8 AS first, calls FROM handed_out")
    moments = sorted(row.first + place * gap for row in rows for place in range(row.calls))
    assert len(moments) >= 5 * calls
    assert min(later - at for at, later in pairwise(moments)) >= gap - 1e-5


def test_what_is_to_be_paid_stays_free_and_jobs_do_not_share(make: Make) -> None:
    """Extra seconds keep the next start slot away; another job has a limit of its own."""
    one, other = make(), make()
    assert one.reserve(2, 0.1, 30.0)[0] == pytest.approx([0.0, 0.1], abs=1e-3)
    delays, wait = other.reserve(1, 0.1)
    assert (delays, 0 < wait <= 2) == ([], True)
    assert make(job_id="another").reserve(1, 0.1)[0] == pytest.approx([0.0], abs=1e-3)


def test_a_pause_of_one_run_holds_all(make: Make) -> None:
    """What one run was told by the service holds for the others; a shorter pause does not end it."""
    one, other = make(), make()
    one.hold(600.0)
    one.hold(1.0)
    for schedule in (one, other):
        delays, wait = schedule.reserve(1, 0.1)
        assert (delays, 0 < wait <= 2) == ([], True)


def test_runs_that_find_no_start_slot_look_more_rarely(rds: RdsConfig, db: Database) -> None:
    """Each look in vain makes the next one later, up to a second; a start slot that is found makes them often again."""
    with closing(SideConnection(lambda: Database(get_db_connection(rds)))) as side:
        schedule = SharedSchedule(side, "job", "gemini", AHEAD_SECONDS, uniform=lambda _, most: most)
        schedule.hold(600.0)
        waits = [schedule.reserve(1, 0.0)[1] - LATEST_CHECK for _ in range(20)]
        assert waits[:3] == pytest.approx([AHEAD_SECONDS / 4 * SLOWER**number for number in range(3)])
        assert (max(waits), waits) == (LONGEST_CHECK, sorted(waits))
        db.run("UPDATE query_generator_quotas SET next_at = now()")
        assert schedule.reserve(1, 0.0)[0]
        schedule.hold(600.0)
        assert schedule.reserve(1, 0.0)[1] - LATEST_CHECK == pytest.approx(LONGEST_CHECK / FASTER)


def test_a_days_calls_are_counted_over_all_runs(make: Make, db: Database) -> None:
    """Ten calls a day are ten, whoever makes them, also for later runs; the next day begins anew."""
    one, other = make(10), make(10)
    assert len(one.reserve(4, 0.0)[0]) == 4
    assert len(other.reserve(4, 0.0)[0]) == 4
    assert len(one.reserve(4, 0.0)[0]) == 2
    for schedule in (one, other, make(10)):
        with pytest.raises(BudgetExhaustedError, match=r"10 calls a day to gemini .* MAX_REQUESTS_PER_DAY"):
            schedule.reserve(1, 0.0)
    assert len(make(11).reserve(4, 0.0)[0]) == 1
    db.run("UPDATE query_generator_quotas SET day = day + 1")  # as seen after the clock was set back over midnight
    with pytest.raises(BudgetExhaustedError):
        one.reserve(1, 0.0)
    db.run("UPDATE query_generator_quotas SET day = day - 2")
    assert len(one.reserve(4, 0.0)[0]) == 4


def test_slots_that_passed_unused_are_given_back_to_their_day(make: Make, db: Database) -> None:
    """A run that was frozen or paused beyond its slots fills the day all the same; a new day owes nothing to it."""
    schedule = make(10)
    assert len(schedule.reserve(8, 0.0)[0]) == 8
    assert len(schedule.reserve(4, 0.0, unused=3)[0]) == 4
    assert len(schedule.reserve(4, 0.0)[0]) == 1
    with pytest.raises(BudgetExhaustedError):
        schedule.reserve(1, 0.0)
    assert len(schedule.reserve(1, 0.0, unused=2)[0]) == 1
    db.run("UPDATE query_generator_quotas SET day = day - 1")
    assert len(schedule.reserve(4, 0.0, unused=3)[0]) == 4
    assert db.run("SELECT day_calls FROM query_generator_quotas")[0].day_calls == 4


@pytest.mark.parametrize("pause", [0.0, 30.0])
def test_a_clock_that_is_set_back_holds_nobody(make: Make, db: Database, pause: float) -> None:
    """After the database's clock was set back by an hour the next call waits as long as it would have, not an hour."""
    schedule = make()
    assert len(schedule.reserve(2, 0.5)[0]) == 2
    schedule.hold(pause)
    db.run(
        "UPDATE query_generator_quotas SET next_at = next_at + interval '1 hour', "
        "noted_at = noted_at + interval '1 hour'"
    )
    assert schedule.reserve(1, 0.0)[0] == []
    (row,) = db.run(
        "SELECT extract(epoch FROM next_at - clock_timestamp())::float8 AS wait FROM query_generator_quotas"
    )
    assert row.wait == pytest.approx(max(pause, 1.0), abs=1.0)


def test_a_database_that_is_away_is_asked_again_after_a_while(rds: RdsConfig, db: Database) -> None:
    """A lost connection costs one failed call; for five seconds nobody waits for it, then it is made again."""
    now = VirtualTime()
    opened: list[Database] = []

    def connect() -> Database:
        if away:
            raise DatabaseAwayError("PostgreSQL is away")
        opened.append(Database(get_db_connection(rds)))
        return opened[-1]

    away = False
    with closing(SideConnection(connect)) as side:
        schedule = SharedSchedule(side, "job", "gemini", AHEAD_SECONDS, clock=now.clock)
        assert schedule.reserve(1, 0.0)[0]
        opened[0].close()
        away = True
        for _ in range(2):
            with pytest.raises(ServiceAwayError):
                schedule.reserve(1, 0.0)
        now.sleep(AWAY_SECONDS)
        with pytest.raises(DatabaseAwayError, match="is away"):
            schedule.hold(1.0)
        away = False
        with pytest.raises(DatabaseAwayError, match="that all runs share"):
            schedule.reserve(1, 0.0)
        now.sleep(AWAY_SECONDS)
        assert schedule.reserve(1, 0.0)[0]
    assert len(opened) == 2


def test_items_from_before_keep_their_place_in_the_queue(rds: RdsConfig) -> None:
    """A job that began when an item was put back once or never goes on with the same order."""
    with closing(Database(get_db_connection(rds))) as database:
        for _, name, sql in migrations():
            if name == "0004_quotas":
                database.run(BEFORE)
            database.run(sql)
        rows = database.run("SELECT product_id, deferred FROM job_items ORDER BY deferred, position")
        assert [tuple(row) for row in rows] == [(1, 0), (3, 0), (2, 1)]
        database.run("UPDATE job_items SET deferred = deferred + 1")
