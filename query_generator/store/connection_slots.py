"""Limits how many runs hold connections to the database server."""

import logging
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, closing

from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.jobs import JobMetadata

_LOG = logging.getLogger("connection_slots")

CONNECTIONS_A_RUN = 2  # the ledger's and the side connection
RUNNING = "query-generator run"  # application names
WAITING = "query-generator look"
# Of the server's connections, for all runs together. The rest is for runs that wait, for other people and programs, and
# for runs that reconnect before the server has noticed that their old connections are lost.
SHARE = 0.6
LONGEST_WAIT = 300.0  # seconds
CHECK_SECONDS = 0.5
CHECK_SECONDS_A_CHILD = 0.04  # all waiting children of an array together check about 30 times a second
LONGEST_CHECK = 60.0  # seconds between two checks


def wait_for_connection_slot(
    connect: Callable[[], Database],
    is_over: Callable[[Database], bool],
    children: int,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Database | None:
    """Connect when a slot is free; wait for one for up to five minutes.

    In an array of up to 50, a child learns within two seconds that a slot is free or nothing is left to do. Each check
    takes a connection for some milliseconds, so the children of a larger array check less often: with n of them every
    n / 25 seconds, and at least once a minute. A run holds its slot by its connection alone, so a killed run frees it.

    Args:
        connect: opens a connection.
        is_over: returns whether nothing is left to do.
        children: how many children the array has.
        sleep: waits for some seconds; raises if the run is asked to stop.
        clock: seconds, monotonic.
        uniform: returns a random number between two others, to spread the checks.

    Returns:
        The connection that holds the slot; None if nothing is left to do.

    Raises:
        ServiceAwayError: no slot was free in that time.
        FatalError: what `open_database` raises.
    """
    end, logged = clock() + LONGEST_WAIT, False
    pause = min(LONGEST_CHECK, max(CHECK_SECONDS, CHECK_SECONDS_A_CHILD * children))
    while True:
        try:
            return _try(connect, is_over)
        except DatabaseAwayError as exc:
            if clock() >= end:
                raise
            if not logged:
                _LOG.warning("[DB] Waiting for room on the server up to %g s: %s", LONGEST_WAIT, exc)
                logged = True
        sleep(uniform(pause / 2, pause))


def _try(connect: Callable[[], Database], is_over: Callable[[Database], bool]) -> Database | None:
    """Try to take a slot; None if nothing is left to do. Raises DatabaseAwayError if no slot is free."""
    db = connect()
    with ExitStack() as unless_taken:
        unless_taken.enter_context(closing(db))
        with db.pipelined():
            db.send("connection_slots.turn", waiting=WAITING)
            room = db.one(
                "connection_slots.take", running=RUNNING, waiting=WAITING, a_run=CONNECTIONS_A_RUN, share=SHARE
            )
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
    """Return the metadata of a job whose items have all ended and whose result is written; None for any other job."""
    rows = db.rows("connection_slots.is_over", job_id=job_id)
    return JobMetadata.from_json(rows[0].metadata) if rows and rows[0].is_over else None
