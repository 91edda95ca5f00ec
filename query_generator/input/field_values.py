"""Turns brands, categories, prices and attributes, in the shapes that feeds use, into plain text. Pure."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from query_generator.input.field_names import fold
from query_generator.input.json_values import DECODER
from query_generator.input.plain_text import MAX_SOURCE_CHARACTERS, is_absent, listed, plain_text

MAX_ATTRIBUTES = 40
MAX_ATTRIBUTE_CHARACTERS = 300
_MAX_DEPTH = 20
_MAX_PRICE_CHARACTERS = 24
_MAX_CATEGORY_CHARACTERS = 2_000

_LABEL_KEYS = ("name", "$oid", "title", "label", "value")
_PAIR_NAMES = ("name", "attribute", "key", "label")
_PAIR_VALUES = ("value", "values", "text")
_PATH_SEPARATORS = (">", "/", ",")
_LEVEL = re.compile(r"lvl(\d{1,4})", re.I)
_NUMBER = re.compile(r"\d+(?:[ '\u2019]\d{3}(?!\d))*(?:[.,]\d+)*|\.\d+")
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
# Only signs of one currency; "$" and "¥" are signs of several.
_SIGNS = {"€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₫": "VND", "₪": "ILS"}
_ASSIGNMENTS = re.compile(r"[,;|\n]\s*(?=[^,;|=\n]+=)")


def label_of(value: Any, clean: Callable[[str], str] = plain_text) -> str:
    """Return the text of a text, a number, a `{name}` or the first usable item of a list; "" if there is none."""
    if is_absent(value) or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (int, float)):
        return clean(str(value))
    if isinstance(value, list):
        return next(filter(None, (label_of(item, clean) for item in value[:20] if not isinstance(item, list))), "")
    inner = {fold(key): value[key] for key in sorted(value)} if isinstance(value, dict) else {}
    texts = (inner[key] for key in _LABEL_KEYS if isinstance(inner.get(key), (str, int, float)))
    return next(filter(None, (label_of(text, clean) for text in texts)), "")


def category_of(value: Any) -> str:
    """Return a category path joined by " > ", from a text, a list, `{name}` or `{lvl0, lvl1, …}`."""
    return " > ".join(dict.fromkeys(_category_parts(value, _MAX_DEPTH)))


def _category_parts(value: Any, depth: int) -> Iterator[str]:
    if is_absent(value) or depth == 0:
        return
    if isinstance(value, str):
        structure = _structure(value)
        if not isinstance(structure, str):
            yield from _category_parts(structure, depth - 1)
            return
        yield from _category_path(value[:_MAX_CATEGORY_CHARACTERS])
    elif isinstance(value, list):
        for item in value:
            yield from _category_parts(item, depth - 1)
    elif isinstance(value, dict):
        levels = {int(match[1]): item for key, item in value.items() if (match := _LEVEL.fullmatch(key))}
        usable = [level for level in levels if not is_absent(levels[level])]
        yield from _category_parts(levels[max(usable)] if usable else label_of(value), depth - 1)


@lru_cache(maxsize=1024)
def _category_path(raw: str) -> tuple[str, ...]:
    text = plain_text(raw)
    separator = next((sign for sign in _PATH_SEPARATORS if sign in text), "\n")
    return tuple(filter(None, map(str.strip, text.split(separator))))


def price_of(values: Iterable[Any]) -> tuple[str, str]:
    """Return (price as decimal text, currency) of the first value that holds a number; ("", "") if none does."""
    return next((found for value in values if (found := _price(value, _MAX_DEPTH))[0]), ("", ""))


def _price(value: Any, depth: int) -> tuple[str, str]:
    if is_absent(value) or isinstance(value, bool) or depth == 0:
        return "", ""
    if isinstance(value, (int, float)):
        return _decimal(value), ""
    if isinstance(value, str):
        text = plain_text(value)
        return (price, currency_in(text)) if (price := _price_in(text)) else ("", "")
    if isinstance(value, list):
        return next((found for item in value if (found := _price(item, depth - 1))[0]), ("", ""))
    inner = {fold(key): item for key, item in value.items()} if isinstance(value, dict) else {}
    for key in ("amount", "value", "price"):
        price, currency = _price(inner.get(key), depth - 1)
        if price:
            given = (currency_of(inner.get(name)) for name in ("currency", "currencycode", "pricecurrency"))
            return price, next(filter(None, given), currency)
    return "", ""


def _decimal(number: int | float) -> str:
    text = str(number)
    if "e" in text:
        text = f"{number:.10f}".rstrip("0").rstrip(".")
    return text.removesuffix(".0") if number >= 0 and len(text) <= _MAX_PRICE_CHARACTERS and text[-1].isdigit() else ""


def _price_in(text: str) -> str:
    """Return the first number in a text as decimal text; it may be written "1,299.00", "12,50" or "1 299,00"."""
    if len(text) <= _MAX_PRICE_CHARACTERS and _PLAIN_NUMBER.fullmatch(text):
        return _decimal(float(text))
    match = _NUMBER.search(text[:200])
    if not match or text[: match.start()].rstrip().endswith("-"):
        return ""
    digits = re.sub(r"[^\d.,]", "", match.group())
    last = max(digits.rfind("."), digits.rfind(","))
    sign = digits[last] if last >= 0 else ""
    thousands = bool(sign) and (digits.count(sign) > 1 or (sign == "," and re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits)))
    whole = digits if thousands or not sign else digits[:last]
    fraction = "" if thousands or not sign else digits[last + 1 :]
    price = re.sub(r"[.,]", "", whole).lstrip("0") or "0"
    return (f"{price}.{fraction}" if fraction else price) if len(price) <= _MAX_PRICE_CHARACTERS else ""


def currency_of(value: Any) -> str:
    """Return a currency as the feed names it; a sign of exactly one currency becomes its ISO code."""
    text = label_of(value)
    return _SIGNS.get(text, "" if text in {"$", "¥"} else text)[:MAX_ATTRIBUTE_CHARACTERS]


def currency_in(text: str) -> str:
    """Return the currency that a price such as "15.00 USD" or "€ 12,50" names; "" if that is not certain."""
    code = _CODE.search(text)
    return code.group() if code else next((iso for sign, iso in _SIGNS.items() if sign in text), "")


def attributes_of(fields: Iterable[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs of the first field that holds any: at most 40, each value at most 300 characters."""
    for field, value in fields:
        pairs: dict[str, str] = {}
        for name, text in _pairs(field, value, _MAX_DEPTH):
            pairs.setdefault(name, text[:MAX_ATTRIBUTE_CHARACTERS])
            if len(pairs) == MAX_ATTRIBUTES:
                break
        if pairs:
            return tuple(pairs.items())
    return ()


