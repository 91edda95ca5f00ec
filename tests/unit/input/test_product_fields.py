"""How one record of a catalog, under any names and in any shapes, becomes a product."""

import json
from typing import Any

import pytest

from query_generator.input.field_names import FIELD_NAMES, is_name_field
from query_generator.input.plain_text import plain_text
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.models import Product

SAMPLES: dict[str, tuple[Any, Any]] = {
    "external_id": ("A-1", "A-1"),
    "name": ("Lamp", "Lamp"),
    "brand": ("Acme", "Acme"),
    "category": ("Home > Light", "Home > Light"),
    "description": ("<p>Bright</p>", "Bright"),
    "price": ("15.00", "15.00"),
    "currency": ("USD", "USD"),
    "attributes": ({"color": "red"}, (("color", "red"),)),
}


def product(**fields: Any) -> Product:
    return product_from_record({"name": "Lamp", **fields}, 1)


def spellings(name: str) -> set[str]:
    spaced = name.replace("_", " ")
    return {name, name.upper(), name.replace("_", "-"), name.replace("_", ""), spaced, spaced.title(), f" {name} "}


VARIANTS = [(part, way) for part, names in FIELD_NAMES.items() for name in names for way in sorted(spellings(name))]


@pytest.mark.parametrize(("part", "field"), VARIANTS)
def test_every_field_name(part: str, field: str) -> None:
    """Every field name of the table is understood without regard to case, spaces, `_` and `-`."""
    value, expected = SAMPLES[part]
    record = {field: value} if part == "name" else {"name": "Lamp", field: value}
    assert getattr(product_from_record(record, 1), part) == expected


@pytest.mark.parametrize("part", FIELD_NAMES)
def test_first_usable_field_wins(part: str) -> None:
    """Of several fields for one part, the first in the table's order with a usable value wins."""
    value, expected = SAMPLES[part]
    names = FIELD_NAMES[part]
    absent_values: tuple[Any, ...] = (None, "", "null", "NULL", "N/A", "n/a", "NaN", " ", {}, [])
    for absent in absent_values:
        record: dict[str, Any] = {"name": "Lamp"} if part != "name" else {}
        record |= {names[-1]: value, names[0]: absent}
        assert getattr(product_from_record(record, 1), part) == expected


def test_order_of_the_table_beats_order_of_the_record() -> None:
    """Where two fields are usable, the table's order decides, not the record's."""
    assert product_from_record({"title": "second", "vendor": "v", "Name": "first", "brand": "b"}, 1).name == "first"


def test_nested_paths() -> None:
    """Dotted names are found as paths, too; offers may be a list."""
    made = product_from_record(
        {
            "content": {"productName": "Lamp", "productFullDescription": "Bright"},
            "offers": [{"price": None}, {"price": "12.5", "priceCurrency": "EUR"}],
        },
        1,
    )
    assert (made.name, made.description, made.price, made.currency) == ("Lamp", "Bright", "12.5", "EUR")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Acme", "Acme"), ({"name": "Acme"}, "Acme"), ([None, {"Name": "Acme"}], "Acme"), (3, "3"), (True, ""), ({}, "")],
)
def test_brand_shapes(value: Any, expected: str) -> None:
    """A brand comes as text, `{name}` or a list."""
    assert product(brand=value).brand == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Home", "Home"),
        ("Home>>Light", "Home > Light"),
        ("Home / Light", "Home / Light"),
        ("Home, Light", "Home, Light"),
        ("Home, Garden > Light & Lamps", "Home, Garden > Light & Lamps"),
        (["Home", {"name": "Light"}, ["Desk"], None], "Home > Light > Desk"),
        ('["Clothing >> Women\'s Clothing >> Tops"]', "Clothing > Women's Clothing > Tops"),
        ({"lvl0": "Home", "lvl1": "Home > Light", "lvl2": None}, "Home > Light"),
        ({"id": 5, "name": "Home"}, "Home"),
        ("Home &amp; Garden", "Home & Garden"),
        (True, ""),
    ],
)
def test_category_shapes(value: Any, expected: str) -> None:
    """A category comes as a text with separators, a list, or a dict of levels."""
    assert product(category=value).category == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (15, ("15", "")),
        (9.99, ("9.99", "")),
        (10.0, ("10", "")),
        (1e-5, ("0.00001", "")),
        ("15.00 USD", ("15.00", "USD")),
        ("USD15.00", ("15.00", "USD")),
        ("$1,299.00", ("1299.00", "USD")),
        ("€ 12,50", ("12.50", "EUR")),
        ("£1,299", ("1299", "GBP")),
        ("1.299,00 €", ("1299.00", "EUR")),
        ("1 299,00", ("1299.00", "")),
        ("40.000", ("40.000", "")),
        ("0,5", ("0.5", "")),
        ("10.00 - 20.00", ("10.00", "")),
        ("¥1200", ("1200", "")),
        ({"amount": "15.00", "currency": "PLN"}, ("15.00", "PLN")),
        ([{"amount": None}, {"amount": 3, "currency": "EUR"}], ("3", "EUR")),
        ("on request", ("", "")),
        ("1e999999999", ("", "")),
        ("-5", ("", "")),
        (-5, ("", "")),
        (True, ("", "")),
        ("9" * 5_000, ("", "")),
        (float("nan"), ("", "")),
    ],
)
def test_price_shapes(value: Any, expected: tuple[str, str]) -> None:
    """A price comes as a number, a text or `{amount, currency}`; what holds no number is absent, not an error."""
    made = product(price=value)
    assert (made.price, made.currency) == expected


