"""Saves outcomes: questions and ledger rows in one transaction, or item by item if a row is refused."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from query_generator.errors import ConfigurationError, SkippableError
from query_generator.llm.metered import MeteredProvider, Meters
from query_generator.models import Generated
from query_generator.pipeline.batch_events import BatchEvents
from query_generator.pipeline.outcomes import queries_of, storable, with_ids
from query_generator.questions.order import Order
from query_generator.questions.sharing import SharedSet, order_of_set
from query_generator.report.stats import RunStats
from query_generator.store.driver import sqlstate_of
from query_generator.store.events import EventLog
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.queries import save_storable_queries, stored_ids, switch_off
from query_generator.store.sequences import require_other_cause

_LOG = logging.getLogger("generation")

REFUSED_IN_A_ROW = 5  # items of which no question could be stored
FOREIGN_KEY_VIOLATION = "23503"

Store = Callable[[Sequence[Outcome]], Sequence[Outcome]]


class Saving:
    """Saves outcomes for one run, and waits for a database that is away.

    Args:
        ledger: the ledger of the job.
        events: receives the `batch_saved` events.
        meter: counts the calls; its sums are saved in each transaction.
        stats: the sums of the run; the seconds spent on saving are added to it.
        batch_size: rows in one INSERT.
        order: returns what is wanted of each item.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        ledger: Ledger,
        events: EventLog,
        meter: MeteredProvider | Meters,
        stats: RunStats,
        batch_size: int,
        order: Callable[[], Order],
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._meter = meter
        self._stats = stats
        self._batch_size = batch_size
        self._order = order
        self._clock = clock
        self._saved = BatchEvents(events, clock)
        self._refused_in_a_row = 0

    def save(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Write outcomes in one transaction, or each in one of its own if a row cannot be stored.

        Returns:
            The outcomes as written, with their `query_ids`; those with a refused row have failed.

        Raises:
            RunFencedError: this run was declared dead.
            DatabaseAwayError: the database stayed away.
            ConfigurationError: no question of several items in a row could be stored; a later run tries them again.
        """
        began = self._clock()
        try:
            written = self._save_together(outcomes, self._store)
            self._refused_in_a_row = 0
        except SkippableError as exc:
            require_other_cause(self._ledger.db, exc)
            written = [saved for outcome in outcomes for saved in self._save_alone(outcome)]
        self._stats.results_persistence_time += self._clock() - began
        return written

    def save_set(self, item: Item, generated: Generated) -> SharedSet:
        """Save what a call has brought for the set of an item; a set that cannot be bought is given up.

        Returns:
            The set as it is stored, from which other items may take if it is complete.

        Raises:
            RunFencedError: this run was declared dead.
            DatabaseAwayError: the database stayed away.
        """
        shared, order = item.shared or SharedSet(""), self._order()
        if generated.error is None:
            wanted = order_of_set(item.product, item.query_type, order).num_questions
            have = len(shared.questions) + len(generated.questions)
            ends = have >= wanted or shared.calls + 1 >= order.calls
            self._stats.llm = self._meter.stats()
            self._stats.examples = {**generated.examples, **self._stats.examples}
            try:
                return self._ledger.db.with_reconnect(
                    lambda: self._ledger.sets.save(item.query_type, shared, generated, self._stats.as_dict(), ends=ends)
                )
            except SkippableError as exc:
                generated.error = exc
        _LOG.warning(
            "[BATCH WARNING] %s questions for all products like '%s' cannot be had, so each is asked for alone: %s",
            item.query_type,
            item.product.name,
            storable(str(generated.error)),
        )
        self._ledger.db.with_reconnect(lambda: self._ledger.sets.give_up(item.query_type, shared.scope))
        return replace(shared, is_complete=True)

    def elect_in_place_of(self, outcomes: Sequence[Outcome]) -> None:
        """Let other items buy the sets of those that have failed before they could."""
        if any(outcome.item.buys_set and outcome.state is ItemState.FAILED for outcome in outcomes):
            self._ledger.db.with_reconnect(self._ledger.sets.elect)

    def report_rest(self) -> None:
        """Record what no `batch_saved` event has reported yet."""
        self._saved.report_rest(self._ledger.lease.writing)

    def _save_together(self, outcomes: Sequence[Outcome], store: Store) -> list[Outcome]:
        self._stats.llm = self._meter.stats()
        for outcome in outcomes:
            self._stats.examples = {**outcome.generated.examples, **self._stats.examples}
        stats = self._stats.as_dict()
        written: list[Outcome] = self._ledger.db.with_reconnect(
            lambda: self._ledger.queue.save(outcomes, stats, lambda: store(outcomes), self._saved.saved)
        )
        self._saved.committed()
        return written

    def _save_alone(self, outcome: Outcome) -> list[Outcome]:
        try:
            written = self._save_together([outcome], self._store_what_can_be)
        except SkippableError as exc:
            failed = _unstorable(outcome, Generated(), str(exc), transient=_is_a_rule_of_the_table(exc))
            written = self._save_together([failed], list)
        for failed in written:
            self._count_refused(failed)
            if failed.error_stage is ErrorStage.PERSIST:
                _LOG.warning(
                    "[BATCH WARNING] %s questions for '%s': %s",
                    failed.item.query_type,
                    failed.item.product.name,
                    failed.error,
                )
        return written

    def _count_refused(self, written: Outcome) -> None:
        if written.query_ids:
            self._refused_in_a_row = 0
        elif written.error_stage is ErrorStage.PERSIST:
            self._refused_in_a_row += 1
        if self._refused_in_a_row < REFUSED_IN_A_ROW:
            return
        self._ledger.db.with_reconnect(self._ledger.queue.retry_refused)
        raise ConfigurationError(
            f"table queries takes no question: those of {REFUSED_IN_A_ROW} items in a row were refused, the last one "
            f"because {written.error}. Correct the table, or what was added to it, and run the same job id again."
        )

    def _store(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        self._switch_off(outcomes)
        queries = [query for outcome in outcomes for query in queries_of(outcome)]
        ids = iter(stored_ids(queries, self._ledger.db, self._batch_size))
        return [with_ids(outcome, ids, self._order()) for outcome in outcomes]

    def _store_what_can_be(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Store one outcome without the questions that the database refuses; if there are any, its item fails."""
        (outcome,) = outcomes
        self._switch_off(outcomes)
        ids, refused = save_storable_queries(queries_of(outcome), self._ledger.db)
        if not refused:
            return [with_ids(outcome, iter(ids), self._order())]
        stored = replace(outcome, query_ids=(*outcome.item.by_person, *(each for each in ids if each is not None)))
        reason = "; ".join(f"query_text '{query.query_text[:80]}': {error}" for query, error in refused)
        by_rule = not ids and not outcome.item.existing and all(_is_a_rule_of_the_table(error) for _, error in refused)
        return [_unstorable(stored, outcome.generated, storable(reason), transient=outcome.transient or by_rule)]

    def _switch_off(self, outcomes: Sequence[Outcome]) -> None:
        switch_off(
            {query_id: reason for each in outcomes for query_id, reason in each.item.off.items()}, self._ledger.db
        )


def _unstorable(outcome: Outcome, generated: Generated, error: str, *, transient: bool = False) -> Outcome:
    return replace(
        outcome,
        generated=generated,
        state=ItemState.FAILED,
        error_stage=ErrorStage.PERSIST,
        error=error,
        transient=transient,
    )


def _is_a_rule_of_the_table(error: SkippableError) -> bool:
    """Return whether a constraint, a view or a trigger refused a row, not what it holds or its missing product."""
    state = sqlstate_of(error)
    return state != FOREIGN_KEY_VIOLATION and state.startswith(("23", "44", "P0"))
