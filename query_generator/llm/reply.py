"""Reads the questions out of the text of a model's reply, and has the JSON schema that asks for them."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from query_generator.errors import UnusableReplyError
from query_generator.masking import quoted

# No minItems or maxItems: Gemini refuses schemas whose arrays bound too many states, so the count is in the prompt.
QUESTIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"questions": {"type": "array", "items": {"type": "string"}}},
    "required": ["questions"],
}

LOOKED_AT = 1_000  # characters of a reply that cannot be used, of which fewer are shown
MOST_DIGITS = 30  # of an integer that is read as one; Python refuses to read thousands


def _number(digits: str) -> float:
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


_DECODER = json.JSONDecoder(strict=False, parse_int=_number)
_OPENING = re.compile(r"[\[{]")
# A complete JSON string in the place of an item: an item with an unescaped quote in its text is not usable.
_ITEM = re.compile(r'(?:[\[,]|"question"\s*:)\s*("[^"\\]*+(?:\\.[^"\\]*+|(?!))*+")\s*(?=[,\]}]|\Z)', re.DOTALL)


def read_json(text: str | bytes) -> Any:
    """Read the JSON of a reply; an integer without end is infinite. Raises ValueError or RecursionError."""
    return json.loads(text, parse_int=_number)


def parse_question_texts(text: str) -> tuple[str, ...]:
    """Read the questions out of `{"questions": ["…", …]}` or something near it, in their order.

    Near it are: a bare array, another key, items like `{"question": "…"}`, code fences or chatter around, and JSON
    that is cut or broken, of which every complete item is taken. Items that hold no text are left out.

    Raises:
        UnusableReplyError: not one question was found.
    """
    opening = _OPENING.search(text)
    texts = _usable(_items(_decode(text, opening.start()))) if opening else ()
    texts = texts or _usable(_decode(item, 0) for item in _ITEM.findall(text))
    if not texts:
        error = UnusableReplyError(f"the model's reply holds no questions ({len(text)} characters)")
        error.looks_like = quoted(text[:LOOKED_AT])
        raise error
    return texts


def _decode(text: str, start: int) -> object:
    """Decode the JSON value that begins at `start`; invalid JSON decodes to `()`, which holds no questions."""
    try:
        return _DECODER.raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return ()


def _items(value: object) -> list[object]:
    if isinstance(value, dict):
        value = value.get("questions") or next((part for part in value.values() if isinstance(part, list)), None)
    if not isinstance(value, list):
        return []
    return [next(iter(item.values()), None) if isinstance(item, dict) else item for item in value]


def _usable(items: Iterable[object]) -> tuple[str, ...]:
    """Keep the strings that hold text, without lone surrogates, which cannot be written as UTF-8."""
    texts = (item.encode(errors="ignore").decode() for item in items if isinstance(item, str))
    return tuple(text for text in texts if text.strip())
