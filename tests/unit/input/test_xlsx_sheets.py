"""Excel files as input: the one sheet with products is read like a CSV, and what its cells show counts."""

import gzip
import io
import random
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook

from query_generator.errors import InputError
from query_generator.input import xlsx_zip
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.sources import InputSource, load_input_data
from query_generator.models import NoRecord, Product, RejectedRecord

HEADER = ("Name", "Brand", "Price")
BOOT = ("Trail Boot", "Daybird", 99.5)


def book_of(*sheets: Iterable[Sequence[Any]], titles: Sequence[str] = ()) -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(titles[number] if titles else f"Sheet {number + 1}")
        for row in rows:
            sheet.append(row)
    return book


def bytes_of(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def records_of(data: bytes | Workbook) -> list[Any]:
    held = bytes_of(data) if isinstance(data, Workbook) else data
    return [record for _, record in read_records(io.BytesIO(held), "catalog")]


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return an archive with one part changed, or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, change(b""))
    return file.getvalue()


@pytest.mark.parametrize("pack", [bytes, lambda data: gzip.compress(data, mtime=0)])
def test_rows_of_a_sheet(pack: Callable[[bytes], bytes]) -> None:
    """The rows below the header are the products, whatever stands above it; blank rows do not count."""
    rows = [(), ("Spring list", None, "2026"), (), HEADER, BOOT, (None, None), ('Rain, "Cape"\nlong', None, 5), HEADER]
    data = pack(bytes_of(book_of(rows)))
    assert records_of(data) == [
        {"Name": "Trail Boot", "Brand": "Daybird", "Price": "99.5"},
        {"Name": 'Rain, "Cape"\nlong', "Brand": "", "Price": "5"},
        NoRecord("repeated header"),
    ]
    products = list(load_input_data(InputSource("catalog", lambda: io.BytesIO(data)))[0])
    assert [(item.name, item.price) for item in products if isinstance(item, Product)] == [
        ("Trail Boot", "99.5"),
        ('Rain, "Cape" long', "5"),
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (1299.0, "General", "1299"),
        (0.1 + 0.2, "General", "0.3"),
        (5901234567890.0, "0", "5901234567890"),
        (1e20, "General", "100000000000000000000"),
        (12.5, "#,##0.00 [$€-407]", "12.5 €"),
        (12.5, '"zł" 0.00', "12.5 zł"),
        (12.5, "$#,##0.00", "12.5 $"),
        (12.5, '0.0 "kg net"', "12.5"),
        (0.25, "0%", "25%"),
        (True, "General", "true"),
        (date(2026, 3, 1), "yyyy-mm-dd", "2026-03-01"),
        (datetime(2026, 3, 1, 12, 30), "yyyy-mm-dd hh:mm", "2026-03-01T12:30:00"),
        (time(7, 5), "hh:mm", "07:05:00"),
        ("#REF!", "General", ""),
        ("007", "@", "007"),
        ("=1+1", "General", ""),
    ],
)
def test_cells_are_what_they_show(value: Any, number_format: str, shown: str) -> None:
    """Numbers, currencies, dates and texts are read as they are shown; errors and formulas without results are none."""
    book = book_of([("name", "value", "end"), ("A", value, "x")])
    book.worksheets[0]["B2"].number_format = number_format
    assert records_of(book) == [{"name": "A", "value": shown, "end": "x"}]


def test_the_currency_of_the_format_is_that_of_the_price() -> None:
    """A price that the sheet shows with a currency has it."""
    book = book_of([HEADER, BOOT])
    book.worksheets[0]["C2"].number_format = "#,##0.00 [$€-407]"
    (product,) = load_input_data(InputSource("catalog", lambda: io.BytesIO(bytes_of(book))))[0]
    assert isinstance(product, Product)
    assert (product.price, product.currency) == ("99.5", "EUR")


def test_the_sheet_with_products_is_found() -> None:
    """Sheets without a column for the name, without rows below it, or that are hidden are left out."""
    book = book_of([("Read me",), ("Note",)], [HEADER], [HEADER, BOOT], [HEADER, ("Other", "", 1)])
    book.worksheets[3].sheet_state = "hidden"
    assert [record["Name"] for record in records_of(book)] == ["Trail Boot"]


def test_several_sheets_with_products_are_refused() -> None:
    """Several sheets with products end the run, and are named; none is chosen silently."""
    book = book_of([HEADER, BOOT], [HEADER, BOOT], titles=("Shoes", "Coats"))
    with pytest.raises(InputError, match="catalog has several sheets with products: Shoes, Coats"):
        records_of(book)


def test_a_row_beyond_the_header_is_rejected() -> None:
    """A row with values beyond the header's columns is rejected and counted; empty formatted cells are none."""
    records = records_of(book_of([HEADER, (*BOOT, "note"), (*BOOT, None, "")]))
    assert records[0] == RejectedRecord(1, "", "has 4 cells, but the header has 3")
    assert records[1]["Name"] == "Trail Boot"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            bytes_of(book_of([("sku", "cost"), (1, 2)])),
            "no sheet with a column for the product's name.*Sheet 1: sku, cost",
        ),
        (bytes_of(book_of([])), "no sheet with a column"),
        (bytes_of(book_of([HEADER, BOOT]))[:-60], "damaged"),
        (b"PK\x03\x04\x14\0\0\0", "damaged"),
        (with_part(bytes_of(book_of([HEADER])), "xl/workbook.bin", lambda _: b"x"), r"\.xlsb"),
        (with_part(bytes_of(book_of([HEADER])), "xl/workbook.xml", lambda _: b"<broken"), "cannot be read as an Excel"),
        (
            with_part(
                bytes_of(book_of([HEADER])),
                "[Content_Types].xml",
                lambda held: held.replace(b"/xl/styles.xml", b"/xl/media/styles.xml"),
            ),
            "unusual places",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old or encrypted Excel file"),
    ],
)
def test_refused_with_words(data: bytes, said: str) -> None:
    """What is no Excel file, or holds no products, ends the run and is told what it is."""
    with pytest.raises(InputError, match=said):
        records_of(data)


