"""Reads the values that exports of DynamoDB, MongoDB and Firestore write with their types. Pure."""

from collections.abc import Callable
from typing import Any

_MAX_DEPTH = 100
_MONGODB = frozenset({"$numberDecimal", "$numberDouble", "$numberInt", "$numberLong", "$oid", "$date"})


def untyped(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with plain values; the same object if its values have no types.

    Such are an item as DynamoDB exports it (`{"Item": {"name": {"S": "Lamp"}}}`, with or without `Item`), a document in
    MongoDB's extended JSON (`{"price": {"$numberDecimal": "9.99"}}`), and one of Firestore, whose `name` is its path
    (`{"name": "projects/…/products/7", "fields": {"name": {"stringValue": "Lamp"}}}`).
    """
    document = record.get("fields")
    if isinstance(document, dict) and document and all(map(_is_of_firestore, document.values())):
        path = str(record.get("name", ""))
        return {"id": path.rpartition("/")[2], **_fields_of_firestore(document, _MAX_DEPTH)}
    item = record.get("Item") if len(record) == 1 else None
    fields = item if isinstance(item, dict) else record
    if fields and all(map(_is_of_dynamodb, fields.values())):
        return {name: _of_dynamodb(value, _MAX_DEPTH) for name, value in fields.items()}
    if any(map(_is_of_mongodb, record.values())):
        return {name: _of_mongodb(value, _MAX_DEPTH) for name, value in record.items()}
    return record


def _is_of_dynamodb(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _DYNAMODB


def _is_of_mongodb(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _MONGODB


def _is_of_firestore(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _FIRESTORE


def _same(value: Any, _depth: int) -> Any:
    return value


def _list(value: Any, depth: int) -> Any:
    return [_of_dynamodb(item, depth) for item in value] if isinstance(value, list) else value


def _map(value: Any, depth: int) -> Any:
    return {name: _of_dynamodb(item, depth) for name, item in value.items()} if isinstance(value, dict) else value


def _nothing(_value: Any, _depth: int) -> Any:
    return None


_DYNAMODB: dict[str, Callable[[Any, int], Any]] = {
    **dict.fromkeys(("S", "N", "B", "BOOL", "SS", "NS", "BS"), _same),
    "L": _list,
    "M": _map,
    "NULL": _nothing,
}


def _of_dynamodb(value: Any, depth: int) -> Any:
    if depth == 0 or not _is_of_dynamodb(value):
        return value
    ((kind, inner),) = value.items()
    return _DYNAMODB[kind](inner, depth - 1)


_FIRESTORE = frozenset(
    {
        *("stringValue", "integerValue", "doubleValue", "booleanValue", "nullValue", "timestampValue", "bytesValue"),
        *("referenceValue", "geoPointValue", "arrayValue", "mapValue"),
    }
)


def _fields_of_firestore(fields: dict[str, Any], depth: int) -> dict[str, Any]:
    return {name: _of_firestore(value, depth) for name, value in fields.items()}


def _of_firestore(value: Any, depth: int) -> Any:
    if depth == 0 or not _is_of_firestore(value):
        return value
    ((kind, inner),) = value.items()
    if kind == "mapValue" and isinstance(inner, dict) and isinstance(inner.get("fields"), dict):
        return _fields_of_firestore(inner["fields"], depth - 1)
    if kind == "arrayValue" and isinstance(inner, dict) and isinstance(inner.get("values"), list):
        return [_of_firestore(item, depth - 1) for item in inner["values"]]
    return inner


def _of_mongodb(value: Any, depth: int) -> Any:
    if depth == 0:
        return value
    if isinstance(value, list):
        return [_of_mongodb(item, depth - 1) for item in value]
    if isinstance(value, dict):
        if _is_of_mongodb(value):
            return _of_mongodb(next(iter(value.values())), depth - 1)
        return {name: _of_mongodb(item, depth - 1) for name, item in value.items()}
    return value
