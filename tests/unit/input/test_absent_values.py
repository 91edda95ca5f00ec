"""The texts by which feeds say that there is no value."""

import pytest

from query_generator.input.product_fields import RejectedRecordError, product_from_record

ABSENT = [
    *("None", "NONE", "-", "--", "—", "n/a", "N/A", "NA", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "undefined"),
    *("(null)", "null", "NULL", "\\N", "nil", "NaN", "?", "TBD", "tba", "Not available", "Does not apply", " none "),
]


@pytest.mark.parametrize("text", ABSENT)
def test_an_absent_value(text: str) -> None:
    """A text that stands for none is none in every field, and gives way to the next field."""
    record = {"name": "Oak", "brand": text, "category": text, "price": text, "description": text, "currency": text}
    product = product_from_record({**record, "attributes": {"wood": text, "legs": "4"}}, 1)
    assert (product.brand, product.category, product.price, product.description, product.currency) == ("",) * 5
    assert product.attributes == (("legs", "4"),)
    assert product_from_record({**record, "vendor": "Acme", "sale price": text, "price": "5"}, 1).brand == "Acme"
    assert product_from_record({**record, "brand": text}, 1, "Own").brand == "Own"


@pytest.mark.parametrize("text", ABSENT)
def test_an_absent_name(text: str) -> None:
    """A record whose only name stands for none is rejected: questions about it would be paid for nothing."""
    with pytest.raises(RejectedRecordError, match="missing or empty"):
        product_from_record({"name": text, "brand": "Acme"}, 1)
    assert product_from_record({"name": text, "title": "Lamp"}, 1).name == "Lamp"


@pytest.mark.parametrize(
    "name", ["Unknown Pleasures", "Default", "Nil Satis", "None the Wiser", "NA Beer", "A", "Other"]
)
def test_a_name_that_only_looks_absent(name: str) -> None:
    """Words of names are names."""
    assert product_from_record({"name": name}, 1).name == name


@pytest.mark.parametrize("brand", ["Unbranded", "UNBRANDED", "No brand", "unknown"])
def test_no_brand(brand: str) -> None:
    """A word that says there is no brand is no brand, but may be a name."""
    assert product_from_record({"name": brand, "brand": brand}, 1).brand == ""
    assert product_from_record({"name": "Lamp", "brand": [brand, "Acme"]}, 1).brand == "Acme"
    assert product_from_record({"name": "Lamp", "brand": brand, "vendor": "Acme"}, 1).brand == "Acme"


def test_a_price_of_zero_is_a_price() -> None:
    """0 beside absent values stays what it is."""
    assert product_from_record({"name": "Oak Stool", "brand": "NA", "category": "NA", "price": "0"}, 1).price == "0"