def test_price_falls_through() -> None:
    """A price field without a number gives way to the next; a currency of its own beats the currency field."""
    made = product(price="on request", sale_price="5 EUR", currency="USD")
    assert (made.price, made.currency) == ("5", "EUR")
    assert product(price="5", currency="€").currency == "EUR"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (
            "attributes",
            {"color": "red", "none": None, "n": 3, "b": True},
            (("color", "red"), ("n", "3"), ("b", "true")),
        ),
        ("attributes", {"sizes": ["S", "M"], "<b>x</b>": "<i>y</i>"}, (("sizes", "S, M"), ("x", "y"))),
        (
            "attributes",
            [{"name": "a", "value": 1}, {"attribute": "b", "value": ["x", "y"]}],
            (("a", "1"), ("b", "x, y")),
        ),
        (
            "additional_attributes",
            "color=red,size=S, M,fit=slim",
            (("color", "red"), ("size", "S, M"), ("fit", "slim")),
        ),
        ("tags", ["a", "b"], (("tags", "a, b"),)),
        ("tags", "one text", (("tags", "one text"),)),
        ("dimensions", {"width": 15.14}, (("width", "15.14"),)),
        (
            "product_specifications",
            '{"product_specification"=>[{"key"=>"Fabric", "value"=>"Cotton"}, {"value"=>"x"}]}',
            (("Fabric", "Cotton"), ("value", "x")),
        ),
    ],
)
def test_attribute_shapes(field: str, value: Any, expected: Any) -> None:
    """Attributes come as a dict, a list of pairs, assignments in a text, or a list of tags."""
    assert product(**{field: value}).attributes == expected


def test_attribute_limits() -> None:
    """At most 40 attributes are kept, a value at most 300 characters long."""
    made = product(attributes={str(number): "x" * 1_000 for number in range(100)})
    assert len(made.attributes) == 40
    assert {len(value) for _, value in made.attributes} == {300}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<p>One</p><p>Two<br/>three</p>", "One Two three"),
        ("<b>bo</b>ld <a href='x>y'>link</a>", "bold link"),
        ("<style>p {x: 1 > 0}</style>A<script>if (a < b) {}</script>B<!-- no -->C", "A B C"),
        ("a < b and c > d", "a < b and c > d"),
        ("a <b and c> d", "a <b and c> d"),
        ("5 <6 > 3", "5 <6 > 3"),
        ("keep <p class='open all this", "keep <p class='open all this"),
        ("<script>unclosed text", "unclosed text"),
        ("&lt;p&gt;Tom &amp;amp; Jerry&nbsp;&eacute;&lt;/p&gt;", "Tom & Jerry é"),
        ("5 &lt; 6", "5 < 6"),
        ("  many \n\t kinds\u00a0of  space ", "many kinds of space"),
        ("nul\x00 and \ud800 half", "nul\ufffd and \ufffd half"),
        (
            {"time": 1, "blocks": [{"data": {"text": "<b>One</b>", "style": "x"}}, {"data": {"items": ["2", "3"]}}]},
            "One 2 3",
        ),
        (["One", {"text": "Two"}], "One Two"),
        ("null", ""),
    ],
)
def test_description_shapes(value: Any, expected: str) -> None:
    """A description comes as HTML, escaped HTML, rich-text blocks or a list, and becomes plain text."""
    assert product(description=value).description == expected


def test_description_limit() -> None:
    """A description is cut at 20,000 characters."""
    assert len(product(description="x " * 22_000).description) == 20_000


