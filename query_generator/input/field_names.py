"""The field names that real feeds use for a product's parts, and how they are found in a record."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

FIELD_NAMES: dict[str, tuple[str, ...]] = {
    "external_id": (
        *("id", "_id", "sku", "pk", "code", "productCode", "product_id", "productID", "uniq_id", "pid", "objectID"),
        *("Handle", "Variant SKU", "item_group_id", "gtin", "gtin13", "ean", "upc", "mpn", "asin"),
    ),
    "name": ("name", "title", "product_name", "productName", "content.productName", "product_title"),
    "brand": ("brand", "brands", "brand_name", "manufacturer", "vendor"),
    "category": (
        *("category", "categories", "product_type", "productType", "type", "product_category"),
        *("product_category_tree", "category_tree", "breadcrumb", "google_product_category"),
        "hierarchicalCategories",
    ),
    "description": (
        *("description", "short_description", "shortDescription", "long_description", "product_description"),
        *("body_html", "Body (HTML)", "detail", "brief", "content.productFullDescription"),
        *("content.productShortDescription", "generic_name"),
    ),
    "price": (
        *("price", "salePrice", "sale_price", "regular_price", "retail_price", "discounted_price", "final_price"),
        "offers.price",
    ),
    "currency": ("offers.priceCurrency", "priceCurrency", "currency"),
    "attributes": (
        *("attributes", "additional_attributes", "specifications", "product_specifications", "properties"),
        *("additionalProperty", "tags", "dimensions"),
    ),
}


def fold(name: str) -> str:
    """A field name as it is compared: without case, white space, `_` and `-`."""
    return re.sub(r"[\s_-]+", "", name).casefold()


_PLACES: dict[str, tuple[str, int]] = {}
for _part, _names in FIELD_NAMES.items():
    for _rank, _name in enumerate(_names):
        _PLACES.setdefault(fold(_name), (_part, _rank))
_PARENTS = {place.partition(".")[0] for place in _PLACES if "." in place}


@lru_cache(maxsize=4096)
def _place(name: str) -> tuple[str, int] | None:
    return _PLACES.get(fold(name))


@lru_cache(maxsize=4096)
def _parent(name: str) -> str:
    folded = fold(name)
    return folded if folded in _PARENTS else ""


def is_name_field(name: str) -> bool:
    """True if a field of this name may hold the product's name."""
    place = _place(name)
    return place is not None and place[0] == "name"


def candidates(record: Mapping[str, Any]) -> dict[str, list[tuple[str, Any]]]:
    """For each part of a product that the record has fields for: (field name, value), in the order of preference.

    A dotted name is found as a flat key and as a path into a dict, or into the dicts of a list. The order of the
    record's keys does not count.
    """
    found: dict[str, list[tuple[int, str, Any]]] = {}
    for name, value in record.items():
        if place := _place(name):
            found.setdefault(place[0], []).append((place[1], name, value))
        elif parent := _parent(name):
            for path, inner in _children(value):
                if place := _PLACES.get(f"{parent}.{fold(path)}"):
                    found.setdefault(place[0], []).append((place[1], f"{name}.{path}", inner))
    for hits in found.values():
        hits.sort(key=_rank_of)
    return {part: [hit[1:] for hit in hits] for part, hits in found.items()}


def _rank_of(hit: tuple[int, str, Any]) -> tuple[int, str]:
    return hit[:2]


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping):
            yield from item.items()
