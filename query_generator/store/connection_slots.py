"""Room for a run's connections on the database server."""

import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.jobs import JobMetadata

_LOG = logging.getLogger("connection_slots")

CONNECTIONS_A_RUN = 2  # the ledger's, and the one beside it
PLACE = "query-generator run"
LOOKING = "query-generator look"
# Of the server's connections, for all runs together. The rest is for those that look, for people and programs that come
# later, and for runs that connect again before the server has noticed that their old connections are lost.
SHARE = 0.6
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.5
LOOK_SECONDS_A_CHILD = 0.04  # if all children of an array wait, they look about 30 times a second together
LONGEST_LOOK = 60.0


def wait_for_connection_slot(
    connect: Callable[[], Database],
    is_over: Callable[[Database], bool],
    children: int,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Database | None:
    """Connect when the runs that came before leave room for one more; wait for that up to five minutes.

    A child of an array of up to 50 knows within two seconds that there is room, or that nothing is left to do. Each
    look is a connection of its own, kept for some milliseconds, so the children of a larger array look more rarely:
    with n of them every n / 25 seconds, or once a minute. Runs hold their place by their connection alone, so a killed
    one gives its place back. There are never more of them than there is room for.

    Args:
        connect: opens a connection.
        is_over: tells whether nothing is left to do, once the tables are there.
        children: of the array; no more than that wait.
        sleep: waits, and raises when the run is told to stop.
        clock: seconds, monotonic.
        uniform: spreads the looks of many children.

    Returns:
        The connection that holds the place; None when nothing is left to do, for which no room is needed.

    Raises:
        ServiceAwayError: there was no room in that time.
        FatalError: as `open_database`.
    """
    end, told = clock() + PATIENCE_SECONDS, False
    look = min(LONGEST_LOOK, max(LOOK_SECONDS, LOOK_SECONDS_A_CHILD * children))
    while True:
        try:
            return _look(connect, is_over)
        except DatabaseAwayError as exc:
            if clock() >= end:
                raise
            if not told:
                _LOG.warning("[DB] Waiting for room on the server up to %g s: %s", PATIENCE_SECONDS, exc)
                told = True
        sleep(uniform(look / 2, look))


def _look(connect: Callable[[], Database], is_over: Callable[[Database], bool]) -> Database | None:
    """Take a place; None when nothing is left to do. Raises DatabaseAwayError when there is none."""
    db = connect()
    with ExitStack() as unless_taken:
        unless_taken.enter_context(closing(db))
        with db.pipelined():
            db.send("connection_slots.turn", looking=LOOKING)
            room = db.one("connection_slots.take", running=PLACE, looking=LOOKING, a_run=CONNECTIONS_A_RUN, share=SHARE)
        if is_over(db):
            return None
        if not room.taken:
            raise DatabaseAwayError(
                f"PostgreSQL: the runs before this one need {room.needed - CONNECTIONS_A_RUN} of {room.most} "
                "connections; run the same job id again when some have ended"
            )
        unless_taken.pop_all()
    return db


def metadata_of_ended_job(db: Database, job_id: str) -> JobMetadata | None:
    """Read what is noted of a job that needs no run any more: all has ended and the result is written; else None."""
    rows = db.rows("connection_slots.is_over", job_id=job_id)
    return JobMetadata.from_json(rows[0].metadata) if rows and rows[0].is_over else None