@pytest.mark.parametrize(
    "unit", ["<", "<a", "<a '", '<a b="', "<!--", "<script>", "<script></style>", "&lt;a '", "<a b=c "]
)
def test_hostile_html_is_fast(unit: str) -> None:
    """HTML made to slow a parser down comes through in linear time, its length bounded."""
    assert len(plain_text(unit * 100_000)) <= 200_000


@pytest.mark.parametrize(
    ("record", "field", "reason"),
    [
        ({}, "name", "missing"),
        ({"name": " ", "title": "N/A"}, "name", "missing"),
        ({"Name": ["x", "y"]}, "Name", "a list"),
        ({"title": {"size": "x"}}, "title", "an object"),
        ({"name": True}, "name", "true or false"),
        ({"name": "<br/>"}, "name", "no text"),
        ({"name": "\u200b"}, "name", "no text"),
        ({"name": "a\x00b"}, "name", "U+0000"),
        ({"name": "a\x07b"}, "name", "U+0007"),
        ({"name": "a\ud800b"}, "name", "U+D800"),
        ({"name": "x" * 1_001}, "name", "more than 1000"),
        ({"name": "x", "Vendor": "x" * 256}, "Vendor", "more than 255"),
        ({"name": "x", "brand": {"name": "\x00"}}, "brand", "U+0000"),
    ],
)
def test_rejections(record: dict[str, Any], field: str, reason: str) -> None:
    """A record that is no product is rejected by the field's own name, with the reason."""
    with pytest.raises(RejectedRecordError) as raised:
        product_from_record(record, 1)
    assert raised.value.field == field
    assert reason in raised.value.reason


def test_deep_record() -> None:
    """A record nested deeper than 100 levels is rejected under its product's key; 100 levels are fine."""
    deep: dict[str, Any] = {"name": "Lamp", "brand": "Acme"}
    for levels in (98, 5_000):
        inner: Any = 1
        for _ in range(levels):
            inner = [inner]
        if levels == 98:
            assert product_from_record(deep | {"x": inner}, 1).key == "acme|lamp"
            continue
        for field in ("x", "description", "attributes", "category", "price", "brand", "id", "offers"):
            with pytest.raises(RejectedRecordError, match="deeper than 100"):
                product_from_record(deep | {field: inner}, 1)


def test_names_become_plain_text() -> None:
    """A name loses tags, entities and doubled white space; a number is a name, too."""
    assert product(name="<b>Tom</b>&#39;s  Lamp &amp; Co").name == "Tom's Lamp & Co"
    assert product(name=501).name == "501"
    assert product(name="无线耳机", brand="华为").key == "华为|无线耳机"


@pytest.mark.parametrize(
    ("record", "product_id", "external_id"),
    [
        ({"product_id": 7}, 7, "7"),
        ({"product_id": "7"}, 7, "7"),
        ({"productId": 7}, None, "7"),
        ({"Product_ID": 7}, None, "7"),
        ({"id": 5, "product_id": 7}, 7, "5"),
        ({"product_id": "SKU-7"}, None, "SKU-7"),
        ({"product_id": True}, None, ""),
        ({"product_id": 0}, None, "0"),
        ({"product_id": 2**31}, 2**31, str(2**31)),
        ({"product_id": 2**63}, None, str(2**63)),
        ({"product_id": "²"}, None, "²"),
        ({"_id": {"$oid": "5f"}}, None, "5f"),
    ],
)
def test_identifiers(record: dict[str, Any], product_id: int | None, external_id: str) -> None:
    """Only an integer in a field of exactly the name product_id is a product_id; every id is kept as external."""
    made = product(**record)
    assert (made.product_id, made.external_id) == (product_id, external_id)


def test_original_record_is_storable() -> None:
    """The original record is kept as it is, but for what PostgreSQL's jsonb refuses."""
    infinite = float("inf")
    record = {"name": "Lamp", "a\x00": ["x\x00y", {"b": "\udfff"}], "n": float("nan"), "i": infinite, "ok": "é\x07😀"}
    stored = json.loads(product_from_record(record, 3).record_json)
    assert stored == {"name": "Lamp", "a\ufffd": ["x\ufffdy", {"b": "\ufffd"}], "n": None, "i": None, "ok": "é\x07😀"}
    json.dumps(stored, allow_nan=False).encode()


def test_name_fields() -> None:
    """The name fields of a header are known without a record."""
    assert is_name_field("Product Name")
    assert not is_name_field("sku")
