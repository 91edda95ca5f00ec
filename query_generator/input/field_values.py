"""Turns the attributes of products, in the shapes that feeds use, into pairs of plain texts. Pure."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from query_generator.input.json_values import structure_in
from query_generator.input.localized import in_language, label_of
from query_generator.input.plain_text import MAX_SOURCE_CHARACTERS, fold, is_absent, listed, plain_text

MAX_ATTRIBUTES = 40
MAX_ATTRIBUTE_CHARACTERS = 300
_MAX_DEPTH = 20
_MAX_ITEMS = 100  # of the values of one attribute

_PAIR_NAMES = (
    *("name", "label", "attribute", "attributename", "key", "attributecode", "code", "trait", "traittype"),
    *("property", "propertyname", "optionname"),
)
_PAIR_VALUES = ("value", "values", "options", "option", "terms", "text", "data", "optionvalue", "attributevalue")
_MEASURES = ("value", "amount", "number")
_UNITS = ("unit", "units", "unitcode", "unittext", "unitofmeasure")
_ASSIGNMENTS = re.compile(r"[,;|\n]\s*(?=[^,;|=\n]+=)")


def attributes_of(fields: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs of the first field that holds any: at most 40, each value at most 300 characters."""
    for field, value in fields:
        pairs: dict[str, str] = {}
        for name, text in pairs_of(field, value):
            pairs.setdefault(name, text[:MAX_ATTRIBUTE_CHARACTERS])
            if len(pairs) == MAX_ATTRIBUTES:
                break
        if pairs:
            return tuple(pairs.items())
    return ()


def pairs_of(field: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the (name, value) pairs in one field; a text or a number is one pair by the field's name."""
    return _pairs(field, value, _MAX_DEPTH)


def _pairs(label: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if is_absent(value) or depth == 0:
        return
    if isinstance(value, str):
        structure = structure_in(value)
        if not isinstance(structure, str):
            yield from _pairs(label, structure, depth - 1)
        elif "=" in value and "<" not in value:
            for assignment in _ASSIGNMENTS.split(value[:MAX_SOURCE_CHARACTERS]):
                name, _, text = assignment.partition("=")
                yield from _pair(name, text)
        else:
            yield from _pair(label, value)
    elif isinstance(value, dict):
        if (own := _own_pair(value)) is not None:
            yield from _pair(*own)
        else:
            for name, item in value.items():
                nested = isinstance(item, list) and any(isinstance(part, dict) for part in item)
                yield from _pairs(name, item, depth - 1) if nested else _pair(name, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _pairs(label, item, depth - 1)
    else:
        yield from _pair(label, value)


def _own_pair(value: dict[str, Any]) -> tuple[str, Any] | None:
    """Return the pair in a `{name, value}` dict; None for a dict that holds attributes by their names."""
    inner = {fold(key): item for key, item in value.items()}
    name = next((text for key in _PAIR_NAMES if key in inner and (text := label_of(inner[key]))), "")
    values = [inner[key] for key in _PAIR_VALUES if key in inner]
    if not name or not values:
        return None
    given = next((item for item in values if not is_absent(item)), values[0])
    return name, _said({"value": given, "unit": inner["unit"]} if "unit" in inner else given)


def _said(value: Any) -> Any:
    """Return what the value of an attribute says: its label instead of its key, or a number with its unit."""
    if isinstance(value, list):
        return [_said(item) if isinstance(item, dict) else item for item in value[:_MAX_ITEMS]]
    if not isinstance(value, dict):
        return value
    inner = {fold(key): item for key, item in value.items()}
    number = next((inner[key] for key in _MEASURES if isinstance(inner.get(key), (str, int, float))), None)
    unit = next((inner[key] for key in _UNITS if isinstance(inner.get(key), str)), "")
    if unit and not is_absent(number) and not is_absent(unit):
        return f"{number} {unit}"
    if "label" in inner or "name" in inner:
        return label_of(value) or value
    chosen = in_language(value)
    return chosen if isinstance(chosen, (str, int, float, list)) else value


def _pair(name: str, value: Any) -> Iterator[tuple[str, str]]:
    label, text = _attribute_name(name[:MAX_ATTRIBUTE_CHARACTERS]), listed(_said(value))
    if label and text:
        yield label, text


_attribute_name = lru_cache(maxsize=1024)(plain_text)
