"""Turns the values of an Excel sheet's cells into the texts that people see there. Pure."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from query_generator.input.currencies import currency_of

_DIGITS = 15  # of a number that Excel keeps
_FORMAT_CURRENCY = re.compile(r'\[\$([^\]-]+)(?:-[^\]]*)?\]|"([^"]+)"|([$€£¥₹₽₺₴₩])')
_ERRORS = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#DIV/0!", "#GETTING_DATA", "#SPILL!", "#CALC!")
)


def cell_text(value: Any, number_format: str) -> str:
    """Return what a cell shows: a number with its currency or percent sign, a date by ISO 8601; "" for an error."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    text = str(value)
    return "" if text in _ERRORS else text


def _number(value: int | float, number_format: str) -> str:
    if number_format.rstrip().endswith("%"):
        return f"{_decimal(value * 100)}%"
    currency = _currency(number_format)
    return f"{_decimal(value)} {currency}" if currency else _decimal(value)


def _decimal(value: int | float) -> str:
    text = f"{Decimal(f'{value:.{_DIGITS}g}'):f}" if isinstance(value, float) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1024)
def _currency(number_format: str) -> str:
    """Return the sign of a currency in a format such as `#,##0.00 [$€-407]`, if it is one."""
    for match in _FORMAT_CURRENCY.finditer(number_format):
        sign = str(next(filter(None, match.groups()))).strip()
        if currency_of(sign):
            return sign
    return ""
