"""What the variants of a product say of it: its options, and its price. Pure."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Any

from query_generator.input.currencies import currency_of
from query_generator.input.field_names import LONGEST_NAME, candidates, value_at
from query_generator.input.localized import label_of
from query_generator.input.plain_text import fold, listed
from query_generator.input.prices import price_of
from query_generator.input.profiles import Profile, numbered

_LISTS = ("variants", "variations", "product_variants", "skus", "children", "masterVariant", "defaultVariant", "models")
_RANKS = {fold(name): rank for rank, name in enumerate(_LISTS)}
_ITEMS = ("edges", "nodes", "node", "data", "items")  # around the items of a list in GraphQL and JSON:API
_PAIRS = ("selectedOptions", "option_values", "optionValues", "options", "attributes")
_NUMBERED = (("Option# Name", "Option# Value"), ("Attribute # name", "Attribute # value"))
_AXES = (
    *("color", "colour", "size", "material", "style", "flavor", "flavour", "scent", "pattern", "capacity", "storage"),
    *("memory", "ram", "finish", "length", "width", "height", "weight", "volume", "pack size", "edition", "format"),
)
_PARALLEL = ("optionGroups", "optionValues")  # Vendure: `size|RAM` and `13 inch|8GB`
_NO_OPTION = frozenset({"title", "defaulttitle", "default title"})  # Shopify's product without options
_CODES = {
    "Product Name": re.compile(r"\[[A-Z]+\]([^=\[\],]+)=([^\[\],:]+)"),
    "Options": re.compile(r"Name=([^|=]+)\|Value=(.+?)(?=Type=|\||\Z)"),
}
_NOTHING = re.compile(r"0+(?:[.,]0+)?")  # a weight of 0 says nothing
MOST_LEVELS = 4
MOST_VALUES = 40


def variants_of(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the variants that are nested in a record, in their order."""
    lists = [
        (rank, value)
        for name, value in record.items()
        if isinstance(value, (list, dict)) and (rank := _rank_of_list(name)) is not None
    ]
    lists.sort(key=itemgetter(0))
    return [item for _, value in lists for item in _objects(value, MOST_LEVELS)]


@lru_cache(maxsize=1024)
def _rank_of_list(name: str) -> int | None:
    return _RANKS.get(fold(name)) if len(name) <= LONGEST_NAME else None


