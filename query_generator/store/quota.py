"""One rate limit for all runs of a job: the start slots of calls, reserved in PostgreSQL."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from query_generator.errors import BudgetExhaustedError
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.side_connection import SideConnection

T = TypeVar("T")

STOCK = 0.8  # of the slots used lately, so that a run that slows down reserves fewer
AWAY_SECONDS = 5.0
LATEST_CHECK = 1.0  # seconds
# A run that finds no start slot checks less often, one that finds some more often: about one check in seven finds a
# slot, however many runs there are.
SLOWER = 1.25
FASTER = 4.0
LONGEST_CHECK = 1.0  # seconds


class SharedSchedule:
    """The `Schedule` of a job and provider, for runs in any number of processes. Safe for threads.

    A row holds the time at which the next call may start. A single statement on the side connection reserves slots for
    all waiting calls of a run, so that a run sends a few such statements a second whatever its rate.

    Args:
        side: the connection to use.
        job_id: the id of the job whose runs share the limit.
        provider: the name of the provider.
        ahead_seconds: how far ahead start slots may be reserved.
        calls_a_day: limit of the whole job; None is no limit.
        clock: seconds, monotonic.
        uniform: returns a random number between two others, to spread the checks of many runs.
    """

    def __init__(
        self,
        side: SideConnection,
        job_id: str,
        provider: str,
        ahead_seconds: float,
        calls_a_day: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._side = side
        self._whose = {"job_id": job_id, "provider": provider}
        self._ahead = ahead_seconds
        self._calls_a_day = calls_a_day
        self._clock = clock
        self._uniform = uniform
        self._lock = threading.Lock()
        self._is_open = False
        self._has_plenty, self._handed, self._asked_at = False, 0, clock()
        self._away_until = clock()
        self._pause = self._first_pause = ahead_seconds / 4

    def reserve(self, calls: int, gap: float, extra: float = 0.0, unused: int = 0) -> tuple[list[float], float]:
        """Reserve the next start slots; see `Schedule`.

        Raises:
            BudgetExhaustedError: the day's calls are used up.
            DatabaseAwayError: the database is out of reach.
        """
        with self._lock:
            return self._connected(lambda db: self._reserve(db, calls, gap, extra, unused))

    def hold(self, seconds: float) -> None:
        """Let no run start a call for `seconds`. Raises DatabaseAwayError."""
        with self._lock:
            self._connected(lambda db: db.rows("quota.hold", **self._whose, seconds=seconds))

    def _reserve(self, db: Database, calls: int, gap: float, extra: float, unused: int) -> tuple[list[float], float]:
        calls = self._with_stock(calls, gap)
        rows = db.rows(
            "quota.reserve",
            **self._whose,
            calls=calls,
            unused=unused,
            seconds=calls * gap + extra,
            ahead=self._ahead,
            a_day=self._calls_a_day,
        )
        if rows:
            self._pause = max(self._first_pause, self._pause / FASTER)
            first = max(0.0, rows[0].first)
            self._has_plenty, self._handed = rows[0].first <= 0, calls
            return [first + number * gap for number in range(calls)], 0.0
        db.rows("quota.follow_clock", **self._whose)
        state = db.one("quota.state", **self._whose)
        left = calls if self._calls_a_day is None else self._calls_a_day - state.day_calls + unused
        if left <= 0:
            raise BudgetExhaustedError(
                f"the {self._calls_a_day} calls a day to {self._whose['provider']} are used up; "
                "run the same job id again tomorrow, or raise MAX_REQUESTS_PER_DAY"
            )
        if left < calls:
            return self._reserve(db, left, gap, extra, unused)
        wait = min(max(LATEST_CHECK, self._pause), max(0.0, state.next - self._ahead)) + self._uniform(0.0, self._pause)
        self._pause = min(LONGEST_CHECK, SLOWER * self._pause)
        return [], wait

    def _with_stock(self, calls: int, gap: float) -> int:
        """Return how many slots to reserve: if the limit leaves plenty, as many as this run used lately."""
        now = self._clock()
        seconds, self._asked_at = max(now - self._asked_at, 0.001), now
        if not self._has_plenty or self._calls_a_day is not None:
            return calls
        lately = STOCK * self._handed / seconds * self._ahead
        return max(calls, int(min(lately, self._ahead / gap) if gap else lately))

    def _connected(self, work: Callable[[Database], T]) -> T:
        """Work on the connection; after a failure, do not try again for five seconds."""
        if self._clock() < self._away_until:
            raise DatabaseAwayError("PostgreSQL is out of reach, and with it the limit that all runs share")

        def work_on_row(db: Database) -> T:
            if not self._is_open:
                db.rows("quota.open", **self._whose)
                self._is_open = True
            return work(db)

        try:
            return self._side.use(work_on_row)
        except DatabaseAwayError:
            self._away_until = self._clock() + AWAY_SECONDS
            raise
