"""Reads categories: paths of levels, in the shapes and with the signs that feeds use. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from query_generator.input.json_values import structure_in
from query_generator.input.localized import label_of
from query_generator.input.plain_text import fold, is_absent, plain_text

_MAX_DEPTH = 20
_MAX_ITEMS = 100
_MAX_CHARACTERS = 2_000

_NO_CATEGORY = frozenset(
    (
        "uncategorized",
        "uncategorised",
        "unclassified",
        "default category",
        "root category",
        "root catalog",
        "no category",
    )
)
_KIND_FIELDS = frozenset({"type", "producttype"})
_KINDS = frozenset(  # of records, not of products
    (
        *("simple", "configurable", "variable", "variation", "grouped", "bundle", "bundled", "virtual", "downloadable"),
        *("external", "physical", "digital", "variant", "product", "item", "subscription", "standard"),
    )
)
_ONLY_ID = re.compile(
    r"[\d\s,;|>/#.-]+|[a-z][a-z\d+.-]*://\S+|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.I,
)
_PREFIX = re.compile(r"\A(?:\d+\s+-\s+|(?:product[ _-]?)?categor(?:y|ies)\s*:(?!:)\s*|[a-z]{2}:(?=\S)(?!:))", re.I)

_LEVEL_SIGN = re.compile(r"(?<![-\u2013\u2014=])[-\u2013\u2014=]*+>+|»|›|→|::")
_LEVEL_KEY = re.compile(r"lvl(\d{1,4})", re.I)
_WORD = r"[^\W\d_]"
# `/` within a short name, as in AC/DC, A/V and and/or, parts no levels.
_SLASH = re.compile(
    rf"(?<![\s&\d/])/(?![\s&\d/])(?<!\b{_WORD}/)(?!{_WORD}\b)(?<!\band/)(?<!\bAnd/)"
    r"(?!(?<=\b[A-Z]{2}/)[A-Z]{2,4}\b)(?!(?<=\b[A-Z]{3}/)[A-Z]{2,4}\b)(?!(?<=\b[A-Z]{4}/)[A-Z]{2,4}\b)"
)
_COMMA = re.compile(r"(?<![\s&\d,]),(?![\s&\d,])")
_PATH_KEYS = ("fullname", "fullpath", "categorypath", "path", "breadcrumb", "breadcrumbs")
_PLACE_KEYS = ("position", "level", "depth")
_ID_KEYS = frozenset({"id", "_id", "slug", "termid", "handle", "documentid"})


def category_of(value: Any) -> str:
    """Return a category path joined by " > ": of a text, a list of levels or of paths, `{name}` or `{lvl0, lvl1, …}`.

    Of several paths it is the first. A category that is only an id is none.
    """
    levels = (level for level in _levels(value, _MAX_DEPTH) if not is_absent(level))
    path = list(dict.fromkeys(levels))
    joined = " > ".join(path)
    alone = joined.casefold() if len(path) == 1 else ""
    return "" if alone in _NO_CATEGORY or _ONLY_ID.fullmatch(joined) else joined


def levels_of(category: str) -> tuple[str, ...]:
    """Return the levels of a category that `category_of` returned, or that was written as it writes them."""
    return _path_in(category)


def first_category(fields: Iterable[tuple[str, Any]]) -> str:
    """Return the category of the first field that holds one; `type` may say the kind of the record instead."""
    for field, value in fields:
        category = category_of(value)
        if category and not (fold(field) in _KIND_FIELDS and _KINDS.issuperset(re.split(r",\s*", category.casefold()))):
            return category
    return ""


def _levels(value: Any, depth: int) -> list[str]:
    if is_absent(value) or isinstance(value, bool) or depth == 0:
        return []
    if isinstance(value, str):
        structure = structure_in(value)
        return _levels(structure, depth - 1) if not isinstance(structure, str) else list(_path_in(value))
    if isinstance(value, list):
        return _levels_of_list(value[:_MAX_ITEMS], depth)
    return _levels_of_object(value, depth) if isinstance(value, Mapping) else list(_path_in(label_of(value)))


def _levels_of_list(items: list[Any], depth: int) -> list[str]:
    """Return the levels that the items are, or those of the first item where the items are paths or have ids."""
    if len(items) > 1 and all(isinstance(item, Mapping) for item in items):
        items, separate = _in_place(items)
    else:
        separate = False
    read = [levels for item in items if _is_category(levels := _levels(item, depth - 1))]
    texts = [item for item in items if isinstance(item, str) and not is_absent(item)]
    if len(texts) == len(read) > 1:
        strong = [levels for text in texts if (levels := list(_path_in(text, weak=False)))]
        are_paths = all(len(levels) > 1 for levels in read) and not _grow(read)
        read = read if are_paths else strong
    else:
        are_paths = len(read) > 1 and all(isinstance(item, list) for item in items)
    if separate or are_paths:
        return read[0] if read else []
    return [level for levels in read for level in levels]


def _is_category(levels: list[str]) -> bool:
    """Return whether there is a level with a name, so that the next of several categories need not be looked for."""
    return any(not is_absent(level) and not _ONLY_ID.fullmatch(level) for level in levels) and not (
        len(levels) == 1 and levels[0].casefold() in _NO_CATEGORY
    )


def _grow(paths: list[list[str]]) -> bool:
    """Return whether each path goes on from the one before: `A > B`, `A > B > C`."""
    return all(longer[: len(path)] == path for path, longer in pairwise(paths))


def _in_place(items: list[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the items by their level where they say it, and whether they are categories of their own."""
    folded = [{fold(key): item[key] for key in item} for item in items]
    for key in _PLACE_KEYS:
        places = [item.get(key) for item in folded]
        numbers = [place for place in places if isinstance(place, int)]
        if len(numbers) == len(items) == len(set(numbers)):
            return [items[at] for at in sorted(range(len(items)), key=numbers.__getitem__)], False
    return items, all(_ID_KEYS.intersection(item) for item in folded)


