"""Texts in several languages, in lists of one and in objects; attributes as shops write them."""

from typing import Any

import pytest

from query_generator.input.product_fields import RejectedRecordError, product_from_record

AKENEO = [{"locale": "de_DE", "scope": None, "data": "Kessel"}, {"locale": "en_US", "scope": None, "data": "Kettle"}]


@pytest.mark.parametrize(
    ("value", "locale", "expected"),
    [
        ({"en-US": "Kettle", "de-DE": "Kessel"}, "", "Kettle"),
        ({"de-DE": "Kessel", "en-US": "Kettle"}, "", "Kettle"),
        ({"en-US": "Kettle", "de-DE": "Kessel"}, "de-DE", "Kessel"),
        ({"en_US": "Kettle", "de_AT": "Kessel"}, "de-DE", "Kessel"),
        ({"en": "Kettle"}, "fr", "Kettle"),
        ({"en": "", "de": "Kessel"}, "en", "Kessel"),
        ({"en": "None", "de": "Kessel"}, "", "Kessel"),
        ({"default": "Kettle", "de": "Kessel"}, "", "Kettle"),
        (["Kettle"], "", "Kettle"),
        ([None, "Kettle", ""], "", "Kettle"),
        ([["Kettle"]], "", "Kettle"),
        ({"value": "Kettle"}, "", "Kettle"),
        ({"rendered": "Kettle"}, "", "Kettle"),
        ([{"value": "Kettle"}], "", "Kettle"),
        (AKENEO, "", "Kessel"),
        (AKENEO, "en-US", "Kettle"),
        ([{"language": "en", "text": "Kettle"}, {"language": "de", "text": "Kessel"}], "de", "Kessel"),
        ([{"@language": "en", "@value": "Kettle"}], "", "Kettle"),
    ],
)
@pytest.mark.parametrize("field", ["name", "brand"])
def test_a_text_in_several_languages(field: str, value: Any, locale: str, expected: str) -> None:
    """The asked language counts, else English in an object and the first in a list."""
    product = product_from_record({"name": "Lamp", field: value}, 1, locale=locale)
    assert getattr(product, field) == expected


@pytest.mark.parametrize(
    "value", [["Kettle", "Pot"], {"size": "x"}, [{"size": "x"}], {"en": True}, [[]], {"en": ""}, {"id": "5"}]
)
def test_what_is_no_name(value: Any) -> None:
    """Several names, or an object without a text, are no name."""
    with pytest.raises(RejectedRecordError):
        product_from_record({"name": value}, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            [
                {"id": 6, "name": "Color", "position": 0, "visible": True, "options": ["Black", "Green"]},
                {"id": 0, "name": "Size", "position": 1, "options": ["S", "M"]},
            ],
            (("Color", "Black, Green"), ("Size", "S, M")),
        ),
        ([{"id": 6, "name": "Color", "options": ["Black"]}], (("Color", "Black"),)),
        ([{"attribute_code": "color", "value": "red"}], (("color", "red"),)),
        ([{"code": "color", "label": "Colour", "value": "red"}], (("Colour", "red"),)),
        ([{"code": "color", "value": {"key": "r", "label": {"en": "Red"}}}], (("color", "Red"),)),
        ([{"label": "Color", "value": "red"}], (("Color", "red"),)),
        ([{"trait": "Color", "value": "red"}, {"trait_type": "Size", "value": 5}], (("Color", "red"), ("Size", "5"))),
        ([{"name": "Size", "options": [{"id": 1, "name": "S"}, {"id": 2, "name": "M"}]}], (("Size", "S, M"),)),
        ([{"name": "Weight", "value": 5, "unit": "kg"}], (("Weight", "5 kg"),)),
        (
            {"weight": {"value": 5.5, "unit": "kg"}, "depth": {"amount": "3", "unit": "cm"}},
            (("weight", "5.5 kg"), ("depth", "3 cm")),
        ),
        ({"colour": {"en": "red", "de": "rot"}}, (("colour", "red"),)),
        ([{"name": "Color", "value": "", "options": ["Red"]}], (("Color", "Red"),)),
        ([{"key": "color", "value": {"text": ["red", "blue"]}}], (("color", "red, blue"),)),
    ],
)
def test_attributes_of_shops(value: Any, expected: Any) -> None:
    """Pairs are found by the keys that shops use for names and values; a number keeps its unit."""
    assert product_from_record({"name": "Lamp", "attributes": value}, 1).attributes == expected


def test_a_description_in_several_languages() -> None:
    """Of a description in several languages one is taken; of other objects all parts count."""
    record = {"name": "Lamp", "description": {"de": "Hell", "en": "<p>Bright</p>"}}
    assert product_from_record(record, 1).description == "Bright"
    assert product_from_record(record, 1, locale="de").description == "Hell"
    record["description"] = {"text": "Bright", "title": "Lamp"}
    assert product_from_record(record, 1).description == "Bright Lamp"
