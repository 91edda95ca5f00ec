"""Decodes JSON of others: a number is never too long for Python, and NaN and infinity are null. Pure."""

import json
import math
from typing import Any

from query_generator.input.plain_text import MAX_SOURCE_CHARACTERS

MAX_NUMBER_DIGITS = 310  # those of the largest float; int() refuses more than 4,300, and none of them is a quantity


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_NUMBER_DIGITS else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_constant: str) -> None:
    return None


DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_no_number)


def structure_in(text: str) -> Any:
    """Return the list or dict that a text holds as JSON, or nearly (`=>` for colons, single quotes); else the text."""
    stripped = text.strip() if len(text) <= MAX_SOURCE_CHARACTERS else ""
    if not stripped.startswith(("[", "{")):
        return text
    for spelling in (stripped, stripped.replace("=>", ":"), stripped.replace("'", '"')):
        try:
            return DECODER.decode(spelling)
        except (ValueError, RecursionError):
            continue
    return text
