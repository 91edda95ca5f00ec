"""Texts and numbers of others that Python itself trips over: none ends a reading, each costs at most its record."""

import io
import json
import logging
from itertools import islice
from typing import Any

import pytest

from query_generator.errors import ServiceAwayError
from query_generator.input.categories import category_of
from query_generator.input.formats import InputBrokenOffError
from query_generator.input.plain_text import plain_text
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.input.sources import InputSource, file_source, load_input_data
from query_generator.llm.base import GenerationRequest
from query_generator.llm.offline import OfflineProvider
from query_generator.models import Product, QueryType, RejectedRecord
from query_generator.one_line import one_line
from query_generator.questions.prompts import build_prompt
from query_generator.unexpected import unexpected_as

TOO_MANY_DIGITS = "9" * 5_000  # int() refuses more than 4,300


def load(text: str) -> list[Product | RejectedRecord]:
    source = InputSource("catalog", lambda: io.BytesIO(text.encode("utf-8", "surrogatepass")))
    return list(load_input_data(source)[0])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (f"a&#{TOO_MANY_DIGITS};b", "a\ufffdb"),
        (f"a&#x{TOO_MANY_DIGITS};b", "a\ufffdb"),
        (f"a&#{TOO_MANY_DIGITS}", "a\ufffd"),
        (f"&#{'0' * 5_000}65;&#x{'0' * 5_000}41", "AA"),
        (f"&amp;#{TOO_MANY_DIGITS};", "\ufffd"),
        ("&#65abcdef1234;&#00000000;&#x1F600;", "Aabcdef1234;\ufffd\U0001f600"),
    ],
)
def test_references_to_characters_that_are_none(text: str, plain: str) -> None:
    """A number of any length in an HTML reference is the character that it means, or U+FFFD."""
    assert plain_text(text) == plain


def test_a_level_of_many_digits_is_none() -> None:
    """Levels of a category are told by a number; what cannot be one is an ordinary key."""
    assert category_of({f"lvl{TOO_MANY_DIGITS}": "x", "lvl0": "Shoes", "lvl1": "Shoes > Boots"}) == "Shoes > Boots"
    assert category_of({f"lvl{TOO_MANY_DIGITS}": "x", "name": "Shoes"}) == "Shoes"


HOSTILE: list[Any] = [
    TOO_MANY_DIGITS,
    f"&#{TOO_MANY_DIGITS};",
    f"[{TOO_MANY_DIGITS}]",
    {f"lvl{TOO_MANY_DIGITS}": TOO_MANY_DIGITS},
    f"1e{TOO_MANY_DIGITS}",
    f"0.{'0' * 5_000}1",
    "1e-320",
    "NaN",
    "\u0661\u0662\u0663",
    "\u00b2",
    "\ud800",
    "\x00",
    "a\u2028b\nc",
    "x" * 1_000_000,
    json.loads("[" * 90 + "]" * 90),
    1e308,
    -1e308,
    float("nan"),
    float("inf"),
    2**63,
    True,
]
FIELDS = ("brand", "category", "description", "price", "currency", "attributes", "id", "product_id", "x", "offers")


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:40])
def test_no_value_of_any_field_ends_a_reading(value: Any) -> None:
    """Whatever stands in whatever field, the product can be stored, prompted for and asked about, or is rejected."""
    records = [{"name": f"Boot {field}", field: value} for field in FIELDS] + [{"name": value}, {"name": "Last"}]
    entries = load("\n".join(map(json.dumps, records)))
    assert len(entries) == len(records)
    assert isinstance(entries[-1], Product)
    for entry in entries:
        assert isinstance(entry, Product) or str(entry).isprintable()
        if isinstance(entry, Product):
            texts = (
                entry.name,
                entry.brand,
                entry.category,
                entry.description,
                entry.price,
                *sum(entry.attributes, ()),
            )
            assert not any("\n" in text or "\u2028" in text or "\x00" in text for text in texts)
            assert entry.record_json.encode()
            for query_type in QueryType:
                prompt = build_prompt(entry, query_type, 3)
                assert prompt.user.encode()
                assert OfflineProvider().generate(GenerationRequest(entry, query_type, 3, prompt, ())).texts


