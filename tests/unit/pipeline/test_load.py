"""The pure parts of loading: reading ahead, breaking off, chunks."""

from collections.abc import Iterator

import pytest

from query_generator.errors import InputError
from query_generator.input.sources import InputBrokenOffError
from query_generator.models import Product, RejectedRecord
from query_generator.pipeline.load import CHUNK, NAMED_IN_LOG, Entry, _take, peek, until_broken_off


def product(position: int) -> Product:
    """A product at a place of the input."""
    return Product(f"Boot {position}", position=position)


def rejected(position: int) -> RejectedRecord:
    """A rejected record at a place of the input."""
    return RejectedRecord(position, "name", "is empty")


def reading(*entries: Entry, error: Exception | None = None) -> Iterator[Entry]:
    """A reading of the input that ends with an error, if there is one."""
    yield from entries
    if error:
        raise error


def test_reading_ahead_loses_nothing() -> None:
    """The records that were looked at before the job began are loaded like the others, in order."""
    entries: list[Entry] = [rejected(1), rejected(2), product(3), rejected(4), product(5)]
    assert list(peek(entries)) == entries


def test_reading_ahead_stops_at_the_first_product() -> None:
    """A huge catalog is not read twice, nor held, to find out that it is usable."""
    rest = reading(product(2), product(3))
    taken: list[Entry] = []

    def entries() -> Iterator[Entry]:
        for entry in (product(1), *rest):
            taken.append(entry)
            yield entry

    peeked = peek(entries())
    assert taken == [product(1)]
    assert list(peeked) == [product(1), product(2), product(3)]


def test_reading_ahead_ends_after_a_chunk_of_rejected_records() -> None:
    """An input whose first product comes late is no reason to hold it in memory."""
    entries = [rejected(position) for position in range(1, 2 * CHUNK)]
    read: list[Entry] = []

    def noted() -> Iterator[Entry]:
        for entry in entries:
            read.append(entry)
            yield entry

    peeked = peek(noted())
    assert len(read) == CHUNK
    assert list(peeked) == entries


def test_useless_input_ends_before_anything_is_written(caplog: pytest.LogCaptureFixture) -> None:
    """An input without a product is refused at once, and the reasons of its records are in the log."""
    with pytest.raises(InputError, match="no product"):
        peek(reading(rejected(1), rejected(2), error=InputError("no product")))
    assert caplog.messages == [f"[INPUT ERROR] {rejected(1)}", f"[INPUT ERROR] {rejected(2)}"]


def test_the_log_names_no_endless_list(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of bad records fill errors.json and not the log."""
    with pytest.raises(InputError):
        peek(reading(*map(rejected, range(1, 101)), error=InputError("no product")))
    assert len(caplog.messages) == NAMED_IN_LOG + 1
    assert "errors.json" in caplog.messages[-1]


def test_the_place_where_the_input_breaks_off_is_the_last_rejected_record() -> None:
    """Good records before a break are done, and the break is named after the last one that was read."""
    broken = InputBrokenOffError("p.json breaks off at byte 90")
    assert list(until_broken_off(reading(product(1), rejected(2), error=broken))) == [
        product(1),
        rejected(2),
        RejectedRecord(3, "", "the input breaks off: p.json breaks off at byte 90"),
    ]
    assert list(peek(reading(product(1), error=broken)))[-1].position == 2


def test_other_errors_of_the_input_go_through() -> None:
    """A lost connection is not taken for the end of the input."""
    with pytest.raises(InputError, match="gone"):
        list(until_broken_off(reading(product(1), error=InputError("gone"))))


def test_a_chunk_counts_products_and_is_never_larger_than_a_chunk() -> None:
    """`--limit` takes exactly so many products, and rejected records between them cannot grow a transaction."""
    stream = reading(rejected(1), product(2), rejected(3), product(4), product(5))
    assert _take(stream, 2) == [rejected(1), product(2), rejected(3), product(4)]
    assert _take(stream, 2) == [product(5)]
    assert _take(stream, 2) == []
    many = reading(*map(rejected, range(CHUNK + 1)))
    assert len(_take(many, 5)) == CHUNK
    assert len(_take(many, 5)) == 1


def test_a_limit_that_is_reached_reads_no_further() -> None:
    """Nothing is read for no product."""
    assert _take(reading(error=InputError("read")), 0) == []
