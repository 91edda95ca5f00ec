"""Which row of `products` a record means."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.models import Product, RejectedRecord
from query_generator.store.database import Database, given_or_opened

PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class LinkedProduct:
    """A product of the input and the row that it is."""

    product_id: int
    product: Product


def stored_product(record: dict[str, Any], brand_name: str | None, position: int) -> Product:
    """Read a product from the database; a brand that only the column knows is taken from there.

    Raises:
        RejectedRecordError: the row holds no usable product.
    """
    product = product_from_record(record, position)
    return product if product.brand or not brand_name else replace(product, brand=brand_name)


def get_product_ids_from_job(
    job_id: str, db: Database | None = None, keys: Sequence[str] | None = None
) -> dict[str, int]:
    """Return the products selected for a job, by the JOIN with `jobselectedproducts`.

    Args:
        job_id: the job.
        db: the database; by default the one of `get_db_connection`.
        keys: only these composite keys; by default all, which for a large job is a large dict.

    Returns:
        `products.product_id` by composite key (`brand|name`, normalized). Of two rows with one key, the older.
    """
    with given_or_opened(db) as database:
        if keys is not None:
            rows = database.rows("products.selected_by_key", job_id=job_id, keys=list(keys))
            return {row.product_key: row.product_id for row in rows}
        key_selected_products(database, job_id)
        found: dict[str, int] = {}
        for row in _pages(database, "products.selected_page", job_id):
            if row.product_key is not None:
                found.setdefault(row.product_key, row.product_id)
        return found


def key_selected_products(db: Database, job_id: str) -> None:
    """Give the products that others selected for the job their composite key, so that records find them."""
    page: list[Any] = []
    for row in _pages(db, "products.unkeyed_selected_page", job_id):
        page.append(row)
        if len(page) == PAGE_SIZE:
            _set_keys(db, page)
            page = []
    _set_keys(db, page)


def selected_products(db: Database, job_id: str) -> Iterator[Product | RejectedRecord]:
    """Read the products selected for a job by keyset pages, in the order of their ids, which are their positions."""
    for row in _pages(db, "products.selected_page", job_id):
        try:
            product = stored_product(row.record or row.product_data, row.brand_name, row.product_id)
        except RejectedRecordError as exc:
            yield RejectedRecord(row.product_id, exc.field, exc.reason)
            continue
        yield replace(product, product_id=row.product_id)


def link_products(
    db: Database, job_id: str, load_id: str, products: Sequence[Product]
) -> tuple[list[LinkedProduct], list[Product]]:
    """Find or add the rows of some products and link them to the job, in one transaction and a few statements.

    A product is the row that it claims by `product_id` where brand and name agree, else the row of that key already
    selected for the job, else the row with its `product_hash`, else a new row.

    Args:
        db: the database.
        job_id: the job.
        load_id: this reading of the input, a UUID.
        products: some hundreds at once; all in memory.

    Returns:
        The linked products in the order given, and those that repeat a product of this same load.
    """
    by_key = {product.key: product for product in reversed(products)}
    with db.transaction():
        claimed = _claimed(db, products)
        ids = get_product_ids_from_job(job_id, db, list(by_key))
        ids |= {products[place].key: product_id for place, product_id in reversed(claimed.items())}
        ids = _ids_by_hash(db, [product for key, product in by_key.items() if key not in ids]) | ids
        fresh = [product for key, product in by_key.items() if key not in ids]
        if fresh:
            db.rows(
                "products.add",
                records=[_json(product) for product in fresh],
                brands=[product.brand for product in fresh],
                hashes=[product.product_hash for product in fresh],
                keys=[product.key for product in fresh],
            )
            ids |= _ids_by_hash(db, fresh)
        rows: dict[int, Product] = {}
        for place, product in enumerate(products):
            rows.setdefault(claimed.get(place, ids[product.key]), product)
        linked = db.rows(
            "products.link",
            job_id=job_id,
            load_id=load_id,
            product_ids=list(rows),
            positions=[product.position for product in rows.values()],
            records=[_json(product) for product in rows.values()],
        )
    new = {row.product_id for row in linked}
    first = {product.position for product_id, product in rows.items() if product_id in new}
    repeated = [product for product in products if product.position not in first]
    return [LinkedProduct(product_id, product) for product_id, product in rows.items() if product_id in new], repeated


def _claimed(db: Database, products: Sequence[Product]) -> dict[int, int]:
    """Find the rows that products claim to be by right, by the place of the product."""
    claims = {place: entry.product_id for place, entry in enumerate(products) if entry.product_id is not None}
    if not claims:
        return {}
    product_ids = list(set(claims.values()))
    _set_keys(db, db.rows("products.unkeyed_by_id", product_ids=product_ids))
    keys = {row.product_id: row.product_key for row in db.rows("products.keys_by_id", product_ids=product_ids)}
    return {place: claim for place, claim in claims.items() if keys.get(claim) == products[place].key}


def _ids_by_hash(db: Database, products: Sequence[Product]) -> dict[str, int]:
    keys = {product.product_hash: product.key for product in products}
    rows = db.rows("products.ids_by_hash", hashes=list(keys)) if keys else []
    return {keys[row.product_hash]: row.product_id for row in rows}


def _set_keys(db: Database, rows: Sequence[Any]) -> None:
    keys: dict[int, str] = {}
    for row in rows:
        try:
            keys[row.product_id] = stored_product(row.product_data, row.brand_name, 0).key
        except RejectedRecordError:
            continue
    if keys:
        db.rows("products.set_keys", product_ids=list(keys), keys=list(keys.values()))


def _pages(db: Database, name: str, job_id: str) -> Iterator[Any]:
    after = 0
    while rows := db.rows(name, job_id=job_id, after=after, size=PAGE_SIZE):
        yield from rows
        after = rows[-1].product_id


def _json(product: Product) -> str:
    return json.dumps(product.record, ensure_ascii=False)
