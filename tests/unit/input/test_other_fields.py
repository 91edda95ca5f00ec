"""Fields of a record that are no attributes, and yet tell something of the product."""

import random
from typing import Any

import pytest

from query_generator.input.product_fields import product_from_record
from query_generator.models import QueryType
from query_generator.questions.grounding import grounds_of

RECORD: dict[str, Any] = {
    "title": "Essence Mascara",
    "brand": "Essence",
    "description": "A mascara.",
    "price": 9.99,
    "tags": ["beauty", "mascara"],
    "weight": 4,
    "dimensions": {"width": 15.14, "height": 13.08},
    "warrantyInformation": "1 week warranty",
    "returnPolicy": "No returns",
}
OF_THE_SHOP: dict[str, Any] = {
    "id": 1,
    "sku": "BEA-1",
    "supplierCode": "X-77",
    "stock": 99,
    "inventory_quantity": 12,
    "availabilityStatus": "In Stock",
    "rating": 2.56,
    "reviews": [{"comment": "Weight is fine!", "date": "2025-04-30"}],
    "meta": {"createdAt": "2025-04-30T09:41:02.053Z", "barcode": "5784719087687"},
    "thumbnail": "https://cdn.example/1.webp",
    "sizeChart": "https://cdn.example/chart",
    "lastSeen": "2025-04-30",
    "printed": "30.04.2025",
    "leaflet": "leaflet.pdf",
    "contact": "help@shop.example",
    "serial": "5784719087687",
    "height": 0,
    "depth": None,
    "width": "N/A",
    "list_price": 12,
    "product_type": "Mascara",
}


def others_of(**fields: Any) -> dict[str, str]:
    """The other fields of a record that has these besides its usual ones."""
    return dict(product_from_record({**RECORD, **fields}, 1).others)


def test_what_tells_something_of_the_product_is_kept() -> None:
    """Numbers, texts, and the pairs of a second field of attributes."""
    assert others_of() == {
        "width": "15.14",
        "height": "13.08",
        "returnPolicy": "No returns",
        "warrantyInformation": "1 week warranty",
        "weight": "4",
    }


@pytest.mark.parametrize("name", OF_THE_SHOP)
def test_what_the_shop_keeps_of_it_tells_nothing(name: str) -> None:
    """Ids, stock, ratings, addresses, dates, files, nothing at all, and what is a part of the product already."""
    assert others_of(**{name: OF_THE_SHOP[name]}).items() <= others_of().items()


def test_what_is_told_already_is_not_kept_again() -> None:
    """An attribute's name, and a text that is the description."""
    told = others_of(short_description="A mascara.", Tags="beauty", attributes={"weight": "4 g"})
    assert "weight" not in told
    assert "short_description" not in told
    assert others_of(short_description="It makes lashes long.")["short_description"] == "It makes lashes long."


def test_there_are_at_most_40_of_300_characters_whatever_the_order_of_the_keys() -> None:
    """A table of hundreds of columns makes no large product, and the database may sort the keys."""
    wide = {**RECORD, **{f"column {chr(97 + n // 26)}{chr(97 + n % 26)}": "x" * 500 for n in range(300)}}
    others = product_from_record(wide, 1).others
    keys = list(wide)
    random.Random(7).shuffle(keys)
    assert len(others) == 40
    assert {len(value) for _, value in others} <= {300, *range(16)}
    assert product_from_record({key: wide[key] for key in keys}, 1).others == others


def test_they_change_neither_the_attributes_nor_the_hash() -> None:
    """No prompt tells them, so that a product with other ones is not bought again."""
    product, bare = product_from_record(RECORD, 1), product_from_record({**RECORD, "weight": 5, "extra": "new"}, 1)
    assert product.attributes == bare.attributes == (("tags", "beauty, mascara"),)
    assert product.content_hash == bare.content_hash
    assert product.others != bare.others


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("How heavy is the Essence Mascara?", "weight"),
        ("How wide is it?", "width"),
        ("Does it come with a warranty?", "warrantyInformation"),
        ("Can I return the Essence Mascara?", "returnPolicy"),
    ],
)
def test_a_question_that_they_answer_is_grounded(question: str, field: str) -> None:
    """By the same rules as in an attribute: what the product has is not lacking."""
    grounds = grounds_of(product_from_record(RECORD, 1), QueryType.PRODUCT)
    assert field in (grounds(question) or ())
    bare = {key: RECORD[key] for key in ("title", "brand", "description", "price")}
    assert not grounds_of(product_from_record(bare, 1), QueryType.PRODUCT)(question)
