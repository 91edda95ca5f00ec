"""The work on the items of a job: claim, generate, save, publish."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from queue import Empty, SimpleQueue

from query_generator.errors import FatalError, InterruptedRunError, RetryableError, SkippableError
from query_generator.generate import generate_type
from query_generator.llm.base import Provider
from query_generator.llm.metered import MeteredProvider
from query_generator.models import Generated, QueryType
from query_generator.prompts import PROMPT_VERSION
from query_generator.stats import RunStats
from query_generator.stopping import StopSignal
from query_generator.store.events import EventLog
from query_generator.store.ledger import Counts, Item, Ledger, Outcome
from query_generator.store.queries import Query, save_queries_to_rds

_LOG = logging.getLogger("generation")

ITEMS_A_TRANSACTION = 40
PUBLISH_SECONDS = 1.0
PROGRESS_SECONDS = 30.0


class Generation:
    """One run's work on the items of a job: a pool of threads makes calls, this thread claims and writes."""

    def __init__(
        self,
        ledger: Ledger,
        events: EventLog,
        provider: Provider,
        meter: MeteredProvider,
        stats: RunStats,
        stop: StopSignal,
        *,
        num_questions: int,
        max_concurrency: int,
        batch_size: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
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
        self._fatal: FatalError | None = None
        self._started = 0
        self._published = self._progressed = clock()

    def run(self, counts: Counts) -> None:
        """Work until no item is left, or a stop was asked for and what was in flight is saved.

        Raises:
            FatalError: no further call makes sense; what was in flight is saved.
        """
        self._started = counts.processed_products
        done: SimpleQueue[Future[Generated]] = SimpleQueue()
        in_flight: dict[Future[Generated], Item] = {}
        ahead = self._max_concurrency + max(1, self._max_concurrency // 4)
        with ThreadPoolExecutor(self._max_concurrency, thread_name_prefix="llm") as pool:
            try:
                while True:
                    if len(in_flight) <= self._max_concurrency and not self._stop.is_set():
                        for item in self._ledger.claim(ahead - len(in_flight)):
                            self._announce(item, counts)
                            future = pool.submit(self._generate, item)
                            in_flight[future] = item
                            future.add_done_callback(done.put)
                    if not in_flight:
                        break
                    finished = _drain(done, ITEMS_A_TRANSACTION)
                    self._save([(in_flight.pop(future), future) for future in finished])
                    self._report_progress()
            except BaseException:
                self._stop.set("the run cannot go on")
                raise
        if self._fatal:
            raise self._fatal

    def _generate(self, item: Item) -> Generated:
        if self._stop.is_set():
            raise InterruptedRunError(f"stopped: {self._stop.reason}")
        return generate_type(item.product, item.query_type, self._num_questions, self._provider, item.existing)

    def _announce(self, item: Item, counts: Counts) -> None:
        if item.query_type is QueryType.PRODUCT and not item.deferred:
            self._started += 1
            _LOG.info(
                "[BATCH] Processing product %d/%d: %s",
                min(self._started, counts.products),
                counts.products,
                item.product.name,
            )

    def _save(self, finished: Sequence[tuple[Item, Future[Generated]]]) -> None:
        outcomes = [self._outcome(item, future) for item, future in finished]
        if not outcomes:
            return
        began = self._clock()
        try:
            self._save_together(outcomes)
        except SkippableError:
            for outcome in outcomes:
                self._save_alone(outcome)
        self._stats.results_persistence_time += self._clock() - began
        if self._clock() - self._published >= PUBLISH_SECONDS:
            self._events.publish()
            self._published = self._clock()

    def _outcome(self, item: Item, future: Future[Generated]) -> Outcome:
        error = future.exception()
        if isinstance(error, FatalError):
            if not isinstance(error, InterruptedRunError):
                self._fatal = self._fatal or error
                self._stop.set(str(error))
            return Outcome(item, Generated(), "pending", deferred=item.deferred)
        generated = future.result()
        if generated.error is None:
            return Outcome(item, generated, "succeeded")
        passing = isinstance(generated.error, RetryableError)
        reason = str(generated.error).encode(errors="backslashreplace").decode()
        _LOG.warning("[AI ERROR] %s questions for '%s': %s", item.query_type, item.product.name, reason)
        if passing and not item.deferred:
            return Outcome(item, generated, "pending", deferred=True, passing=True)
        return Outcome(item, generated, "failed", passing=passing, error_stage="generate", error=reason)

    def _save_together(self, outcomes: Sequence[Outcome]) -> None:
        """Store questions and ledger rows of some items, all or nothing."""
        queries = [query for outcome in outcomes for query in _queries(outcome)]
        with self._ledger.db.transaction():
            ids = iter(save_queries_to_rds(queries, self._ledger.db, self._batch_size))
            written = [_with_ids(outcome, ids) for outcome in outcomes]
            self._ledger.finish(written)
            self._stats.llm = self._meter.stats()
            self._ledger.save_run_stats(self._stats.as_dict())
            self._events.record("batch_saved", **_sums(written))

    def _save_alone(self, outcome: Outcome) -> None:
        try:
            self._save_together([outcome])
        except SkippableError as exc:
            _LOG.warning(
                "[BATCH WARNING] %s questions for '%s': %s", outcome.item.query_type, outcome.item.product.name, exc
            )
            self._save_together(
                [Outcome(outcome.item, Generated(), "failed", error_stage="persist", error=str(exc).partition("\n")[0])]
            )

    def _report_progress(self) -> None:
        if self._clock() - self._progressed < PROGRESS_SECONDS:
            return
        self._progressed = self._clock()
        counts = self._ledger.counts()
        done = counts.succeeded + counts.failed
        _LOG.info(
            "[BATCH] %d of %d items done, %d failed, %d questions", done, counts.items, counts.failed, counts.questions
        )
        self._events.record("generation_progress", items=counts.items, done=done, failed=counts.failed)


def _drain(done: "SimpleQueue[Future[Generated]]", at_most: int) -> list["Future[Generated]"]:
    """Wait a little for the first finished call, and take what is there besides."""
    finished: list[Future[Generated]] = []
    try:
        finished.append(done.get(timeout=0.5))
        while len(finished) < at_most:
            finished.append(done.get_nowait())
    except Empty:
        pass
    return finished


def _queries(outcome: Outcome) -> list[Query]:
    generated = outcome.generated
    return [
        Query(
            outcome.item.product_id, text, outcome.item.query_type, generated.provider, generated.model, PROMPT_VERSION
        )
        for text in generated.questions
    ]


def _with_ids(outcome: Outcome, ids: Iterator[int]) -> Outcome:
    return replace(outcome, query_ids=tuple(islice(ids, len(outcome.generated.questions))))


def _sums(outcomes: Sequence[Outcome]) -> dict[str, object]:
    states = Counter(outcome.state for outcome in outcomes)
    dropped: Counter[str] = sum((outcome.generated.dropped for outcome in outcomes), Counter())
    return {
        "items": len(outcomes),
        "succeeded": states["succeeded"],
        "failed": states["failed"],
        "queries": sum(len(outcome.query_ids) for outcome in outcomes),
        "dropped": dict(dropped),
    }
