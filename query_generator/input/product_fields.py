"""Makes a Product of a catalog record, whatever names and shapes its feed uses. Pure."""

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import eq, is_
from typing import Any, TypeVar

from query_generator.errors import SkippableError
from query_generator.input.categories import first_category
from query_generator.input.currencies import currency_of
from query_generator.input.field_names import candidates, is_name_field
from query_generator.input.field_values import MAX_ATTRIBUTE_CHARACTERS, MAX_ATTRIBUTES, attributes_of
from query_generator.input.localized import has_languages, in_language, label_of
from query_generator.input.other_fields import other_fields
from query_generator.input.plain_text import MAX_SOURCE_CHARACTERS, fold, is_absent, plain_text, text_of
from query_generator.input.prices import price_of
from query_generator.input.profiles import Profile, profile_of
from query_generator.input.variants import is_default_option, options_of, prices_of, variants_of
from query_generator.models import Product, composite_key, content_hash
from query_generator.unexpected import unexpected_as

__all__ = ["RejectedRecordError", "is_name_field", "product_from_record"]

MAX_NAME_CHARACTERS = 1_000
MAX_BRAND_CHARACTERS = 255  # the width of products.brand
MAX_DESCRIPTION_CHARACTERS = 20_000
MAX_CATEGORY_CHARACTERS = 2_000
MAX_EXTERNAL_ID_CHARACTERS = 300
MAX_LEVELS = 100
_LARGE_CHARACTERS = 1_000_000
_FIRST_WITH_EXPONENT = 1e16  # Python writes floats from here on with an exponent
_MAX_PRODUCT_ID = 2**63 - 1  # products.product_id may be a bigint

_KINDS = {dict: "an object", list: "a list", bool: "true or false"}
_NO_BRAND = frozenset({"unbranded", "no brand", "unbranded/generic", "unknown", "no name brand", "without brand"})
_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_LANGUAGE = re.compile(r"^[a-z]{2}:")
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")

T = TypeVar("T")
Fields = Iterable[tuple[str, Any]]
Pairs = tuple[tuple[str, str], ...]


class RejectedRecordError(SkippableError):
    """The record is not a usable product. `field` is named as in the record; `product_key` is empty if not known."""

    def __init__(self, field: str, reason: str, product_key: str = "") -> None:
        super().__init__(f"field '{field}': {reason}" if field else reason)
        self.field = field
        self.reason = reason
        self.product_key = product_key


def product_from_record(record: dict[str, Any], position: int, brand_name: str = "", locale: str = "") -> Product:
    """Make a product of a record.

    Fields are found as the record's profile says, and by the names in `field_names`; the first with a usable value
    counts. What the variants in the record tell of options and prices counts, too. The name may have 1,000 characters,
    the brand 255; the description is cut at 20,000, the category at 2,000, an external id at 300.

    Args:
        record: one record of a catalog.
        position: the position of the record, from 1.
        brand_name: the brand if the record names none.
        locale: the language of name and brand where the record has several.

    Raises:
        RejectedRecordError: the name is missing or is not text, name or brand is too long or holds control characters,
            the record is nested deeper than 100 levels, or an unexpected error came up while it was read.
    """
    with unexpected_as(lambda reason: RejectedRecordError("", reason), OSError):
        return _product(record, position, brand_name, locale)


