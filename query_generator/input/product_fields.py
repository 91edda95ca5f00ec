"""One record of a catalog, under whatever names and shapes its feed uses, → a Product. Pure."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from query_generator.errors import SkippableError
from query_generator.input.field_names import candidates, is_name_field
from query_generator.input.field_values import attributes_of, category_of, currency_of, label_of, price_of
from query_generator.input.plain_text import is_absent, plain_text, text_of
from query_generator.models import Product, composite_key

__all__ = ["RejectedRecordError", "is_name_field", "product_from_record"]

MAX_NAME_CHARACTERS = 1_000
MAX_BRAND_CHARACTERS = 255  # the width of products.brand
MAX_DESCRIPTION_CHARACTERS = 20_000
MAX_LEVELS = 100
_MAX_PRODUCT_ID = 2**31 - 1  # products.product_id is a 4-byte integer

_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

Fields = Iterable[tuple[str, Any]]


class RejectedRecordError(SkippableError):
    """This record is no usable product. `field` is named as in the record; `product_key` is empty unless known."""

    def __init__(self, field: str, reason: str, product_key: str = "") -> None:
        super().__init__(f"field '{field}': {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.product_key = product_key


def product_from_record(record: Mapping[str, Any], position: int) -> Product:
    """Make a product of a record; `position` counts records from 1.

    Fields are found by the names in `field_names`; the first that has a usable value wins. Null, "", "null", "N/A" and
    "NaN" mean absent. The name is at most 1,000 characters, the brand 255, the description is cut at 20,000.

    Raises:
        RejectedRecordError: the name is missing or no text, name or brand is too long or holds control characters,
            or the record is nested deeper than 100 levels.
    """
    if not isinstance(record, Mapping):
        raise RejectedRecordError("", "is not an object")
    found = candidates(record)
    name = _name(found.get("name", ()))
    brand = _brand(found.get("brand", ()))
    price, currency = price_of(value for _, value in found.get("price", ()))
    try:
        stored = _storable(dict(record), MAX_LEVELS)
    except RecursionError as exc:
        reason = f"nested deeper than {MAX_LEVELS} levels"
        raise RejectedRecordError("", reason, composite_key(brand, name)) from exc
    return Product(
        name=name,
        brand=brand,
        category=_first(category_of(value) for _, value in found.get("category", ())),
        description=_first(text_of(value) for _, value in found.get("description", ()))[:MAX_DESCRIPTION_CHARACTERS],
        price=price,
        currency=currency or _first(currency_of(value) for _, value in found.get("currency", ())),
        attributes=attributes_of(found.get("attributes", ())),
        external_id=_first(label_of(value) for _, value in found.get("external_id", ())),
        product_id=_product_id(record.get("product_id")),
        position=position,
        record=stored,
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _name(fields: Fields) -> str:
    problem = RejectedRecordError("name", "missing or empty")
    for field, value in fields:
        if is_absent(value):
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            problem = RejectedRecordError(field, f"must be text, but is {_kind(value)}")
            continue
        if text := _checked_text(field, str(value), MAX_NAME_CHARACTERS):
            return text
        problem = RejectedRecordError(field, "holds no text")
    raise problem


def _brand(fields: Fields) -> str:
    for field, value in fields:
        if text := _checked_text(field, label_of(value, str), MAX_BRAND_CHARACTERS):
            return text
    return ""


def _checked_text(field: str, raw: str, limit: int) -> str:
    if not raw.isprintable() and (bad := _FORBIDDEN.search(raw)):
        raise RejectedRecordError(field, f"holds the character U+{ord(bad.group()):04X}, which is not text")
    text = plain_text(raw)
    if len(text) > limit:
        raise RejectedRecordError(field, f"{len(text)} characters, more than {limit}")
    return text if any(map(str.isprintable, text.replace(" ", ""))) and not is_absent(text) else ""


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list", bool: "true or false"}.get(type(value), type(value).__name__)


def _product_id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_PRODUCT_ID:
        return value
    return None


def _storable(value: Any, levels: int) -> Any:
    """A copy of the value as PostgreSQL's jsonb can hold it."""
    if isinstance(value, str):
        return value if value.isprintable() else _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, (dict, list)):
        return value
    if levels == 0:
        raise RecursionError
    if isinstance(value, list):
        return [_storable(item, levels - 1) for item in value]
    return {
        key if key.isprintable() else _NOT_STORABLE.sub("\ufffd", key): _storable(item, levels - 1)
        for key, item in value.items()
    }
