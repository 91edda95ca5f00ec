"""Runs wait for room on the database server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from query_generator.errors import ServiceAwayError
from query_generator.store import places
from query_generator.store.database import Database, get_db_connection
from query_generator.store.places import PATIENCE_SECONDS, connect_in_turn
from secrets_cache import RdsConfig
from tests.fakes.virtual_time import VirtualTime

Connect = Callable[[], Database]


@pytest.fixture
def connect(rds: RdsConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connections to a server on which two runs have room besides what is connected already."""
    with ExitStack() as stack:
        db = stack.enter_context(closing(Database(get_db_connection(rds))))
        (row,) = db.run(
            "SELECT current_setting('max_connections')::int AS most, count(*) AS others FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND application_name NOT LIKE 'query-generator%'"
        )
        monkeypatch.setattr(places, "SHARE", (row.others + 2 * places.CONNECTIONS_A_RUN) / row.most)
        yield lambda: stack.enter_context(closing(Database(get_db_connection(rds))))


def test_a_run_waits_for_room_and_takes_the_place_of_one_that_ended(connect: Connect) -> None:
    """Beyond the share of connections a run waits; when an earlier one ends, also without a word, it goes on."""
    time = VirtualTime()
    first = connect_in_turn(connect, time.sleep, time.clock)
    connect_in_turn(connect, time.sleep, time.clock)
    assert time.now == 1000

    def end_first(seconds: float) -> None:
        time.sleep(seconds)
        first.close()

    connect_in_turn(connect, end_first, time.clock)
    assert 1000 < time.now < 1000 + PATIENCE_SECONDS


def test_a_run_without_room_ends_with_the_cause(connect: Connect) -> None:
    """After five minutes a run that finds no room says so, and that the same job id goes on later."""
    time = VirtualTime()
    for _ in range(2):
        connect_in_turn(connect, time.sleep, time.clock)
    with pytest.raises(ServiceAwayError, match=r"the runs before this one need .* of .* connections; run the same job"):
        connect_in_turn(connect, time.sleep, time.clock)
    assert time.now >= 1000 + PATIENCE_SECONDS
