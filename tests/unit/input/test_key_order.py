"""The order of a record's keys, which databases and exports change, means nothing."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.input.product_fields import product_from_record
from query_generator.models import Product
from tests.support.records import RECORDS, read, shuffled


@pytest.mark.no_cover
@given(RECORDS, st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_a_record_in_another_order_is_the_same_product(record: dict[str, Any], order: random.Random) -> None:
    """Brand and name, and so the row that a record means, and the content hash do not depend on the order of keys."""
    one, other = read(record), read(shuffled(record, order))
    if isinstance(one, Product) and isinstance(other, Product):
        assert (one.key, one.content_hash) == (other.key, other.content_hash)
    else:
        assert one == other


def test_more_attributes_than_are_kept_in_another_order() -> None:
    """Of a hundred attributes, and of a nested one that is cut, the same ones count in any order."""
    attributes: dict[str, Any] = {f"part {number}": f"value {number}" for number in range(100)}
    attributes["a nested one"] = {f"inner {number}": "x" * 20 for number in range(40)}
    record = {"name": "Boot", "attributes": attributes}
    hashes = {product_from_record(shuffled(record, random.Random(seed)), 1).content_hash for seed in range(10)}
    assert len(hashes) == 1


def test_attributes_stay_in_the_order_of_the_record() -> None:
    """What a prompt says of a product follows the record's own order."""
    product = product_from_record(
        {"name": "Boot", "attributes": {"volume": "1 l", "material": "tin", "colour": "red"}}, 1
    )
    assert [name for name, _ in product.attributes] == ["volume", "material", "colour"]


def test_a_change_of_what_is_said_changes_the_hash() -> None:
    """Another value, another name of an attribute, or values that change places are another content."""
    records = [
        {"name": "Boot", "attributes": {"a": "1", "b": "2"}},
        {"name": "Boot", "attributes": {"a": "2", "b": "1"}},
        {"name": "Boot", "attributes": {"a": "1", "c": "2"}},
        {"name": "Boot", "attributes": {"a": "1"}},
        {"name": "Boot", "attributes": {"a": "1", "b": "2"}, "description": ["2", "1"]},
        {"name": "Boot", "attributes": {"a": "1", "b": "2"}, "description": ["1", "2"]},
    ]
    assert len({product_from_record(record, 1).content_hash for record in records}) == len(records)
