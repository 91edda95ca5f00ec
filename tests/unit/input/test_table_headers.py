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
