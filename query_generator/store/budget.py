"""The cap of a job's cost, shared by all of its runs, in PostgreSQL."""

from collections.abc import Callable
from typing import TypeVar

from query_generator.models import BudgetStatus
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.side_connection import SideConnection

T = TypeVar("T")

LONGEST_TURN_WAIT = 0.05  # seconds


class SharedAllowance:
    """What one run may spend out of its job's cap.

    The allowances of all runs of a job never come to more than its cap. A run that gave nothing back when it ended,
    since it was killed, keeps all of its allowance.

    Args:
        side: the connection for that.
        job_id: the job.
        run_id: the run, which is in `runs`.
        cap_usd: the cap, in US dollars.
        policy: for how long a database that is away is waited for.
    """

    def __init__(self, side: SideConnection, job_id: str, run_id: str, cap_usd: float, policy: ReconnectPolicy) -> None:
        self._side = side
        self._job_id = job_id
        self._run_id = run_id
        self._cap_usd = cap_usd
        self._policy = policy

    def raise_to(self, needed: float, wanted: float) -> float:
        """Let the run spend `wanted` US dollars in all, or what is left but at least `needed`; 0 when that is not left.

        Raises:
            DatabaseAwayError: the database stayed away.
        """
        while (allowed := self._with_reconnect(lambda db: self._raise_to(db, needed, wanted))) is None:
            if self._policy.give_up():
                raise DatabaseAwayError("PostgreSQL: stopped while another run held the lock of the job's cap")
            self._policy.sleep(self._policy.uniform(0.0, LONGEST_TURN_WAIT))
        return allowed

    def _raise_to(self, db: Database, needed: float, wanted: float) -> float | None:
        """Raise it, or return None when another run is at it: waiting for that one would keep up the heartbeat."""
        with db.pipelined():
            lock = db.send("budget.lock", job_id=self._job_id)
            if not lock()[0].taken:
                return None
            rows = db.rows(
                "budget.raise",
                job_id=self._job_id,
                run_id=self._run_id,
                cap=self._cap_usd,
                needed=needed,
                wanted=wanted,
            )
        return float(rows[0].allowance_usd) if rows else 0.0

    def lower_to(self, spent: float) -> None:
        """Give back what the run will not spend; raises DatabaseAwayError."""
        self._with_reconnect(lambda db: db.rows("budget.lower", run_id=self._run_id, spent=spent))

    def status(self) -> BudgetStatus:
        """Return how the job stands; raises DatabaseAwayError."""
        row = self._with_reconnect(lambda db: db.one("budget.status", job_id=self._job_id))
        return BudgetStatus(self._cap_usd, row.spent_usd, row.done_items, row.open_items)

    def _with_reconnect(self, work: Callable[[Database], T]) -> T:
        return self._side.with_reconnect(work, self._policy)


def spent_usd(db: Database, job_id: str) -> float:
    """Return the US dollars that the runs of a job have spent, or may still spend."""
    return float(db.one("budget.status", job_id=job_id).spent_usd)
