"""Items from the rows of a claim."""

from collections.abc import Sequence
from typing import Any

from query_generator.input.product_fields import RejectedRecordError
from query_generator.models import Product, QueryType
from query_generator.store.items import Item
from query_generator.store.products import stored_product

NO_PRODUCT = Product(name="")


def items_of(rows: Sequence[Any]) -> list[Item]:
    """Make items of the rows of a claim; one whose product cannot be read holds NO_PRODUCT."""
    products: dict[int, Product] = {}
    for row in rows:
        if row.product_id not in products:
            products[row.product_id] = _product(row)
    return [
        Item(
            row.product_id,
            QueryType(row.query_type),
            products[row.product_id],
            row.deferred,
            tuple(row.existing),
            row.attempts,
            row.answered,
            row.dropped,
        )
        for row in rows
    ]


def _product(row: Any) -> Product:
    try:
        return stored_product(row.record, row.brand_name, row.position) if row.record else NO_PRODUCT
    except RejectedRecordError:
        return NO_PRODUCT
