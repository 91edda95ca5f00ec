"""Excel files as catalogs."""

import io
import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest

from query_generator.errors import ConfigurationError, InputError
from query_generator.input.formats import read_records
from query_generator.input.product_fields import product_from_record
from query_generator.models import Product


def products(data: bytes) -> list[Product]:
    """The products of a text; a rejected record fails the test."""
    found = []
    for position, record in read_records(io.BytesIO(data), "catalog"):
        assert isinstance(record, dict), record
        found.append(product_from_record(record, position))
    return found


def sheet(*sheets: Sequence[Sequence[Any]]) -> bytes:
    """An Excel file with these sheets."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        made = book.create_sheet(f"Sheet {number}")
        for row in rows:
            made.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_sheet_is_read() -> None:
    """A header below a title, whole numbers without a fraction, dates, errors, and the values of formulas."""
    rows: list[list[Any]] = [
        ["Price list of spring", None, None, None],
        [],
        ["sku", "Name", "Price (EUR)", "attributes"],
        ["A-1", "Lamp", 12.0, "since=2026"],
        [7.0, "Desk", 12.5, date(2026, 1, 2)],
        ["A-3", "Shelf", "#REF!", True],
        ["A-4", None, 3, None],
    ]
    found = [record for _, record in read_records(io.BytesIO(sheet(rows)), "catalog")]
    made = [product_from_record(record, 1) for record in found[:3] if isinstance(record, dict)]
    assert [(one.name, one.price, one.currency, one.external_id) for one in made] == [
        ("Lamp", "12", "EUR", "A-1"),
        ("Desk", "12.5", "EUR", "7"),
        ("Shelf", "", "", "A-3"),
    ]
    assert dict(made[1].attributes) == {"attributes": "2026-01-02T00:00:00"}
    assert len(found) == 4


def test_the_sheet_with_products_is_chosen() -> None:
    """Of several sheets the one with a column for names is read; with two of them the run ends, and names them."""
    names, notes = [["name"], ["Lamp"]], [["Notes"], ["Nothing"]]
    assert [one.name for one in products(sheet(notes, names))] == ["Lamp"]
    with pytest.raises(InputError, match="2 sheets with products: 'Sheet 1', 'Sheet 3'"):
        products(sheet(names, notes, names))
    with pytest.raises(InputError, match=r"no sheet has a column .*\n.*'Sheet 1'"):
        products(sheet(notes))


def test_what_is_no_excel_file_is_told() -> None:
    """A zip archive of something else, and one that is cut, end the run."""
    whole = sheet([["name"], ["Lamp"]])
    for data in (whole[: len(whole) // 2], b"PK\x03\x04" + b"x" * 100):
        with pytest.raises(InputError, match="is no Excel file that can be read"):
            products(data)


def test_the_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the image, which lacks openpyxl, the error names what to install."""
    data = sheet([["name"], ["Lamp"]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigurationError, match="pip install"):
        products(data)
