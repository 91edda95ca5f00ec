"""Reads prices as people and programs write them: the amount to pay, and its currency by ISO 4217. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from query_generator.input.currencies import CODES, CURRENCY, DIGITS, code_of, currency_of, is_currency
from query_generator.input.plain_text import fold, is_absent, plain_text

MAX_PRICE_CHARACTERS = 24
_MAX_DEPTH = 20
_MAX_ITEMS = 20  # of a list in which a price is looked for
_MAX_TEXT = 200

_GROUPED = r"\d{1,3}(?:[ \u00a0\u2009\u202f'\u2019]\d{3})+(?!\d)(?:[.,]\d+|(?!))*+"
_NUMBER = rf"(?:{_GROUPED}|\d+(?:[.,]\d+|(?!))*+|(?<![\d.,])[.,]\d+)"
_TOKEN = re.compile(rf"(?P<currency>(?<![^\W\d_]){CURRENCY})|(?P<number>{_NUMBER})", re.I)
_CURRENCY_LAST = re.compile(rf"{CURRENCY}\s*\Z", re.I)
_CURRENCY_FIRST = re.compile(rf"\s*{CURRENCY}", re.I)
_BESIDE = re.compile(r"[\s:=]*")  # between a currency and its amount
_AFTER_AMOUNT = re.compile(r"(?:[.,]\s?[-\u2010-\u2015]{1,2})?\s*")  # as in `12,- €`
_NO_CENTS = re.compile(r"[.,]\s?[-\u2010-\u2015]|/-")  # as in `12,-` and `99/-`, which only people write
_SIMPLE = re.compile(r"([$€£]?)((?:0|[1-9]\d{0,9})(?:\.\d{1,2})?)(?: ?([A-Z]{3}))?", re.A)  # most prices, read fast
_ARABIC = str.maketrans("\u066b\u066c", ".,")
_MINUS = re.compile(r"[\s(:][-\u2212]\Z|\A\W*[-\u2212]\s?\Z")
_NO_AMOUNT_AFTER = re.compile(
    r"\s*(?:%|(?:g|kg|mg|ml|cl|dl|l|cm|mm|m|oz|lbs?|in|inch|pcs?|pieces?|packs?|pk|x|\u00d7|for|f\u00fcr|stk|st\u00fcck|"
    r"pezzi|items?|units?|months?|days?)(?![^\W\d_])|[\"\u2033])",
    re.I,
)
_OFF = re.compile(r"\s*(?:off|discount|rabatt|shipping|versand|deposit)(?![^\W\d_])", re.I)
_OLD = re.compile(
    r"(?:(?<![^\W\d_])(?:was|old|statt|uvp|rrp|msrp|"
    r"list(?: price)?|reg(?:ular)?\.?(?: price)?|before|instead of|compare at|"
    r"orig(?:inal)?(?: price)?|ancien prix|au lieu de|vorher|antes|era))\s*[:.]?\s*\Z",
    re.I,
)
_NOT_ALL = re.compile(r"(?:(?<![^\W\d_])save|\+)\s*:?\s*\Z", re.I)
_EURO_WITHIN = re.compile(r"(?<=\d)€(?=\d\d(?!\d))")  # as in `10€99`
_PER = re.compile(r"\s*(?:/|per(?![^\W\d_])|pro(?![^\W\d_])|je(?![^\W\d_])|a\s+piece)", re.I)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_CENTS = re.compile(r"(\d{1,4})\s?(¢|cents?|p)", re.I)
_SUPERSCRIPT = re.compile(r"(?<=\d)\s*<sup\b[^<>]*>\s*(?=\d)", re.I)
# Telephone numbers, dates, amounts in thousands or millions and style sheets are no prices.
_NO_PRICE = re.compile(
    r"[{}]|\d[-/]\d+[-/]\d|\d{1,4}\.\d{1,2}\.\d{2,4}(?!\d)|\d\s?(?:k|mio|mln|million|bn)(?![^\W\d_])", re.I
)
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*|\d{1,3}(?:,\d{2})+,\d{3}")
_THOUSANDS_AND_CENTS = re.compile(r"\d{1,3}(?:([.,])\d{2,3})+\1\d{1,2}")
_TO = re.compile(r"\s*(?:[-\u2010-\u2015~\u301c]{1,2}|to|bis|a|\u00e0|al|do|\u0434\u043e|and|und)\s*", re.I)
_PLAIN_NUMBER = re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+")

_MINOR = ("centamount", "amountincents", "pricecents", "pricecent", "unitamount")
_MINOR_DIGITS = ("fractiondigits", "currencyminorunit")
_AMOUNTS = (
    *("saleprice", "specialprice", "discountedprice", "finalprice", "amount", "value", "price", "data"),
    *("minvariantprice", "minimumprice", "minprice", "lowprice", "min", "start", "gross", "net", "regularprice"),
)
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currencyid", "isocurrencycode", "code")


def price_of(values: Iterable[Any], currency: str = "") -> tuple[str, str]:
    """Return (price as decimal text, ISO code) of the first value with a price above 0, else of one with 0.

    ("", "") if no value holds a price; the code is empty where the value tells no certain currency.

    Args:
        values: what the record has, best first.
        currency: the ISO code that the record names; it says which one a sign of several means, as `$` or `kr`.
    """
    free = ("", "")
    for value in values:
        found = _price(value, _MAX_DEPTH, currency)
        if found[0].strip("0."):
            return found
        free = free if free[0] else found
    return free


def _price(value: Any, depth: int, currency: str) -> tuple[str, str]:
    if is_absent(value) or isinstance(value, bool) or depth == 0:
        return "", ""
    if isinstance(value, (int, float)):
        return _decimal(value), ""
    if isinstance(value, str):
        return _price_in(value[: 4 * _MAX_TEXT], currency)
    if isinstance(value, list):
        found = (_price(item, depth - 1, currency) for item in _own_first(value[:_MAX_ITEMS], currency))
        return next((price for price in found if price[0]), ("", ""))
    return _price_of_object(value, depth, currency) if isinstance(value, Mapping) else ("", "")


def _own_first(items: list[Any], currency: str) -> list[Any]:
    """Return prices with those of the record's currency first."""
    return sorted(items, key=lambda item: currency not in _currencies_of(item)) if currency else items


