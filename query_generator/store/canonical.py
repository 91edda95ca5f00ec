"""A product as the database keeps it: read from its record once, at intake, and rebuilt from then on."""

import json
from dataclasses import replace
from typing import Any

from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.models import Product

_TEXTS = ("name", "brand", "category", "description", "price", "currency", "external_id", "content_hash")


def canonical_json(product: Product) -> str:
    """Write a product for `jobselectedproducts.product`: its texts by name, attributes as a list of pairs.

    A list keeps the order of the attributes, which the keys of a jsonb object would not.
    """
    texts = {name: text for name in _TEXTS if (text := getattr(product, name))}
    return json.dumps({**texts, "attributes": product.attributes}, ensure_ascii=False)


def stored_product(row: Any) -> Product:
    """Rebuild the product of a database row.

    Args:
        row: with `product_id`, `position`, `product` (as `canonical_json` writes it), and, where that is not there or
            not up to date, `record` and `brand_name`, from which the product is read.

    Raises:
        RejectedRecordError: the row holds no usable product.
    """
    if row.record is not None:
        product = product_from_record(row.record, row.position, row.brand_name or "")
        return replace(product, product_id=row.product_id)
    if row.product is None:
        raise RejectedRecordError("", "the row of the product is gone")
    texts: dict[str, Any] = {name: row.product.get(name, "") for name in _TEXTS}
    attributes = tuple((str(name), str(value)) for name, value in row.product.get("attributes", ()))
    return Product(**texts, attributes=attributes, product_id=row.product_id, position=row.position)
