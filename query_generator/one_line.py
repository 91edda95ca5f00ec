"""Writes any text on one line, so that nothing in it can pass for a line of ours or steer a terminal."""

import re

# Line breaks and control characters, what separates lines elsewhere, what turns the direction of writing, half pairs.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def one_line(text: str) -> str:
    r"""Return a text with its control characters and line breaks escaped as in JSON: `\n`, `\u2028`."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub(_escaped, text)


def _escaped(character: re.Match[str]) -> str:
    return _NAMES.get(character[0]) or f"\\u{ord(character[0]):04x}"
