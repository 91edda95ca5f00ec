"""What a stream of bytes may hold, and what becomes of the records around a broken one."""

import gzip
import io
import json
import random
import tracemalloc
from typing import Any, BinaryIO

import pytest

from query_generator.errors import InputError
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.json_records import MAX_RECORD_BYTES, TOO_LARGE
from query_generator.input.json_values import MAX_NUMBER_DIGITS
from query_generator.input.text_window import CHUNK_BYTES
from query_generator.models import RejectedRecord

A, B, C = ({"name": name, "price": 1} for name in "ABC")


class Trickle(io.BytesIO):
    """Hands out a few bytes at a time."""

    def __init__(self, data: bytes, sizes: random.Random) -> None:
        super().__init__(data)
        self._sizes = sizes

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, self._sizes.randint(1, 7)))


class Repeated(io.BytesIO):
    """A long stream that is never held: `unit`, again and again."""

    def __init__(self, head: bytes, unit: bytes, times: int, tail: bytes) -> None:
        super().__init__()
        self._parts = iter((head, *(unit for _ in range(times)), tail))

    def read(self, size: int | None = -1) -> bytes:
        return next(self._parts, b"")


def read(data: bytes | str | BinaryIO) -> list[Any]:
    if isinstance(data, str):
        data = data.encode()
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    numbered = list(read_records(stream, "catalog"))
    assert [position for position, _ in numbered] == list(range(1, len(numbered) + 1))
    return [record for _, record in numbered]


def read_until_broken(data: bytes) -> tuple[list[Any], str]:
    records: list[Any] = []
    try:
        records.extend(record for _, record in _into(records, data))
    except (InputBrokenOffError, InputError) as exc:
        return records, str(exc)
    return records, ""


def _into(records: list[Any], data: bytes) -> Any:
    for _, record in read_records(io.BytesIO(data), "catalog"):
        records.append(record)
    return ()


def names(records: list[Any]) -> list[str]:
    return ["-" if isinstance(record, RejectedRecord) else record["name"] for record in records]


