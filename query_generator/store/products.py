"""Links products of the input to rows of `products`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from query_generator.input.product_fields import RejectedRecordError
from query_generator.models import CONTENT_HASH_VERSION, Product, RejectedRecord
from query_generator.store.canonical import canonical_json, stored_product
from query_generator.store.connection_errors import not_kept
from query_generator.store.database import Database

PAGE_SIZE = 500
PAGE_BYTES = 2_000_000  # of records; the one that passes this is the last of its page


@dataclass(frozen=True, slots=True)
class LinkedProduct:
    """A product of the input and the id of its row."""

    product_id: int
    product: Product


def get_product_ids_from_job(job_id: str, db: Database, keys: Sequence[str] | None = None) -> dict[str, int]:
    """Return the ids of the products selected for a job, by a JOIN with `jobselectedproducts`.

    Args:
        job_id: the id of the job.
        db: the database.
        keys: only these composite keys; by default all, which makes a large dict for a large job.

    Returns:
        `products.product_id` by composite key (`brand|name`, normalized). Of two rows with one key, the older.
    """
    if keys is not None:
        rows = db.rows("products.selected_by_key", job_id=job_id, keys=list(keys))
        return {row.product_key: row.product_id for row in rows}
    read_selected_products(db, job_id)
    found: dict[str, int] = {}
    for row in _pages(db, "products.keys_page", job_id=job_id):
        found.setdefault(row.product_key, row.product_id)
    return found


def read_selected_products(db: Database, job_id: str) -> None:
    """Read the products of a job whose records were not read yet, since other programs selected them.

    They get their composite keys, by which records of an input find them. Products of jobs from before migration 0008
    are read as well, and the hashes of their items are recomputed.
    """
    for page in _each_page(db, "products.unread_page", job_id=job_id):
        keep_read(db, job_id, [entry for entry in map(_read, page) if isinstance(entry, Product)])


def selected_products(
    db: Database, job_id: str, page: str = "products.selected_page"
) -> Iterator[Product | RejectedRecord]:
    """Read the products selected for a job by keyset pages, in the order of their ids.

    A product has its `record` only if that was read just now, because it had not been read yet or has changed since. An
    unusable product is rejected, with its id as position.
    """
    return map(_read, _pages(db, page, job_id=job_id))


def keep_read(db: Database, job_id: str, products: Sequence[Product]) -> None:
    """Store products of a job, which have their `product_id`, as they were read from their records."""
    if products:
        _keep_earlier(db, job_id, {product.product_id or 0: product for product in products})
        db.rows(
            "products.set_read",
            job_id=job_id,
            product_ids=[product.product_id for product in products],
            products=[canonical_json(product) for product in products],
            keys=[product.key for product in products],
            content_hashes=[product.content_hash for product in products],
            version=CONTENT_HASH_VERSION,
        )


def take_selected(
    db: Database, job_id: str, _load_id: str, products: Sequence[Product]
) -> tuple[list[LinkedProduct], list[Product]]:
    """Store those of the job's own products that were read just now. Has the signature of `link_products`."""
    keep_read(db, job_id, [product for product in products if product.record_json])
    return [LinkedProduct(product.product_id or 0, product) for product in products], []


def _read(row: Any) -> Product | RejectedRecord:
    try:
        return stored_product(row)
    except RejectedRecordError as exc:
        return RejectedRecord(row.product_id, exc.field, exc.reason)


