"""The work on the items of a job: claim, ask, save, publish."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue

from query_generator.errors import FatalError, InterruptedRunError, SkippableError
from query_generator.llm.base import Provider
from query_generator.llm.metered import MeteredProvider, Meters
from query_generator.models import Generated, QueryType
from query_generator.pipeline.announcing import ProductLines
from query_generator.pipeline.batch_events import BatchEvents
from query_generator.pipeline.outcomes import next_call, next_state, queries_of, storable, with_ids
from query_generator.pipeline.workers import Workers, take_ended
from query_generator.questions.ask import ask
from query_generator.report.stats import RunStats
from query_generator.stopping import StopSignal
from query_generator.store.events import EventLog
from query_generator.store.items import Counts, Item, JobSize, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.queries import save_queries_to_rds, save_storable_queries

_LOG = logging.getLogger("generation")

ITEMS_A_TRANSACTION = 40
AHEAD_AT_MOST = 2 * ITEMS_A_TRANSACTION  # a larger claim would hold up saving
PUBLISHED_AT_ONCE = 5
PROGRESS_SECONDS = 30.0
PROGRESS_SHARE = 0.05
LOOK_SECONDS = 0.5


class Generation:
    """One run's work on the items of a job: a pool of threads makes calls, this thread claims and writes.

    A call is in flight from the moment it is handed to a thread until what it brought is committed, and at most
    `max_concurrency` are. An item that needs a second call gets it after the first one's questions are committed.
    """

    def __init__(
        self,
        ledger: Ledger,
        events: EventLog,
        provider: Provider,
        meter: MeteredProvider | Meters,
        stats: RunStats,
        stop: StopSignal,
        *,
        num_questions: int,
        max_concurrency: int,
        batch_size: int,
        clock: Callable[[], float] = time.monotonic,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what the loop works with; `on_look` is called now and then while it works."""
        self._on_look = on_look
        self._ledger = ledger
        self._events = events
        self._provider = provider
        self._meter = meter
        self._stats = stats
        self._stop = stop
        self._num_questions = num_questions
        self._max_concurrency = max_concurrency
        self._batch_size = batch_size
        self._clock = clock
        self._workers: Workers[Generated] = Workers(max_concurrency)
        self._ready: deque[Item] = deque()
        self._in_flight: dict[Future[Generated], Item] = {}
        self._done: SimpleQueue[Future[Generated]] = SimpleQueue()
        self._saved = BatchEvents(events, clock)
        self._fatal: FatalError | None = None
        self.ended: Counter[str] = Counter()
        self._ended_lately = self._ahead = 0
        self._told_of_stop = False
        self._connection_number = ledger.db.connection_number
        self._looked = self._publish_due = self._take_over_due = clock()
        self._progress_due = clock() + PROGRESS_SECONDS

    def run(self, counts: JobSize | Counts) -> None:
        """Work until every item is terminal, or a stop was asked for and what was in flight is saved.

        Items that another run works on are waited for, and taken over when that run is dead. After a stop, calls that
        do not end in the time for what is in flight are abandoned.

        Raises:
            FatalError: no further call makes sense; what was in flight is saved, unless this run may not write.
        """
        lines = ProductLines(counts.products, counts.processed_products, self._clock)
        try:
            while not self._stop.is_overdue():
                self._ledger.lease.require_alive()
                if not self._stop.is_set():
                    self._claim()
                    self._start(lines)
                else:
                    self._report_stop()
                if self._in_flight:
                    self._save(take_ended(self._done, ITEMS_A_TRANSACTION))
                elif self._stop.is_set() or not self._wait_for_others():
                    break
                self._look_around()
        except FatalError as exc:
            self._stop.set(str(exc))
            with suppress(FatalError):
                self._report_rest()
            raise
        self._ledger.db.with_reconnect(self._report_rest)
        if self._fatal:
            raise self._fatal

    def _report_stop(self) -> None:
        if not self._told_of_stop and self._in_flight:
            _LOG.warning(
                "[BATCH WARNING] %s: %d calls in flight have up to %g s; a second signal leaves at once",
                self._stop.reason,
                len(self._in_flight),
                self._stop.drain_seconds,
            )
            self._told_of_stop = True

    def _claim(self) -> None:
        """Have items ready besides those in flight: what the next half second may need, and a few at least."""
        spare = max(1, self._max_concurrency // 4, self._ahead)
        if len(self._ready) + len(self._in_flight) >= self._max_concurrency + spare // 2:
            return
        wanted = self._max_concurrency + spare - len(self._in_flight) - len(self._ready)
        self._ready.extend(self._ledger.db.with_reconnect(lambda: self._claim_once(wanted)))

    def _claim_once(self, size: int) -> list[Item]:
        """Claim, and free what an earlier try has claimed whose answer was lost with the connection."""
        if self._connection_number != self._ledger.db.connection_number:
            self._ledger.forget_claims([*self._ready, *self._in_flight.values()])
            self._connection_number = self._ledger.db.connection_number
        return self._ledger.claim(size)

    def _start(self, lines: ProductLines) -> None:
        while self._ready and len(self._in_flight) < self._max_concurrency:
            item = self._ready.popleft()
            if item.query_type is QueryType.PRODUCT and not item.deferred and not item.answered:
                lines.begins(item.product.name)
            future = self._workers.submit(partial(self._ask, item))
            self._in_flight[future] = item
            future.add_done_callback(self._done.put)

    def _ask(self, item: Item) -> Generated:
        if self._stop.is_set():
            raise InterruptedRunError(f"stopped: {self._stop.reason}")
        return ask(item.product, item.query_type, self._num_questions, self._provider, item.existing)

    def _save(self, finished: Sequence[Future[Generated]]) -> None:
        self._ended_lately += len(finished)
        outcomes = []
        for future in finished:
            outcome = self._outcome(self._in_flight[future], future)
            if outcome is None:
                del self._in_flight[future]
            else:
                outcomes.append((future, outcome))
        if not outcomes:
            return
        began = self._clock()
        try:
            written = self._save_together([outcome for _, outcome in outcomes], self._store)
        except SkippableError:
            written = [saved for _, outcome in outcomes for saved in self._save_alone(outcome)]
        for future, _ in outcomes:
            del self._in_flight[future]
        self._count(written)
        self._ready.extendleft(next_call(outcome) for outcome in written if outcome.state == "running")
        self._stats.results_persistence_time += self._clock() - began

    def _count(self, written: Sequence[Outcome]) -> None:
        self.ended.update(outcome.state for outcome in written if outcome.state in ("succeeded", "failed"))
        self.ended["failed for a transient reason"] += sum(o.state == "failed" and o.transient for o in written)

    def _outcome(self, item: Item, future: Future[Generated]) -> Outcome | None:
        """Judge what a call brought; None when it was not made, or tells that no call makes sense."""
        error = future.exception()
        if isinstance(error, FatalError):
            if not isinstance(error, InterruptedRunError):
                self._fatal = self._fatal or error
                self._stop.set(str(error))
            return None
        outcome = next_state(item, future.result(), self._num_questions)
        if outcome.generated.error:
            reason = storable(str(outcome.generated.error))
            _LOG.warning("[AI ERROR] %s questions for '%s': %s", item.query_type, item.product.name, reason)
        return outcome

    def _save_together(
        self, outcomes: Sequence[Outcome], store: Callable[[Sequence[Outcome]], Sequence[Outcome]]
    ) -> list[Outcome]:
        """Store questions and ledger rows of some calls, all or nothing, however often the database goes away."""
        self._stats.llm = self._meter.stats()
        stats = self._stats.as_dict()
        written = self._ledger.db.with_reconnect(
            lambda: self._ledger.save(outcomes, stats, lambda: store(outcomes), self._saved.saved)
        )
        self._saved.committed()
        return written

    def _report_rest(self) -> None:
        self._saved.report_rest(self._ledger.lease.writing)

    def _store(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        queries = [query for outcome in outcomes for query in queries_of(outcome)]
        ids = iter(save_queries_to_rds(queries, self._ledger.db, self._batch_size))
        return [with_ids(outcome, ids) for outcome in outcomes]

    def _store_what_can_be(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Store an item without the questions that the database refuses; such an item has failed."""
        (outcome,) = outcomes
        ids, refused = save_storable_queries(queries_of(outcome), self._ledger.db)
        if not refused:
            return [replace(outcome, query_ids=tuple(ids))]
        reason = "; ".join(f"query_text '{query.query_text[:80]}': {error}" for query, error in refused)
        return [replace(outcome, query_ids=tuple(ids), state="failed", error_stage="persist", error=storable(reason))]

    def _save_alone(self, outcome: Outcome) -> list[Outcome]:
        try:
            written = self._save_together([outcome], self._store_what_can_be)
        except SkippableError as exc:
            unstorable = replace(
                outcome, generated=Generated(), state="failed", error_stage="persist", error=str(exc), transient=False
            )
            written = self._save_together([unstorable], list)
        for failed in written:
            if failed.error_stage == "persist":
                _LOG.warning(
                    "[BATCH WARNING] %s questions for '%s': %s",
                    failed.item.query_type,
                    failed.item.product.name,
                    failed.error,
                )
        return written

    def _wait_for_others(self) -> bool:
        """Wait a little while other runs have items; False when every item is terminal."""
        if not self._ledger.db.with_reconnect(self._ledger.has_open_items):
            return False
        with suppress(InterruptedRunError):
            self._stop.sleep(self._ledger.lease.idle_look_seconds())
        return True

    def _look_around(self) -> None:
        """Take over from dead runs, publish events and tell the progress, each when it is time."""
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._ahead, self._ended_lately = min(self._ended_lately, AHEAD_AT_MOST), 0
            self._on_look()
        if now >= self._take_over_due:
            self._ledger.db.with_reconnect(self._ledger.lease.take_over)
            self._take_over_due = now + self._ledger.lease.look_seconds()
        if now >= self._publish_due:
            self._publish_due = now + 2 * self._ledger.lease.look_seconds()
            self._events.publish(PUBLISHED_AT_ONCE)
        if now >= self._progress_due:
            self._ledger.db.with_reconnect(self._report_progress)
            took = self._clock() - now
            self._progress_due = now + max(PROGRESS_SECONDS, took / PROGRESS_SHARE)

    def _report_progress(self) -> None:
        """Count and tell; of many runs one does so, since it reads the whole ledger."""
        if self._ledger.lease.is_shared and not self._ledger.begin_progress(PROGRESS_SECONDS):
            return
        done = self._ledger.note_progress()
        _LOG.info(
            "[BATCH] %d of %d items done, %d failed, %d questions",
            done.succeeded + done.failed,
            done.items,
            done.failed,
            done.questions,
        )
        self._events.record(
            "generation_progress", items=done.items, done=done.succeeded + done.failed, failed=done.failed
        )
