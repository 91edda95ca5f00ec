"""Inputs that are small packed and huge unpacked, or made to be kept: no more than a record is held of any."""

import io
import json
import tracemalloc
from collections.abc import Callable

import pytest

from query_generator.errors import InputError
from query_generator.input.csv_lines import MAX_HEADER_CHARACTERS
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.json_records import MAX_RECORD_BYTES, TOO_LARGE, TOO_MANY_VALUES
from query_generator.input.json_scan import MAX_VALUES
from query_generator.input.sources import InputSource, load_input_data
from query_generator.models import RejectedRecord

pytestmark = pytest.mark.no_cover  # megabytes go through lines that other tests cover as well

MB = 1024 * 1024
TIMES = 20  # megabytes of filling, which is more than the largest record
A, B = b'{"name": "A"}', b'{"name": "B"}'
ONE_RECORD = 2 * MAX_RECORD_BYTES  # its text, and what is read further while that is put together


class Filled(io.RawIOBase):
    """A stream of a head, a unit again and again, and a tail; it is never held."""

    def __init__(self, head: bytes, unit: bytes, tail: bytes, megabytes: int = TIMES) -> None:
        self._block = unit * (64 * 1024 // len(unit) + 1)
        self._parts: list[bytes | int] = [head, megabytes * MB // len(self._block), tail]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data and self._parts:
            part = self._parts[0]
            if isinstance(part, bytes):
                data, rest = part[: len(buffer)], part[len(buffer) :]
                self._parts[0] = rest
                if not rest:
                    self._parts.pop(0)
            elif part > 0:
                self._parts[0] = part - 1
                self._parts.insert(0, self._block)
            else:
                self._parts.pop(0)
        buffer[: len(data)] = data
        return len(data)


def outcome(head: bytes, unit: bytes, tail: bytes, megabytes: int = TIMES) -> tuple[list[str], int]:
    """Read all; return the names or reasons of the records and the most bytes held."""
    found: list[str] = []
    stream = io.BufferedReader(Filled(head, unit, tail, megabytes))
    tracemalloc.start()
    try:
        for _, record in read_records(stream, "catalog"):
            found.append(
                record.reason
                if isinstance(record, RejectedRecord)
                else str(record["name"])[:80]
                if isinstance(record, dict)
                else record.kind
            )
            del record
    except (InputBrokenOffError, InputError) as exc:
        found.append(str(exc).partition(":")[0].partition("; give ")[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


@pytest.mark.parametrize("unit", [b" ", b"\n", b"\t\r\n", b",", b", \n"])
@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b"[" + A, b"," + B + b"]"),
        (A + b"\n", b"\n" + B),
        (b"[" + A + b"," + B, b"]"),
        (b'{"products": [' + A + b"," + B + b"],", b'"total": 2}'),
    ],
    ids=["array", "lines", "end", "after products"],
)
def test_nothing_between_records_is_kept(head: bytes, unit: bytes, tail: bytes) -> None:
    """White space and commas between records, however long, are passed over in the memory of two chunks."""
    found, peak = outcome(head, unit, tail)
    assert found == ["A", "B"]
    assert peak < 3 * MB


@pytest.mark.parametrize("unit", [b" ", b"\n"])
@pytest.mark.parametrize(("tail", "expected"), [(b"[" + A + b"," + B + b"]", ["A", "B"]), (b"", ["catalog is empty"])])
def test_nothing_before_records_is_kept(unit: bytes, tail: bytes, expected: list[str]) -> None:
    """The same before the first record, and where nothing else comes."""
    found, peak = outcome(b"", unit, tail)
    assert found == expected
    assert peak < 3 * MB


TABLE = b"name,brand\nA,x\n"
BROKEN = "not valid JSON"


@pytest.mark.parametrize(
    ("head", "unit", "tail", "expected"),
    [
        (b"[" + A + b',{"name":', b" ", b'"X"},' + B + b"]", ["A", TOO_LARGE, "B"]),
        (b"[" + A + b',{"name": "', b"x", b'"},' + B + b"]", ["A", TOO_LARGE, "B"]),
        (b"[" + A + b',{"name": "', b"\\n", b'"},' + B + b"]", ["A", TOO_LARGE, "B"]),
        (b"[" + A + b',{"name": "', b"\\\n", b'"},' + B + b"]", ["A", "catalog breaks off at byte"]),
        (b"[" + A + b',{"price": ', b"1", b"}," + B + b"]", ["A", TOO_LARGE, "B"]),
        (b"[" + A + b",", b"1", b"," + B + b"]", ["A", TOO_LARGE, "B"]),
        (b"[" + A + b',{"list": [', b"1,", b"1]}," + B + b"]", ["A", TOO_MANY_VALUES, "B"]),
        (b"[" + A + b',{"list": [', b"[],{},", b"1]}," + B + b"]", ["A", TOO_MANY_VALUES, "B"]),
        (b"[" + A + b",{", b'"k": "v",', b'"k": 1},' + B + b"]", ["A", TOO_MANY_VALUES, "B"]),
        (b"[" + A + b",", b"x", b"," + B + b"]", ["A", BROKEN, "B"]),
        (A + b"\n", b"x", b"\n" + B, ["A", BROKEN, "B"]),
        (A + b'\n{"name": "', b"x", b'"}\n' + B, ["A", TOO_LARGE, "B"]),
        (b'{"products": [' + A + b"," + B + b'], "x": ', b"1", b"}", ["A", "B", "catalog breaks off at byte"]),
        (b'{"products": [' + A + b"," + B + b'], "x": "', b"y", b'"}', ["A", "B", "catalog breaks off at byte"]),
        (TABLE, b"x", b"\nB,y\n", ["A", TOO_LARGE, "B"]),
        (TABLE + b'"', b"x", b'"\nB,y\n', ["A", TOO_LARGE, "B"]),
        (TABLE, b",", b"\nB,y\n", ["A", TOO_LARGE, "B"]),
        (TABLE, b'"",', b"\nB,y\n", ["A", TOO_LARGE, "B"]),
    ],
    ids=str,
)
def test_no_more_than_a_record_is_held(head: bytes, unit: bytes, tail: bytes, expected: list[str]) -> None:
    """A record without bounds, of any make, is rejected with its reason, in bounded memory, and the next is read."""
    found, peak = outcome(head, unit, tail)
    assert len(found) == len(expected)
    assert all(part in told for part, told in zip(expected, found, strict=True)), found
    assert peak < 2 * ONE_RECORD


@pytest.mark.parametrize("unit", [b"[", b'{"a":'])
def test_levels_without_end_are_not_kept(unit: bytes) -> None:
    """A record that opens more and more levels is passed over like any other large one."""
    found, peak = outcome(b"[" + A + b',{"deep": ', unit, b"", megabytes=3)
    assert found[0] == "A"
    assert found[1].startswith("catalog breaks off at byte")
    assert peak < 16 * MB


def test_a_broken_record_may_be_as_many_as_it_likes() -> None:
    """Text that is no JSON at any place costs some rejections, not one for each of its lines."""
    found, peak = outcome(b"[" + A + b",", b'"a\n', b"," + B + b"]", megabytes=1)
    assert (found[0], found[-1]) == ("A", "B")
    assert len(found) < 10
    assert peak < 8 * MB


@pytest.mark.parametrize(
    ("head", "unit"), [(b"name", b",x"), (b'name,"', b"x\n"), (b"", b"name,")], ids=["columns", "quoted", "name"]
)
def test_a_header_without_end_is_none(head: bytes, unit: bytes) -> None:
    """The header of a CSV file stands within its first 64 KB."""
    found, peak = outcome(head, unit, b"\nA,x\n")
    assert found == [
        "catalog is neither JSON nor CSV with a column for the product's name (such as name or title); it begins"
    ]
    assert peak < 4 * MB


def test_a_long_header_is_one() -> None:
    """A header just within the limit is read, whatever the number of its columns."""
    names = ",".join(f"column{number}" for number in range(5_000))
    assert len(names) < MAX_HEADER_CHARACTERS
    (record,) = [record for _, record in read_records(io.BytesIO(f"name,{names}\nA\n".encode()))]
    assert record == {"name": "A"}


def quoted_lines(row: str) -> bytes:
    """A table with a cell that no quote ends, in lines that each look like a row too."""
    return b"name,brand\nA,x\n" + row.encode() * 10_000 + b"B,y\n"


@pytest.mark.parametrize("row", ['a","b\n', '"a\n', '"""a\n', 'x"\n'])
def test_quotes_that_open_again_and_again(row: str) -> None:
    """Each line may be the beginning of a cell that ends nowhere; how much is read twice is limited."""
    *_, (_, last) = read_records(io.BytesIO(quoted_lines(row)))
    assert last == {"name": "B", "brand": "y"}


VALUES: dict[str, Callable[[int], str]] = {
    "list": lambda count: json.dumps({"name": "A", "list": [1] * (count - 2)}),
    "attributes": lambda count: json.dumps({"name": "A", "attributes": {str(at): "v" for at in range(count - 2)}}),
    "fields": lambda count: json.dumps({"name": "A"} | {f"field {at}": "v, [] {}" for at in range(count - 1)}),
}


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("many", [0, 1])
def test_a_record_holds_so_many_values_and_no_more(make: Callable[[int], str], many: int) -> None:
    """What stands in texts does not count, and the records around it are read whatever the limit says of one."""
    text = f'[{{"name": "-"}}, {make(MAX_VALUES + many)}, {{"name": "B"}}]'
    found = [record for _, record in read_records(io.BytesIO(text.encode()))]
    assert len(found) == 3
    assert isinstance(found[1], RejectedRecord) == bool(many)
    assert not many or found[1] == RejectedRecord(2, "", TOO_MANY_VALUES)


def test_cells_in_quotes_hold_delimiters() -> None:
    """A text with more commas than a row may have cells is one cell; cells beyond the limit are rejected."""
    text = '"' + "a, b\n" * (MAX_VALUES + 1) + '"'
    rows = f"name,note\nA,{text}\nB,{'x,' * (MAX_VALUES + 1)}\nC,\n"
    found = [record for _, record in read_records(io.BytesIO(rows.encode()))]
    assert [isinstance(record, RejectedRecord) for record in found] == [False, True, False]
    assert str(found[1]).endswith(TOO_MANY_VALUES)


def test_a_large_product_is_a_product() -> None:
    """15 MB of description with an emoji, which makes each character four bytes, is read with all its text stored."""
    text = "\U0001f600" + "word " * (3 * MB)
    catalog = json.dumps([{"name": "A", "note": text, "description": text[:100]}], ensure_ascii=False).encode()
    source = InputSource("catalog", lambda: io.BytesIO(catalog))
    (product,) = load_input_data(source)[0]
    assert not isinstance(product, RejectedRecord)
    assert product.record_json.isascii()
    assert json.loads(product.record_json)["note"] == text


FIELDS = ("description", "category", "brand", "price", "additional_attributes", "attributes", "tags", "id")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("unit", ["ab cd ", "a=b,c=d,", "<b>x</b>", "[],", "&amp; "])
def test_no_field_is_taken_to_pieces_whole(field: str, unit: str) -> None:
    """Of a text of 1 MB only its beginning is split, searched and unpacked."""
    lead = "[" if unit == "[]," else ""
    text = lead + unit * (MB // len(unit))
    catalog = json.dumps([{"name": "A", field: text}, {"name": "B"}]).encode()
    source = InputSource("catalog", lambda: io.BytesIO(catalog))
    tracemalloc.start()
    found = list(load_input_data(source)[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == 2
    assert peak < 6 * len(catalog)