def test_another_archive() -> None:
    """A zip archive of something else is not read, and the words say what to do."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("catalog.csv", "name\nA\n")
    with pytest.raises(InputError, match="no Excel file; unpack it"):
        records_of(file.getvalue())


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is not installed the words say what to type."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match="pip install openpyxl"):
        records_of(book_of([HEADER, BOOT]))


def test_damage_within_the_rows() -> None:
    """A sheet that is damaged behind good rows gives these and says that it breaks off."""
    data = bytes_of(book_of([HEADER, *((f"N{number}", "", number) for number in range(5_000))]))
    broken = with_part(data, "xl/worksheets/sheet1.xml", lambda sheet: sheet.replace(b'<row r="4000"', b'<row r="4000'))
    reading = read_records(io.BytesIO(broken), "catalog")
    assert [next(reading)[1]["Name"] for _ in range(3_998)][-1] == "N3997"  # type: ignore[index]
    with pytest.raises(InputBrokenOffError, match="catalog, sheet Sheet 1 breaks off"):
        next(reading)


@pytest.mark.parametrize(
    ("part", "megabytes", "said"),
    [
        ("xl/worksheets/sheet1.xml", 64, "unpacks to more than 200 times"),
        ("xl/sharedStrings.xml", 64, "unpacks to more than 200 times"),
        ("xl/styles.xml", 2, "styles and other parts unpack to more than 1 MB"),
    ],
)
def test_bombs_are_refused_before_they_are_parsed(part: str, megabytes: int, said: str) -> None:
    """A part that is small packed and huge unpacked ends the run before it is unpacked."""
    bomb = with_part(bytes_of(book_of([HEADER, BOOT])), part, lambda held: held + b" " * (megabytes * xlsx_zip.MB))
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=said):
            records_of(bomb)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8 * xlsx_zip.MB


def test_texts_beyond_the_cap_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of texts that is too large to be held is refused, even if it does not pack well."""
    monkeypatch.setattr(xlsx_zip, "MAX_TEXTS_BYTES", xlsx_zip.MB)
    noise = random.Random(7).randbytes(xlsx_zip.MB // 2).hex().encode() + b" "
    data = with_part(bytes_of(book_of([HEADER, BOOT])), "xl/sharedStrings.xml", lambda _: noise)
    with pytest.raises(InputError, match="texts unpack to more than 1 MB; save the sheet as CSV"):
        records_of(data)


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("xl/worksheets/sheet1.xml", "<row><c><v>{noise}</v></c></row>", "a row larger than 4 MB"),
        ("xl/worksheets/sheet1.xml", "<row/>" * 3_000_000, "more than 1,048,576 rows"),
        ("xl/worksheets/sheet1.xml", "<row><![CDATA[</row>{noise}]]></row>", "comments"),
        ("xl/sharedStrings.xml", "<si><t/></si>" * 900_000, "900,000 different texts, too many at once"),
    ],
)
def test_what_could_not_be_held_is_refused(monkeypatch: pytest.MonkeyPatch, part: str, content: str, said: str) -> None:
    """Rows, cells and tables of texts that would have to be held as a whole are refused, however well they pack."""
    monkeypatch.setattr(xlsx_zip, "MAX_RATIO", 100_000)
    filled = content.replace("{noise}", "y" * (17 * xlsx_zip.MB)).encode()
    bomb = with_part(bytes_of(book_of([HEADER, BOOT])), part, lambda _: filled)
    with pytest.raises(InputError, match=said):
        records_of(bomb)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"])
def test_entities_are_refused(part: str) -> None:
    """A part with a DOCTYPE, and so with entities that could grow, is refused."""
    declared = b'<!DOCTYPE x [<!ENTITY a "ha">]>'
    data = with_part(bytes_of(book_of([HEADER, BOOT])), part, lambda held: declared + held)
    with pytest.raises(InputError, match="DOCTYPE"):
        records_of(data)


@pytest.mark.no_cover
def test_a_row_number_beyond_all_sheets() -> None:
    """A row whose number is beyond what Excel has costs no more time than the largest sheet."""
    data = with_part(
        bytes_of(book_of([HEADER, BOOT])),
        "xl/worksheets/sheet1.xml",
        lambda sheet: sheet.replace(b'<row r="2"', b'<row r="2000000000"').replace(b'"A2"', b'"A2000000000"'),
    )
    with pytest.raises((InputError, InputBrokenOffError)):
        list(load_input_data(InputSource("catalog", lambda: io.BytesIO(data)))[0])


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_sheet() -> None:
    """Rows with 16 MB of texts of their own are read with less than 8 MB."""
    noise = random.Random(7)
    cell = '<c r="A{0}" t="inlineStr"><is><t>{1}</t></is></c>'
    rows = "".join(f'<row r="{row}">{cell.format(row, noise.randbytes(4_000).hex())}</row>' for row in range(2, 2_002))
    data = with_part(
        bytes_of(book_of([HEADER])),
        "xl/worksheets/sheet1.xml",
        lambda sheet: sheet.replace(b"</sheetData>", f"{rows}</sheetData>".encode()),
    )
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_records(io.BytesIO(data), "catalog"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 2_000
    assert most < 8 * xlsx_zip.MB
