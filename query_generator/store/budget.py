"""The cap of a job's cost, shared by all of its runs, in PostgreSQL."""

from query_generator.models import Standing
from query_generator.store.database import Database


class SharedAllowance:
    """What one run may spend out of its job's cap. Not for use by two threads at once.

    The allowances of all runs of a job never come to more than its cap. A run that gave nothing back when it ended,
    since it was killed, keeps all of its allowance.

    Args:
        db: a connection of its own, with as much patience as the run has.
        job_id: the job.
        run_id: the run, which is in `runs`.
        cap_usd: the cap, in US dollars.
    """

    def __init__(self, db: Database, job_id: str, run_id: str, cap_usd: float) -> None:
        self._db = db
        self._job_id = job_id
        self._run_id = run_id
        self._cap_usd = cap_usd

    def raise_to(self, needed: float, wanted: float) -> float:
        """Let the run spend `wanted` US dollars in all, or what is left but at least `needed`; 0 when that is not left.

        Raises:
            DatabaseAwayError: the database stayed away.
        """
        return self._db.persistently(lambda: self._raise_to(needed, wanted))

    def _raise_to(self, needed: float, wanted: float) -> float:
        with self._db.transaction():
            self._db.rows("budget.lock", job_id=self._job_id)
            rows = self._db.rows(
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
        self._db.persistently(lambda: self._db.rows("budget.lower", run_id=self._run_id, spent=spent))

    def standing(self) -> Standing:
        """Return how the job stands; raises DatabaseAwayError."""
        row = self._db.persistently(lambda: self._db.one("budget.standing", job_id=self._job_id))
        return Standing(self._cap_usd, row.spent_usd, row.done_items, row.open_items)
