"""Makes items of claimed rows."""

from collections.abc import Sequence
from typing import Any

from query_generator.input.product_fields import RejectedRecordError
from query_generator.models import Product, QueryType, StoredText
from query_generator.questions.refresh import Listed, no_longer_holding
from query_generator.questions.sharing import SharedSet
from query_generator.store.canonical import earlier_product, stored_product
from query_generator.store.items import Item
from query_generator.store.queries import listed_questions
from query_generator.store.shared_sets import set_questions

NO_PRODUCT = Product(name="")


def items_of(rows: Sequence[Any]) -> list[Item]:
    """Return claimed rows as items; the product is `NO_PRODUCT` if it is gone or unusable. Each is read once."""
    products: dict[int, Product] = {}
    for row in rows:
        if row.product_id not in products:
            products[row.product_id] = _product(row)
    return [_item(row, products[row.product_id]) for row in rows]


def _item(row: Any, product: Product) -> Item:
    query_type = QueryType(row.query_type)
    listed, off = questions_of(row, product, query_type, is_changed=row.changed)
    gone = (StoredText(entry.question.text, counts=False) for entry in listed if entry.query_id in off)
    return Item(
        row.product_id,
        query_type,
        product,
        row.deferred,
        tuple(entry.question for entry in listed if entry.query_id not in off),
        row.attempts,
        row.answered,
        row.dropped,
        (*(StoredText(*entry) for entry in row.stored), *gone),
        tuple(entry[0] for entry in row.by_person),
        off,
        _shared_set(row),
    )


def _shared_set(row: Any) -> SharedSet | None:
    """Return the set that an item takes from; one alone in its scope buys all by itself."""
    if row.scope is None or not (row.has_others or row.is_complete):
        return None
    return SharedSet(row.scope, set_questions(row.shared or ()), row.shared_calls, row.is_complete)


def questions_of(
    row: Any, product: Product, query_type: QueryType, *, is_changed: bool
) -> tuple[list[Listed], dict[int, str]]:
    """Return the questions that an item has, those of people among them, and why some do not hold any more, by id."""
    listed = listed_questions([*row.existing, *row.by_person])
    return listed, no_longer_holding(product, query_type, listed, earlier_product(row.earlier)) if is_changed else {}


def _product(row: Any) -> Product:
    try:
        return stored_product(row)
    except RejectedRecordError:
        return NO_PRODUCT
