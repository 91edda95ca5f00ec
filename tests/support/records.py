"""Records as catalogs hold them, with keys in any order."""

import random
from typing import Any

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
