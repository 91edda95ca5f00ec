"""Puts the input into the ledger, in chunks, so that memory does not grow with the catalog."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice

from query_generator.errors import ConfigurationError, InputError, SkippableError
from query_generator.input.families import MOST_HELD
from query_generator.input.read_sums import ReadSums
from query_generator.input.sources import InputBrokenOffError
from query_generator.models import Product, RejectedRecord
from query_generator.store.driver import refused_column
from query_generator.store.ledger import Ledger
from query_generator.store.products import link_products, read_selected_products
from query_generator.store.sequences import require_other_cause
from query_generator.store.work_queue import Added, Link, ScopesOf, of_no_scope

_LOG = logging.getLogger("input")

CHUNK = 500  # products
CHUNK_CHARACTERS = 2_000_000  # of the records as JSON; a larger record is a chunk by itself
NAMED_IN_LOG = 50
ENOUGH_REFUSED = 20  # records; when none before them was taken, no further ones are tried
Entry = Product | RejectedRecord


@dataclass(slots=True)
class Loaded:
    """The number of records read, by what became of them; `examples` names the first repeated ones."""

    products: int = 0
    repeated: int = 0
    rejected: int = 0
    refused: int = 0  # of the rejected ones, by the database
    last_refusal: str = ""
    examples: list[str] = field(default_factory=list)

    def count(self, added: Added) -> None:
        """Add what became of a chunk, and name its rejected records."""
        _name_rejected(added.rejected, self.rejected)
        self.products += len(added.linked)
        self.repeated += len(added.repeated)
        self.rejected += len(added.rejected)
        self.examples += [f"record {p.position} {p.name!r}" for p in added.repeated[: 3 - len(self.examples)]]


def peek(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Read ahead to the first product, at most one chunk, so that useless input fails before anything is written.

    Raises:
        InputError: the input cannot be read, or holds no product.
    """
    iterator = until_broken_off(iter(entries))
    head: list[Entry] = []
    try:
        for entry in islice(iterator, CHUNK):
            head.append(entry)
            if isinstance(entry, Product):
                break
    except InputError:
        _name_rejected([entry for entry in head if isinstance(entry, RejectedRecord)], 0)
        raise
    return chain(head, iterator)


def until_broken_off(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield the entries; if the input breaks off, end with a rejected record that says where."""
    position = 0
    try:
        for entry in entries:
            position = entry.position
            yield entry
    except InputBrokenOffError as exc:
        yield RejectedRecord(position + 1, "", f"the input breaks off: {exc}")


def report_sums(source: str, sums: ReadSums, products: int, repeated: int, rejected: int) -> None:
    """Log what became of the rows of an input, and which formats it has."""
    _LOG.info("[INPUT] %s: %s", source, sums.line(products, repeated, rejected))
    if formats := sums.formats():
        _LOG.info("[INPUT] %s is read as %s", source, formats)
    if sums.apart:
        _LOG.warning(
            "[BATCH WARNING] %d of the variants and images belong to no product among the %d around them, and tell "
            "nothing about theirs; sort the input so that they follow their product",
            sums.apart,
            MOST_HELD,
        )


def load_products(
    ledger: Ledger,
    entries: Iterable[Entry],
    link: Link = link_products,
    limit: int | None = None,
    enough_at: int | None = None,
    scopes_of: ScopesOf = of_no_scope,
) -> Loaded:
    """Put the products into the ledger, each once, and record the rejected ones.

    Args:
        ledger: the ledger of the job.
        entries: products and rejected records, in the order of the input.
        link: finds or adds the rows of products, as `link_products` does.
        limit: take only this many products; None takes all.
        enough_at: skip products that have this many active questions of each type; None skips none.
        scopes_of: tells which sets a product takes questions from.

    Raises:
        InputError: the input cannot be read.
        ConfigurationError: the database refuses every record, or a sequence is behind its rows.
        RunFencedError: this run was declared dead.
        DatabaseAwayError: the database stayed away.
    """
    loaded = Loaded()
    add = partial(ledger.queue.add, link, enough_at=enough_at, scopes_of=scopes_of)
    ledger.db.with_reconnect(lambda: read_selected_products(ledger.db, ledger.job_id))
    stream = iter(entries)

    def load_chunk() -> bool:
        """Put the next chunk into the ledger, and keep nothing of it; return whether there was one."""
        chunk = _take(stream, CHUNK if limit is None else min(CHUNK, limit - loaded.products))
        products = [entry for entry in chunk if isinstance(entry, Product)]
        rejected = [entry for entry in chunk if isinstance(entry, RejectedRecord)]
        if chunk:
            added = _add_what_can_be(ledger, add, products, rejected)
            if refused := added.rejected[len(rejected) :]:
                loaded.refused += len(refused)
                loaded.last_refusal = refused[-1].reason
            loaded.count(added)
        return bool(chunk)

    while load_chunk():
        _require_some_taken(loaded, ENOUGH_REFUSED)
    _require_some_taken(loaded, 1)
    if loaded.repeated:
        _LOG.warning(
            "[BATCH WARNING] %d record(s) repeat a product of this job by brand and name and are left out: %s%s",
            loaded.repeated,
            ", ".join(loaded.examples),
            ", …" if loaded.repeated > len(loaded.examples) else "",
        )
    return loaded


def _require_some_taken(loaded: Loaded, enough: int) -> None:
    """Stop when the database refuses all: not the records are wrong then, but the table.

    Raises:
        ConfigurationError: `enough` records were refused, and none was taken.
    """
    if loaded.refused >= enough and not loaded.products + loaded.repeated:
        raise ConfigurationError(
            "PostgreSQL, tables products, jobselectedproducts and job_items: all of the "
            f"{loaded.refused} record(s) until now are refused, the last one because {loaded.last_refusal}. "
            "Correct the table, or what was added to it, and run the same job id again."
        )


def _add_what_can_be(
    ledger: Ledger, add: Callable[..., Added], products: Sequence[Product], rejected: Sequence[RejectedRecord]
) -> Added:
    """Put one chunk into the ledger; products that the database refuses are found by halving, and rejected."""
    try:
        return ledger.db.with_reconnect(partial(add, products, rejected))
    except SkippableError as exc:
        require_other_cause(ledger.db, exc)
        if len(products) <= 1:
            field = refused_column(exc)
            refused = [RejectedRecord(product.position, field, str(exc), product.key) for product in products]
            if not refused:
                raise
            return ledger.db.with_reconnect(partial(add, [], [*rejected, *refused]))
    middle = len(products) // 2
    first = _add_what_can_be(ledger, add, products[:middle], rejected)
    last = _add_what_can_be(ledger, add, products[middle:], [])
    return Added(first.linked + last.linked, first.repeated + last.repeated, first.rejected + last.rejected)


def _take(stream: Iterator[Entry], products: int) -> list[Entry]:
    """Take at most `products` products, CHUNK entries and about CHUNK_CHARACTERS characters of records."""
    chunk: list[Entry] = []
    characters = 0
    while (
        products > 0
        and len(chunk) < CHUNK
        and characters < CHUNK_CHARACTERS
        and (entry := next(stream, None)) is not None
    ):
        chunk.append(entry)
        if isinstance(entry, Product):
            products -= 1
            characters += len(entry.record_json)
    return chunk


def _name_rejected(rejected: list[RejectedRecord], before: int) -> None:
    for number, record in enumerate(rejected, start=before + 1):
        if number <= NAMED_IN_LOG:
            _LOG.warning("[INPUT ERROR] %s", record)
        if number == NAMED_IN_LOG:
            _LOG.warning("[INPUT ERROR] further rejected records are named in errors.json only")