@pytest.mark.parametrize("price", ["0." + "0" * 400 + "1", "1e-400", "sNaN", "Infinity", "9" * 5_000, "x"])
def test_a_price_that_is_none_is_not_spoken_of(price: str) -> None:
    """Prices come from the database as well, where others may have written them."""
    product = Product("Boot", price=price, currency="EUR")
    request = GenerationRequest(product, QueryType.MARKET, 60, build_prompt(product, QueryType.MARKET, 60), ())
    assert not any("EUR" in text for text in OfflineProvider().generate(request).texts)


def test_a_repeated_key_and_constants_that_are_no_numbers() -> None:
    """The last of two equal keys counts, and NaN and infinity are null."""
    (entry,) = load('{"name": "A", "name": "B", "price": NaN, "x": -Infinity, "y": 1e999}')
    assert isinstance(entry, Product)
    assert json.loads(entry.record_json) == {"name": "B", "price": None, "x": None, "y": None}


def test_an_unexpected_error_costs_one_record(caplog: pytest.LogCaptureFixture) -> None:
    """It is rejected with the field and the type of the error, and the traceback is logged at DEBUG."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(RejectedRecordError) as caught:
        product_from_record({"name": "A", "brand": "B", "sku": 10**5_000}, 3)
    assert caught.value.reason.startswith("unexpected ValueError")
    with pytest.raises(RejectedRecordError) as caught:
        product_from_record({"name": "A", "category": {7: "not a text"}}, 3)
    assert (caught.value.field, caught.value.reason.split(",")[0]) == ("category", "unexpected TypeError")
    assert all(record.levelno == logging.DEBUG and record.exc_info for record in caplog.records)


class Failing(io.BytesIO):
    """A stream that fails after its bytes."""

    def __init__(self, data: bytes, error: Exception) -> None:
        super().__init__(data)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if data := super().read(size):
            return data
        raise self._error


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (KeyError("a fault"), InputBrokenOffError, "catalog cannot be read further: unexpected KeyError"),
        (OSError("disk"), InputBrokenOffError, "cannot be read further: disk"),
        (ServiceAwayError("S3 is away"), ServiceAwayError, "S3 is away"),
    ],
)
def test_an_error_of_the_stream_goes_its_own_way(error: Exception, expected: type[Exception], said: str) -> None:
    """What has been read is kept; a service that is away stays one, and what nobody foresaw ends the input alone."""
    records = b'{"name": "A", "note": "%s"}\n' % (b"x" * 200) * 2_000  # more than are read at once
    source = InputSource("catalog", lambda: Failing(records, error))
    entries = load_input_data(source)[0]
    assert len(list(islice(entries, 1_000))) == 1_000
    with pytest.raises(expected, match=said):
        list(entries)


def test_our_own_errors_pass_the_net() -> None:
    """The net changes no error that says what it is."""
    with pytest.raises(ServiceAwayError), unexpected_as(lambda reason: RejectedRecordError("", reason)):
        raise ServiceAwayError("away")
    with pytest.raises(FileNotFoundError), unexpected_as(lambda reason: RejectedRecordError("", reason), OSError):
        raise FileNotFoundError


@pytest.mark.parametrize("key", ["na\nme", "na\rme", "name\u2028", "\x85name"])
def test_a_field_name_forges_no_line(key: str) -> None:
    """A line break in the name of a field is an escape where the field is named."""
    entries = load(json.dumps([{key: ["no", "text"]}, {"name": "A"}]))
    assert isinstance(entries[0], RejectedRecord)
    assert str(entries[0]).isprintable()


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a\udcff.json", "a\\udcff.json"),
        ("a\n[DB] forged", "a\\n[DB] forged"),
        ("a\x1b[31m", "a\\u001b[31m"),
        ("a\u202ecod", "a\\u202ecod"),
        ("靴 ü 😀", "靴 ü 😀"),
    ],
)
def test_the_name_of_a_source_is_printable(path: str, shown: str) -> None:
    """A file name is bytes; what is no UTF-8, breaks the line or turns the text around is shown as an escape."""
    source = file_source(path)
    assert source.name == f"file:{shown}"
    with pytest.raises(Exception, match="does not exist") as caught:
        list(load_input_data(source)[0])
    assert shown in str(caught.value)
    assert one_line(one_line(path)) == shown
