"""Decodes JSON of others: a number is never too long for Python, and NaN and infinity are null. Pure."""

import json
import math

MAX_NUMBER_DIGITS = 310  # those of the largest float; int() refuses more than 4,300, and none of them is a quantity


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_NUMBER_DIGITS else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_constant: str) -> None:
    return None


DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_no_number)
