"""Tables whose header is not the first line, or comes again, and tables that are not quoted."""

import io
import logging
from collections.abc import Iterable

import pytest

from query_generator.input.formats import read_records
from query_generator.models import NoRecord, RejectedRecord


def _read(text: str) -> list[object]:
    return [record for _, record in read_records(io.BytesIO(text.encode()), "the input")]


def _names(records: Iterable[object], key: str = "name") -> list[object]:
    return [record[key] for record in records if isinstance(record, dict)]


@pytest.mark.parametrize(
    "above",
    [
        "sep=;\n",
        "Autumn catalog\n\n",
        "# exported 2026-01-01, by the shop\n# do not edit\n",
        '# Required | A unique ID;"# Required | The title; of the item"\n',
        "TemplateType=Clothing;Version=1.4\nSKU;Product Name;Price\n",
    ],
)
def test_lines_above_the_header_are_left_out_and_said(above: str, caplog: pytest.LogCaptureFixture) -> None:
    """The header is the first row that names the product's name, or the row of field names below that."""
    with caplog.at_level(logging.INFO):
        records = _read(above + "sku;name;price\n1;Trail Lamp;12,50\n2;Desk Lamp;9\n")
    assert records == [
        {"sku": "1", "name": "Trail Lamp", "price": "12,50"},
        {"sku": "2", "name": "Desk Lamp", "price": "9"},
    ]
    assert f"The header is line {above.count(chr(10)) + 1}" in caplog.text


def test_a_product_below_the_header_is_not_taken_for_a_header() -> None:
    """A product whose values look like words of a header stays a product."""
    assert _names(_read("name,brand\nTitle,Acme\nName,Other\n")) == ["Title", "Name"]


def test_a_header_over_several_lines_is_read_whole() -> None:
    """A quoted header cell may hold a line break."""
    assert _read('"id\nnumber",name\n1,Lamp\n') == [{"id\nnumber": "1", "name": "Lamp"}]


def test_a_repeated_header_is_no_record() -> None:
    """Files joined with cat hold their header again, also behind a byte order mark; each row is counted once."""
    records = _read("id,name\n1,Lamp\nid,name\n2,Desk\n\ufeffid,name\n3,Chair\n")
    assert _names(records) == ["Lamp", "Desk", "Chair"]
    assert records.count(NoRecord("repeated header")) == 2
    assert len(records) == 5


def test_rows_below_another_header_are_read_by_it() -> None:
    """A joined file may have its columns in another order, or others."""
    records = _read("id,name\n1,Lamp\nname,id\nDesk,2\nid,name,price\n3,Chair,9\n")
    assert [record for record in records if isinstance(record, dict)] == [
        {"id": "1", "name": "Lamp"},
        {"name": "Desk", "id": "2"},
        {"id": "3", "name": "Chair", "price": "9"},
    ]


def test_quotes_in_a_table_with_tabs_are_text_where_a_line_is_a_row() -> None:
    """A quote that is not closed joins no rows, not even in the last cell."""
    text = 'id\tname\tsize\n1\t"Grandma jam\t250 g\n2\tYogurt\t"500 g\n3\tJuice 12"\t1 l\n4\t"A ""good"" tea"\t1\n'
    assert _names(_read(text)) == ['"Grandma jam', "Yogurt", 'Juice 12"', 'A "good" tea']


@pytest.mark.parametrize("length", [10, 1 << 16, 300_000])
def test_a_quoted_cell_over_several_lines_stays_one_cell_in_a_table_with_tabs(length: int) -> None:
    """A table with tabs that is quoted is read with its quotes, also in the last column and across chunks."""
    text = f'id\tname\ttext\n1\tLamp\t"a{"x" * length}\nsecond"\n2\t"De\nsk"\tb\n3\tChair\tc\n'
    records = _read(text)
    assert _names(records) == ["Lamp", "De\nsk", "Chair"]
    assert not any(isinstance(record, RejectedRecord) for record in records)


def test_blanks_around_quoted_cells_of_a_padded_table_are_no_part_of_them() -> None:
    """A table whose columns are aligned with blanks is read, commas and line breaks in quoted cells included."""
    records = _read('name   , price , tags \nLaptop , 129   , "big, new , fast"  \nDesk   , "9"   ,   \n')
    assert [
        (record["name"].strip(), record["price"].strip(), record["tags"].strip()) for record in map(_row, records)
    ] == [
        ("Laptop", "129", "big, new , fast"),
        ("Desk", "9", ""),
    ]


def _row(record: object) -> dict[str, str]:
    assert isinstance(record, dict)
    return record


@pytest.mark.parametrize(
    ("row", "price"),
    [("1,Lamp,12,50,Acme", "12,50"), ("1,Lamp,9,Acme", "9"), ('1,"Lamp, red","12,50",Acme', "12,50")],
)
def test_a_price_with_a_decimal_comma_stays_one_cell(row: str, price: str) -> None:
    """In a table with commas `12,50` without quotes is one price, where the row fits the header in no other way."""
    (record,) = _read(f"sku,name,price,brand\n{row}\n")
    assert (_row(record)["price"], _row(record)["brand"]) == (price, "Acme")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("sku,name,price,brand", "1,Lamp, red,9,Acme"),
        ("sku,name,price,sale_price,brand", "1,Lamp,12,50,99,Acme"),
        ("sku,name,price,brand", "1,Lamp,12,505,Acme"),
    ],
)
def test_a_row_that_may_be_read_in_two_ways_is_rejected(header: str, row: str) -> None:
    """A row with a cell too many that is no decimal comma for certain is rejected, with the number of its cells."""
    (record,) = _read(f"{header}\n{row}\n")
    assert isinstance(record, RejectedRecord)
    assert "cells, but the header has" in record.reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "sep=;\r\nname;brand;price\r\nTrail Lamp;Lumora;12,50\r\nDesk Lamp;Lumora;1.299,00\r\n",
            ["Trail Lamp", "Desk Lamp"],
        ),
        (
            '# Required | An ID.,"# Required | A title, such as Tee."\nid,title\nfb_1,Crew Tee (Unisex)\n',
            ["Crew Tee (Unisex)"],
        ),
        (
            'code\tproduct_name\tbrands\n1\t"Grandma style jam\tBonne\n2\tPlain Yogurt\tHofgut\n3\tJuice 12"\tForno\n',
            ['"Grandma style jam', "Plain Yogurt", 'Juice 12"'],
        ),
    ],
)
def test_tables_as_excel_meta_and_open_food_facts_write_them(text: str, expected: list[str]) -> None:
    """A line with the separator, a line of explanations, and quotes inside cells between tabs are understood."""
    names = [_row(record) for record in _read(text)]
    assert [row.get("name") or row.get("title") or row.get("product_name") for row in names] == expected
