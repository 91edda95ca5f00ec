"""Knows the currencies of ISO 4217, and the signs and words by which people name them. Pure."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from query_generator.input.plain_text import fold, plain_text

_MAX_TEXT = 200
_MAX_ITEMS = 20

_DATA = json.loads(files(__package__).joinpath("currencies.json").read_text("utf-8"))
CODES = frozenset(_DATA["codes"].split())
DIGITS = {code: int(digits) for digits, codes in _DATA["digits"].items() for code in codes.split()}
_WORDS = frozenset(_DATA["words"].split())  # codes that are words as well: they count in capitals
_CAPITALS = {"ft": "Ft", "rm": "RM", "tl": "TL"}  # signs that are units or words in other letters
_SHARED = {sign: frozenset(codes.split()) for sign, codes in _DATA["shared"].items()}
# A sign that belongs to several currencies stands for none. A final dot may be missing.
_SIGNS = {sign.rstrip(".").casefold(): code for code, signs in _DATA["signs"].items() for sign in signs}


def _pattern(sign: str) -> str:
    """Return the pattern of a sign; people write `US $12`, too."""
    return re.escape(sign).replace(
        r"\$", r"\s?\$\s?" if sign[:1] == "$" and len(sign) > 1 else r"\s?\$" if len(sign) > 1 else r"\$"
    )


_WITH_POINT = [_pattern(sign) for sign in _SIGNS if sign[-1].isalpha() or sign[-1] == "/"]
_WITHOUT_POINT = [_pattern(sign) for sign in _SIGNS if not (sign[-1].isalpha() or sign[-1] == "/")]
CURRENCY = (
    rf"(?:(?:{'|'.join(sorted(_WITHOUT_POINT, key=len, reverse=True))})"
    rf"|(?:{'|'.join(sorted([*_WITH_POINT, *CODES], key=len, reverse=True))})(?![^\W\d_])\.?)"
)


def currency_of(value: Any) -> str:
    """Return the ISO 4217 code of a currency that a feed names by its code, a sign or `{code}`; "" if it is none."""
    if isinstance(value, Mapping):
        inner = {fold(key): item for key, item in value.items()}
        named = (inner.get(name) for name in ("code", "currencycode", "isocode", "symbol", "name", "value"))
        return next(filter(None, (currency_of(item) for item in named if isinstance(item, str))), "")
    if isinstance(value, list):
        return next(filter(None, map(currency_of, value[:_MAX_ITEMS])), "")
    return code_of(plain_text(value)) if isinstance(value, str) and len(value) <= _MAX_TEXT else ""


def code_of(text: str, own: str = "") -> str:
    """Return the code of a sign or code; a sign of several currencies means the record's own, if it is one of them."""
    word = re.sub(r"\s+", "", text).rstrip(".")
    if word.upper() in CODES:
        return word.upper()
    sign = word.casefold()
    return own if own and own in _SHARED.get(sign, ()) else _SIGNS.get(sign, "")


def is_currency(found: str) -> bool:
    """Return whether what `CURRENCY` has found is one, and no word or unit that is written like one."""
    word = found.rstrip(".")
    if not word.isalpha():
        return True
    return word == _CAPITALS.get(word.casefold(), word) and (word.isupper() or word.upper() not in _WORDS)