def _objects(value: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list, also in `edges` and `nodes`."""
    if isinstance(value, list):
        for item in value:
            yield from _objects(item, depth)
    elif isinstance(value, Mapping) and depth:
        wrapped = [value[name] for name in _ITEMS if isinstance(value.get(name), (list, dict))]
        if wrapped:
            yield from _objects(wrapped[0], depth - 1)
        elif value:
            yield value


def options_of(
    record: Mapping[str, Any], variants: list[Mapping[str, Any]], profile: Profile | None
) -> list[tuple[str, str]]:
    """Return (name, values separated by commas) of the options in which the variants of a product differ.

    They stand in pairs of columns, in lists of pairs, or in columns that are usual for them, such as `color`.
    """
    if not (variants or profile or _PARALLEL[0] in record):
        return []
    values: dict[str, dict[str, None]] = {}
    names: dict[str, str] = {}
    for name, value in _listed_options(record, profile):
        _add(values, name, value)
    pairs = profile.options if profile and profile.options else _NUMBERED if variants else ()
    for row in (record, *variants):
        for name_column, value_column in pairs:
            for name_field, value_field in zip(numbered(name_column), numbered(value_column), strict=True):
                if name := label_of(value_at(row, name_field)):
                    names[value_field] = name
                elif value_field not in names:
                    break
                for part in _parts(value_at(row, value_field), profile):
                    _add(values, names[value_field], part)
        for name, value in (*_parallel(record, row), *_in_codes(row)):
            _add(values, name, value)
    for row in variants:
        for name, value in _pairs(row):
            _add(values, name, value)
    for axis in profile.axes if profile and profile.axes else _AXES if variants else ():
        for row in (record, *variants):
            _add(values, axis, value_at(row, axis))
    options = [(name, ", ".join(found)) for name, found in values.items() if found and not _is_default(name, found)]
    titles: dict[str, dict[str, None]] = {}
    for row in () if options else variants:
        title = label_of(value_at(row, "title")) or label_of(value_at(row, "name"))
        _add(titles, "variants", "" if title.casefold() in _NO_OPTION else title)
    return options or [(name, ", ".join(found)) for name, found in titles.items()]


def _parts(value: Any, profile: Profile | None) -> list[Any]:
    """Return the values of an option in one cell; a sign after a backslash parts nothing."""
    if not (isinstance(value, str) and profile and profile.values_by):
        return [value]
    parts = re.split(rf"(?<!\\){profile.values_by}", value)
    return [part.replace(f"\\{profile.values_by}", profile.values_by) for part in parts]


def _listed_options(record: Mapping[str, Any], profile: Profile | None) -> Iterator[tuple[str, str]]:
    """Yield the options in `sku=A-1,color=Red,size=S|sku=A-2,…`."""
    told = value_at(record, profile.listed) if profile and profile.listed else None
    for variant in told.split("|") if isinstance(told, str) else ():
        for pair in variant.split(","):
            name, sign, value = pair.partition("=")
            if sign and name.strip().casefold() != "sku":
                yield name.strip(), value.strip()


def is_default_option(name: str, value: str) -> bool:
    """Return whether this is no option: Shopify's of a product without any, or a measure of 0."""
    return bool(_NOTHING.fullmatch(value)) or (name.casefold() in _NO_OPTION and value.casefold() in _NO_OPTION)


def _is_default(name: str, found: Mapping[str, None]) -> bool:
    return name.casefold() in _NO_OPTION and len(found) == 1


def _add(values: dict[str, dict[str, None]], name: str, value: Any) -> None:
    if not isinstance(value, Mapping) and (text := listed(value)) and not _NOTHING.fullmatch(text):
        found = values.setdefault(name, {})
        if len(found) < MOST_VALUES:
            found[text] = None


def _parallel(record: Mapping[str, Any], row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    groups, values = (value_at(source, name) for source, name in zip((record, row), _PARALLEL, strict=True))
    if isinstance(groups, str) and isinstance(values, str):
        yield from zip(map(str.strip, groups.split("|")), map(str.strip, values.split("|")), strict=False)


def _in_codes(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the options in BigCommerce's `[S]Color=Red,[RB]Size=L` and `Type=Rectangle|Name=Size|Value=L`."""
    for field, pattern in _CODES.items():
        if isinstance(told := value_at(row, field), str):
            yield from ((match[1].strip(), match[2].strip()) for match in pattern.finditer(told))


def _pairs(variant: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the options of a variant from the first list of pairs that it has."""
    for field in _PAIRS:
        items = value_at(variant, field)
        pairs = [_pair(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
        if isinstance(items, Mapping) and all(isinstance(value, (str, int, float)) for value in items.values()):
            pairs = list(items.items())
        if pairs:
            yield from ((name, value) for name, value in pairs if name)
            return


def _pair(item: Mapping[str, Any]) -> tuple[str, Any]:
    names = ("option_display_name", "optionName", "name", "attribute.name", "group.name", "code")
    values = ("label", "option", "value", "values", "name")
    name = next((text for field in names if (text := label_of(value_at(item, field)))), "")
    value = next((given for field in values if (given := value_at(item, field)) is not None), None)
    return name, [label_of(part) for part in value] if isinstance(value, list) else label_of(value)


def prices_of(
    own: tuple[str, str], variants: list[Mapping[str, Any]], currency: str = ""
) -> tuple[tuple[str, str], str]:
    """Return the price and currency of a product, and "24.00 to 26.00" where those of its variants differ.

    Args:
        own: the product's own price and currency; without a price that of the first variant with one is taken.
        variants: what `variants_of` returns.
        currency: that of the record.
    """
    prices = [
        price
        for price in (own, *(_price(variant, currency) for variant in variants))
        if price[0] and float(price[0]) > 0
    ]
    if not prices:
        return own, ""
    amounts = sorted({amount for amount, code in prices if code in (prices[0][1], "")}, key=float)
    return prices[0], f"{amounts[0]} to {amounts[-1]}" if float(amounts[0]) < float(amounts[-1]) else ""


def _price(variant: Mapping[str, Any], currency: str) -> tuple[str, str]:
    fields = candidates(
        variant, {"price": ("Variant Price", "prices", "calculated_price", "priceWithTax", "pricing.price")}
    )
    told = next(filter(None, (currency_of(value) for _, value in fields.get("currency", ()))), "")
    price, found = price_of((value for _, value in fields.get("price", ())), told or currency)
    return price, found or told
