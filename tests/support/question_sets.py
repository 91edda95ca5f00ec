"""The labelled sets of questions, and the products that they are about.

Each set has a half that was written before the rules ("before") and one that was written after them; those of hostile
texts have a third part ("later"), by which the rules were mended.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from query_generator.models import Product

_FOLDER = Path(__file__).parent.parent / "unit" / "questions" / "sets"
HALVES = ("before", "after")
ALL_PARTS = (*HALVES, "later")
FIELDS = ("name", "category", "description", "attribute")


def rows(name: str, *parts: str) -> list[list[Any]]:
    """Return the parts of a set, both halves if none are named."""
    data = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [row for part in parts or HALVES for row in data[part]]


@cache
def set_products() -> dict[str, Product]:
    """Return the products by the key that the sets use."""
    data: dict[str, dict[str, Any]] = json.loads((_FOLDER / "products.json").read_text(encoding="utf-8"))
    return {
        key: Product(**{**fields, "attributes": tuple(map(tuple, fields.get("attributes", ())))})
        for key, fields in data.items()
    }


def hostile(product: Product, field: str, payload: str) -> Product:
    """Return the product with a payload at the end of a field (one of FIELDS)."""
    if field == "name":
        return replace(product, name=f"{product.name}. {payload}", content_hash="")
    if field == "category":
        return replace(product, category=f"{product.category}. {payload}", content_hash="")
    if field == "description":
        return replace(product, description=f"{product.description} {payload}", content_hash="")
    return replace(product, attributes=(*product.attributes, ("note", payload)), content_hash="")
