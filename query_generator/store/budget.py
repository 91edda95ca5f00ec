"""The cost cap of a job, shared by all of its runs, in PostgreSQL."""

from collections.abc import Callable
from typing import TypeVar

from query_generator.models import BudgetStatus
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.side_connection import SideConnection

T = TypeVar("T")

LONGEST_LOCK_WAIT = 0.05  # seconds between two attempts to get the lock


class SharedAllowance:
    """What one run may spend out of its job's cap.

    The allowances of all runs of a job never exceed its cap. A run that was killed gives nothing back and keeps its
    whole allowance.

    Args:
        side: the connection to use.
        job_id: the id of the job.
        run_id: the id of the run, which has its row in `query_generator_runs`.
        cap_usd: the cap, in US dollars.
        policy: how long to wait for a database that is away.
    """

    def __init__(self, side: SideConnection, job_id: str, run_id: str, cap_usd: float, policy: ReconnectPolicy) -> None:
        self._side = side
        self._job_id = job_id
        self._run_id = run_id
        self._cap_usd = cap_usd
        self._policy = policy

    def raise_to(self, needed: float, wanted: float) -> float:
        """Let the run spend up to `wanted` US dollars in all, or at least `needed` if not so much is left.

        Returns:
            The allowance of the run in US dollars; 0 if not even `needed` is left.

        Raises:
            DatabaseAwayError: the database stayed away.
        """
        while (allowed := self._with_reconnect(lambda db: self._raise_to(db, needed, wanted))) is None:
            if self._policy.give_up():
                raise DatabaseAwayError("PostgreSQL: stopped while another run held the lock of the job's cap")
            self._policy.sleep(self._policy.uniform(0.0, LONGEST_LOCK_WAIT))
        return allowed

    def _raise_to(self, db: Database, needed: float, wanted: float) -> float | None:
        """Raise the allowance; None if another run holds the lock: waiting for it here would delay the heartbeat."""
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
        """Lower the allowance to `spent` US dollars. Raises DatabaseAwayError."""
        self._with_reconnect(lambda db: db.rows("budget.lower", run_id=self._run_id, spent=spent))

    def status(self) -> BudgetStatus:
        """Return the job's spending against its cap. Raises DatabaseAwayError."""
        row = self._with_reconnect(lambda db: db.one("budget.status", job_id=self._job_id))
        return BudgetStatus(self._cap_usd, row.spent_usd, row.done_items, row.open_items)

    def _with_reconnect(self, work: Callable[[Database], T]) -> T:
        return self._side.with_reconnect(work, self._policy)


def spent_usd(db: Database, job_id: str) -> float:
    """Return the US dollars that the runs of a job have spent or hold as allowances."""
    return float(db.one("budget.status", job_id=job_id).spent_usd)
