"""Headings of sections in a table, and products that have nothing but a name."""

import logging

import pytest

from query_generator.input.read_sums import ReadSums
from query_generator.input.section_rows import MOST_HEADINGS
from query_generator.input.sources import load_input_data, text_source
from query_generator.models import Product

RICE = "Basmati,1.20,Bharat\nJasmine,1.40,Siam\n"
PASTA = "Penne,0.90,Molino\n"


def read(rows: str, header: str = "name,price,brand") -> tuple[list[str], ReadSums]:
    """The names of the products of a table, and the sums."""
    sums = ReadSums()
    entries = list(load_input_data(text_source("table", f"{header}\n{rows}"), sums)[0])
    names = [entry.name for entry in entries if isinstance(entry, Product)]
    assert sums.rows == len(entries) + sums.parts + sums.others.total()
    return names, sums


@pytest.mark.parametrize(
    "rows",
    [
        f"RICE,,\n{RICE}PASTA,,\n{PASTA}",
        f"Rice:,,\n{RICE}Pasta:,,\n{PASTA}",
        f"RICE\n{RICE}PASTA\n{PASTA}",
        f"RICE,-,\n{RICE}PASTA,n/a,\n{PASTA}",
        f"FOOD,,\nRICE,,\n{RICE}\nPASTA,,\n{PASTA}",
    ],
    ids=["capitals", "colons", "short rows", "words for nothing", "two levels"],
)
def test_headings_of_sections_are_no_products(rows: str) -> None:
    """No question is bought for a heading; it is counted as what it is."""
    names, sums = read(rows)
    assert names == ["Basmati", "Jasmine", "Penne"]
    assert sums.others == {"section row": sums.rows - 3}


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        (f"Oat Drink,,\n{RICE}", ["Oat Drink", "Basmati", "Jasmine"]),
        (f"{RICE}LEGO,,\n{PASTA}", ["Basmati", "Jasmine", "LEGO", "Penne"]),
        ("RICE,,\nBASMATI,1.20,Bharat\n", ["RICE", "BASMATI"]),
        ("RICE,,\nBasmati,,Bharat\n", ["RICE", "Basmati"]),
        ("RICE,,\nBasmati,1.20,\n", ["RICE", "Basmati"]),
        (f"KALLAX 77,,\n{RICE}", ["KALLAX 77", "Basmati", "Jasmine"]),
        (f"RICE,,\n{RICE}PASTA,,\n", ["Basmati", "Jasmine", "PASTA"]),
        (f"RICE,,\n{RICE}Oat Drink,,\n{PASTA}", ["Basmati", "Jasmine", "Oat Drink", "Penne"]),
        ("A,,\n" + "B,,\n" * MOST_HEADINGS + RICE, ["A", "B", "Basmati", "Jasmine"]),
    ],
    ids=[
        *("in no capitals", "no heading at the top", "all in capitals", "no price below", "two cells below"),
        *("a number", "nothing below", "another name between", "many above each other"),
    ],
)
def test_what_may_be_a_product_is_one(rows: str, names: list[str]) -> None:
    """Where it is not certain that a row is a heading, no product is lost."""
    assert [*dict.fromkeys(read(rows)[0])] == names


@pytest.mark.parametrize("header", ["name,price", "name,colour,brand", "name,price,size", "title,price,handle"])
def test_tables_without_prices_or_with_variants_have_no_sections(header: str) -> None:
    """Two columns, no price, or several rows for a product: a name alone is a product's, or its first row."""
    columns = header.count(",")
    names, sums = read(f"RICE{',' * columns}\nBasmati,1{',x' * (columns - 1)}\n", header)
    assert "RICE" in names
    assert not sums.others


def test_names_alone_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """A person who looks at the log learns that some products have nothing but a name."""
    caplog.set_level(logging.INFO)
    read(f"{RICE}Oat Drink,,\nOat Flakes,,\n")
    assert "[INPUT] 2 rows hold nothing but a name; they are read as products" in caplog.messages


def test_a_heading_at_a_break_is_not_lost() -> None:
    """What waits for the row below is yielded where the input ends in quotes."""
    sums = ReadSums()
    entries = iter(
        load_input_data(text_source("table", 'name,price,brand\nRICE,,\nBasmati,1.2,x\nPASTA,,\n"Pen'), sums)[0]
    )
    assert [next(entries).name, next(entries).name] == ["Basmati", "PASTA"]  # type: ignore[union-attr]
