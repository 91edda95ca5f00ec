"""Passes over a JSON record that is too large to be held in memory."""

import re
import sys

from query_generator.input.json_scan import NOT_FOUND
from query_generator.input.text_window import TextWindow

_STRING_REST = re.compile(r'[^"\\\n]*+(?:\\.[^"\\\n]*+|(?!))*+')
_FLAT = re.compile(  # what changes no level: strings, numbers, commas, and lists and objects without strings
    r'(?:[^"{}\[\]]++|"[^"\\\n]*+(?:\\.[^"\\\n]*+|(?!))*+"|\[[^"{}\[\]]*+\]|\{[^"{}\[\]]*+\}|(?!))*+'
)
_STRING = re.compile(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+|(?!))*+"')
_WHOLE_STRINGS = re.compile(rf'(?:[^"]++|{_STRING.pattern}|(?!))*+')
_MANY_LEVELS = 1_000
_TOKEN = re.compile(r'"|[{\[]++|[}\]]|[,\n]')


def skip_record(window: TextWindow, start: int) -> int:
    """Return the index after the record that begins at `start`, in what is then the window's text.

    NOT_FOUND if the text ends before. A line break ends a string, since JSON has none inside strings.
    """
    depth, at, in_string = 0, start, False
    while True:
        text = window.text
        while at < len(text):
            if in_string:
                at = _end(_STRING_REST, text, at)
                if text[at : at + 2] in ("", "\\"):
                    break
                in_string = False
                at += text[at] != "\n"
                if not depth:
                    return at
            if depth > _MANY_LEVELS:  # so many characters cannot close as many levels
                end = _end(_WHOLE_STRINGS, text, at, at + depth - 1)
                signs = _STRING.sub("", text[at:end])
                depth += sum(map(signs.count, "{[")) - sum(map(signs.count, "}]"))
                at = end
            elif depth:
                at = _end(_FLAT, text, at)
            token = _TOKEN.search(text, at)
            if not token:
                at = len(text)
                break
            at, sign = token.end(), token.group()
            in_string = sign == '"'
            depth += len(sign) if sign[0] in "{[" else -(sign in "}]")
            if depth <= 0 and not in_string:
                return at if sign in "}]" and depth == 0 else token.start()
        if window.ended:
            return NOT_FOUND
        window.slide(at)
        at = 0


def _end(pattern: re.Pattern[str], text: str, at: int, limit: int = sys.maxsize) -> int:
    match = pattern.match(text, at, limit)
    return match.end() if match else at
