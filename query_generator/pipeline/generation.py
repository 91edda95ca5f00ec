"""The work on the items of a job: claim, ask, save, publish."""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from queue import SimpleQueue

from query_generator.errors import FatalError, InterruptedRunError, RepliesOfNoUseError, RetryableError
from query_generator.llm.base import Provider
from query_generator.llm.metered import MeteredProvider, Meters
from query_generator.models import Generated, QueryType
from query_generator.pipeline.announcing import ProductLines
from query_generator.pipeline.asking import Asking
from query_generator.pipeline.housekeeping import Housekeeping, Task, tasks_of
from query_generator.pipeline.outcomes import next_call, next_state, storable
from query_generator.pipeline.saving import Saving
from query_generator.pipeline.unusable import UnusableReplies
from query_generator.pipeline.workers import Workers, take_ended
from query_generator.questions.ask import are_mostly_copies
from query_generator.questions.order import Order
from query_generator.questions.seen import Seen
from query_generator.questions.weakness import Weakness
from query_generator.report.stats import RunStats, Tally
from query_generator.stopping import StopSignal
from query_generator.store.events import EventLog
from query_generator.store.items import Counts, Item, ItemState, JobSize, Outcome
from query_generator.store.jobs import has_open_items
from query_generator.store.ledger import Ledger

_LOG = logging.getLogger("generation")

ITEMS_A_TRANSACTION = 40
AHEAD_AT_MOST = 2 * ITEMS_A_TRANSACTION  # items claimed beyond those in flight; a larger claim would delay saving
CHECK_SECONDS = 0.5
CHECKS_BETWEEN_ELECTIONS = 30  # of a run that has nothing to do: electing looks at every item that waits