def _currencies_of(value: Any) -> list[str]:
    if not isinstance(value, Mapping):
        return []
    return [currency_of(item) for key, item in value.items() if fold(key) in _CURRENCIES]


def _price_of_object(value: Mapping[str, Any], depth: int, own: str) -> tuple[str, str]:
    inner = {fold(key): value[key] for key in sorted(value)}
    given = next(filter(None, (currency_of(inner.get(name)) for name in _CURRENCIES)), "")
    minor = next((inner[name] for name in _MINOR_DIGITS if isinstance(inner.get(name), int)), None)
    for key in (*_MINOR, *_AMOUNTS):
        price, currency = _price(inner.get(key), depth - 1, given or own)
        if price and (key in _MINOR or minor is not None) and price.isdigit():
            price = _scaled(price, DIGITS.get(given, 2) if minor is None else minor)
        if price:
            return price, given or currency
    for code, part in sorted(((key.upper(), part) for key, part in inner.items()), key=lambda pair: pair[0] != own):
        if code in CODES and (found := _price(part, depth - 1, code))[0]:
            return found[0], code
    for part in inner.values():  # a level without a name of ours, as in `{"EUR": {"amount": …}}` or `{"gross": …}`
        if (
            isinstance(part, Mapping)
            and (found := _price_of_object(part, depth - 1, given or own) if depth > 1 else ("", ""))[0]
        ):
            return found[0], found[1] or given
    return "", ""


