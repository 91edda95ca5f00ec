"""Turns the values of feeds (HTML, entities, rich-text blocks, lists) into plain text on one line. Pure."""

import html
import re
from typing import Any

ABSENT_TEXTS = frozenset(
    (
        *("", "null", "(null)", "<null>", "[null]", "\\n", "nil", "none", "(none)", "undefined", "nan", "?", "??"),
        *("n/a", "na", "n.a.", "#n/a", "#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!", "#error!"),
        *("-", "--", "---", "\u2013", "\u2014", "tbd", "tba", "not available", "not applicable", "does not apply"),
    )
)
MAX_SOURCE_CHARACTERS = 200_000  # of a text; nothing that is made of it needs more
_MAX_REFERENCE_DIGITS = 7  # of the number of a character
_LONGEST_ABSENT = 16
_MAX_DEPTH = 20
_ENCODINGS = 2  # rounds of unescaping, since doubly escaped HTML is common in feeds

_HIDDEN = re.compile(
    r"<(script|style)\b[^<>]*>[^<]*+(?:<(?!/?\1\b)[^<]*+|(?!))*+</\1\s*>"
    r"|<!--(?:[^<-]|<(?!!--)|-(?!->)|(?!))*+-->|<!\[CDATA\[|\]\]>|<![a-z][^<>]*>",
    re.I,
)
# A tag has no attributes, or at least one with a value: "a <b and c> d" is text. Quoted values may hold ">".
_TAG = re.compile(
    r"</?[a-z][\w:.-]*+(?:\s*/?>|\s(?=[^<>]*=)(?:(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*'|(?!))*+>|[^<>]*+>))", re.I | re.A
)
_INLINE = re.compile(r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|u)\b", re.I)
_LONG_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{8,})|([0-9]{8,}));?", re.I)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_absent(value: Any) -> bool:
    """Return whether a value is null, an empty text, list or dict, or a text that stands for none, in any case.

    Such texts are `-`, "None", "N/A" or "TBD", the nulls of databases and the errors of spreadsheets.
    """
    if isinstance(value, str):
        return value.strip().casefold() in ABSENT_TEXTS if len(value) < _LONGEST_ABSENT else value.isspace()
    return value is None or (isinstance(value, (list, dict)) and not value)


def fold(name: str) -> str:
    """Return a field name for comparison: without case, white space, `_`, `-` and `*`."""
    return re.sub(r"[\s_*-]+", "", name).casefold()


def plain_text(text: str) -> str:
    """Return text without tags, entities, control characters and lone surrogates, with collapsed white space.

    Of a longer text only the first 200,000 characters count.
    """
    text = text[:MAX_SOURCE_CHARACTERS]
    if "<" in text or "&" in text:
        for _ in range(_ENCODINGS):
            text = html.unescape(_LONG_REFERENCE.sub(_shortened, _without_tags(text)))
        text = _without_tags(text)
    if not text.isprintable():
        text = _SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text))
    return " ".join(text.split())


def text_of(value: Any) -> str:
    """Return plain text of any JSON value, the parts of lists and dicts separated by spaces; "" if it is absent."""
    return " ".join(_texts(value, " ", _MAX_DEPTH))


def listed(value: Any) -> str:
    """Return plain text of any JSON value, the parts of lists and dicts separated by commas."""
    return ", ".join(_texts(value, ", ", _MAX_DEPTH))


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return _TAG.sub(lambda tag: "" if _INLINE.match(tag.group()) else " ", _HIDDEN.sub(" ", text))


def _shortened(reference: re.Match[str]) -> str:
    """Return a reference without leading zeros, or U+FFFD if there is no such character; int() refuses 4,300 digits."""
    digits = (reference[1] or reference[2]).lstrip("0")
    sign = "x" if reference[1] else ""
    return "\ufffd" if len(digits) > _MAX_REFERENCE_DIGITS else f"&#{sign}{digits or 0};"


def _texts(value: Any, separator: str, depth: int) -> list[str]:
    if is_absent(value) or depth == 0:
        return []
    if isinstance(value, str):
        return [text] if (text := plain_text(value)) else []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, separator, depth - 1)]
    if isinstance(value, dict):
        return _texts_of_mapping(value, separator, depth)
    return [str(value)]


def _texts_of_mapping(value: dict[str, Any], separator: str, depth: int) -> list[str]:
    if isinstance(blocks := value.get("blocks"), list):  # EditorJS; the other keys are time, version, ids and styles
        data = [block.get("data") for block in blocks if isinstance(block, dict)]
        return [text for item in data for text in _texts(_block_content(item), separator, depth - 1)]
    return [text for item in value.values() for text in _texts(item, separator, depth - 1)]


def _block_content(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    return [data[key] for key in ("text", "caption", "items", "content") if key in data]
