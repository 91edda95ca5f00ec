"""Finds JSON in a text, and reads what is nearly JSON: cut, with comments, Python's words and quotes, or slips.

json-repair reads more, but takes 16 seconds for 25 kB of brackets and quotes; here the time grows with the text alone.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MOST_DIGITS = 30  # of an integer that is read as one; Python refuses to read thousands
DEEPEST = 64  # containers within each other in broken JSON

_OPENING = re.compile(r"[\[{]")
_ENDS = r"(?=\s*+(?:[,:\]}]|\Z|//|/\*)|[^\S\n]*+\n\s*+\")"
_AFTER = r"(?!\s*+(?:[,:\]}]|\Z))"
_TOKENS = {
    '"': rf'(?P<text>"[^"\\]*+(?:\\.[^"\\]*+|(?!))*+")(?P<ends>{_ENDS})?',
    # An unescaped quote in its text: where it ends can be guessed, what it says cannot.
    "broken": rf'(?P<broken>"(?:[^"]|"{_AFTER}|(?!))*+")',
    "'": rf"(?P<single>'(?:[^'\\]|\\.|'{_AFTER}|(?!))*+')",
    "“": r"(?P<curly>“[^”]*+”)",
    "/": r"(?P<comment>//[^\n]*+|/\*(?:[^*]|\*(?!/)|(?!))*+\*/)",
    "": r"(?P<sign>[\[\]{},:])|(?P<word>[\w.+-]++)|(?P<space>\s++)",
}
_PATTERNS = {first: re.compile(pattern, re.DOTALL) for first, pattern in _TOKENS.items()}
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrtu])|(.))', re.DOTALL)
_ESCAPED_JSON = re.compile(r'[\[{]\s*\\+"')
_COLON = re.compile(r"\s*+:")


def number(digits: str) -> float:
    """Read an integer; one without end is infinite."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Keep the values of a key that is there several times, as a list."""
    made: dict[str, Any] = dict(pairs)
    if len(made) == len(pairs):
        return made
    values: dict[str, list[Any]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}


_DECODER = json.JSONDecoder(strict=False, parse_int=number, object_pairs_hook=_object)


def values_in(text: str) -> Iterator[Any]:
    """Yield the JSON arrays and objects in a text, in their order, each as far as it can be read."""
    if _ESCAPED_JSON.match(text.lstrip()):
        text = _string('"' + text.strip() + '"') or text
    broken = _Broken(text)
    position = 0
    while opening := _OPENING.search(text, position):
        try:
            value, position = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            value, position = broken.read(opening.start())
        yield value


class _Broken:
    """Reads arrays and objects that are no JSON; one ends where it is closed, or with the text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[list[Any] | dict[str, Any]] = []
        self._keys: list[str | None] = []
        self._may_begin = True  # a value; an apostrophe elsewhere is one
        self._without_end: set[str] = set()  # signs that begin what does not end: looking again takes the text again

    def read(self, start: int) -> tuple[Any, int]:
        """Return the value that opens at `start`, and where it ends."""
        self._stack, self._keys = [], []
        root: Any = None
        position = start
        while position < len(self._text):
            token = self._token(position)
            if not token:
                position += 1
                continue
            position = token.end()
            if token.lastgroup == "sign":
                self._sign(token[0])
                root = self._stack[0] if root is None else root
                if not self._stack:
                    break
            elif token.lastgroup not in ("comment", "space"):
                self._scalar(token, position)
        return root, position

    def _token(self, position: int) -> re.Match[str] | None:
        first = self._text[position]
        if first not in _PATTERNS:
            return _PATTERNS[""].match(self._text, position)
        if first in "'“" and not self._may_begin:
            return None
        token = self._ending(first, position)
        if first != '"' or (token and token["ends"] is not None):
            return token
        return self._ending("broken", position)

    def _ending(self, kind: str, position: int) -> re.Match[str] | None:
        if kind in self._without_end:
            return None
        token = _PATTERNS[kind].match(self._text, position)
        if not token and (kind != "/" or self._text.startswith("/*", position)):
            self._without_end.add(kind)
        return token

    def _sign(self, sign: str) -> None:
        self._may_begin = sign not in "]}"
        if sign in "[{":
            if len(self._stack) == DEEPEST:
                return
            made: list[Any] | dict[str, Any] = [] if sign == "[" else {}
            if self._stack:
                self._put(made)
            self._stack.append(made)
            self._keys.append(None)
        elif sign in "]}":
            kind = list if sign == "]" else dict
            while self._stack and any(isinstance(open_, kind) for open_ in self._stack):
                self._keys.pop()
                if isinstance(self._stack.pop(), kind):
                    break

    def _scalar(self, token: re.Match[str], end: int) -> None:
        self._may_begin = False
        value = _scalar(token)
        is_key = isinstance(self._stack[-1], dict) and _COLON.match(self._text, end)
        if is_key:
            self._keys[-1] = value if value is not None else token[0]
        elif token.lastgroup != "word":
            self._put(value)
        else:
            self._keys[-1] = None

    def _put(self, value: Any) -> None:
        container = self._stack[-1]
        if isinstance(container, list):
            container.append(value)
            return
        name, self._keys[-1] = self._keys[-1], None
        if name is None or name in container:
            name = f"{name or ''}{len(container)}"
        container[name] = value


def _scalar(token: re.Match[str]) -> str | None:
    inner = token[0][1:-1]
    if token[0][0] == '"' and token.lastgroup != "broken":
        return _string(token[0])
    if token.lastgroup == "single":
        return _string('"' + inner.replace("\\'", "'").replace('\\"', '"').replace('"', '\\"') + '"')
    return inner if token.lastgroup == "curly" else None


def _string(literal: str) -> str | None:
    """Read a JSON string; an escape that JSON does not know stands for its character."""
    try:
        return str(_DECODER.decode(literal))
    except ValueError:
        pass
    try:
        return str(_DECODER.decode(_ESCAPE.sub(lambda found: found[0] if found[1] else found[2], literal)))
    except ValueError:
        return None
