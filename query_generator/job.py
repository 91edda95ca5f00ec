"""A job from its input to its result. The only place that knows the order of the stages."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any

import secrets_cache
from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig
from query_generator.errors import (
    ConfigurationError,
    FatalError,
    InputError,
    InterruptedRunError,
    RunFencedError,
    ServiceAwayError,
)
from query_generator.generation import Generation
from query_generator.input.sources import configured_sources, load_input_data
from query_generator.llm.base import Provider
from query_generator.llm.gemini_sdk import import_sdk_in_background
from query_generator.llm.metered import Meters
from query_generator.load import Entry, load_products, peek
from query_generator.prompts import PROMPT_VERSION
from query_generator.providers import make_provider
from query_generator.report import Report, publish_result
from query_generator.resilience.schedule import AHEAD_SECONDS
from query_generator.services import Connect, database_of, event_sink_of, objects_of
from query_generator.spending import budget_of
from query_generator.stats import RunStats
from query_generator.stopping import StopSignal
from query_generator.store.database import Database, Patience
from query_generator.store.events import EventLog
from query_generator.store.items import Counts
from query_generator.store.lease import Heartbeat, Lease
from query_generator.store.ledger import Ledger
from query_generator.store.products import selected_products
from query_generator.store.quota import SharedSchedule
from query_generator.store.schema import migrate
from query_generator.vendors import KEY_OF, terms_of_models

_LOG = logging.getLogger("job")

FROM_JOB = "from-job"
LOOK_SECONDS = 0.3


def run_job(config: JobConfig, stop: StopSignal, clock: Callable[[], float] = time.monotonic) -> Report:
    """Run a job, or go on with one.

    Returns:
        The report of a job that has ended; its exit code is 0 or 65.

    Raises:
        FatalError: the job has not ended; the error says why and carries the exit code. What was done is saved, and
            the partial result is written where that is possible.
    """
    if "gemini" in config.providers:
        import_sdk_in_background()
    events = EventLog(config.job_id, event_sink_of(config))
    events.record("job_started", num_questions=config.num_questions, providers=list(config.providers))
    with ExitStack() as resources:
        try:
            _initialize_secrets(config, events)
            source, entries = _open_input(config)
            connect = resources.enter_context(database_of(config))
            patience = Patience(config.database_reconnect_seconds, stop.is_overdue)
            db = resources.enter_context(closing(connect(patience)))
            migrate(db)
            return _Run(config, stop, events, db, connect, clock).run(source, entries)
        except RunFencedError:
            raise
        except FatalError as exc:
            events.record_end("job_interrupted" if isinstance(exc, InterruptedRunError) else "job_failed", exc)
            raise
        finally:
            events.close()


def _initialize_secrets(config: JobConfig, events: EventLog) -> None:
    keys = list(dict.fromkeys(KEY_OF[name] for name in config.providers if name in KEY_OF))
    gemini, rds = "gemini" in keys, config.local_dir is None
    vendors = [key for key in keys if key != "gemini"]
    secrets_cache.configure(config)
    if keys or rds:
        secrets_cache.initialize_secrets(gemini=gemini, rds=rds, vendors=vendors)
    events.record("secrets_initialized", gemini=gemini, rds=rds, vendors=vendors)


def _open_input(config: JobConfig) -> tuple[str, Iterator[Entry] | None]:
    """Choose the source and read up to its first product; without a source the database says what there is."""
    sources = configured_sources(config)
    ignored = [source.name for source in sources[1:]]
    if sources and config.from_job:
        ignored.append("--from-job")
    if ignored:
        _LOG.warning("[BATCH WARNING] Products come from %s; ignored: %s", sources[0].name, ", ".join(ignored))
    if not sources:
        return FROM_JOB, None
    entries, name = load_input_data(sources[0])
    _LOG.info("[INPUT] Reading products from %s", name)
    return name, peek(entries)


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
        """Take the open database, and a function that makes more connections to it."""
        self._config = config
        self._stop = stop
        self._events = events
        self._db = db
        self._connect = lambda: connect(None)
        self._connect_patiently = connect
        self._clock = clock
        self._lease = Lease(db, config.job_id, str(uuid.uuid4()), config.lease_seconds)
        self._ledger = Ledger(db, config.job_id, self._lease)
        self._stats = RunStats()
        self._cache = ResponseCache(config)

    def run(self, source: str, entries: Iterator[Entry] | None) -> Report:
        """Run to the end."""
        if entries is None and not self._ledger.is_known():
            raise InputError(
                f"job {self._config.job_id}: no products were given and the database knows none for it; "
                "give --products-file, --input-s3, --products-json or PRODUCTS_JSON"
            )
        self._ledger.open_job(self._terms(), refresh=self._config.refresh)
        self._events.attach(self._db)
        try:
            with Heartbeat(self._lease, self._connect):
                return self._work(source, entries)
        finally:
            with suppress(FatalError):
                self._lease.end()

    def _work(self, source: str, entries: Iterator[Entry] | None) -> Report:
        self._db.persistently(self._lease.take_over)
        self._load(source, entries)
        counts = self._db.persistently(self._ledger.counts)
        _LOG.info(
            "[BATCH] Job %s: %d products, %d of %d items are to be done",
            self._config.job_id,
            counts.products,
            counts.open_items,
            counts.items,
        )
        failure = None
        if counts.open_items:
            failure = self._generate(counts)
            self._db.persistently(lambda: self._ledger.save_run_stats(self._stats.as_dict()))
        return self._finish(failure)

    def _terms(self) -> dict[str, Any]:
        return {
            "num_questions": self._config.num_questions,
            "providers": list(self._config.providers),
            "models": terms_of_models(self._config),
            "prompt_version": PROMPT_VERSION,
        }

    def _load(self, source: str, entries: Iterator[Entry] | None) -> None:
        entries = self._become_loader(source, entries)
        if entries is None:
            _LOG.info("[INPUT] Going on with the products of job %s", self._config.job_id)
            return
        began = self._clock()
        loaded = load_products(
            self._ledger,
            self._until_stopped(entries),
            self._config.limit,
            self._config.num_questions if self._config.skip_existing else None,
        )
        if not loaded.products:
            raise InputError(f"job {self._config.job_id}: no usable product is selected for it in jobselectedproducts")
        self._db.persistently(lambda: self._ledger.end_load(source))
        self._stats.products_processing_time = self._clock() - began
        counts = self._db.persistently(self._ledger.counts)
        if counts.open_items:
            self._db.persistently(lambda: self._ledger.set_status("processing"))
        self._events.record(
            "input_loaded", source=source, products=loaded.products, rejected=loaded.rejected, repeated=loaded.repeated
        )
        self._events.record("products_resolved", products=counts.products, skipped=counts.skipped_products)
        self._events.publish()

    def _become_loader(self, source: str, entries: Iterator[Entry] | None) -> Iterator[Entry] | None:
        """Become the one run that reads the input; None when there is nothing to read, or another run has read it."""
        waited = False
        while True:
            waited = self._wait_for_loader() or waited
            metadata = self._ledger.job().metadata
            read_whole = metadata.get("input_complete") and metadata["input_source"] == source
            if entries is None:
                entries = self._known_products(metadata)
            if entries is None or (waited and read_whole):
                return None
            if self._db.persistently(self._ledger.begin_load):
                break
            waited = True
        if not read_whole:
            self._db.persistently(lambda: self._ledger.note_source(source))
        return entries

    def _wait_for_loader(self) -> bool:
        """Wait while another living run reads the input; returns whether there was one."""
        waited = False
        while self._db.persistently(self._ledger.is_being_loaded):
            if not waited:
                _LOG.info("[INPUT] Another run reads the input of job %s; waiting for it", self._config.job_id)
            waited = True
            self._stop.sleep(LOOK_SECONDS)
            self._db.persistently(self._lease.take_over)
        return waited

    def _known_products(self, metadata: dict[str, Any]) -> Iterator[Entry] | None:
        """Read the products selected for the job; None when an earlier run has loaded them from elsewhere."""
        first_source = metadata.get("input_source", FROM_JOB)
        if first_source == FROM_JOB or self._config.from_job:
            return selected_products(self._db, self._config.job_id)
        if not metadata["input_complete"]:
            raise ConfigurationError(
                f"job {self._config.job_id}: an earlier run was stopped while it read {first_source}; give it again"
            )
        return None

    def _until_stopped(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if self._stop.is_set():
                raise InterruptedRunError(f"stopped: {self._stop.reason}")
            yield entry

    def _generate(self, counts: Counts) -> FatalError | None:
        """Work on the open items; returns what ended the work early, if anything did."""
        config = self._config
        with ExitStack() as open_schedules:

            def schedule_of(name: str) -> SharedSchedule:
                schedule = SharedSchedule(self._connect, config.job_id, name, AHEAD_SECONDS, config.rpd)
                return open_schedules.enter_context(closing(schedule))

            budget = open_schedules.enter_context(
                budget_of(config, self._connect_patiently, self._lease.run_id, self._stop)
            )
            return self._generate_by(*make_provider(config, self._stop, schedule_of, budget, self._cache), counts)

    def _generate_by(self, provider: Provider, meter: Meters, counts: Counts) -> FatalError | None:
        _LOG.info("[AI] Questions are written by %s (%s)", provider.name, provider.model)
        generation = Generation(
            self._ledger,
            self._events,
            provider,
            meter,
            self._stats,
            self._stop,
            num_questions=self._config.num_questions,
            max_concurrency=self._config.max_concurrency,
            batch_size=self._config.batch_size,
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
        if self._stop.is_set():
            return InterruptedRunError(
                f"job {self._config.job_id}: stopped by {self._stop.reason}; what is done is saved, "
                f"`python batch_job.py run --job-id {self._config.job_id}` goes on"
            )
        now = self._db.persistently(self._ledger.counts)
        answered = meter.stats().successful_requests + self._cache.stats().calls_saved
        if now.failed_for_passing_reason and not answered:
            return ServiceAwayError(
                f"job {self._config.job_id}: the provider answered no call; run the same job id again when it is back"
            )
        return None

    def _finish(self, failure: FatalError | None) -> Report:
        early = "interrupted" if isinstance(failure, InterruptedRunError) else "failed" if failure else None
        try:
            report = self._db.persistently(
                lambda: publish_result(
                    self._db, objects_of(self._config), self._config.job_id, self._config.output_s3_prefix, early
                )
            )
        except FatalError as exc:
            if not failure:
                raise
            _LOG.warning("[BATCH WARNING] The partial result is not written: %s", exc)
            raise failure from exc
        self._events.record("results_saved", addresses=report.addresses)
        if failure:
            status = "processing" if report.counts.open_items else "failed"
            self._db.persistently(lambda: self._ledger.set_status(status, str(failure)))
            raise failure
        self._db.persistently(
            lambda: self._ledger.complete(
                lambda: self._events.record("job_completed", status=report.status, **report.numbers())
            )
        )
        return report
