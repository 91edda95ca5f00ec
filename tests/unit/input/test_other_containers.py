"""Excel files and XML feeds as catalogs."""

import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import openpyxl
import pytest

from query_generator.errors import ConfigurationError, InputError
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.product_fields import product_from_record
from query_generator.models import Product, RejectedRecord

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>My shop</title><image><title>Logo</title></image>
<item><g:id>1</g:id><title><![CDATA[ Rain Jacket ]]></title><g:price>79.00 EUR</g:price>
<g:sale_price>59.00 EUR</g:sale_price>
<g:brand>Ridge</g:brand><g:product_type>Apparel &gt; Jackets</g:product_type>
<g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
<g:image_link>http://x/1</g:image_link><g:image_link>http://x/2</g:image_link></item>
<item><g:id>2</g:id><title>Socks</title><g:price>12.00 EUR</g:price></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<author><name>Somebody</name></author>
<entry><id>1</id><title>Socks</title><link href="http://x"/><g:price>12.00 EUR</g:price></entry></feed>"""
YML = """<yml_catalog date="2026-01-01"><shop><name>Shop</name><company>Firm</company>
<currencies><currency id="UAH" rate="1"/></currencies><categories><category id="2">Jackets</category></categories>
<offers><offer id="7" available="true"><price>900</price><oldprice>1000</oldprice><currencyId>UAH</currencyId>
<vendor>Ridge</vendor>
<name>Jacket</name><param name="Color">red</param><param name="Size">M</param></offer></offers></shop></yml_catalog>"""
BY_CONTENT = """<warehouse><info><name>Stock</name></info><lines>
<line><title>Lamp</title><price>9.50</price></line><line><title>Desk</title><price>90</price></line></lines></warehouse>"""
ATTRIBUTES = '<products><product sku="S" name="Beanie" price="14"/><product sku="T" name="Cap" price="5"/></products>'


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


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_google_feed_is_read(pack: Any) -> None:
    """Items of an RSS feed are products, with the price to pay, not those of shop and shipping."""
    made = products(pack(RSS.encode()))
    assert [(one.name, one.brand, one.category, one.price, one.currency) for one in made] == [
        ("Rain Jacket", "Ridge", "Apparel > Jackets", "59.00", "EUR"),
        ("Socks", "", "", "12.00", "EUR"),
    ]


def test_other_feeds_are_read() -> None:
    """So are entries of Atom, offers of YML with their parameters, and what has a name and a price, in any encoding."""
    assert [(one.name, one.price) for one in products(ATOM.encode())] == [("Socks", "12.00")]
    (offer,) = products(YML.encode())
    assert (offer.name, offer.brand, offer.price, offer.currency, offer.external_id) == (
        "Jacket",
        "Ridge",
        "900",
        "UAH",
        "7",
    )
    assert offer.attributes == (("Color", "red"), ("Size", "M"))
    assert [one.name for one in products(BY_CONTENT.encode())] == ["Lamp", "Desk"]
    assert [(one.name, one.price) for one in products(ATTRIBUTES.encode())] == [("Beanie", "14"), ("Cap", "5")]
    text = '<?xml version="1.0" encoding="windows-1251"?><items><item><name>Шарф</name></item></items>'
    assert [one.name for one in products(text.encode("windows-1251"))] == ["Шарф"]


def test_a_feed_that_breaks_off_says_where() -> None:
    """What comes before the fault is read; the line and the column of the fault are named."""
    found: list[Any] = []
    with pytest.raises(InputBrokenOffError, match=r"catalog breaks off at line 9, column \d+"):
        found.extend(
            record for _, record in read_records(io.BytesIO(RSS.replace("Socks", "Q & A").encode()), "catalog")
        )
    with pytest.raises(InputError, match="catalog breaks off at line 1"):
        list(read_records(io.BytesIO(b"<items><item><name>Q & A"), "catalog"))


def test_a_document_type_is_refused() -> None:
    """Entities that a file defines are never expanded: the run ends, and says how to be rid of them."""
    bomb = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><items><item><name>&c;</name></item></items>'
    with pytest.raises(InputError, match=r"DOCTYPE.*\n.*xmllint --noent --dropdtd"):
        list(read_records(io.BytesIO(bomb.encode()), "catalog"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<!doctype html><html><body><p>No</p></body></html>", "a web page"),
        ("<html><title>Login</title></html>", "a web page"),
        ("<settings><title>Shop</title><theme>dark</theme></settings>", "XML without products"),
    ],
)
def test_what_is_no_feed_is_told(text: str, reason: str) -> None:
    """A web page and XML without products end the run with what was seen."""
    with pytest.raises(InputError, match=reason):
        list(read_records(io.BytesIO(text.encode()), "catalog"))


class Endless(io.RawIOBase):
    """A feed of one small item, one that never ends for a while, and a small one."""

    def __init__(self, head: bytes, unit: bytes, times: int, tail: bytes) -> None:
        super().__init__()
        self._parts = self._all(head, unit, times, tail)
        self._rest = b""

    @staticmethod
    def _all(head: bytes, unit: bytes, times: int, tail: bytes) -> Iterator[bytes]:
        yield head
        for _ in range(times):
            yield unit
        yield tail

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next part, or what fits."""
        self._rest = self._rest or next(self._parts, b"")
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


@pytest.mark.parametrize(
    ("unit", "times", "reason"),
    [(b"<a>" + b"x" * 1000 + b"</a>", 20_000, "larger than 16 MB"), (b"<a/>" * 1000, 150, "more than 100,000 values")],
)
def test_a_huge_element_costs_only_itself(unit: bytes, times: int, reason: str) -> None:
    """An element beyond the caps is rejected, and those beside it are read."""
    small = b"<item><name>Lamp</name></item>"
    stream = Endless(b"<items>" + small + b"<item><name>Huge</name>", unit, times, b"</item>" + small + b"</items>")
    found = [record for _, record in read_records(io.BufferedReader(stream, 4096), "catalog")]
    assert [isinstance(record, RejectedRecord) for record in found] == [False, True, False]
    assert isinstance(found[1], RejectedRecord)
    assert reason in found[1].reason


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


@pytest.mark.parametrize(
    ("module", "data"), [("openpyxl", sheet([["name"], ["Lamp"]])), ("lxml.etree", RSS.encode())], ids=["xlsx", "xml"]
)
def test_what_is_missing_is_named(module: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the image, which lacks both libraries, the error names what to install."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigurationError, match="pip install"):
        products(data)
