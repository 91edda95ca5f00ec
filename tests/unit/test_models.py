"""Keys and hashes of products."""

import pytest

from query_generator.models import Product, QueryType, RejectedRecord, composite_key


@pytest.mark.parametrize(
    ("brand", "name"),
    [
        ("DAYBIRD", "trail boot"),
        (" Daybird ", "Trail  Boot"),
        ("Ｄａｙｂｉｒｄ", "Trail\tBoot"),
        ("Daybird", "Trail\xa0Boot"),
    ],
)
def test_spellings_of_one_product_have_one_key(brand: str, name: str) -> None:
    """A product is found again however its brand and name are spaced and capitalized."""
    other, one = Product(name, brand), Product("Trail Boot", "Daybird")
    assert (other.key, other.product_hash) == (one.key, one.product_hash) == ("daybird|trail boot", one.product_hash)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b|c"), ("a|b", "c")),
        (("a\\", "b"), ("a", "\\b")),
        (("a\\|b", "c"), ("a\\", "b|c")),
        (("", "a"), ("a", "")),
        (("Straße", "a"), ("Strase", "a")),
    ],
)
def test_different_products_have_different_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Two products never share a row because of a bar or backslash in a name."""
    assert composite_key(*one) != composite_key(*other)


def test_the_hash_of_a_product_is_the_documented_one() -> None:
    """Rows that other programs wrote with SHA-256 of `brand|name` are found."""
    assert Product("b", "a").product_hash == "0eab8a0a3380abf4c7d1fb0b43b66aafbb64a4b953e4eb2dccca579461912d0c"


def test_the_content_hash_follows_what_a_prompt_says() -> None:
    """A cached answer is used again for the same facts only, wherever in a catalog they stand."""
    boot = Product("Boot", "Daybird", price="10", position=1)
    assert (
        Product("Boot", "Daybird", price="10", position=9, record_json='{"sku": 1}').content_hash == boot.content_hash
    )
    assert Product("Boot", "Daybird", price="11").content_hash != boot.content_hash
    assert Product("Boot", "Daybird", price="10", attributes=(("fit", "wide"),)).content_hash != boot.content_hash


def test_a_rejected_record_says_where_and_why() -> None:
    """The person who mends the catalog finds the record and the field."""
    assert str(RejectedRecord(3, "name", "is empty")) == "record 3: field 'name': is empty"
    assert str(RejectedRecord(4, "", "the input breaks off")) == "record 4: the input breaks off"


def test_the_types_of_questions_are_the_documented_ones() -> None:
    """`queries.query_type` holds `product` or `market`."""
    assert [str(query_type) for query_type in QueryType] == ["product", "market"]
