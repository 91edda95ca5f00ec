"""Where in a JSON value the records of products are, and what an element of their list is. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from query_generator.input.field_names import candidates, is_name_field
from query_generator.input.json_sample import Path
from query_generator.input.layout_keys import (
    CATALOGS,
    CODES,
    ENVELOPES,
    GROUPS,
    OTHER_THINGS,
    PARTS,
    belongs_to_products,
    folded_key,
    has_name,
    has_price_or_brand,
    is_action_line,
    is_header,
    is_kept_of_envelope,
    is_known_key,
    other_model,
    other_type,
    part_of,
    tells_of_product,
)
from query_generator.models import NoRecord

MOST_LEVELS = 6
MOST_ENVELOPES = 3  # around each other
PRODUCTS = "products"
_CONNECTIONS = frozenset({"edges", "nodes", "items", "data", "list", "results"})
_NOT_PLAIN = GROUPS | {"@type"}
ACTION_LINE = NoRecord("action line")


@dataclass(frozen=True, slots=True)
class ProductList:
    """A list of objects that have names, or an object whose members are such.

    Args:
        path: the keys that lead to it.
        inner: the path within an element to the product, such as `.node`; empty if that is the element itself.
        seen: the number of its elements in the text.
        is_by_id: whether it is an object, and its keys are ids.
    """

    path: Path
    inner: str
    seen: int
    is_by_id: bool = False


def product_lists(value: Any, level: int = MOST_LEVELS) -> list[ProductList]:
    """Return the lists of products in a value that is no product itself; of several, those under `products` alone."""
    found = list(_lists(value, (), level))
    named = [one for one in found if PRODUCTS in one.path]
    depth = min((len(one.path) for one in named), default=0)
    nearest = [one for one in named if len(one.path) == depth]
    return nearest if len(nearest) == 1 else found


def is_product(record: Mapping[str, Any], level: int = MOST_LEVELS) -> bool:
    """Return whether an object is a product, and not a named thing around a list of products."""
    inner = _unwrapped(record)
    if not has_name(inner) or _group(inner, level, CATALOGS) or _ends_by_id(record):
        return False
    return inner is record or not _group({**record, **inner}, level, CATALOGS)


def is_plain(element: dict[str, Any]) -> bool:
    """Return whether an element is a record just as it is; quick, since most elements are."""
    is_named = "name" in element or "title" in element or any(map(is_name_field, element))
    return is_named and element.keys().isdisjoint(_NOT_PLAIN)


def unfolded(element: dict[str, Any], level: int = MOST_LEVELS) -> Iterator[dict[str, Any] | NoRecord]:
    """Yield what an element of a list is: a record, without what is around it; several of them; or none of a product.

    A page of products, or a group of them, gives its products.
    """
    if is_plain(element):
        yield element
        return
    if is_action_line(element):
        yield ACTION_LINE
        return
    if kind := other_model(element):
        yield NoRecord(kind)
        return
    inner = _unwrapped(element)
    if path := _group(inner, level) if level else ():
        for item in _members(inner, path):
            if isinstance(item, dict):
                yield from unfolded(item, level - 1)
            else:
                yield NoRecord("value beside products")
    elif kind := other_type(inner):
        yield NoRecord(kind)
    else:
        yield inner


def where_in(element: Mapping[str, Any], level: int = MOST_LEVELS) -> str:
    """Return the path within an element to what it holds, such as `.node`; empty if that is the element itself."""
    if not level or (has_name(element) and GROUPS.isdisjoint(element)):
        return ""
    if key := _envelope(element):
        return f".{key}{where_in(element[key], level - 1)}"
    if path := _group(element, level):
        first = next((item for item in _members(element, path) if isinstance(item, dict)), {})
        return f".{'.'.join(path)}[]{where_in(first, level - 1)}"
    return ""


def _is_named_thing(record: Any, level: int) -> bool:
    return isinstance(record, dict) and any(
        isinstance(item, dict) and has_name(item) and other_type(item) == "" for item in unfolded(record, level)
    )


def _lists(value: Any, path: Path, level: int) -> Iterator[ProductList]:
    if not isinstance(value, dict) or not level or (path and is_product(value, level)):
        return
    found: list[ProductList] = []
    for key, inner in value.items():
        if belongs_to_products(key):
            continue
        if isinstance(inner, list):
            found += _as_list(inner, (*path, key), level)
        else:
            found += _lists(inner, (*path, key), level - 1)
    yield from found or _as_members(value, path, level)


def _as_list(items: list[Any], path: Path, level: int) -> Iterator[ProductList]:
    """Yield a list if it is one of products. Under a key of something else, its elements must be more than named."""
    if items and is_header(items[0]):
        yield ProductList(path, "", len(items) - 1)
        return
    named = (item for item in items if _is_named_thing(item, level - 1))
    if _is_of_other_things(path):
        named = (item for item in named if any(map(tells_of_product, _records(item, level - 1))))
    if (first := next(named, None)) is not None:
        yield ProductList(path, where_in(first), sum(isinstance(item, dict) for item in items))
    elif path == (PRODUCTS,):
        yield ProductList(path, "", 0)


def _is_of_other_things(path: Path) -> bool:
    """Return whether a list is one of brands, categories, collections, …, also in `edges` or `items` of these."""
    owner = next((key for key in reversed(path) if folded_key(key) not in _CONNECTIONS), "")
    candidate = path[-1] if owner == path[-1] or not owner.endswith("s") else owner
    return folded_key(candidate) in OTHER_THINGS or part_of(candidate) in PARTS


def _as_members(value: dict[str, Any], path: Path, level: int) -> Iterator[ProductList]:
    """Yield an object if its members are products by their ids, and not the parts of one thing."""
    members = {key: inner for key, inner in value.items() if isinstance(inner, dict)}
    named = [key for key, inner in members.items() if _is_named_thing(inner, level - 1)]
    if not named or 2 * len(named) < len(members) or any(map(is_known_key, named)):
        return
    alone = len(members) == sum(inner is not None for inner in value.values())
    if (alone and len(named) > 1) or all(
        any(map(tells_of_product, _records(members[key], level - 1))) for key in named
    ):
        yield ProductList(path, where_in(members[named[0]]), len(members), is_by_id=True)


def _records(element: Any, level: int) -> Iterator[dict[str, Any]]:
    return (item for item in unfolded(element, level) if isinstance(item, dict))


def _group(record: Mapping[str, Any], level: int, allowed: frozenset[str] = GROUPS) -> Path:
    """Return the path to the one list of products in an object that is no product itself; empty if there is none.

    An object with a name is around products if these tell more than their names, and it does not; they must stand
    under one of the `allowed` keys then.
    """
    if not level or all(folded_key(key) not in CATALOGS for key in record):
        return ()
    is_named = has_name(record)
    told = candidates(record)
    if is_named and (tells_of_product(record) or any(folded_key(key) != "type" for key, _ in told.get("category", ()))):
        return ()
    if not is_named and ("price" in told or any(folded_key(key) in CODES for key in record)):
        return ()
    keys = allowed if is_named else CATALOGS
    inner = {key: value for key, value in record.items() if key in keys or folded_key(key) in keys}
    found = [one for one in product_lists(inner, level) if one.seen and set(map(folded_key, one.path)) <= CATALOGS]
    if len(found) != 1 or (is_named and not _tell_more(record, found[0].path, level)):
        return ()
    return found[0].path


def _tell_more(record: Mapping[str, Any], path: Path, level: int) -> bool:
    return any(
        tells_of_product(inner)
        for item in _members(record, path)
        if isinstance(item, dict)
        for inner in _records(item, level - 1)
    )


def _members(record: Mapping[str, Any], path: Path) -> Iterator[Any]:
    value: Any = record
    for key in path:
        value = value[key]
    if not isinstance(value, dict):
        yield from value
        return
    for key, item in value.items():
        yield with_id(key, item) if isinstance(item, dict) else item


def _ends_by_id(record: Mapping[str, Any], level: int = MOST_ENVELOPES) -> bool:
    """Return whether the innermost envelope of a record is one of the members of an object, whose keys may be ids."""
    key = _envelope(record, level)
    if not key:
        return False
    members = {name: value for name, value in record.items() if value is not None}
    if all(isinstance(value, dict) and not is_known_key(name) for name, value in members.items()):
        return True
    return _ends_by_id(record[key], level - 1)


def with_id(key: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a record that is a member of an object, with its key as `id` if it has no id of its own."""
    return record if "external_id" in candidates(record) else {"id": key, **record}


def _unwrapped(record: Mapping[str, Any], level: int = MOST_ENVELOPES) -> Any:
    """Return the record in an envelope, with what the envelope itself says of it."""
    key = _envelope(record, level)
    if not key:
        return record
    inner = _unwrapped(record[key], level - 1)
    outer = {name: value for name, value in record.items() if name != key and is_kept_of_envelope(name, value)}
    return {**outer, **inner}


def _envelope(record: Mapping[str, Any], level: int = MOST_ENVELOPES) -> str:
    """Return the key of the one object in a record without a name that is the product; empty if there is none."""
    if not level or has_name(record):
        return ""
    named = {
        key: inner
        for key, value in record.items()
        if isinstance(value, dict) and has_name(inner := _unwrapped(value, level - 1))
    }
    known = [key for key in named if folded_key(key) in ENVELOPES]
    chosen = known or [key for key in named if not is_known_key(key)]
    if not known and (has_price_or_brand(record) or not all(tells_of_product(named[key]) for key in chosen)):
        return ""
    return chosen[0] if len(chosen) == 1 else ""
