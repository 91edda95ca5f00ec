"""The result of a job as JSON, made from the database page by page and never held in memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from query_generator.input.product_fields import RejectedRecordError
from query_generator.masking import masked
from query_generator.models import Product, QueryType, RejectedRecord
from query_generator.store.canonical import stored_product
from query_generator.store.database import Database
from query_generator.store.items import ErrorStage

PAGE_SIZE = 500


def result_json(
    db: Database, job_id: str, head: Mapping[str, Any], look_at: Callable[[Mapping[str, Any]], None] = lambda _: None
) -> Iterator[bytes]:
    """Yield results.json in chunks: `head`, then `products` in the order of the input, then `errors`.

    `look_at` is shown each product.
    """
    products = _shown(result_products(db, job_id), look_at)
    yield from _document(head, {"products": products, "errors": map(error_entry, job_errors(db, job_id))})


def brands_of(db: Database, job_id: str) -> Iterator[str]:
    """Yield the brands of a job's products, each once."""
    brand = ""
    while rows := db.rows("results.brands", job_id=job_id, brand=brand, size=PAGE_SIZE):
        yield from (row.brand_name for row in rows)
        brand = rows[-1].brand_name


def _shown(entries: Iterable[dict[str, Any]], look_at: Callable[[Mapping[str, Any]], None]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        look_at(entry)
        yield entry


def errors_json(db: Database, job_id: str, head: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield errors.json in chunks: `head`, then `errors` as in results.json."""
    yield from _document(head, {"errors": map(error_entry, job_errors(db, job_id))})


def result_products(db: Database, job_id: str) -> Iterator[dict[str, Any]]:
    """Yield the entries of `products` in results.json: the products of a job with their questions."""
    position, product_id = -1, -1
    while rows := db.rows("results.products", job_id=job_id, position=position, product_id=product_id, size=PAGE_SIZE):
        for row in rows:
            product = _product(row)
            errors = {"product": row.product_error, "market": row.market_error}
            yield {
                "product_id": row.product_id,
                "product_key": product.key if product.name else row.product_key or "",
                "name": product.name,
                "brand": product.brand,
                "category": product.category,
                "price": product.price,
                "currency": product.currency,
                "provider": row.provider,
                "model": row.model,
                "product_questions": _texts(row.questions, QueryType.PRODUCT),
                "market_questions": _texts(row.questions, QueryType.MARKET),
                "query_ids": [question["query_id"] for question in row.questions],
                "rejected": sum(row.product_dropped.values()) + sum(row.market_dropped.values()),
                "error": masked("; ".join(f"{kind}: {error}" for kind, error in errors.items() if error)) or None,
                "questions": row.questions,
            }
        position, product_id = rows[-1].position, rows[-1].product_id


def unanswered(db: Database, job_id: str) -> Iterator[tuple[Product, list[str]]]:
    """Yield the products of a job with those of their product questions that none of their fields answers.

    Questions that were never matched against fields are left out; the products are without description and attributes.
    """
    position, product_id = -1, -1
    while rows := db.rows(
        "results.unanswered", job_id=job_id, position=position, product_id=product_id, size=PAGE_SIZE
    ):
        for row in rows:
            if row.texts:
                yield _product(row), row.texts
        position, product_id = rows[-1].position, rows[-1].product_id


def _texts(questions: Iterable[Mapping[str, Any]], query_type: QueryType) -> list[str]:
    return [question["text"] for question in questions if question["type"] == query_type]


def _product(row: Any) -> Product:
    """Return the product of a row; if its record is unusable by now, a product with only the brand."""
    try:
        return stored_product(row)
    except RejectedRecordError:
        return Product(name="", brand=row.brand_name or "")


def job_errors(db: Database, job_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield rejected records, then failed items, as (product_key, stage, reason)."""
    position = -1
    while rows := db.rows("results.rejected", job_id=job_id, position=position, size=PAGE_SIZE):
        for row in rows:
            yield row.product_key, ErrorStage.INPUT, str(RejectedRecord(row.position, row.field, row.reason))
        position = rows[-1].position
    after = (-1, -1, "")
    while rows := db.rows(
        "results.failed", job_id=job_id, position=after[0], product_id=after[1], query_type=after[2], size=PAGE_SIZE
    ):
        for row in rows:
            yield row.product_key or f"product_id {row.product_id}", row.error_stage, f"{row.query_type}: {row.error}"
        after = (rows[-1].position, rows[-1].product_id, rows[-1].query_type)


def error_entry(error: tuple[str, str, str]) -> dict[str, str]:
    """Return an error as an entry of `errors` in results.json."""
    product_key, stage, reason = error
    return {"product_key": product_key, "stage": stage, "reason": masked(reason)}


def _document(head: Mapping[str, Any], lists: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[bytes]:
    yield json.dumps(dict(head), ensure_ascii=False, indent=2).removesuffix("\n}").encode()
    for name, entries in lists.items():
        yield f',\n  "{name}": ['.encode()
        separator = "\n"
        for entry in entries:
            text = json.dumps(entry, ensure_ascii=False)
            yield f"{separator}    {text}".encode()
            separator = ",\n"
        yield b"\n  ]" if separator == ",\n" else b"]"
    yield b"\n}\n"


def note_errors_written(db: Database, job_id: str) -> None:
    """Record that the job has an errors.json: each later result rewrites it, even if there are no errors left."""
    db.rows("ledger.add_metadata", job_id=job_id, metadata='{"errors_written": true}')
