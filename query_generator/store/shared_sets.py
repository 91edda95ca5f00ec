"""Sets of questions that several items of a job take from: bought by one of them, kept until all have taken."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from query_generator.models import Generated, QueryType, Question, Writer
from query_generator.questions.sharing import SharedSet
from query_generator.store.database import Database
from query_generator.store.lease import Lease
from query_generator.store.queries import FACETS, stored_question


class SharedSets:
    """The sets of one job, for one run of it. Each method is one transaction that only a living run can commit."""

    def __init__(self, db: Database, job_id: str, lease: Lease) -> None:
        self._db = db
        self._job_id = job_id
        self._lease = lease

    def elect(self) -> None:
        """For each set that nobody buys while items wait for it, let the first of them buy it."""
        with self._lease.writing():
            self._rows("ledger.lock_job")
            self._rows("ledger.elect")
            self._rows("ledger.end_waiting_alone")

    def save(
        self, query_type: QueryType, shared: SharedSet, generated: Generated, stats: Mapping[str, Any], *, ends: bool
    ) -> SharedSet:
        """Write what a call has brought for a set, and let the items take from it when it is complete.

        Calling it again after an uncertain commit changes nothing: the set knows how many calls it has counted.

        Args:
            query_type: of the questions.
            shared: the set as it was before the call.
            generated: what the call has brought.
            stats: the sums of this run, saved in its row.
            ends: whether the set is complete with that.

        Returns:
            The set as it is stored.

        Raises:
            RunFencedError: this run was declared dead.
        """
        writer = Writer(generated.provider, generated.model, generated.prompt_version)
        of_set = {"query_type": query_type, "scope": shared.scope}
        with self._lease.writing():
            self._rows(
                "ledger.save_set",
                **of_set,
                questions=json.dumps([_row(question, writer) for question in generated.questions]),
                dropped=json.dumps(generated.dropped),
                calls_before=shared.calls,
                is_complete=ends,
            )
            self._db.rows("runs.save_stats", run_id=self._lease.run_id, stats=json.dumps(dict(stats)))
            (stored,) = self._rows("ledger.shared_set", **of_set)
            if stored.is_complete:
                self._end_waiting(query_type, shared.scope)
        return SharedSet(shared.scope, set_questions(stored.questions), stored.calls, stored.is_complete)

    def give_up(self, query_type: QueryType, scope: str) -> None:
        """Buy no more for a set: its items take what there is, and buy the rest by themselves."""
        with self._lease.writing():
            self._rows("ledger.close_set", query_type=query_type, scope=scope)
            self._end_waiting(query_type, scope)

    def _end_waiting(self, query_type: QueryType, scope: str) -> None:
        self._rows("ledger.end_waiting", run_id=self._lease.run_id, query_type=query_type, scope=scope)
        if query_type is QueryType.MARKET:
            self._rows("ledger.end_waiting_beside", scope=scope)

    def _rows(self, name: str, **parameters: object) -> list[Any]:
        return self._db.rows(name, job_id=self._job_id, **parameters)


@dataclass(frozen=True, slots=True)
class SharedSums:
    """What sets have spared: from `sets`, bought by `calls`, `items` have taken `questions`."""

    sets: int
    calls: int
    items: int
    questions: int


def shared_sums(db: Database, job_id: str) -> dict[str, SharedSums]:
    """Sum up the sets of a job by the type of their questions."""
    rows = db.rows("ledger.shared_sums", job_id=job_id)
    return {row.query_type: SharedSums(row.sets, row.calls, row.items, row.questions) for row in rows}


def set_questions(rows: Iterable[Sequence[Any]]) -> tuple[Question, ...]:
    """Return the stored questions of a set; a row has text, FACETS, branded, locale, and `Writer`."""
    return tuple(
        replace(stored_question(fields), locale=locale, writer=Writer(provider, model, version))
        for *fields, locale, provider, model, version in rows
    )


def _row(question: Question, writer: Writer) -> list[Any]:
    facets = asdict(question.facets) if question.facets else {}
    of_plan = [facets.get(name) for name in FACETS]
    branded = question.facets.branded if question.facets else question.branded
    return [question.text, *of_plan, branded, question.locale, *writer]
