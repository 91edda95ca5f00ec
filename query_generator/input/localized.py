"""Finds the text that a value means: in one of several languages, in a list of one, in `{name}` or `{value}`. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from query_generator.input.plain_text import fold, is_absent, plain_text

_MAX_ITEMS = 20
_MAX_DEPTH = 5
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2,4}){0,2}|(?:x-)?default", re.I)
_LOCALE_KEYS = ("locale", "language", "lang", "languagecode", "@language", "langcode", "@lang")
_TEXT_KEYS = (
    "value",
    "text",
    "data",
    "name",
    "title",
    "label",
    "translation",
    "@value",
    "#text",
    "rendered",
    "raw",
)
_LABEL_KEYS = ("name", "$oid", "title", "label", "value", "text", "data", "@value", "#text", "rendered")


def in_language(value: Any, locale: str = "", depth: int = _MAX_DEPTH) -> Any:
    """Return the text that a value means: of an object or list with one for each language, that of the asked one.

    Without it, English goes before the others of an object, whose order databases change, and the first counts of a
    list. A list of one, `{value}` and the like mean what they hold. Anything else is returned as it is.
    """
    if depth == 0 or not value:
        return value
    if isinstance(value, list):
        usable = [item for item in value[:_MAX_ITEMS] if not is_absent(item)]
        if len(usable) == 1:
            return in_language(usable[0], locale, depth - 1)
        pairs = [pair for item in usable if (pair := _language_and_text(item))]
        return in_language(_chosen(pairs, locale), locale, depth - 1) if len(pairs) == len(usable) > 0 else value
    if not isinstance(value, Mapping):
        return value
    if _is_by_language(value):
        texts = [(language, text) for language, text in sorted(value.items()) if _is_text(text)]
        english = sorted(texts, key=lambda pair: not pair[0].casefold().startswith(("default", "x-default", "en")))
        return in_language(_chosen(english, locale), locale, depth - 1) if texts else value
    inner = {fold(key): value[key] for key in sorted(value)}
    text = next((inner[key] for key in _TEXT_KEYS if _is_text(inner.get(key))), None)
    return value if text is None else in_language(text, locale, depth - 1)


def has_languages(value: Any) -> bool:
    """Return whether a value is an object or list with a text for each language."""
    if isinstance(value, Mapping):
        return _is_by_language(value)
    return isinstance(value, list) and bool(value) and all(map(_language_and_text, value[:_MAX_ITEMS]))


def _is_by_language(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(map(_LOCALE.fullmatch, value)) and set(value) != {"id"}


def _is_text(value: Any) -> bool:
    return not is_absent(value) and isinstance(value, (str, int, float, list, dict)) and not isinstance(value, bool)


def _language_and_text(item: Any) -> tuple[str, Any] | None:
    if not isinstance(item, Mapping):
        return None
    inner = {fold(key): item[key] for key in sorted(item)}
    text = next((inner[key] for key in _TEXT_KEYS if _is_text(inner.get(key))), None)
    language = next((inner[key] for key in _LOCALE_KEYS if key in inner), 0)
    return (str(language or ""), text) if text is not None and (language is None or isinstance(language, str)) else None


def _chosen(texts: list[tuple[str, Any]], locale: str) -> Any:
    """Return the text whose language is the asked one, or else has the same first part, else the first."""
    asked = locale.replace("_", "-").casefold()
    named = [(language.replace("_", "-").casefold(), text) for language, text in texts]
    exact = (text for language, text in named if asked and language == asked)
    near = (text for language, text in named if asked and language.split("-")[0] == asked.split("-")[0])
    return next(exact, next(near, named[0][1]))


def label_of(value: Any, clean: Callable[[str], str] = plain_text, locale: str = "") -> str:
    """Return the text of a text, a number, a `{name}` or the first usable item of a list; "" if there is none."""
    if is_absent(value) or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (int, float)):
        return clean(str(value))
    if isinstance(value, list):
        chosen = in_language(value, locale)
        items = value[:_MAX_ITEMS] if chosen is value else [chosen]
        usable = (item for item in items if not isinstance(item, list))
        return next(filter(None, (label_of(item, clean, locale) for item in usable)), "")
    if not isinstance(value, Mapping):
        return ""
    if _is_by_language(value):
        chosen = in_language(value, locale)
        return label_of(chosen, clean, locale) if isinstance(chosen, (str, int, float)) else ""
    inner = {fold(key): value[key] for key in sorted(value)}
    texts = (
        in_language(inner[key], locale) for key in _LABEL_KEYS if not isinstance(inner.get(key), (type(None), list))
    )
    scalar = (text for text in texts if isinstance(text, (str, int, float)))
    return next(filter(None, (label_of(text, clean, locale) for text in scalar)), "")
