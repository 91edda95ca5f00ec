"""Products as the database keeps them: read from their records once, at intake, and rebuilt from then on."""

import json
from dataclasses import replace
from typing import Any

from query_generator.input.json_records import NESTED_TOO_DEEPLY, TOO_LARGE, TOO_MANY_VALUES, is_larger
from query_generator.input.json_scan import holds_too_many_values
from query_generator.input.json_values import DECODER
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.models import Product
from query_generator.unexpected import unexpected_as

_TEXTS = ("name", "brand", "category", "description", "price", "currency", "external_id", "content_hash")


def canonical_json(product: Product) -> str:
    """Return the JSON of a product for `jobselectedproducts.product`: texts by name, attributes as a list of pairs.

    A list keeps the order of the attributes, which a jsonb object would not. The database adds `earlier`, the product
    as it was before it changed.
    """
    texts = {name: text for name in _TEXTS if (text := getattr(product, name))}
    others = {"others": product.others} if product.others else {}
    return json.dumps({**texts, "attributes": product.attributes, **others}, ensure_ascii=False)


def stored_product(row: Any) -> Product:
    """Rebuild the product of a database row. A record is held to the same limits as one of an input.

    Args:
        row: has `product_id`, `position` and `product` (as `canonical_json` writes it); if that is missing or out of
            date, the product is read from `record` and `brand_name`.

    Raises:
        RejectedRecordError: the row holds no usable product.
    """
    with unexpected_as(lambda reason: RejectedRecordError("", reason), OSError):
        return _stored_product(row)


def _record_of(text: str) -> Any:
    """Decode the text of a stored record, which the statements cut where it is too large."""
    if is_larger(text, 0, len(text)):
        raise RejectedRecordError("", TOO_LARGE)
    if holds_too_many_values(text, 0):
        raise RejectedRecordError("", TOO_MANY_VALUES)
    try:
        return DECODER.decode(text)
    except RecursionError as exc:
        raise RejectedRecordError("", NESTED_TOO_DEEPLY) from exc


def _stored_product(row: Any) -> Product:
    if row.record is not None:
        product = product_from_record(_record_of(row.record), row.position, row.brand_name or "")
        return replace(product, product_id=row.product_id)
    if row.product is None:
        raise RejectedRecordError("", "the row of the product is gone")
    return replace(_kept(row.product), product_id=row.product_id, position=row.position)


def earlier_product(kept: Any) -> Product | None:
    """Rebuild what a product was before it changed, None if that was not kept, or is not ours."""
    try:
        return _kept(kept) if kept else None
    except RejectedRecordError:
        return None


def _kept(kept: Any) -> Product:
    try:
        texts: dict[str, Any] = {name: str(kept.get(name, "")) for name in _TEXTS}
        attributes, others = (
            tuple((str(name), str(value)) for name, value in kept.get(part, ())) for part in ("attributes", "others")
        )
    except (AttributeError, TypeError, ValueError):
        raise RejectedRecordError("", "the product that was kept of it is not ours") from None
    return Product(**texts, attributes=attributes, others=others)
