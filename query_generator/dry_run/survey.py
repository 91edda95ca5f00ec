"""Reads the whole input of a job, and counts the calls for its open items. Nothing is written."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from query_generator.config import JobConfig
from query_generator.dry_run.open_calls import OpenCalls
from query_generator.dry_run.quote import Workload
from query_generator.errors import InputError, InterruptedRunError
from query_generator.input.read_sums import ReadSums
from query_generator.input.sources import configured_sources, load_input_data
from query_generator.models import Product, QueryType, RejectedRecord
from query_generator.pipeline.admission import Reading, has_other_terms, order_of, reading_of
from query_generator.pipeline.load import CHUNK, Entry, until_broken_off
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.jobs import JobMetadata, is_known, read_metadata
from query_generator.store.open_work import OpenWork, complete_scopes, products_of_job

NAMED = 20
SAMPLES = 3
SHOWN_ATTRIBUTES = 6
SHOWN_CHARACTERS = 60
FILTER_BITS = 1 << 27  # 16 MB, of which only the used pages take memory; errs about once in a million products
FILTER_HASHES = 4


@dataclass(slots=True)
class Survey:
    """The input in numbers, the first rejected records, and the calls for open items by type of question.

    Of the open `items` those in `served`, by type, take from as many `sets` as are to be bought.
    """

    products: int = 0
    repeated: int = 0
    rejected: int = 0
    named: list[RejectedRecord] = field(default_factory=list)
    samples: list[Product] = field(default_factory=list)
    sums: ReadSums = field(default_factory=ReadSums)
    work: dict[QueryType, Workload] = field(default_factory=lambda: {kind: Workload() for kind in QueryType})
    items: int = 0
    questions: int = 0
    sets: Counter[QueryType] = field(default_factory=Counter)
    served: Counter[QueryType] = field(default_factory=Counter)
    _filter: bytearray = field(default_factory=lambda: bytearray(FILTER_BITS // 8), repr=False)

    def __str__(self) -> str:
        return f"{self.products} products, {self.repeated} repeated, {self.rejected} rejected"

    def fresh(self, entries: Iterable[Entry], *, are_rows: bool = False) -> Iterator[Product]:
        """Yield the products that are new; count these, the repeated ones and the rejected records.

        With `are_rows` the entries are rows of the database, which are distinct whatever their brand and name.
        """
        for entry in entries:
            if isinstance(entry, RejectedRecord):
                self.rejected += 1
                if len(self.named) < NAMED:
                    self.named.append(entry)
            elif are_rows or self._is_new(entry):
                self.products += 1
                if len(self.samples) < SAMPLES:
                    self.samples.append(entry.without_record())
                yield entry.without_record()
            else:
                self.repeated += 1

    def _is_new(self, product: Product) -> bool:
        """Add a product to a Bloom filter over the hash, whose size is fixed; return whether it is new."""
        new = False
        for at in range(0, 8 * FILTER_HASHES, 8):
            bit = int(product.product_hash[at : at + 8], 16) % FILTER_BITS
            new = new or not self._filter[bit >> 3] & 1 << (bit & 7)
            self._filter[bit >> 3] |= 1 << (bit & 7)
        return new


def understood(product: Product) -> str:
    """Return in one line how a product was understood, so that a wrong reading is seen before it is paid for."""
    parts = [f"record {product.position}: {_short(product.name)!r}"]
    texts = {"brand": product.brand, "category": product.category, "description": product.description}
    parts += [f"{part} {_short(text)!r}" for part, text in texts.items() if text]
    parts += [f"price {product.price} {product.currency}".rstrip()] if product.price else []
    parts += [f"{_short(name)}: {_short(value)}" for name, value in product.attributes[:SHOWN_ATTRIBUTES]]
    more = len(product.attributes) - SHOWN_ATTRIBUTES
    return "; ".join(parts) + (f"; and {more} attributes more" if more > 0 else "")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def take_survey(config: JobConfig, db: Database | None, stop: StopSignal, survey: Survey) -> str:
    """Read the input to its end, into `survey`.

    Args:
        config: the configuration of the job.
        db: the database to read; None if there is none, so that nothing is known of any job.
        stop: interrupts the reading.
        survey: empty; filled even if an error ends the reading.

    Returns:
        The name of the source.

    Raises:
        FatalError: the error with which a run would end before its first call.
    """
    metadata = read_metadata(db, config.job_id) if db else JobMetadata()
    order = order_of(config, metadata)
    changed = has_other_terms(config, order, metadata)
    sources = configured_sources(config)
    reading = reading_of(
        config,
        has_source=bool(sources),
        is_known=db is not None and is_known(db, config.job_id),
        metadata=metadata,
    )
    if reading is not Reading.GIVEN and db is not None:
        entries, name = products_of_job(db, config.job_id), f"products of job {config.job_id}"
    else:
        entries, name = load_input_data(sources[0], survey.sums)
    open_work = OpenWork(
        db,
        config.job_id,
        are_rows=reading is not Reading.GIVEN,
        are_loaded=reading is Reading.NOTHING,
        enough_at=config.num_questions if config.skip_existing else None,
        refill_to=config.num_questions if changed else None,
        retry_failed=config.retry_failed,
    )
    bought = complete_scopes(db, config.job_id) if db and order.shared_types else frozenset()
    open_calls = OpenCalls(survey, order, bought)
    limit = None if reading is Reading.NOTHING else config.limit
    fresh = survey.fresh(until_broken_off(iter(entries)), are_rows=reading is not Reading.GIVEN)
    products = islice(fresh, limit)
    while chunk := list(islice(products, CHUNK)):
        if stop.is_set():
            raise InterruptedRunError(f"stopped: {stop.reason}")
        for item in open_work.of(chunk):
            open_calls.add(item)
    if not survey.products:
        raise InputError(f"job {config.job_id}: no usable product in {name}")
    return name
