"""The lease of a run: it shows that the run is alive, and lets other runs take over its work when it is not.

A lease belongs to a run, not to its items. Another run lets it lapse when it has seen the same heartbeat for as long as
the lease by its own monotonic clock, so that no clock that is set, here or in the database, makes a run look dead or
alive. A run whose lease has lapsed stays alive until another run declares it dead, for good: every write locks the
writer's own row in `query_generator_runs` and requires that it is alive, so that a run which was frozen or cut off
cannot write after its work was taken over.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from query_generator.errors import FatalError, RunFencedError
from query_generator.store.database import Database
from query_generator.store.process_identity import is_surely_gone, own_identity
from query_generator.store.side_connection import SideConnection

_LOG = logging.getLogger("lease")

BEATS_A_LEASE = 4
CHECK_SECONDS = 0.5
IDLE_CHECK_SECONDS = 0.1
CHECK_SECONDS_A_RUN = 0.02  # all runs together check at most 50 times a second,
LONGEST_CHECK = 10.0  # but each run at least once in this time
CONFIRMATION_CHECK = 0.05


class _Seen(NamedTuple):
    """A heartbeat of another run, and the connection and its age in seconds when it was seen first."""

    heartbeat: str
    connection_number: int
    since: float


class Lease:
    """The lease of one run of a job."""

    def __init__(
        self,
        db: Database,
        job_id: str,
        run_id: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        reconnect_seconds: float = 180.0,
    ) -> None:
        """Take the length of the lease, and for how many seconds to go on without heartbeats after it."""
        self._reconnect_seconds = reconnect_seconds
        self.failure: FatalError | None = None
        self._clock = clock
        self._confirmed_at = clock()
        self._others: dict[str, _Seen] = {}
        self._db = db
        self._job_id = job_id
        self.run_id = run_id
        self.seconds = seconds
        self.lost = threading.Event()

    def begin(self) -> None:
        """Add the run's row, which begins the lease."""
        self._confirmed_at = self._clock()
        self._db.rows(
            "runs.start",
            run_id=self.run_id,
            job_id=self._job_id,
            process=own_identity(),
            lease_seconds=self.seconds,
        )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction that only a living run can commit. Its first statement locks the run's row; it is sent
        with the others, and its answer is checked before the commit.

        Raises:
            RunFencedError: this run was declared dead.
        """
        with self._db.pipelined():
            held = self._db.send("runs.hold", run_id=self.run_id)
            yield
            if not held():
                raise self.fenced()

    def take_over(self) -> int:
        """Declare the dead runs of this job dead and free their items; return the number of these runs.

        A run whose process on this machine has ended is dead at once. Any other run is dead when the same heartbeat of
        it was seen for as long as its lease on this connection: after an outage, every run gets time to send another.
        """
        age = self._db.connected_for()
        others = self._db.rows("runs.others", job_id=self._job_id, run_id=self.run_id)
        self._others = {run.run_id: self._see(run) for run in others}
        if not others:
            return 0
        silent = [
            run
            for run in others
            if is_surely_gone(run.process) or age - self._others[run.run_id].since >= run.lease_seconds
        ]
        with self.writing():
            dead = self._db.rows(
                "runs.declare_dead",
                run_ids=[run.run_id for run in silent],
                heartbeats=[run.heartbeat for run in silent],
            )
            if dead:
                self._db.rows("runs.free_items", run_ids=[run.run_id for run in dead])
        for run in dead:
            _LOG.warning("[BATCH WARNING] Run %s is dead; this run takes over its work", run.run_id)
        return len(dead)

    def _see(self, run: Any) -> _Seen:
        """Return what is known of a run's last heartbeat, which is new if it or the connection is another one."""
        seen, connection = self._others.get(run.run_id), self._db.connection_number
        if seen and (seen.heartbeat, seen.connection_number) == (run.heartbeat, connection):
            return seen
        return _Seen(run.heartbeat, connection, self._db.connected_for())

    @property
    def is_shared(self) -> bool:
        """Whether other runs of the job were alive at the last check."""
        return bool(self._others)

    def check_seconds(self) -> float:
        """Return the seconds until the next check on other runs; the more runs, the longer."""
        return self._check_seconds(CHECK_SECONDS)

    def idle_check_seconds(self) -> float:
        """Return the seconds until the next check of a run that does nothing but wait for other runs."""
        return self._check_seconds(IDLE_CHECK_SECONDS)

    def _check_seconds(self, least: float) -> float:
        return min(LONGEST_CHECK, max(least, CHECK_SECONDS_A_RUN * len(self._others))) * random.uniform(0.75, 1.25)

    def confirm(self, since: float) -> None:
        """Note that the database took a heartbeat that was sent at `since`, in seconds of the monotonic clock."""
        self._confirmed_at, self.failure = since, None

    def wait_until_confirmed(self, sleep: Callable[[float], None]) -> None:
        """Wait until no other run can have declared this one dead: the last heartbeat is less than a lease old.

        A run that was frozen or cut off for longer waits here for its next heartbeat before it spends money.

        Raises:
            RunFencedError: this run was declared dead.
            FatalError: why no heartbeat could be sent, for as long as a run waits for its database.
        """
        while (silent := self._clock() - self._confirmed_at) >= self.seconds:
            self.require_alive()
            if self.failure and silent >= self.seconds + self._reconnect_seconds:
                raise self.failure
            sleep(CONFIRMATION_CHECK)
        self.require_alive()

    def require_alive(self) -> None:
        """Raise RunFencedError if the heartbeat has found this run dead."""
        if self.lost.is_set():
            raise self.fenced()

    def end(self) -> None:
        """End the run, and free the items that it still holds."""
        with self._db.transaction():
            self._db.rows("runs.end", run_id=self.run_id)
            self._db.rows("runs.free_items", run_ids=[self.run_id])

    def fenced(self) -> RunFencedError:
        """Return the error for a run that was declared dead."""
        return RunFencedError(
            f"run {self.run_id} was declared dead by another run of job {self._job_id}, which took over its work; "
            f"this run was silent for more than its lease of {self.seconds:g} s and stops"
        )


class Heartbeat:
    """Sends the heartbeats of a run, four per lease, from its own thread and on the side connection."""

    def __init__(self, lease: Lease, side: SideConnection, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease = lease
        self._clock = clock
        self._side = side
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=1)

    def _beat(self) -> None:
        while not self._ended.wait(self._lease.seconds / BEATS_A_LEASE):
            try:
                sent_at, alive = self._side.use(self._beat_once)
            except FatalError as exc:
                log = _LOG.debug if self._lease.failure else _LOG.warning
                log("[DB] No heartbeat, and after %g s without one no call: %s", self._lease.seconds, exc)
                self._lease.failure = exc
                continue
            if not alive:
                self._lease.lost.set()
                break
            self._lease.confirm(sent_at)

    def _beat_once(self, db: Database) -> tuple[float, bool]:
        """Send a heartbeat; return when it was sent, and whether the run is alive."""
        sent_at = self._clock()
        return sent_at, bool(db.rows("runs.beat", run_id=self._lease.run_id))
