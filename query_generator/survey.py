"""The input of a job, read whole, and the calls that would be made for what is open in it. Nothing is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, InputError, InterruptedRunError
from query_generator.input.sources import configured_sources, load_input_data
from query_generator.load import CHUNK, Entry, until_broken_off
from query_generator.models import Product, QueryType, RejectedRecord
from query_generator.prompts import PROMPT_VERSION, build_prompt
from query_generator.quote import Workload
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.open_work import OpenWork
from query_generator.store.products import selected_products
from query_generator.vendors import terms_of_models

NAMED = 20
FILTER_BITS = 1 << 27  # 16 MB, touched as far as it is used: of a million products it mistakes about one
FILTER_PLACES = 4


@dataclass(slots=True)
class Survey:
    """The input in numbers, the first rejected records by name, and the calls for open items by type of question."""

    products: int = 0
    repeated: int = 0
    rejected: int = 0
    named: list[RejectedRecord] = field(default_factory=list)
    work: dict[QueryType, Workload] = field(default_factory=lambda: {kind: Workload() for kind in QueryType})
    _filter: bytearray = field(default_factory=lambda: bytearray(FILTER_BITS // 8), repr=False)

    def __str__(self) -> str:
        return f"{self.products} products, {self.repeated} repeated, {self.rejected} rejected"

    def fresh(self, entries: Iterable[Entry]) -> Iterator[Product]:
        """Yield the products that have not come before; count those that have, and what is rejected."""
        for entry in entries:
            if isinstance(entry, RejectedRecord):
                self.rejected += 1
                if len(self.named) < NAMED:
                    self.named.append(entry)
            elif self._is_new(entry):
                self.products += 1
                yield entry
            else:
                self.repeated += 1

    def _is_new(self, product: Product) -> bool:
        """Look a product up, in memory that does not grow: a Bloom filter over its hash."""
        new = False
        for at in range(0, 8 * FILTER_PLACES, 8):
            place = int(product.product_hash[at : at + 8], 16) % FILTER_BITS
            new = new or not self._filter[place >> 3] & 1 << (place & 7)
            self._filter[place >> 3] |= 1 << (place & 7)
        return new


def take_survey(config: JobConfig, db: Database | None, stop: StopSignal, survey: Survey) -> str:
    """Read the input to its end, into `survey`.

    Args:
        config: of the job.
        db: for reading; None: nothing is known of any job.
        stop: ends the reading.
        survey: empty; it holds what was read also when an error ends the reading.

    Returns:
        The name of the source.

    Raises:
        FatalError: what a run would end with before it bought anything.
    """
    rows = db.rows("ledger.job", job_id=config.job_id) if db else []
    metadata: dict[str, Any] = (rows[0].metadata or {}) if rows else {}
    changed = _changed_terms(config, metadata)
    entries, name = _open(config, db, metadata)
    open_work = OpenWork(
        db,
        config.job_id,
        enough_at=config.num_questions if config.skip_existing else None,
        refill_to=config.num_questions if changed else None,
    )
    products = islice(survey.fresh(until_broken_off(iter(entries))), config.limit)
    while chunk := list(islice(products, CHUNK)):
        if stop.is_set():
            raise InterruptedRunError(f"stopped: {stop.reason}")
        for item in open_work.of(chunk):
            wanted = config.num_questions - len(item.existing)
            if wanted > 0:
                prompt = build_prompt(item.product, item.query_type, wanted, item.existing)
                survey.work[item.query_type].add(prompt, wanted)
    if not survey.products:
        raise InputError(f"job {config.job_id}: no usable product in {name}")
    return name


def _changed_terms(config: JobConfig, metadata: dict[str, Any]) -> list[str]:
    terms = {
        "num_questions": config.num_questions,
        "providers": list(config.providers),
        "models": terms_of_models(config),
        "prompt_version": PROMPT_VERSION,
    }
    changed = [
        f"{name} was {metadata[name]}, is {now}" for name, now in terms.items() if metadata.get(name, now) != now
    ]
    if changed and not config.refresh:
        raise ConfigurationError(
            f"job {config.job_id} began on other terms: {'; '.join(changed)}. "
            "Use the first ones, a new --job-id, or --refresh."
        )
    return changed


def _open(config: JobConfig, db: Database | None, metadata: dict[str, Any]) -> tuple[Iterable[Entry], str]:
    """Open the first source that was given, or the products that the database has for the job."""
    sources = configured_sources(config)
    if sources:
        return load_input_data(sources[0])
    if db is None or not db.one("ledger.is_known", job_id=config.job_id).known:
        raise InputError(
            f"job {config.job_id}: no products were given and the database knows none for it; "
            "give --products-file, --input-s3, --products-json or PRODUCTS_JSON"
        )
    if metadata.get("input_complete") is False and not config.from_job:
        raise ConfigurationError(
            f"job {config.job_id}: an earlier run was stopped while it read {metadata['input_source']}; give it again"
        )
    return selected_products(db, config.job_id), f"products of job {config.job_id}"
