"""Undoes the escapes of a text, layer by layer, and knows where each letter stood. Linear in the text's length."""

import re
import sys
from array import array
from collections.abc import Callable, Sequence

LAYERS = 5  # of different kinds; one kind within itself, as %252541, is one layer

_ESCAPE = re.compile(
    r"[\\%&](?:(?<=\\)\\*(?:u(?P<unit>[0-9a-fA-F]{4})|u\{(?P<point>[0-9a-fA-F]{1,6})\}|U(?P<wide>[0-9a-fA-F]{8})"
    r"|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>[/\"'nrtbfv]))"
    r"|(?<=\\)(?P<backslash>\\+)"
    r"|(?<=%)(?:25)*(?P<percent>[0-9a-fA-F]{2})"
    r"|(?<=&)(?:amp;)*(?P<reference>#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});)"
)
_UNITS = re.compile(
    "[\ud800-\udbff][\udc00-\udfff]"
    "|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"  # the bytes of UTF-8, each a letter
)
_SOFT = re.compile("[\\s\\0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_BASES = {"unit": 16, "point": 16, "wide": 16, "byte": 16, "octal": 8, "percent": 16}
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v"}


def decoded(text: str) -> str:
    """Return a text without its escapes: those of JSON and programs, of URLs, and of HTML, also within each other."""
    for _ in range(LAYERS):
        if not _may_be_escaped(text):
            break
        before, text = text, _UNITS.sub(_character, _ESCAPE.sub(_meaning, text))
        if text == before:
            break
    return text


def squeezed(text: str) -> str:
    """Return a text without white space and without characters that are not seen."""
    text = "".join(text.split())
    return text if text.isascii() and text.isprintable() else _SOFT.sub("", text)


def with_positions(text: str, view: Callable[[str], str]) -> tuple[str, Sequence[int]]:
    """Return a view of a text and where each of its letters, and its end, stood in the text.

    The view may be made of `decoded`, `squeezed` and of what replaces each letter by one letter.
    """
    seen, positions = text, array("q", range(len(text) + 1))
    for _ in range(LAYERS):
        if not _may_be_escaped(seen):
            break
        before = seen
        seen, positions = _step(seen, positions, _ESCAPE, _meaning)
        seen, positions = _step(seen, positions, _UNITS, _character)
        if seen == before:
            break
    if len(view(text)) != len(seen):
        seen, positions = _step(seen, positions, _SOFT, lambda _: "")
    return view(text), positions


def _may_be_escaped(text: str) -> bool:
    return "\\" in text or "%" in text or "&" in text


def _step(
    text: str, positions: Sequence[int], pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]
) -> tuple[str, "array[int]"]:
    pieces, places, end = [], array("q"), 0
    for match in pattern.finditer(text):
        replacement = meaning(match)
        pieces += [text[end : match.start()], replacement]
        places.extend(positions[end : match.start()])
        places.extend([positions[match.start()]] * len(replacement))
        end = match.end()
    places.extend(positions[end:])
    return "".join((*pieces, text[end:])), places


def _meaning(escape: re.Match[str]) -> str:
    """Return what an escape stands for; the escape itself if it stands for nothing."""
    kind = str(escape.lastgroup)
    value = escape[kind]
    if kind in _BASES:
        number = int(value, _BASES[kind])
        return chr(number) if number <= sys.maxunicode else escape[0]
    if kind == "letter":
        return _LETTERS.get(value, value)
    if kind == "backslash":
        return "\\"
    from html import unescape

    return unescape(f"&{value};")


def _character(units: re.Match[str]) -> str:
    """Return the character that two halves, or the bytes of UTF-8, make together."""
    whole = units[0]
    try:
        if whole[0] >= "\ud800":
            return whole.encode("utf-16", "surrogatepass").decode("utf-16")
        return whole.encode("latin-1").decode()
    except ValueError:
        return whole