SHAPES = {
    "array": json.dumps([A, B, C]),
    "pretty array": json.dumps([A, B, C], indent=2),
    "wrapper": json.dumps({"total": 3, "page": {"size": [1]}, "products": [A, B, C], "limit": 30, "skip": None}),
    "pretty wrapper": json.dumps({"products": [A, B, C], "total": 3}, indent=4),
    "lines": "\n".join(map(json.dumps, (A, B, C))) + "\n",
    "lines with CRLF": "\r\n\r\n".join(map(json.dumps, (A, B, C))),
    "pretty objects": "\n".join(json.dumps(item, indent=2) for item in (A, B, C)),
    "objects without white space": "".join(map(json.dumps, (A, B, C))),
    "objects with commas": ",\n".join(map(json.dumps, (A, B, C))),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("encode", [bytes, gzip.compress, lambda data: b"\xef\xbb\xbf" + data])
def test_every_json_shape(text: str, encode: Any) -> None:
    """A catalog may come in any of the usual JSON shapes, plain, gzipped, or with a BOM."""
    assert read(encode(text.encode())) == [A, B, C]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_csv_delimiters(delimiter: str, line_end: str) -> None:
    """CSV is read whatever its delimiter and line ends are."""
    rows = [["name", "note"], ["A", '"one,two;\nthree|\t""x"""'], ["B", ""]]
    expected = [{"name": "A", "note": 'one,two;\nthree|\t"x"'}, {"name": "B", "note": ""}]
    assert read(line_end.join(map(delimiter.join, rows))) == expected


def test_concatenated_gzip_members() -> None:
    """Compressed files that were appended to one another are read to the end of the last."""
    assert read(gzip.compress(b'{"name": "A"}\n', mtime=0) + gzip.compress(b'{"name": "B"}\n', mtime=0)) == [
        {"name": "A"},
        {"name": "B"},
    ]


def test_single_product() -> None:
    """One object alone is one product, even if it has a field called products after its name."""
    single = {"name": "Bundle", "products": [{"name": "inner"}]}
    assert read(json.dumps(single)) == [single]
    assert read(json.dumps(A, indent=2)) == [A]


BROKEN = [
    '{"name": "x" "price": 1}',
    '{"name": "x", "price": }',
    '{"name": "x", "price": 1,}',
    "{'name': 'x'}",
    "{name: 1}",
    '{"name": "15" monitor", "price": 1}',
    '{"name": "the "best" thing", "price": 1}',
    '{"name": "tab\there"}',
    '{"name": "\\x41"}',
    '{"name": "x", "tags": ["a", "b"}',
    '{"name": "x", "tags": ["a"]], "price": 2}',
    '{"name": "x", "variants": [{"id": 1}, {"id": 2, }], "price": 2}',
    "oops",
    "\x1f",
    "42",
    '"text"',
    "null",
    "[1, 2]",
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    "[" * 100_000 + "]" * 100_000,
]
UNCLOSED = ['{"name": "x", "price": 1', '{"name": "x', '{"name": "x", "variants": [{"id": 1}', '{"name": "x",']


@pytest.mark.parametrize("bad", BROKEN, ids=lambda bad: bad[:40])
@pytest.mark.parametrize("shape", ["[{}, {}, {}, {}]", "[\n  {},\n  {},\n  {},\n  {}\n]", "{}\n{}\n{}\n{}\n"])
def test_a_broken_record_costs_only_itself(bad: str, shape: str) -> None:
    """The records before and after a broken one are read, and the broken one is named with its position."""
    good = [json.dumps(item) for item in (A, B, C)]
    records = read(shape.replace("{}", "%s") % (good[0], bad, good[1], good[2]))
    assert names(records) == ["A", "-", "B", "C"]
    assert records[1].position == 2


@pytest.mark.parametrize("bad", UNCLOSED)
def test_an_unclosed_line_ends_with_its_line(bad: str) -> None:
    """In JSON Lines a record without its closing bracket does not swallow the lines after it."""
    assert names(read(f'{{"name": "A"}}\n{bad}\n{{"name": "B"}}\n{{"name": "C"}}\n')) == ["A", "-", "B", "C"]


@pytest.mark.parametrize("bad", UNCLOSED)
@pytest.mark.parametrize("separator", [",\n  ", ",\n"])
def test_an_unclosed_element_ends_where_the_next_begins(bad: str, separator: str) -> None:
    """In an array with an element on each line, one without its closing bracket does not swallow the next."""
    text = separator.join(['{"name": "A"}', bad, '{"name": "B"}', '{"name": "C"}'])
    assert names(read(f"[{separator[1:]}{text}\n]")) == ["A", "-", "B", "C"]


def test_a_missing_brace_in_a_compact_array() -> None:
    """An element of a one-line array that lacks its closing brace does not swallow the next."""
    assert names(read('[{"name": "A"},{"name": "x","p": 1,{"name": "B"},{"name": "C"}]')) == ["A", "-", "B", "C"]


def test_a_broken_pretty_object_is_one_rejection() -> None:
    """A pretty-printed object with a fault inside is rejected once, as a whole."""
    text = '{\n  "name": "A"\n}\n{\n  "name": x,\n  "tags": [\n    {"a": 1}\n  ]\n}\n{\n  "name": "B"\n}\n'
    assert names(read(text)) == ["A", "-", "B"]


def test_reason_names_the_place() -> None:
    """The reason says what is wrong and where in the record."""
    [rejected, _] = read('[{"name": "x",\n "price": }, {"name": "B"}]')
    assert "not valid JSON: Expecting value (line 2 column 11 of the record)" in rejected.reason


def test_first_line_broken() -> None:
    """JSON Lines may begin with a broken line."""
    assert names(read('oops\n{"name": "A"}\n')) == ["-", "A"]
    assert names(read('{"name": \n{"name": "A"}\n')) == ["-", "A"]


def test_numbers_that_are_none() -> None:
    """NaN, Infinity and 1e999 become null, a 5,000-digit integer stays as text, the last of equal keys wins."""
    [record] = read('[{"a": NaN, "b": -Infinity, "c": 1e999, "d": %s, "name": "x", "name": "y"}]' % ("9" * 5_000))
    assert record == {"a": None, "b": None, "c": None, "d": "9" * 5_000, "name": "y"}


@pytest.mark.parametrize("shape", ['[{"name": "A"}, %s, {"name": "B"}]', '{"name": "A"}\n%s\n{"name": "B"}'])
def test_bytes_that_are_not_utf8(shape: str) -> None:
    """A record that is not UTF-8 is rejected by itself."""
    records = read(shape.encode() % '{"name": "Café"}'.encode("latin-1"))
    assert names(records) == ["A", "-", "B"]
    assert "not valid UTF-8: byte 0xE9" in records[1].reason


def test_csv_that_is_not_utf8() -> None:
    """A CSV row that is not UTF-8 is rejected by itself."""
    assert names(read("name,brand\nA,x\nCafé,y\nB,z\n".encode("latin-1"))) == ["A", "-", "B"]


def test_chinese() -> None:
    """Chinese texts come through, in every shape and however the bytes are cut."""
    product = {"name": "无线蓝牙耳机 😀", "brand": "华为"}
    for text in (json.dumps([product], ensure_ascii=False), "name,brand\n无线蓝牙耳机 😀,华为\n"):
        assert read(Trickle(text.encode(), random.Random(1))) == [product]


def test_chunks_do_not_matter() -> None:
    """However a stream is cut into chunks, the same records come out of it."""
    texts = [*SHAPES.values(), *(f"[{json.dumps(A)}, {bad}, {json.dumps(B)}]" for bad in BROKEN[:12])]
    texts += ['name;note\nA;"1\n2"\nB;"broken\nC;3\n', '{"name": "A"}\n{"name": \n{"name": "B"}\n']
    for seed, text in enumerate(texts):
        for data in (text.encode(), gzip.compress(text.encode(), mtime=0)):
            assert read(Trickle(data, random.Random(seed))) == read(data)


@pytest.mark.no_cover
def test_objects_across_windows() -> None:
    """An object written over several lines is found wherever the reading window happens to end."""
    unit = '{"name": "A"\n, "price": 1.5\n, "tags": ["x"\n, true]\n}\n'
    count = 270_000 // len(unit)
    for shift in range(len(unit)):
        assert read(" " * shift + unit * count) == [{"name": "A", "price": 1.5, "tags": ["x", True]}] * count


def test_records_across_windows() -> None:
    """Records, good and broken, are found wherever the reading window happens to end."""
    sizes = random.Random(7)
    items = [{"name": str(number), "text": 'é{["\\' * sizes.randint(0, 9_000)} for number in range(150)]
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    lines[40] = lines[40][:-1] + ",}"
    expected = [str(number) if number != 40 else "-" for number in range(150)]
    assert names(read("[" + ",".join(lines) + "]")) == expected
    assert names(read("\n".join(lines))) == expected
    assert names(read("[\n" + ",\n".join(lines) + "\n]")) == expected


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("compress", [False, True])
def test_truncation_anywhere(text: str, compress: bool) -> None:
    """A file cut at any byte gives the records before the cut, and says that and where it broke off."""
    data = gzip.compress(text.encode(), mtime=0) if compress else text.encode()
    for size in range(len(data)):
        records, message = read_until_broken(data[:size])
        assert records == [A, B, C][: len(records)]
        whole = len(text.rstrip()) <= size or "lines" in text or not text.startswith(("[", '{"total', '{\n    "pro'))
        assert message or (whole and not compress)


def test_truncation_keeps_complete_records() -> None:
    """A file that ends within its third record gives two, and names the byte where the third begins."""
    text = json.dumps([A, B, C])
    records, message = read_until_broken(text[:-5].encode())
    assert records == [A, B]
    assert f"byte {text.index(json.dumps(C))} " in message


@pytest.mark.parametrize("tail", ["]", "x", '{"name": "D"}', ", 1"])
def test_garbage_after_the_end(tail: str) -> None:
    """What follows the end of an array is reported after the array's records."""
    records, message = read_until_broken((json.dumps([A, B]) + tail).encode())
    assert records == [A, B]
    assert "follows the end" in message


def test_damaged_gzip() -> None:
    """A gzip file with a wrong checksum gives its records and then breaks off."""
    data = bytearray(gzip.compress(b'{"name": "A"}\n', mtime=0))
    data[-6] ^= 255
    records, message = read_until_broken(bytes(data))
    assert names(records) == ["A"]
    assert "CRC" in message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (gzip.compress(b"", mtime=0), "empty"),
        (b"\x1f\x8b\x08", "cannot be read"),
        (b"<!DOCTYPE html><p>{</p>", "web page"),
        (b"This is a plain sentence.", "neither JSON nor CSV"),
        (b"Well, this is a sentence.\nAnd another, too.", "neither JSON nor CSV"),
        (b"42", "neither JSON nor CSV"),
        (b'"text"', "neither JSON nor CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
        (b"PK\x03\x04\x14\0\0\0", "binary"),
        ('[{"name": "A"}]'.encode("utf-16"), "UTF-16"),
        (b"sku,price\n1,2\n", "sku, price"),
    ],
)
def test_no_catalog_at_all(data: bytes, said: str) -> None:
    """Input that is no catalog is refused with one clear line that names it."""
    with pytest.raises(InputError, match=said) as raised:
        read(data)
    assert "\n" not in str(raised.value)
    assert "catalog" in str(raised.value)


