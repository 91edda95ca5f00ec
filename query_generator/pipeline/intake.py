"""Chooses the input of a run, and the one run of a job that reads it."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, InputError, InterruptedRunError
from query_generator.input.read_sums import ReadSums
from query_generator.input.sources import InputSource, configured_sources, load_input_data
from query_generator.pipeline.admission import FROM_JOB, Reading, lasting_source, reading_of
from query_generator.pipeline.load import Entry, load_products, peek, report_sums
from query_generator.stopping import StopSignal
from query_generator.store.events import EventLog
from query_generator.store.jobs import JobMetadata, JobStatus, count_items, read_job, read_metadata
from query_generator.store.ledger import Ledger
from query_generator.store.products import link_products, selected_products, take_selected
from query_generator.store.work_queue import Link, ScopesOf, of_no_scope

_LOG = logging.getLogger("intake")


@dataclass(frozen=True, slots=True)
class GivenInput:
    """The source that a run was given, read up to its first product; without one the products are in the database."""

    name: str = FROM_JOB
    entries: Iterator[Entry] | None = None
    source: InputSource | None = None
    sums: ReadSums = field(default_factory=ReadSums)


@dataclass(frozen=True, slots=True)
class Input:
    """What the loading run puts into the ledger: the entries, how they become rows, and the name of the source."""

    entries: Iterator[Entry]
    link: Link
    source: str
    reading: Reading
    sums: ReadSums | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run itself has put into the ledger: the time in seconds, and the number of rejected records."""

    seconds: float = 0.0
    rejected: int = 0


def open_input(config: JobConfig) -> GivenInput:
    """Choose the source and read up to its first product.

    Raises:
        FatalError: what `load_input_data` raises.
    """
    sources = configured_sources(config)
    ignored = [source.name for source in sources[1:]]
    if sources and config.from_job:
        ignored.append("--from-job")
    if ignored:
        _LOG.warning("[BATCH WARNING] Products come from %s; ignored: %s", sources[0].name, ", ".join(ignored))
    if not sources:
        return GivenInput()
    return _opened(sources[0])


def _opened(source: InputSource) -> GivenInput:
    sums = ReadSums()
    entries, name = load_input_data(source, sums)
    _LOG.info("[INPUT] Reading products from %s", name)
    return GivenInput(name, peek(entries), source, sums)


def given_to_child(config: JobConfig, ledger: Ledger) -> GivenInput:
    """Choose the source for a child of an array; opens nothing if its siblings have read the whole input.

    Raises:
        FatalError: what `open_input` raises.
    """
    metadata = read_metadata(ledger.db, ledger.job_id)
    if metadata.input_complete and is_sibling(config, metadata):
        return GivenInput(metadata.input_source)
    return open_input(config)


def siblings_of(config: JobConfig) -> str:
    """Return the id that the children of one array share; empty outside of arrays."""
    return config.batch_job_id or "" if config.array_index is not None else ""


def is_sibling(config: JobConfig, metadata: JobMetadata) -> bool:
    """Return whether the run that recorded the source of the input was a child of the same array."""
    return bool(siblings_of(config)) and metadata.input_siblings == siblings_of(config)