def link_products(
    db: Database, job_id: str, load_id: str, products: Sequence[Product]
) -> tuple[list[LinkedProduct], list[Product]]:
    """Find or add the rows of some products and link them to the job, in one transaction and a few statements.

    The row of a product is the one that it claims by `product_id` if brand and name agree, else the row with its key
    that is selected for the job, else the row with its `product_hash`, else a new row.

    Args:
        db: the database.
        job_id: the id of the job.
        load_id: the UUID of this reading of the input.
        products: a few hundred at once.

    Returns:
        The linked products in the order given, and the products that repeat another one of the same reading.
    """
    by_key = {product.key: product for product in reversed(products)}
    with db.transaction():
        known = known_rows(db, job_id, products)
        if known.unkeyed:
            db.rows("products.set_keys", product_ids=list(known.unkeyed), keys=list(known.unkeyed.values()))
        ids = known.by_key
        fresh = [product for key, product in by_key.items() if key not in ids]
        added = _add(db, fresh) if fresh else frozenset()
        ids |= _ids_by_hash(db, fresh)
        if not by_key.keys() <= ids.keys():
            raise not_kept("products")
        rows: dict[int, Product] = {}
        for index, product in enumerate(products):
            rows.setdefault(known.claimed.get(index, ids[product.key]), product)
        _keep_earlier(db, job_id, {key: each for key, each in rows.items() if each.product_hash not in added})
        linked = db.rows(
            "products.link",
            job_id=job_id,
            load_id=load_id,
            product_ids=list(rows),
            positions=[product.position for product in rows.values()],
            records=[None if product.product_hash in added else product.record_json for product in rows.values()],
            products=[canonical_json(product) for product in rows.values()],
        )
    new = {row.product_id for row in linked}
    first = {product.position for product_id, product in rows.items() if product_id in new}
    repeated = [product for product in products if product.position not in first]
    return [LinkedProduct(product_id, product) for product_id, product in rows.items() if product_id in new], repeated


class KnownRows(NamedTuple):
    """The rows of some products.

    `claimed` maps the index of a product to the row that it rightly claims, `by_key` a composite key to its row, and
    `unkeyed` a claimed row without a key to the key that it gets.
    """

    claimed: dict[int, int]
    by_key: dict[str, int]
    unkeyed: dict[int, str]


def known_rows(db: Database, job_id: str, products: Sequence[Product]) -> KnownRows:
    """Find the rows of products by the rules of `link_products`; nothing is written."""
    claims = {index: entry.product_id for index, entry in enumerate(products) if entry.product_id is not None}
    product_ids = list(set(claims.values()))
    unread = map(_read, _pages(db, "products.unkeyed_page", product_ids=product_ids) if product_ids else ())
    unkeyed = {entry.product_id: entry.key for entry in unread if isinstance(entry, Product) and entry.product_id}
    keyed = db.rows("products.keys_by_id", product_ids=product_ids) if product_ids else []
    keys = {row.product_id: row.product_key for row in keyed} | unkeyed
    claimed = {index: claim for index, claim in claims.items() if keys.get(claim) == products[index].key}
    by_key = {product.key: product for product in products}
    ids = get_product_ids_from_job(job_id, db, list(by_key))
    ids |= {products[index].key: product_id for index, product_id in reversed(claimed.items())}
    ids = _ids_by_hash(db, [product for key, product in by_key.items() if key not in ids]) | ids
    return KnownRows(claimed, ids, unkeyed)


def _keep_earlier(db: Database, job_id: str, products: Mapping[int, Product]) -> None:
    """Keep what products of a job were, whose questions were asked for before they changed to these."""
    if products:
        hashes = [product.content_hash for product in products.values()]
        db.send("products.keep_earlier", job_id=job_id, product_ids=list(products), content_hashes=hashes)


def _add(db: Database, products: Sequence[Product]) -> frozenset[str]:
    """Add rows; return the hashes of those that no other run has added meanwhile."""
    rows = db.rows(
        "products.add",
        records=[product.record_json for product in products],
        brands=[product.brand for product in products],
        hashes=[product.product_hash for product in products],
        keys=[product.key for product in products],
    )
    return frozenset(row.product_hash for row in rows)


def _ids_by_hash(db: Database, products: Sequence[Product]) -> dict[str, int]:
    keys = {product.product_hash: product.key for product in products}
    rows = db.rows("products.ids_by_hash", hashes=list(keys)) if keys else []
    return {keys[row.product_hash]: row.product_id for row in rows}


def _pages(db: Database, name: str, **parameters: object) -> Iterator[Any]:
    return chain.from_iterable(_each_page(db, name, **parameters))


def _each_page(db: Database, name: str, **parameters: object) -> Iterator[list[Any]]:
    after = 0
    while rows := db.rows(name, after=after, size=PAGE_SIZE, bytes=PAGE_BYTES, **parameters):
        yield rows
        after = rows[-1].product_id