def test_csv_ragged_rows() -> None:
    """A row with too many cells is rejected; missing cells are absent; odd headers are tolerated."""
    records = read("name,,brand,brand\nA,x,,b2\nB\n\n,,,\nC,1,2,3,4\nD,1,2,3,,\n")
    assert records[0] == {"name": "A", "column 2": "x", "brand": "b2"}
    assert records[1] == {"name": "B"}
    assert "5 cells" in records[2].reason
    assert records[3] == {"name": "D", "column 2": "1", "brand": "2"}


@pytest.mark.parametrize("bad", ['"x,1,2', '"x"y,1,2', 'x,"1,2', 'x,1,"2'])
def test_csv_stray_quote(bad: str) -> None:
    """A row whose quotes do not fit costs only itself, also before rows with quoted line breaks."""
    text = f'name,a,b\nA,1,2\n{bad}\nB,"1\n2",3\nC,1,"x ""y"""\n'
    assert names(read(text)) == ["A", "-", "B", "C"]
    assert names(read(f"name,a,b\nA,1,2\n{bad}\nB,1,2\n")) == ["A", "-", "B"]


def test_csv_that_ends_within_quotes() -> None:
    """A CSV file that ends inside quotes gives the rows before, and breaks off."""
    records, message = read_until_broken(b'name,a\nA,1\nB,"long text that')
    assert names(records) == ["A"]
    assert "byte" in message


