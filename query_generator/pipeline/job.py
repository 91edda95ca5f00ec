"""A job from its input to its result. The only place that knows the order of the stages."""

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from functools import partial

import secrets_cache
from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig
from query_generator.errors import (
    FatalError,
    InterruptedRunError,
    RunFencedError,
    ServiceAwayError,
)
from query_generator.llm.base import Provider
from query_generator.llm.metered import CallStats, Meters
from query_generator.llm.registry import begin_imports
from query_generator.log import tell
from query_generator.pipeline.admission import has_other_terms, order_of, reading_of, terms_of
from query_generator.pipeline.children import open_database_of
from query_generator.pipeline.finish import Finish
from query_generator.pipeline.generation import Generation
from query_generator.pipeline.intake import GivenInput, Intake, given_to_child, open_input
from query_generator.pipeline.providers import make_provider, writers_of
from query_generator.pipeline.services import Connect, check_bucket, database_of, event_sink_of
from query_generator.pipeline.spending import budget_of
from query_generator.pipeline.starting import in_turn
from query_generator.pipeline.unusable import UnusableReplies
from query_generator.questions.seen import Seen
from query_generator.questions.sharing import scopes_of
from query_generator.report.metrics import Metrics, Totals
from query_generator.report.stats import RunStats, Tally
from query_generator.report.summary import ChildReport, Report
from query_generator.resilience.schedule import AHEAD_SECONDS
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.items import JobSize
from query_generator.store.jobs import JobMetadata, is_known, job_size, read_metadata
from query_generator.store.lease import Heartbeat, Lease
from query_generator.store.ledger import Ledger
from query_generator.store.quota import SharedSchedule
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.schema import migrate
from query_generator.store.sequences import require_free_numbers
from query_generator.store.side_connection import SideConnection

_LOG = logging.getLogger("job")


def run_job(config: JobConfig, stop: StopSignal, clock: Callable[[], float] = time.monotonic) -> Report | ChildReport:
    """Run a job, or continue one.

    Returns:
        The report of a job that has ended, or of a child whose siblings write the result; its exit code is 0 or 65.

    Raises:
        FatalError: the job has not ended; the error says why and carries the exit code. What was done is saved, and
            the partial result is written if possible.
    """
    is_child = config.array_index is not None
    if not is_child:
        begin_imports(config.providers)
    events = EventLog(config.job_id, event_sink_of(config))
    events.record("job_started", num_questions=config.num_questions, providers=list(config.providers))
    with ExitStack() as resources:
        try:
            _initialize_secrets(config, events)
            given_input = None if is_child else open_input(config)
            if not is_child:
                _check_bucket(config)
            connect = resources.enter_context(database_of(config))
            policy = ReconnectPolicy.of_run(config.database_reconnect_seconds, stop.is_overdue)
            found = open_database_of(config, stop, lambda: connect(policy))
            if found is None:
                _LOG.info("[BATCH] Job %s: nothing is left to do for this child", config.job_id)
                return ChildReport(config.job_id, config.array_index or 0, 0, Tally(), RunStats())
            db = resources.enter_context(closing(found))
            migrate(db)
            return _Run(config, stop, events, db, connect, clock).run(given_input)
        except RunFencedError:
            raise
        except FatalError as exc:
            events.record_end("job_interrupted" if isinstance(exc, InterruptedRunError) else "job_failed", exc)
            raise
        finally:
            events.close()


def _initialize_secrets(config: JobConfig, events: EventLog) -> None:
    secrets_cache.configure(config)
    needed = secrets_cache.initialize_for(config.providers, rds=config.local_dir is None)
    events.record("secrets_initialized", **needed)


def _check_bucket(config: JobConfig) -> None:
    """Look before anything is bought whether the results have a bucket. Children that read no input leave it out."""
    try:
        check_bucket(config)
    except ServiceAwayError as exc:
        _LOG.warning("[BATCH WARNING] The job begins although its bucket cannot be seen now: %s", exc)


