"""What people are told of a JSON input in which the list of products is not found: seen, missing, to try. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from query_generator.input.field_names import FIELD_NAMES, is_name_field
from query_generator.input.json_sample import Path
from query_generator.input.layouts import ProductList
from query_generator.one_line import one_line

NAME_FIELDS = ", ".join(FIELD_NAMES["name"][:3])
NO_OBJECTS = (
    f"Missing are objects with a field for the product's name, such as {NAME_FIELDS}\n"
    "Try: an array of objects, or a first element with the names of the columns where each element is a list of values"
)
_ANY_PATH = ("path", "to", "the_list")
_MOST_SHOWN = 12
_LONGEST_SHOWN = 40
_MOST_LEVELS = 5
_LIKE_A_NAME = re.compile("name|title|label|heading|caption|model|text|descr", re.I)
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def keys_in_words(keys: Iterable[str]) -> str:
    """Return keys of an input on one line, shortened."""
    given = list(keys)
    shown = [one_line(key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}…") for key in given[:_MOST_SHOWN]]
    return ", ".join(shown) + (f" and {len(given) - _MOST_SHOWN} more" if len(given) > _MOST_SHOWN else "")


def path_in_words(path: Path) -> str:
    """Return where something is, as `data.items`."""
    return keys_in_words((".".join(path),)) if len(".".join(path)) <= _LONGEST_SHOWN else keys_in_words(path)


def several_found(name: str, lists: Iterable[ProductList]) -> str:
    """Return what to say of an input with more than one list of products."""
    found = sorted(lists, key=lambda one: -one.seen)
    places = [place_of(one).removeprefix("the list at ") for one in found[:_MOST_SHOWN]]
    shown = ", ".join(f"{place} ({one.seen} seen)" for place, one in zip(places, found, strict=False))
    return (
        f"{name} holds {len(found)} lists of objects that have names: {shown}\n"
        "One of them is read if it is the only one, or if its key is `products`; which of these to read is not known\n"
        f"Try: {_jq(*((one.path, one.inner) for one in found[:_MOST_SHOWN]))}, without the lists that are not meant"
    )


def place_of(found: ProductList) -> str:
    """Return where the products of a list are."""
    if not found.is_by_id:
        return (
            "the list at "
            + path_in_words(found.path)
            + (f"[]{one_line(found.inner)}" if found.inner else "").removesuffix("[]")
        )
    return f"the members of {path_in_words(found.path)}" if found.path else "the members of the outermost object"


def nothing_found(name: str, value: Mapping[str, Any]) -> str:
    """Return what to say of an object that is no product and holds no list of products."""
    lists = list(_lists_of_objects(value, ()))
    seen = f"Seen: the keys {keys_in_words(value)}" if value else "Seen: an empty object"
    for path, item in lists[:3]:
        seen += f"; {path_in_words(path)}[], objects with {keys_in_words(item)}"
    path, item = next(((path, item) for path, item in lists if not any(map(is_name_field, item))), ((), {}))
    return (
        f"{name} holds no product, and no list of objects that have a name\n"
        f"{seen}; missing is a field for the product's name, such as {NAME_FIELDS}\n"
        f"Try: {_jq((path or _ANY_PATH, _renaming(item)))}"
    )


def no_names(keys: Iterable[str]) -> str:
    """Return what to say after that all records are rejected, of which the first has these keys."""
    return (
        f"Seen: the keys {keys_in_words(keys)}; missing is a field for the product's name, such as {NAME_FIELDS}\n"
        "Try: rename the field that holds the name to `name`; in JSON with "
        f"jq -c '.[]{_renaming(dict.fromkeys(keys, ''))}' FILE > products.jsonl"
    )


def _renaming(item: Mapping[str, Any]) -> str:
    """Return how jq gives objects a name out of their field that is most like one; empty if none is."""
    texts = [key for key, inner in item.items() if isinstance(inner, str) and _PLAIN.fullmatch(key)]
    label = next(filter(_LIKE_A_NAME.search, texts), "")
    return f" | .name = .{label or 'the_field'}" if item else ""


def columns_instead(name: str, value: Mapping[str, Any]) -> str:
    """Return what to say of a table that is written column by column; empty if an object is none."""
    columns = [key for key, column in value.items() if _rows(column)]
    same = {tuple(_rows(value[key])[:_MOST_SHOWN]) for key in columns}
    if len(columns) < 2 or len(same) > 1 or not any(map(is_name_field, columns)):
        return ""
    return (
        f"{name} is a table that is written column by column, which is not read\n"
        f"Seen: the columns {keys_in_words(columns)}, each with its values by row\n"
        'Try: in pandas df.to_json("products.jsonl", orient="records", lines=True)'
    )


def _rows(column: Any) -> list[str]:
    """Return the numbers of the rows of a column, which is a list of values or an object by number; else nothing."""
    if isinstance(column, dict) and column and all(map(str.isdigit, column)):
        return list(column)
    is_list = (
        isinstance(column, list) and len(column) > 1 and not any(isinstance(cell, (dict, list)) for cell in column)
    )
    return [str(number) for number in range(len(column))] if is_list else []


def _lists_of_objects(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            yield path, value[0]
    elif isinstance(value, dict) and len(path) < _MOST_LEVELS:
        for key, inner in value.items():
            yield from _lists_of_objects(inner, (*path, key))


def _jq(*lists: tuple[Path, str]) -> str:
    """Return the command that writes the elements of lists as JSON Lines; after each path stands what it does then."""
    shown = [f".{'.'.join(path)}[]{then}" if all(map(_PLAIN.fullmatch, path)) else "" for path, then in lists]
    command = ", ".join(shown) if all(shown) else f".{'.'.join(_ANY_PATH)}[]"
    return f"jq -c '{command}' FILE > products.jsonl, and --products-file products.jsonl"