def _product(record: dict[str, Any], position: int, brand_name: str, locale: str) -> Product:
    if not isinstance(record, dict):
        raise RejectedRecordError("", "is not an object")
    stored, found, name, brand = _stored(record, brand_name, locale)
    variants = variants_of(stored)
    category, category_in_order = _both_ways(_category, found, "category")
    description, description_in_order = _both_ways(lambda fields: _description(fields, locale), found, "description")
    currency, currency_in_order = _both_ways(_currency, found, "currency")
    price, price_in_order = _both_ways(lambda fields: _price(fields, currency), found, "price")
    attributes, attributes_in_order = _both_ways(attributes_of, found, "attributes")
    profile = profile_of(stored)
    options = options_of(stored, variants, profile)
    if variants:
        price, price_range = prices_of(price, variants, currency)
        price_in_order, _ = prices_of(price_in_order, variants, currency)
        options += [("price range", price_range)] if price_range else []
    with_options = _with_options(options, attributes, profile)
    return Product(
        name=name,
        brand=brand,
        category=category,
        description=description,
        price=price[0],
        currency=price[1] or currency,
        attributes=with_options,
        others=other_fields(stored, (name, brand, description, *(each for each, _ in with_options)), profile),
        external_id=_first(label_of(value) for _, value in found.get("external_id", ()))[:MAX_EXTERNAL_ID_CHARACTERS],
        product_id=_product_id(record.get("product_id")),
        position=position,
        record_json=_json_of(stored),
        content_hash=content_hash(
            name,
            brand,
            category_in_order,
            description_in_order,
            price_in_order[0],
            price_in_order[1] or currency_in_order,
            with_options if attributes_in_order is attributes else _with_options(options, attributes_in_order, profile),
        ),
    )


def _with_options(
    options: Iterable[tuple[str, str]], attributes: Iterable[tuple[str, str]], profile: Profile | None
) -> Pairs:
    """Return the options, cut like attributes, and the attributes that have other names, 40 in all."""
    pairs = {name[:MAX_ATTRIBUTE_CHARACTERS]: value[:MAX_ATTRIBUTE_CHARACTERS] for name, value in options}
    known = {name.casefold() for name in pairs}
    useless = profile.not_attributes if profile else ()
    rest = [
        (name, value)
        for name, value in attributes
        if name.casefold() not in known
        and not (useless and fold(name) in useless)
        and not is_default_option(name, value)
    ]
    return (*pairs.items(), *rest)[:MAX_ATTRIBUTES]


def _stored(
    record: dict[str, Any], brand_name: str, locale: str
) -> tuple[dict[str, Any], dict[str, list[tuple[str, Any]]], str, str]:
    """Return the record as it is stored, the candidates for each field in it, its name and its brand.

    All parts are read from the stored form, so that the record gives the same when it is read back from the database.
    """
    found = _candidates(record)
    name, brand = _name(found.get("name", ()), locale), _brand(found.get("brand", ()), locale) or brand_name
    try:
        stored = _storable(record, MAX_LEVELS)
    except RecursionError as exc:
        reason = f"nested deeper than {MAX_LEVELS} levels"
        raise RejectedRecordError("", reason, composite_key(brand, name)) from exc
    if stored is not record:
        found = _candidates(stored)
        name, brand = _name(found.get("name", ()), locale), _brand(found.get("brand", ()), locale) or brand_name
    return stored, found, name, brand