def _scaled(price: str, digits: int) -> str:
    if not 0 < digits <= 4:
        return price
    padded = price.zfill(digits + 1)
    return f"{padded[:-digits]}.{padded[-digits:]}"


def _decimal(number: int | float) -> str:
    if number == 0:
        return "0"
    text = str(number)
    if "e" in text:
        text = f"{number:.10f}".rstrip("0").rstrip(".")
    return text.removesuffix(".0") if number > 0 and len(text) <= MAX_PRICE_CHARACTERS and text[-1].isdigit() else ""


@lru_cache(maxsize=1024)
def _price_in(raw: str, own: str) -> tuple[str, str]:
    """Read a text. Of two prices the one to pay is taken, of a range the lower one."""
    if simple := _SIMPLE.fullmatch(raw):
        sign, amount, code = simple.groups()
        if not (sign and code) and (not code or code in CODES):
            return amount, code or (code_of(sign, own) if sign else "")
    text = plain_text(_SUPERSCRIPT.sub(".", raw))
    text = unicodedata.normalize("NFKC", text)[:_MAX_TEXT].translate(_ARABIC)
    text = _EURO_WITHIN.sub(".", text) + ("€" if _EURO_WITHIN.search(text) else "")
    if len(text) <= MAX_PRICE_CHARACTERS and _PLAIN_NUMBER.fullmatch(text):
        return _decimal(float(text)), ""
    if cents := _CENTS.fullmatch(text):
        return _scaled(cents[1], 2), {"p": "GBP", "\u00a2": "USD"}.get(cents[2].casefold(), "")
    if _NO_PRICE.search(text):
        return "", ""
    outside = _IN_BRACKETS.sub(" ", text)
    tokens = [
        token
        for token in _TOKEN.finditer(outside if re.search(r"\d", outside) else text)
        if token["number"] or is_currency(token.group())
    ]
    found = list(_amounts(tokens, own))
    now = [amount for amount in found if not _is_old(*amount)] or found
    certain = next((code for token in tokens if token["currency"] and (code := code_of(token.group(), own))), "")
    with_currency = [amount for amount in now if amount[1] is not None]
    prices = [(_number(match.group(), beside), beside) for match, beside in with_currency or now]
    usable = [(price, beside) for price, beside in prices if price]
    same = [(price, beside) for price, beside in usable if beside == usable[0][1]]
    price, beside = min(same, key=lambda pair: float(pair[0]), default=("", None))
    return price, (beside or certain) if price else ""


def _amounts(tokens: list[re.Match[str]], own: str) -> Iterator[tuple[re.Match[str], str | None]]:
    """Yield the numbers that may be prices, each with its currency: "" for a sign of several, None without one.

    The first number of a range has the currency of the second.
    """
    signs = _signs_of_numbers(tokens)
    later: str | None = None
    found: list[tuple[re.Match[str], str | None]] = []
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token["currency"]:
            continue
        beside = _currency_of_signs(signs[at], own) if at in signs else None
        if beside is None and _NO_CENTS.match(token.string, token.end()):
            beside = ""
        if beside is None and at + 1 < len(tokens) and tokens[at + 1]["number"] and _is_range(token, tokens[at + 1]):
            beside = later
        later = beside
        if _may_be_price(token, beside is not None):
            found.append((token, beside))
    yield from reversed(found)


def _is_range(first: re.Match[str], second: re.Match[str]) -> bool:
    return bool(_TO.fullmatch(first.string, first.end(), second.start()))


def _signs_of_numbers(tokens: list[re.Match[str]]) -> dict[int, list[str]]:
    """Return the currencies beside each number, by its place. One between two numbers belongs to the nearer one.

    Between two at the same distance it belongs to the one before, unless the text begins with a currency.
    """
    signs: dict[int, list[str]] = {}
    for at, token in enumerate(tokens):
        if token["currency"]:
            before = _distance(tokens, at, -1)
            after = _distance(tokens, at, 1)
            if before and after:
                is_after = after[0] < before[0] or (after[0] == before[0] and bool(tokens[0]["currency"]))
                signs.setdefault(after[1] if is_after else before[1], []).append(token.group())
            elif nearest := before or after:
                signs.setdefault(nearest[1], []).append(token.group())
    return signs