class Intake:
    """Puts the input of a job into the ledger: one run reads it, the others wait for that run."""

    def __init__(
        self,
        config: JobConfig,
        stop: StopSignal,
        ledger: Ledger,
        events: EventLog,
        clock: Callable[[], float],
        on_wait: Callable[[], None] = lambda: None,
        scopes_of: ScopesOf = of_no_scope,
    ) -> None:
        """Take what the run works with; `on_wait` is called when it begins to wait for the run that reads."""
        self._scopes_of = scopes_of
        self._on_wait = on_wait
        self._config = config
        self._stop = stop
        self._ledger = ledger
        self._record = ledger.record
        self._db = ledger.db
        self._events = events
        self._clock = clock

    def load(self, given_input: GivenInput) -> Taken:
        """Put the products into the ledger, or wait until another run has done so.

        Raises:
            InputError: there is no usable product.
            ConfigurationError: the input is not the one that the job began with.
            InterruptedRunError: a stop was asked for.
        """
        given = self._become_loader(given_input)
        if given is None:
            _LOG.info("[INPUT] Going on with the products of job %s", self._config.job_id)
            if self._config.array_index is None:
                self._db.with_reconnect(self._record.note_progress)
            return Taken()
        began = self._clock()
        loaded = load_products(
            self._ledger,
            self._until_stopped(given.entries),
            given.link,
            self._config.limit,
            self._config.num_questions if self._config.skip_existing else None,
            self._scopes_of,
        )
        if not loaded.products:
            raise InputError(
                f"job {self._config.job_id}: no usable product is selected for it in jobselectedproducts; "
                "select some there, or give --products-file or --input-s3"
            )
        rereads = given.reading is Reading.SELECTED and given.source != FROM_JOB
        self._db.with_reconnect(lambda: self._record.end_load(given.source, keep_rejected=rereads))
        seconds = self._clock() - began
        if given.sums:
            report_sums(given.source, given.sums, loaded.products, loaded.repeated, loaded.rejected)
        counts = self._db.with_reconnect(lambda: count_items(self._db, self._config.job_id))
        if counts.open_items:
            self._db.with_reconnect(lambda: self._record.set_status(JobStatus.PROCESSING))
        else:
            self._db.with_reconnect(self._record.note_progress)
        self._events.record(
            "input_loaded",
            source=given.source,
            products=loaded.products,
            rejected=loaded.rejected,
            repeated=loaded.repeated,
            rows=given.sums.rows if given.sums else loaded.products,
        )
        self._events.record("products_resolved", products=counts.products, skipped=counts.skipped_products)
        self._events.publish()
        return Taken(seconds, loaded.rejected)

    def _become_loader(self, given_input: GivenInput) -> Input | None:
        """Become the run that reads the input; None if there is nothing to read, or another run has read it."""
        waited = False
        while True:
            waited = self._wait_for_loader() or waited
            job = read_job(self._db, self._config.job_id)
            metadata, load_id = (job.metadata, job.load_id) if job else (JobMetadata(), "")
            same = metadata.input_source == given_input.name
            read_whole = same and metadata.input_complete
            if read_whole and (waited or is_sibling(self._config, metadata)):
                return None
            given = self._input(given_input, metadata)
            if given is None or self._db.with_reconnect(partial(self._record.begin_load, load_id)):
                break
            waited = True
        if given and not (given.reading is Reading.SELECTED and metadata.input_complete):
            begun = metadata.input_version if same and not read_whole else ""
            version = begun or (given_input.source.version() if given_input.source else "")
            self._db.with_reconnect(
                lambda: self._record.note_source(given_input.name, version, siblings_of(self._config))
            )
        return given

    def _input(self, given_input: GivenInput, metadata: JobMetadata) -> Input | None:
        """Return the given input, or the products that the database has; None if the ledger has all of them."""
        reading = reading_of(self._config, has_source=given_input.entries is not None, is_known=True, metadata=metadata)
        if given_input.entries is not None:
            if metadata.input_source == given_input.name and not metadata.input_complete:
                given_input = self._pinned(given_input, metadata)
            return Input(given_input.entries or iter(()), link_products, given_input.name, reading, given_input.sums)
        if reading is Reading.NOTHING:
            return None
        if metadata.reading_was_cut_short and metadata.input_source != FROM_JOB:
            _LOG.warning(
                "[BATCH WARNING] An earlier run was stopped while it read %s; --from-job continues with the products "
                "that it had read by then",
                metadata.input_source,
            )
        rows = selected_products(self._db, self._config.job_id)
        return Input(rows, take_selected, lasting_source(FROM_JOB, reading, metadata), reading)

    def _pinned(self, given_input: GivenInput, metadata: JobMetadata) -> GivenInput:
        """Read the version of the input that the job began with, from which the ledger was filled so far."""
        began_with, source = metadata.input_version, given_input.source
        if not began_with or source is None or source.version() == began_with:
            return given_input
        if source.at_version is None or not began_with.startswith("version "):
            raise ConfigurationError(
                f"{given_input.name} was replaced while job {self._config.job_id} was reading it (it was {began_with}, "
                f"is {source.version()}); put the first one back, or start a new job id"
            )
        _LOG.warning(
            "[BATCH WARNING] %s was replaced; reading %s, with which this job began", given_input.name, began_with
        )
        return _opened(source.at_version(began_with))

    def _wait_for_loader(self) -> bool:
        """Wait while another living run reads the input; return whether there was one."""
        waited = False
        while self._db.with_reconnect(self._record.is_being_loaded):
            if not waited:
                _LOG.info("[INPUT] Another run is reading the input of job %s; waiting for it", self._config.job_id)
                self._on_wait()
            waited = True
            self._stop.sleep(self._ledger.lease.idle_check_seconds())
            self._db.with_reconnect(self._ledger.lease.take_over)
        return waited

    def _until_stopped(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if self._stop.is_set():
                raise InterruptedRunError(f"stopped: {self._stop.reason}")
            yield entry
