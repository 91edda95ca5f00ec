"""The order of a record's keys, which databases and exports change, means nothing."""

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.input.field_names import FIELD_NAMES
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.models import Product

_WORDS = st.sampled_from(["red", "wool", "blue", "12.50 EUR", "3,5 kg", "<b>warm</b>", "A > B", "x" * 400, "n/a", ""])
_NUMBERS = st.one_of(st.integers(-9, 10**20), st.floats(allow_nan=True), st.booleans(), st.none())
_INNER_KEYS = st.sampled_from(
    ["name", "Name", "value", "unit", "lvl0", "lvl1", "amount", "currency", "en", "zz", "blocks"]
)
_VALUES = st.recursive(
    st.one_of(_WORDS, _NUMBERS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_INNER_KEYS, inner, max_size=5)),
    max_leaves=12,
)
_FIELDS = [name for names in FIELD_NAMES.values() for name in names] + ["Product-Name", "NAME", "offers", "other"]
RECORDS = st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=12)


def shuffled(value: Any, order: random.Random) -> Any:
    """The value with the keys of every dict in it in another order."""
    if isinstance(value, list):
        return [shuffled(item, order) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: shuffled(value[key], order) for key in order.sample(sorted(value), len(value))}


def read(record: dict[str, Any]) -> Product | str:
    """The product, or why there is none."""
    try:
        return product_from_record(record, 1)
    except RejectedRecordError as exc:
        return str(exc)


@given(RECORDS, st.randoms(use_true_random=False))
@settings(max_examples=400)
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