def _levels_of_object(value: Mapping[str, Any], depth: int) -> list[str]:
    numbered = {int(match[1]): item for key, item in value.items() if (match := _LEVEL_KEY.fullmatch(key))}
    usable = [level for level in numbered if not is_absent(numbered[level])]
    if usable:
        return _levels(numbered[max(usable)], depth - 1)
    inner = {fold(key): value[key] for key in sorted(value)}
    for key in _PATH_KEYS:
        path = inner.get(key)
        if isinstance(path, list) or (isinstance(path, str) and "/" not in path):  # which may be an address
            levels = _levels(path, depth - 1)
            if len(levels) > 1 and _is_category(levels):
                return levels
    parent = inner.get("parent")
    above = _levels(parent, depth - 1) if isinstance(parent, Mapping) else []
    if name := label_of(value):
        return [*above, *_path_in(name, weak=False)]
    nested = next(
        (inner[key] for key in ("category", "node", "item", "data") if isinstance(inner.get(key), Mapping)), None
    )
    return _levels(nested, depth - 1)


@lru_cache(maxsize=1024)
def _path_in(raw: str, *, weak: bool = True) -> tuple[str, ...]:
    """Return the levels of the first path in a text; with `weak`, `/` and `,` may part levels, too."""
    raw = raw[:_MAX_CHARACTERS]
    lines = map(plain_text, raw.splitlines()) if "<" not in raw else iter((plain_text(raw),))
    for line in lines:
        if _ONLY_ID.fullmatch(line):
            continue
        for path in _paths_in(line, weak):
            if levels := tuple(filter(None, (_PREFIX.sub("", level.strip(), 1) for level in path))):
                return levels
    return ()


def _paths_in(text: str, weak: bool) -> Iterator[list[str]]:
    if _LEVEL_SIGN.search(text):
        for path in _apart(text, r"[|;]"):
            for first in _same_root(path):
                yield _LEVEL_SIGN.split(first)
    elif "|" in text and ";" in text:
        yield from (path.split("|") for path in text.split(";"))
    elif "|" in text or ";" in text:
        parts = text.split("|" if "|" in text else ";")
        yield from _all_paths(parts) or [parts]
    elif weak and len(levels := _by_slash(text)) > 1:
        yield from _all_paths(text.split(",")) or [levels]
    elif weak and "&" not in text:
        yield _COMMA.split(text)
    else:
        yield [text]


def _apart(text: str, signs: str) -> list[str]:
    return [part for part in re.split(signs, text) if part.strip()]


def _same_root(text: str) -> list[str]:
    """Return paths that commas part, `A > B, A > C`, which all begin with the same level; else the text as one."""
    paths = text.split(",")
    roots = {_LEVEL_SIGN.split(path)[0].strip() for path in paths}
    return paths if len(roots) == 1 else [text]


def _all_paths(parts: list[str]) -> list[list[str]]:
    """Return the levels of each part, if `/` parts levels in all of several."""
    usable = [part.strip() for part in parts if part.strip()]
    paths = [_by_slash(part) for part in usable]
    return paths if len(paths) > 1 and all(len(path) > 1 for path in paths) else []


def _by_slash(text: str) -> list[str]:
    """Return the levels that `/` parts; where they begin with capitals, a small word goes on: Ski/boarding."""
    first, *others = _SLASH.split(text)
    levels = [first]
    for part in others:
        if first[:1].isupper() and part.partition(" ")[0].islower():
            levels[-1] += f"/{part}"
        else:
            levels.append(part)
    return levels