def _candidates(record: dict[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    profile = profile_of(record)
    found = candidates(record, profile.fields) if profile else candidates(record)
    if profile and profile.ignored:
        found = {part: [hit for hit in hits if fold(hit[0]) not in profile.ignored] for part, hits in found.items()}
    for part, sign in profile.lists_by.items() if profile else ():
        found[part] = [(field, _list_in(value, sign)) for field, value in found.get(part, ())]
    return found


def _list_in(value: Any, sign: str) -> Any:
    """Return the items of a text or list, without the language that Open Food Facts puts before some: `en:Snacks`."""
    items = value.split(sign) if isinstance(value, str) else value
    if not isinstance(items, list):
        return value
    return [_LANGUAGE.sub("", item.strip()) if isinstance(item, str) else item for item in items]


def _json_of(record: dict[str, Any]) -> str:
    """Return a record as JSON. A large one has escapes if that is shorter: one emoji makes all characters 4 bytes.

    Others have none, since a database with the encoding SQL_ASCII takes no escape of another character.
    """
    escaped = json.dumps(record)
    if len(escaped) < _LARGE_CHARACTERS:
        return json.dumps(record, ensure_ascii=False) if "\\u" in escaped else escaped
    if escaped.count("\\u") < len(escaped) // 8:
        return escaped
    return min(escaped, json.dumps(record, ensure_ascii=False), key=sys.getsizeof)


def _both_ways(read: Callable[[Fields], T], found: Mapping[str, list[tuple[str, Any]]], part: str) -> tuple[T, T]:
    """Read a part of a product as the record has it and, for the hash, as it would be with all keys sorted."""
    fields = found.get(part, [])
    with unexpected_as(lambda reason: RejectedRecordError(fields[0][0], reason), OSError):
        given, ordered = read(fields), _in_key_order(fields)
        return given, given if ordered is fields else read(ordered)


def _category(fields: Fields) -> str:
    return first_category(fields)[:MAX_CATEGORY_CHARACTERS]


def _description(fields: Fields, locale: str) -> str:
    """Return the description. A text for each language is one of them, all parts of another object count."""
    texts = (text_of(in_language(value, locale) if has_languages(value) else value) for _, value in fields)
    return _first(texts)[:MAX_DESCRIPTION_CHARACTERS]


def _price(fields: Fields, currency: str) -> tuple[str, str]:
    return price_of((value for _, value in fields), currency)


def _currency(fields: Fields) -> str:
    return _first(currency_of(value) for _, value in fields)


def _in_key_order(value: Any) -> Any:
    """Return the value with the keys of all dicts in it sorted; the same object if they are sorted already."""
    if isinstance(value, dict):
        keys = sorted(value)
        inner = [_in_key_order(value[key]) for key in keys]
        same = all(map(eq, keys, value)) and all(map(is_, inner, value.values()))
        return value if same else dict(zip(keys, inner, strict=True))
    if isinstance(value, (list, tuple)):
        inner = [_in_key_order(item) if isinstance(item, (dict, list, tuple)) else item for item in value]
        return value if all(map(is_, inner, value)) else type(value)(inner)
    return value


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _name(fields: Fields, locale: str) -> str:
    problem = RejectedRecordError("name", "missing or empty")
    for field, given in fields:
        value = in_language(given, locale)
        if is_absent(value):
            continue
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            problem = RejectedRecordError(
                field, f"must be text, but is {_KINDS.get(type(value), type(value).__name__)}"
            )
            continue
        if text := _checked_text(field, str(value), MAX_NAME_CHARACTERS):
            return text
        problem = RejectedRecordError(field, "holds no text")
    raise problem


def _brand(fields: Fields, locale: str) -> str:
    for field, value in fields:
        if text := _checked_text(field, label_of(value, _unless_no_brand, locale), MAX_BRAND_CHARACTERS):
            return text
    return ""


def _unless_no_brand(text: str) -> str:
    return "" if text.strip().casefold() in _NO_BRAND else text


def _checked_text(field: str, raw: str, limit: int) -> str:
    if not raw.isprintable() and (bad := _FORBIDDEN.search(raw)):
        raise RejectedRecordError(field, f"holds the character U+{ord(bad.group()):04X}, which is not text")
    text = plain_text(raw)
    if len(text) > limit:
        length = len(text) if len(raw) <= MAX_SOURCE_CHARACTERS else len(raw)
        raise RejectedRecordError(field, f"{length} characters, more than {limit}")
    return text if any(map(str.isprintable, text.replace(" ", ""))) and not is_absent(text) else ""


def _product_id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_PRODUCT_ID:
        return value
    return None


def _storable(value: Any, levels: int) -> Any:
    """Return the value as PostgreSQL's jsonb can store and return it; the same object if nothing changes."""
    if isinstance(value, str):
        return value if value.isprintable() else _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return _storable_number(value)
    if not isinstance(value, (dict, list)):
        return value
    if levels == 0:
        raise RecursionError
    if isinstance(value, list):
        items = [_storable(item, levels - 1) for item in value]
        return value if all(map(is_, items, value)) else items
    inner = {_storable(key, levels): _storable(item, levels - 1) for key, item in value.items()}
    return value if all(map(is_, inner, value)) and all(map(is_, inner.values(), value.values())) else inner


def _storable_number(value: float) -> float | int | None:
    """Return the number as jsonb returns it: without exponent, infinity or negative zero."""
    if not math.isfinite(value):
        return None
    return int(Decimal(repr(value))) if abs(value) >= _FIRST_WITH_EXPONENT else value or 0.0