def _pairs(label: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if is_absent(value) or depth == 0:
        return
    if isinstance(value, str):
        structure = _structure(value)
        if not isinstance(structure, str):
            yield from _pairs(label, structure, depth - 1)
        elif "=" in value and "<" not in value:
            for assignment in _ASSIGNMENTS.split(value[:MAX_SOURCE_CHARACTERS]):
                name, _, text = assignment.partition("=")
                yield from _pair(name, text)
        else:
            yield from _pair(label, value)
    elif isinstance(value, dict):
        if (own := _own_pair(value)) is not None:
            yield from _pair(*own)
        else:
            for name, item in value.items():
                nested = isinstance(item, list) and any(isinstance(part, dict) for part in item)
                yield from _pairs(name, item, depth - 1) if nested else _pair(name, item)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from _pairs(label, item, depth - 1)
    else:
        yield from _pair(label, value)


def _own_pair(value: dict[str, Any]) -> tuple[str, Any] | None:
    """Return the pair in a `{name, value}` dict; None for a dict that holds attributes by their names."""
    inner = {fold(key): item for key, item in value.items()}
    name = next((label_of(inner[key]) for key in _PAIR_NAMES if key in inner), "")
    values = [inner[key] for key in _PAIR_VALUES if key in inner]
    return (name, values[0]) if name and values else None


def _pair(name: str, value: Any) -> Iterator[tuple[str, str]]:
    label, text = _attribute_name(name[:MAX_ATTRIBUTE_CHARACTERS]), listed(value)
    if label and text:
        yield label, text


_attribute_name = lru_cache(maxsize=1024)(plain_text)


def _structure(text: str) -> Any:
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