def peak_of(stream: BinaryIO) -> tuple[list[Any], int]:
    """Read a stream; which of its records were good and which too large, none of them kept, and the most bytes held."""
    tracemalloc.start()
    kinds = [
        "giant" if isinstance(record, RejectedRecord) and record.reason.endswith(TOO_LARGE) else "good"
        for _, record in read_records(stream)
    ]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return kinds, peak


# To find out that a record is too large the window holds twice the largest record: while that is put together out of
# its halves, and the half before it is still there, four times. Once more is five, and all of the giant is six.
WINDOW_AT_WORST = 4.5 * MAX_RECORD_BYTES
MEGABYTE = 1024 * 1024
GIANT_MEGABYTES = 6 * MAX_RECORD_BYTES // MEGABYTE


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (b'[{"name": "A"}, {"name": "', b'"}, {"name": "B"}]'),
        (b'{"name": "A"}\n{"name": "', b'"}\n{"name": "B"}\n'),
        (b"name,brand\nA,x\n", b",y\nB,z\n"),
    ],
    ids=["array", "lines", "CSV"],
)
def test_a_giant_record_is_not_held(head: bytes, tail: bytes) -> None:
    """A record six times as large as the largest is passed over in memory that does not hold it even once."""
    kinds, peak = peak_of(Repeated(head, b"x" * MEGABYTE, GIANT_MEGABYTES, tail))
    assert kinds == ["good", "giant", "good"]
    assert peak < WINDOW_AT_WORST


@pytest.mark.parametrize(("more", "kind"), [(0, "good"), (1, "giant")])
def test_a_record_may_be_as_large_as_the_largest_and_no_larger(more: int, kind: str) -> None:
    """Also where all of it is valid and has come already: one character more is too many."""
    record = b'{"name": "' + b"x" * (MAX_RECORD_BYTES - len('{"name": ""}') + more) + b'"}'
    kinds, _ = peak_of(io.BytesIO(b"[" + record + b', {"name": "B"}]'))
    assert kinds == [kind, "good"]


@pytest.mark.parametrize("digits", [MAX_NUMBER_DIGITS, MAX_NUMBER_DIGITS + 1])
def test_a_number_of_too_many_digits_is_a_text(digits: int) -> None:
    """It is no quantity, and nothing of it is lost."""
    written = "9" * digits
    (record,) = read('[{"name": "A", "size": ' + written + "}]")
    assert record["size"] == (int(written) if digits == MAX_NUMBER_DIGITS else written)


@pytest.mark.no_cover
def test_a_gzip_bomb_is_not_held() -> None:
    """Some kilobytes of gzip that hold one giant text are passed over in memory that does not hold that even once."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as bomb:
        bomb.write(b'[{"name": "A"}, {"name": "')
        for _ in range(GIANT_MEGABYTES):
            bomb.write(b"x" * MEGABYTE)
        bomb.write(b'"}, {"name": "B"}]')
    packed.seek(0)
    kinds, peak = peak_of(packed)
    assert kinds == ["good", "giant", "good"]
    assert peak < WINDOW_AT_WORST + MAX_RECORD_BYTES / 2  # gzip joins what it has unpacked of one reading


@pytest.mark.no_cover
def test_memory_is_flat() -> None:
    """Ten times as many records take no more memory, not even a number for each; a few chunks are all there is."""
    unit = (json.dumps({"name": "x", "text": "y" * 500}) + "\n").encode() * 500
    peaks = []
    for units in (10, 100):
        records = read_records(Repeated(b"", unit, units, b""))
        tracemalloc.start()
        count = sum(1 for _ in records)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == units * 500
    few, many = peaks
    assert many - few < 8 * 90 * 500 / 2  # half of a reference for each record more
    assert many < 4.5 * CHUNK_BYTES  # a chunk is held as four things while it is added to the window
