"""Finds the end of a broken JSON record, so that the records after it can still be read. Pure."""

import json
import re
from typing import Final

NOT_FOUND: Final = -1
MAX_VALUES = 100_000  # in a record, at all levels

_MAX_LEVELS = 200_000  # a deeper record is skipped with less care, but in bounded time
_MAX_COLUMNS = 1_000

# Before 3.11.5, Python does not take back what the last alternative of a possessive group has read before it failed
# (CPython issue 106052): here and elsewhere such a group ends with `(?!)`, which reads nothing.
_TOKEN = re.compile(
    r'"(?:[^"\\\n]++|\\.|(?!))*+"?'  # a string; a line break ends it, since JSON has none inside strings
    r"|\n[ \t]*+\{"  # a brace at the beginning of a line
    r"|[{}\[\],:]"
)
_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+|(?!))*+"?|[{}\[\],]', re.DOTALL)
_HEAD = re.compile(r'\{\s*"(?:[^"\\\n]++|\\.|(?!))*+"')
_FLIPPED = re.compile(r'"[^"]*,\s*(\{\s*)"\Z')
_LINE_REST = re.compile(r"[\s,]*(\{|\Z)")
_OUTER_GOES_ON = re.compile(r"\s*[,}]")
_NOTHING_MORE = re.compile(r"[\s\]}]*\Z")
_LONGEST_TOKEN = len("\\uD83D\\uDE00")
_SPACE_TO_END = re.compile(r"[ \t\r\n]*+\Z")
_OPENER = {"}": "{", "]": "["}


def may_go_on(text: str, error: json.JSONDecodeError) -> bool:
    """Return whether more text may make the record valid, since the error is at the end of the text."""
    at = error.pos + _LONGEST_TOKEN
    return at >= len(text) or bool(_SPACE_TO_END.match(text, at)) or error.msg.startswith("Unterminated string")


def holds_too_many_values(text: str, start: int) -> bool:
    """Return whether the record at `start`, as far as it is in the text, holds more than MAX_VALUES values."""
    if sum(text.count(sign, start) for sign in ",[{") <= MAX_VALUES:
        return False
    depth = values = 0
    for match in _STRUCTURE.finditer(text, start):
        sign = text[match.start()]
        if sign in "}]":
            depth -= 1
        elif sign != '"':
            values += 1
            depth += sign != ","
        if values > MAX_VALUES or depth <= 0:
            break
    return values > MAX_VALUES


def indentation(text: str, start: int) -> int:
    """Return the columns before `start` on its line, or NOT_FOUND if they are not all blank."""
    lead = text[text.rfind("\n", max(0, start - _MAX_COLUMNS), start) + 1 : start]
    return NOT_FOUND if lead.strip() else len(lead)


def end_in_array(text: str, start: int, indent: int, complete: bool, closer: str = "]") -> int:
    """Return the end of the broken array element that begins at `start`, or NOT_FOUND in this text.

    `complete` means that no text follows, `closer` is what ends the array; `}` if the element is a value in an object.
    """
    end = _scan(text, start, len(text), indent, closer)
    return NOT_FOUND if end != NOT_FOUND and not complete and _NOTHING_MORE.match(text, end) else end


def end_in_sequence(text: str, start: int, indent: int, complete: bool) -> int:
    """Return the end of the broken record at `start` in JSON Lines or concatenated JSON, or NOT_FOUND in this text.

    A line is one record unless it clearly continues on the next line. `complete` means that no text follows.
    """
    line_end = text.find("\n", start)
    if line_end == NOT_FOUND:
        return _scan(text, start, len(text), indent) if complete else NOT_FOUND
    line = text[start:line_end].rstrip(" \t\r")
    if line[0] in "{[" and line[-1] in "{[,:":
        return _scan(text, start, len(text), indent)
    end = _scan(text, start, line_end, indent)
    return end if end != NOT_FOUND and _LINE_REST.match(text, end, line_end) else line_end


def _scan(text: str, start: int, limit: int, indent: int, closer: str = "") -> int:
    """Follow strings and brackets to the end of a record; stop early where only a new record can begin."""
    stack: list[str] = []
    open_count = {"{": 0, "[": 0}
    head = _HEAD.match(text, start, limit)
    last = ""
    for match in _TOKEN.finditer(text, start, limit):
        token, at = match.group(), match.start()
        sign = token[-1] if token[0] == "\n" else token[0]
        if sign == '"':
            flipped = _FLIPPED.match(token) if head and text[match.end() : match.end() + 1].isalnum() else None
            if head and flipped and text.startswith(head.group(), at + flipped.start(1)):
                return at + flipped.start(1)
        elif sign in "{[":
            begins_line = token[0] == "\n" and len(token) - 2 <= indent
            if sign == "{" and at != start and (begins_line or not _object_may_stand(stack, last)):
                return at
            if len(stack) == _MAX_LEVELS:
                return NOT_FOUND
            stack.append(sign)
            open_count[sign] += 1
        elif sign in "}]":
            opener = _OPENER[sign]
            if not open_count[opener]:
                if sign == closer and not (stack and _OUTER_GOES_ON.match(text, match.end())):
                    return at
                continue
            while (closed := stack.pop()) != opener:
                open_count[closed] -= 1
            open_count[opener] -= 1
            if not stack:
                return match.end()
        elif sign == "," and not stack and at != start:
            return at
        last = sign
    return NOT_FOUND


def _object_may_stand(stack: list[str], last: str) -> bool:
    if not stack:
        return False
    return last == ":" if stack[-1] == "{" else last in {"[", ","}