class Generation:
    """One run's work on the items of a job: a pool of threads makes the calls, this thread claims and saves.

    A call is in flight from when it is handed to a thread until its outcome is committed; at most `max_concurrency`
    calls are in flight. An item that needs a second call gets it after the questions of the first are committed.
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
        order: Order,
        max_concurrency: int,
        batch_size: int,
        unusable: UnusableReplies,
        clock: Callable[[], float] = time.monotonic,
        on_check: Callable[[], None] = lambda: None,
        seen: Seen | None = None,
    ) -> None:
        """Take what the loop works with; `on_check` is called about twice a second while it works. `seen` takes in
        what the run sees of its products."""
        self._on_check = on_check
        self._ledger = ledger
        self._stop = stop
        self._weakness = Weakness(order)
        self._seen = seen or Seen()
        self._asking = Asking(provider, stop, self._weakness, self._seen)
        self._max_concurrency = max_concurrency
        self._clock = clock
        self._unusable = unusable
        self._saving = Saving(ledger, events, meter, stats, batch_size, lambda: self._weakness.order, clock)
        checking = Task(self._check, lambda _: CHECK_SECONDS, CHECK_SECONDS)
        self._housekeeping = Housekeeping([checking, *tasks_of(ledger, events)], clock)
        self._workers: Workers[Generated] = Workers(max_concurrency)
        self._ready: deque[Item] = deque()
        self._in_flight: dict[Future[Generated], Item] = {}
        self._beside: set[Future[Generated]] = set()  # of those in flight: second items of calls for two
        self._done: SimpleQueue[Future[Generated]] = SimpleQueue()
        self._fatal: FatalError | None = None
        self.ended = Tally()
        self._ended_lately = self._ahead = 0
        self._stop_reported = False
        self._idle_checks = 0
        self._connection_number = ledger.db.connection_number

    def run(self, counts: JobSize | Counts) -> None:
        """Work until every item has ended, or until a stop was asked for and the calls in flight are saved.

        Waits for items that another run works on, and takes them over if that run is dead. After a stop, calls that
        do not end within the drain time are abandoned.

        Raises:
            FatalError: no further call makes sense; the calls in flight are saved unless this run may not write.
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
                self._housekeeping.do_what_is_due()
        except FatalError as exc:
            self._stop.set(str(exc))
            with suppress(FatalError):
                self._saving.report_rest()
            raise
        self._ledger.db.with_reconnect(self._saving.report_rest)
        if self._fatal:
            raise self._fatal

    def _report_stop(self) -> None:
        if not self._stop_reported and self._in_flight:
            _LOG.warning(
                "[BATCH WARNING] %s: %d calls in flight %s",
                self._stop.reason,
                self._calls_in_flight,
                "are waited for"
                if self._fatal
                else f"have up to {self._stop.drain_seconds:g} s; a second signal ends the run at once",
            )
            self._stop_reported = True

    def _claim(self) -> None:
        """Keep items ready besides those in flight: as many as the next half second may need, and at least a few."""
        spare = max(1, self._max_concurrency // 4, self._ahead)
        if len(self._ready) + self._calls_in_flight >= self._max_concurrency + spare // 2:
            return
        wanted = self._max_concurrency + spare - self._calls_in_flight - len(self._ready)
        self._ready.extend(self._ledger.db.with_reconnect(partial(self._claim_once, wanted)))
        if self._ready and self._asking.may_have_partner(self._ready[-1]):
            self._ready.extend(self._ledger.db.with_reconnect(partial(self._claim_once, 1)))

    def _claim_once(self, size: int) -> list[Item]:
        """Claim items; first free those of an earlier claim whose answer was lost with the connection."""
        if self._connection_number != self._ledger.db.connection_number:
            self._ledger.queue.forget_claims([*self._ready, *self._in_flight.values()])
            self._connection_number = self._ledger.db.connection_number
        return self._ledger.queue.claim(size)

    def _start(self, lines: ProductLines) -> None:
        while (
            self._ready and self._calls_in_flight < self._max_concurrency and self._unusable.may_begin(self._ready[0])
        ):
            item = self._ready.popleft()
            self._unusable.begins(item)
            self._seen.begins(item.product)
            if item.query_type is QueryType.PRODUCT and not item.deferred and not item.answered:
                lines.begins(item.product.name)
            if self._ready and self._asking.is_pair(item, self._ready[0]):
                other, second = self._ready.popleft(), Future[Generated]()
                self._unusable.begins(other)
                self._beside.add(second)
                future = self._workers.submit(partial(self._asking.both, item, other, second))
                self._watch(second, other)
            else:
                future = self._workers.submit(partial(self._asking.one, item))
            self._watch(future, item)

    def _watch(self, future: Future[Generated], item: Item) -> None:
        self._in_flight[future] = item
        future.add_done_callback(self._done.put)

    @property
    def _calls_in_flight(self) -> int:
        return len(self._in_flight) - len(self._beside)

    def _ended(self, future: Future[Generated]) -> None:
        del self._in_flight[future]
        self._beside.discard(future)

    def _save(self, finished: Sequence[Future[Generated]]) -> None:
        self._ended_lately += len(finished)
        outcomes = []
        for future in finished:
            item = self._in_flight[future]
            if item.buys_set and self._save_set(item, future):
                self._ended(future)
                continue
            outcome = self._outcome(item, future)
            if outcome is None:
                self._ended(future)
            else:
                outcomes.append((future, outcome))
        if not outcomes:
            return
        written = self._saving.save([outcome for _, outcome in outcomes])
        for future, _ in outcomes:
            self._ended(future)
        self.ended.add(written)
        self._saving.elect_in_place_of(written)
        self._ready.extendleft(next_call(outcome) for outcome in written if outcome.state is ItemState.RUNNING)

    def _save_set(self, item: Item, future: Future[Generated]) -> bool:
        """Save what was bought for a set, whose item then takes its turn with its product's other one.

        Returns False if the call is to be made again, or failed.
        """
        if future.exception():
            return False
        generated = future.result()
        if isinstance(generated.error, RetryableError):
            return False
        shared = self._saving.save_set(item, generated)
        self._unusable.ended(item, generated)
        if not shared.is_complete:
            self._ready.appendleft(replace(item, shared=shared))
        return True

    def _outcome(self, item: Item, future: Future[Generated]) -> Outcome | None:
        """Return the outcome of a call; None if it was not made, or failed with an error that ends the run."""
        error = future.exception()
        if isinstance(error, FatalError):
            self._unusable.ended(item, None)
            if not isinstance(error, InterruptedRunError):
                self._end(error)
            return None
        generated = future.result()
        outcome = next_state(item, generated, self._weakness.order, may_wait=self._unusable.is_worth_waiting(item))
        try:
            self._unusable.ended(item, generated)
        except RepliesOfNoUseError as exc:
            self._end(exc)
        if are_mostly_copies(generated):
            _LOG.warning(
                "[AI ERROR] %s questions for '%s': of the reply fewer than a fifth are no copies",
                item.query_type,
                item.product.name,
            )
        if outcome.generated.error:
            reason = storable(str(outcome.generated.error))
            _LOG.warning("[AI ERROR] %s questions for '%s': %s", item.query_type, item.product.name, reason)
        return outcome

    def _end(self, error: FatalError) -> None:
        """Begin no further call, and let those in flight end, which have deadlines of their own."""
        self._fatal = self._fatal or error
        self._stop.set(str(error).partition("\n")[0], math.inf)

    def _wait_for_others(self) -> bool:
        """Wait a little if another run still has items; return False if every item has ended."""
        ledger = self._ledger
        if not ledger.db.with_reconnect(lambda: has_open_items(ledger.db, ledger.job_id)):
            return False
        if self._weakness.order.shared_types and self._idle_checks % CHECKS_BETWEEN_ELECTIONS == 0:
            ledger.db.with_reconnect(ledger.sets.elect)
        self._idle_checks += 1
        with suppress(InterruptedRunError):
            self._stop.sleep(ledger.lease.idle_check_seconds())
        return True

    def _check(self) -> None:
        """Estimate how many items the next half second may need."""
        self._ahead, self._ended_lately = min(self._ended_lately, AHEAD_AT_MOST), 0
        self._on_check()
