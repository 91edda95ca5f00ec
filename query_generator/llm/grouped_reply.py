"""Reads an answer that has one list of questions for each group of a plan. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from query_generator.llm.question_lists import is_thinking, texts_of_values

_SIGNS = re.compile(r"[\W_]+")
_NAMES_OF_KEYS = ("group", "key", "name", "id", "slot", "type")
DEEPEST = 4  # objects within each other in which the groups are looked for

Keyed = tuple[str, str]
"""The key of a group, empty for none, and a text."""


def keyed_texts(values: Iterable[Any], keys: Iterable[str]) -> list[Keyed]:
    """Return the texts of an answer, each with the key of its group.

    The last value with most of the groups counts, wherever in it they stand: as properties, as items that name their
    group, or each in a value of its own. Spelling of keys in case and signs makes no difference. Lists beside the
    groups come without a key. Returns nothing if no group is found.

    Args:
        values: what was read of the reply, in its order.
        keys: of the groups that were asked for.
    """
    known = {_folded(key): key for key in keys}
    best: list[Keyed] = []
    filled: set[str] = set()
    for value in values:
        for groups in _candidates(value, known, DEEPEST):
            texts = list(_texts(groups, known))
            found = {key for key, _ in texts if key}
            if found and found.isdisjoint(filled):
                best, filled = best + texts, filled | found
            elif len(found) >= max(1, len(filled)):
                best, filled = texts, found
    return best


def _candidates(value: Any, known: Mapping[str, str], depth: int) -> Iterator[dict[str, Any]]:
    """Yield every object of a value that may be the one of the groups."""
    if depth == 0:
        return
    if isinstance(value, dict):
        if any(_folded(name) in known for name in value):
            yield value
        else:
            for name, part in value.items():
                if not is_thinking(name):
                    yield from _candidates(part, known, depth - 1)
    elif isinstance(value, list):
        if named := dict(_named(value, known)):
            yield named
        for part in value:
            if isinstance(part, list | dict):
                yield from _candidates(part, known, depth - 1)


def _named(items: list[Any], known: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield the groups of a list of objects, each of which names its group in one of the usual fields."""
    groups: dict[str, list[Any]] = {}
    for item in items:
        if not isinstance(item, dict):
            continue
        field = next((name for name in _NAMES_OF_KEYS if _folded(item.get(name)) in known), None)
        if field:
            groups.setdefault(item[field], []).append({name: part for name, part in item.items() if name != field})
    yield from groups.items()


def _texts(groups: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Keyed]:
    for name, part in groups.items():
        if is_thinking(name) and _folded(name) not in known:
            continue
        key = known.get(_folded(name), "")
        if isinstance(part, list) and all(isinstance(item, str) for item in part):
            yield from ((key, text) for text in part)
        elif isinstance(part, str) and "\n" not in part:
            yield key, part
        elif key or isinstance(part, list):
            yield from ((key, text) for text in texts_of_values([part if not isinstance(part, str) else [part]]))


def _folded(name: object) -> str:
    return _SIGNS.sub("", name).casefold() if isinstance(name, str) else ""
