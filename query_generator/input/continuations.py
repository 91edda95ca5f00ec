"""Which rows of a table belong to the product of the row above them. Pure."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from query_generator.input.field_names import LONGEST_NAME, is_name_field, is_small, value_at
from query_generator.input.plain_text import fold, is_absent
from query_generator.input.profiles import Profile

_SAME = frozenset({"handle", "urlhandle", "slug", "urlkey", "itemgroupid"})  # columns that all rows of a product share
_FILLED_IN_PRODUCTS = frozenset({"brand", "vendor", "manufacturer", "description", "category", "categories"})
_OF_VARIANTS = re.compile(r"option|varia|attribute|colou?r|size|image", re.I)


@lru_cache(maxsize=4096)
def _kind_of(name: str) -> str:
    """Return what a column says of the rows of a table: `same`, `variant`, `product` or nothing."""
    if len(name) > LONGEST_NAME:
        return ""
    folded = fold(name)
    if folded in _SAME:
        return "same"
    if folded in _FILLED_IN_PRODUCTS:
        return "product"
    return "variant" if _OF_VARIANTS.search(name) else ""


class _Columns(NamedTuple):
    """What the columns of a table are: those that all rows of a product share, and whether some are of variants."""

    same: tuple[str, ...]
    has_variants: bool


@lru_cache(maxsize=1024)
def _columns(names: tuple[str, ...]) -> _Columns:
    kinds = [_kind_of(name) for name in names]
    return _Columns(tuple(name for name, kind in zip(names, kinds, strict=True) if kind == "same"), "variant" in kinds)


def _columns_of(record: Mapping[str, Any]) -> _Columns:
    names = tuple(record)
    return _columns(names) if is_small(names) else _columns.__wrapped__(names)


def has_columns_of_variants(names: Iterable[str]) -> bool:
    """Return whether a table with these columns may have several rows for one product."""
    return any(_kind_of(name) in ("same", "variant") for name in names)


def is_row_of_variants(record: Mapping[str, Any]) -> bool:
    """Return whether a record is the row of a table in which several rows may make one product."""
    columns = _columns_of(record)
    return bool(columns.same or columns.has_variants) and not any(
        isinstance(value, (dict, list)) for value in record.values()
    )


def _names(record: Mapping[str, Any], profile: Profile | None) -> tuple[Any, ...]:
    paths = profile.fields.get("name", ()) if profile else ()
    given = (value for path in paths if (value := value_at(record, path)) is not None)
    return (*given, *(value for name, value in record.items() if is_name_field(name) and not is_absent(value)))


def continues(record: Mapping[str, Any], product: Mapping[str, Any], profile: Profile | None) -> bool:
    """Return whether a row belongs to the product of the row before it.

    It does if both have the same handle, and the row has no other name; or if it has neither name nor handle and does
    not say what only products have, in a table that has columns of variants.
    """
    if any(isinstance(value, (dict, list)) for value in record.values()):
        return False
    names = _names(record, profile)
    columns = _columns_of(record)
    shared = (profile.same,) if profile and profile.same else columns.same
    if names and not shared:
        return False
    handles = [(value_at(record, name), value_at(product, name)) for name in shared]
    if any(own is not None and own == of_product for own, of_product in handles):
        return not names or names[:1] == _names(product, profile)[:1]
    if names or any(own is not None for own, _ in handles):
        return False
    kinds = {_kind_of(name) for name, value in record.items() if not is_absent(value)}
    return "product" not in kinds and columns.has_variants
