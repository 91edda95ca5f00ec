"""Room for a run's connections on the database server."""

import logging
import random
import time
from collections.abc import Callable

from query_generator.errors import ServiceAwayError
from query_generator.store.database import Database
from query_generator.store.refusals import DatabaseAwayError

_LOG = logging.getLogger("places")

CONNECTIONS_A_RUN = 3  # the ledger's, the heartbeat's and the quota's
PLACE = "query-generator run"
SHARE = 0.6  # of the server's connections, for all runs together
PATIENCE_SECONDS = 300.0
FIRST_LOOK = 4.0
LONGEST_LOOK = 60.0


def connect_in_turn(
    connect: Callable[[], Database],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    uniform: Callable[[float, float], float] = random.uniform,
) -> Database:
    """Connect when the runs that came before leave room for one more, and wait for that up to five minutes.

    Each run holds its place by its connection alone, so a killed one gives its place back.

    Raises:
        ServiceAwayError: there was no room in that time.
        FatalError: as `open_database`.
    """
    end, told, look = clock() + PATIENCE_SECONDS, False, FIRST_LOOK
    while True:
        try:
            db = connect()
        except DatabaseAwayError as exc:
            if clock() >= end:
                raise
            reason = str(exc)
        else:
            row = db.one("places.mine", application=PLACE, a_run=CONNECTIONS_A_RUN)
            if row.needed <= SHARE * row.most:
                return db
            db.close()
            reason = f"the runs before this one need {row.needed} of {row.most} connections"
            if clock() >= end:
                raise ServiceAwayError(f"PostgreSQL: {reason}; run the same job id again when some have ended")
        if not told:
            _LOG.warning("[DB] Waiting for room on the server up to %g s: %s", PATIENCE_SECONDS, reason)
            told = True
        sleep(uniform(0.5, look))
        look = min(2 * look, LONGEST_LOOK)