class _Run:
    """One execution of a job with an open database."""

    def __init__(
        self,
        config: JobConfig,
        stop: StopSignal,
        events: EventLog,
        db: Database,
        connect: Connect,
        clock: Callable[[], float],
    ) -> None:
        """Take the open database, and a function that opens more connections to it."""
        self._config = config
        self._stop = stop
        self._events = events
        self._db = db
        # A heartbeat that hangs for half a lease is sent again on a new connection, which is still in time.
        self._side = SideConnection(lambda: connect(ReconnectPolicy(silence_seconds=config.lease_seconds / 2)))
        self._clock = clock
        self._is_child = config.array_index is not None
        run_id, reconnect_seconds = str(uuid.uuid4()), config.database_reconnect_seconds
        self._lease = Lease(db, config.job_id, run_id, config.lease_seconds, reconnect_seconds=reconnect_seconds)
        self._ledger = Ledger(db, config.job_id, self._lease)
        self._stats = RunStats()
        self._ended = Tally()
        self._finish = Finish(config, self._ledger, events, stop, clock)
        self._metrics = Metrics(config.job_queue, config.job_id, tell) if config.job_queue else None
        self._cache = ResponseCache(config)
        self._order = order_of(config, JobMetadata())

    def run(self, given_input: GivenInput | None) -> Report | ChildReport:
        """Run to the end. Without a given input the run is a child, which first checks what its siblings have read."""
        if given_input is None:
            given_input = given_to_child(self._config, self._ledger)
            if given_input.entries is not None:
                _check_bucket(self._config)
        job_id = self._config.job_id
        metadata = read_metadata(self._db, job_id)
        reading_of(
            self._config,
            has_source=given_input.entries is not None,
            is_known=is_known(self._db, job_id),
            metadata=metadata,
        )
        self._order = order_of(self._config, metadata)
        self._ledger.record.open(
            terms_of(self._config, self._order),
            partial(has_other_terms, self._config, self._order),
            is_child=self._is_child,
            submission=(self._config.batch_attempt and self._config.batch_job_id) or "",
            retry_failed=self._config.retry_failed,
        )
        self._events.attach(self._db)
        try:
            with closing(self._side), Heartbeat(self._lease, self._side):
                return self._work(given_input)
        finally:
            if self._metrics:
                self._metrics.report_end(self._totals(self._stats.llm))
            with suppress(FatalError):
                self._lease.end()

    def _work(self, given_input: GivenInput) -> Report | ChildReport:
        self._db.with_reconnect(self._lease.take_over)
        numbered = ("queries",) if given_input.entries is None else ("products", "queries")
        self._db.with_reconnect(lambda: require_free_numbers(self._db, numbered))
        intake = Intake(
            self._config,
            self._stop,
            self._ledger,
            self._events,
            self._clock,
            self._import_while_waiting,
            partial(scopes_of, order=self._order),
        )
        taken = intake.load(given_input)
        if self._order.shared_types:
            self._db.with_reconnect(self._ledger.sets.elect)
        self._stats.products_processing_time = taken.seconds
        counts = self._db.with_reconnect(lambda: job_size(self._db, self._config.job_id))
        _LOG.info(
            "[BATCH] Job %s: %d products, %d of %d items are to be done",
            self._config.job_id,
            counts.products,
            counts.open_items,
            counts.items,
        )
        failure = None
        if counts.open_items:
            self._db.with_reconnect(self._ledger.queue.rehearse)
            failure = self._generate(counts)
            self._db.with_reconnect(lambda: self._ledger.queue.save_stats(self._stats.as_dict()))
        if self._config.array_index is None or self._finish.is_for_this_child(failure):
            return self._finish.write(failure)
        if failure:
            raise failure
        return ChildReport(self._config.job_id, self._config.array_index, taken.rejected, self._ended, self._stats)

    def _import_while_waiting(self) -> None:
        """Import the SDK while a sibling reads the input; the child that reads does not, since that would slow it."""
        if self._is_child:
            begin_imports(self._config.providers, in_turn("sdk"))

    def _generate(self, counts: JobSize) -> FatalError | None:
        """Work on the open items; return the error that ended the work early, or None."""
        config = self._config

        def schedule_of(name: str) -> SharedSchedule:
            return SharedSchedule(self._side, config.job_id, name, AHEAD_SECONDS, config.rpd)

        with budget_of(config, self._side, self._lease.run_id, self._stop) as budget:
            made = make_provider(config, self._stop, schedule_of, budget, self._cache, self._confirm)
            return self._generate_by(*made, counts)

    def _confirm(self) -> None:
        self._lease.wait_until_confirmed(self._stop.sleep)

    def _generate_by(self, provider: Provider, meter: Meters, counts: JobSize) -> FatalError | None:
        _LOG.info("[AI] Questions are written by %s (%s)", provider.name, provider.model)
        seen = Seen()
        generation = Generation(
            self._ledger,
            self._events,
            provider,
            meter,
            self._stats,
            self._stop,
            order=self._order,
            max_concurrency=self._config.max_concurrency,
            batch_size=self._config.batch_size,
            unusable=UnusableReplies(self._config.unusable_reply_limit, writers_of(self._config)),
            on_check=lambda: self._report_metrics(meter, generation),
            seen=seen,
        )
        began = self._clock()
        try:
            generation.run(counts)
        except RunFencedError:
            raise
        except FatalError as exc:
            return exc
        finally:
            self._stats.llm = meter.stats()
            self._stats.cache = self._cache.stats()
            self._stats.questions_generation_time = self._clock() - began
            self._stats.compared_questions = seen.patterns.questions
            self._stats.swapped_questions = round(seen.patterns.share * seen.patterns.questions)
            self._ended = generation.ended
        if self._stop.is_set():
            return InterruptedRunError(
                f"job {self._config.job_id}: stopped by {self._stop.reason}; what was done is saved, "
                f"`python batch_job.py run --job-id {self._config.job_id}`, with the same options, continues it"
            )
        answered = meter.stats().successful_requests + self._cache.stats().calls_saved
        if self._ended.failed_transiently and not answered:
            return ServiceAwayError(
                f"job {self._config.job_id}: the provider answered no call; run the same job id again when it is back"
            )
        return None

    def _report_metrics(self, meter: Meters, generation: Generation) -> None:
        self._ended = generation.ended
        if self._metrics:
            self._metrics.report_when_due(lambda: self._totals(meter.stats()))

    def _totals(self, llm: CallStats) -> Totals:
        return Totals.of(llm, self._ended, self._db.failures, self._finish.storage_failures + self._events.failures)