def _distance(tokens: list[re.Match[str]], at: int, step: int) -> tuple[int, int] | None:
    """Return how far the next number is, past other currencies as in `CAD $20`, and its place; None if it is apart."""
    distance = 0
    while 0 <= at + step < len(tokens):
        first, second = sorted((at, at + step))
        gap = _AFTER_AMOUNT if tokens[first]["number"] else _BESIDE
        if not gap.fullmatch(tokens[first].string, tokens[first].end(), tokens[second].start()):
            return None
        distance += tokens[second].start() - tokens[first].end()
        at += step
        if tokens[at]["number"]:
            return distance, at
    return None


def _currency_of_signs(signs: list[str], own: str) -> str:
    """Return the currency that signs mean; a code goes before a sign: `$20 CAD`."""
    codes = [sign for sign in signs if sign.upper() in CODES]
    return next(filter(None, (code_of(sign, own) for sign in codes + signs)), "")


def _is_old(number: re.Match[str], currency: str | None) -> bool:
    """Return whether a number is the price that was, as in `was $20 now $15`."""
    head = number.string[: number.start()]
    return bool(_OLD.search(_CURRENCY_LAST.sub("", head) if currency is not None else head))


def _may_be_price(number: re.Match[str], has_currency: bool) -> bool:
    text, start, end = number.string, number.start(), number.end()
    head = text[:start]
    before = _CURRENCY_LAST.sub("", head) if has_currency else head
    if (
        _MINUS.search(head)
        or _MINUS.search(before)
        or _NOT_ALL.search(before)
        or "_" in (head[-1:], text[end : end + 1])
    ):
        return False
    if not has_currency and (head[-1:].isalpha() or text[end : end + 1].isalpha() or _NO_AMOUNT_AFTER.match(text, end)):
        return False
    after = _CURRENCY_FIRST.match(text, end)
    rest = after.end() if after else end
    return not (_OFF.match(text, rest) or (_PER.match(text, rest) and re.search(r"\d", head)))


def _number(text: str, currency: str | None) -> str:
    """Return decimal text of a number such as "1,299.00", "12,50", "1 299,00", "1,29,900" or ",89"."""
    digits = "".join(
        str(unicodedata.digit(sign)) if sign.isdigit() else sign for sign in text if sign in ".," or sign.isdigit()
    )
    signs = {sign for sign in digits if not sign.isdigit()}
    last = max(digits.rfind("."), digits.rfind(","))
    whole, fraction = (digits[:last], digits[last + 1 :]) if signs else (digits, "")
    if len(signs) == 1 and (
        _THOUSANDS.fullmatch(digits) if digits.count(digits[last]) > 1 else _is_grouped(digits, digits[last], currency)
    ):
        whole, fraction = digits, ""
    elif len(signs) == 1 and digits.count(digits[last]) > 1 and not _THOUSANDS_AND_CENTS.fullmatch(digits):
        return ""
    price = re.sub(r"[.,]", "", whole).lstrip("0") or "0"
    return (f"{price}.{fraction}" if fraction else price) if len(price) + len(fraction) < MAX_PRICE_CHARACTERS else ""


def _is_grouped(digits: str, sign: str, currency: str | None) -> bool:
    """Return whether the one sign groups thousands: a comma before three digits, or a point beside a currency.

    Without a currency "1.299" comes from a program; 1.299 of a currency with three digits is 1.299.
    """
    if not re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", digits):
        return False
    return DIGITS.get(currency or "", 2) != 3 and (sign == "," or currency is not None)
