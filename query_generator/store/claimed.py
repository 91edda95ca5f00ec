"""Makes items of claimed rows."""

from collections.abc import Sequence
from typing import Any

from query_generator.input.product_fields import RejectedRecordError
from query_generator.models import Product, QueryType, StoredText
from query_generator.store.canonical import stored_product
from query_generator.store.items import Item
from query_generator.store.queries import stored_questions

NO_PRODUCT = Product(name="")


def items_of(rows: Sequence[Any]) -> list[Item]:
    """Return claimed rows as items; the product is `NO_PRODUCT` if it is gone or unusable. Each is read once."""
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
            stored_questions([*row.existing, *(entry[1:] for entry in row.by_person)]),
            row.attempts,
            row.answered,
            row.dropped,
            tuple(StoredText(*entry) for entry in row.stored),
            tuple(entry[0] for entry in row.by_person),
        )
        for row in rows
    ]


def _product(row: Any) -> Product:
    try:
        return stored_product(row)
    except RejectedRecordError:
        return NO_PRODUCT
