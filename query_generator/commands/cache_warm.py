"""Buys the replies that a job will need and the cache does not have."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from query_generator.config import JobConfig
from query_generator.errors import (
    FatalError,
    InterruptedRunError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.llm.base import Provider
from query_generator.models import Product, QueryType, Question, RejectedRecord
from query_generator.pipeline.admission import order_of
from query_generator.pipeline.unusable import stopped_buying
from query_generator.pipeline.workers import Workers
from query_generator.questions.ask import ask, shortage
from query_generator.questions.order import Known
from query_generator.questions.weakness import Weakness
from query_generator.stopping import STEP_SECONDS, StopSignal
from query_generator.store.jobs import JobMetadata

_LOG = logging.getLogger("cache")

PROGRESS_SECONDS = 10.0
NAMED = 20

Work = tuple[Product, QueryType]
Failure = RetryableError | SkippableError | None


@dataclass(slots=True)
class Warmed:
    """The result of warming. `problems` names the first failed items and rejected records; `unusable` counts the items
    in a row whose paid replies were of no use.
    """

    products: int = 0
    items: int = 0
    failed: int = 0
    rejected: int = 0
    unusable: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Keep a problem if it is one of the first."""
        if len(self.problems) < NAMED:
            self.problems.append(problem)


def warm(
    config: JobConfig,
    entries: Iterable[Product | RejectedRecord],
    provider: Provider,
    stop: StopSignal,
    clock: Callable[[], float] = time.monotonic,
) -> Warmed:
    """Ask for everything that a job with these products and settings would ask for first.

    Args:
        config: the configuration of the run.
        entries: products and rejected records; of products with the same brand and name the first counts, as in a job.
        provider: the provider of a job, including the cache.
        stop: ends the work; calls in flight get the drain time.
        clock: seconds, monotonic.

    Raises:
        InterruptedRunError: a stop was asked for; what was bought until then is in the cache.
        FatalError: no further call makes sense, or no further product can be read.
    """
    warmed = Warmed()
    work = _work(entries, config.limit, warmed)
    weakness = Weakness(order_of(config, JobMetadata()))
    workers: Workers[Failure] = Workers(config.max_concurrency)
    in_flight: dict[Future[Failure], Work] = {}
    fatal: FatalError | None = None
    logged_at = clock()
    while not stop.is_overdue():
        free = 0 if fatal or stop.is_set() else config.max_concurrency - len(in_flight)
        try:
            for product, query_type in islice(work, free):
                future = workers.submit(partial(fill, product, query_type, weakness, provider))
                in_flight[future] = product, query_type
        except FatalError as exc:
            fatal = exc
        if not in_flight:
            break
        for future in wait(in_flight, STEP_SECONDS, FIRST_COMPLETED).done:
            product, query_type = in_flight.pop(future)
            try:
                _count(warmed, product, query_type, future.result(), config.unusable_reply_limit)
            except FatalError as exc:
                fatal = fatal or exc
        if clock() - logged_at >= PROGRESS_SECONDS:
            logged_at = clock()
            _LOG.info("[CACHE] %d products read, %d items in the cache", warmed.products, warmed.items)
    if fatal:
        raise fatal
    if stop.is_set():
        raise InterruptedRunError(f"stopped by {stop.reason}; {warmed.items} items are in the cache")
    return warmed


def _work(entries: Iterable[Product | RejectedRecord], limit: int | None, warmed: Warmed) -> Iterator[Work]:
    seen: set[int] = set()  # of 60-bit hashes, which take less memory than keys
    for entry in entries:
        if isinstance(entry, RejectedRecord):
            warmed.rejected += 1
            warmed.note(f"input: {entry}")
            continue
        identity = int(entry.product_hash[:15], 16)
        if identity not in seen:
            seen.add(identity)
            warmed.products += 1
            product = entry.without_record()
            yield from ((product, query_type) for query_type in QueryType)
        if warmed.products == limit:
            return


def fill(product: Product, query_type: QueryType, weakness: Weakness, provider: Provider) -> Failure:
    """Make the calls that a job makes for one item; return the error with which it would fail, or None."""
    questions: list[Question] = []
    dropped: Counter[str] = Counter()
    error: Failure = None
    was_of_no_use = False
    answered = 0
    while answered < (order := weakness.order).calls:
        result = ask(product, query_type, order, provider, Known(questions, dropped, answered=answered))
        answered += 1
        weakness.learn(result)
        error = result.error
        is_of_no_use = isinstance(error, UnusableReplyError)
        if error and (not is_of_no_use or was_of_no_use):
            return error
        was_of_no_use = is_of_no_use
        questions += result.questions
        dropped += result.dropped
        if len(questions) >= order.num_questions:
            return None
    return error or shortage(len(questions), order.num_questions, order.calls, dropped)


def _count(warmed: Warmed, product: Product, query_type: QueryType, failure: Failure, limit: int) -> None:
    """Count an item; raises RepliesOfNoUseError if as many as the limit in a row were paid for in vain."""
    if failure is None:
        warmed.items += 1
        warmed.unusable = 0
        return
    warmed.failed += 1
    warmed.note(f"generate: {product.key}: {query_type}: {failure}")
    if isinstance(failure, UnusableReplyError):
        warmed.unusable += 1
        if warmed.unusable == limit:
            raise stopped_buying(limit, failure)
