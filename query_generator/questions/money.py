"""Sums of money that a question says, and whether one is a product's price. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from query_generator.models import Product
from query_generator.questions.linking import linking
from query_generator.questions.quantities import number_of, quantities
from query_generator.questions.standardize import comparison_key

CODE_LETTERS = 3  # of ISO 4217
PRICE_TOLERANCE = 0.03  # 149.90 is spoken of as 150

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCIES = {
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("dollar", "dollars", "usd", "bucks"), "USD"),
    **dict.fromkeys(("pound", "pounds", "gbp"), "GBP"),
}
_CODE = re.compile(r"\d\s?[A-Z]{3}(?![^\W_])")
_DIGIT = re.compile(r"\d")
_SIGN = re.compile("[$€£¥₹]")
_SUM = re.compile(
    r"(?P<sign>[$€£¥₹])\s?(?P<before>\d[\d.,]*\d|\d)|(?P<after>\d[\d.,]*\d|\d)\s?(?P<unit>[$€£¥₹]|[a-z]{3,7}\b)",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![\w.,$€£¥₹])\d{1,6}[.,]\d\d(?![\d%$€£¥₹])(?!\s?[$€£¥₹])"
    r"|(?:(?<=\bcost )|(?<=\bcosts )|(?<=\bworth )|(?<=\bpay )|(?<=\basks ))\d+(?![\d.,])"
)
_PRICE = re.compile(r"\D{0,4}(\d[\d.,]*)\D{0,4}")


class Said(NamedTuple):
    """A sum in a question, with the words before and after it; `currency` is "" where it names none."""

    currency: str
    amount: float
    before: Sequence[str]
    after: Sequence[str]


def money_said(question: str) -> Iterator[Said]:
    """Yield the sums that a question says; a budget, a discount, or what others cost is none."""
    if not _DIGIT.search(question):
        return
    lists = linking()
    for currency, number, start, end in _sums(question):
        before, after = _words(question[:start]), _words(question[end:])
        if (lists.budget | lists.comparing).isdisjoint((*before[-4:], *after[:3])):
            yield Said(currency, number_of(number.strip(".,")), before, after)


def _sums(question: str) -> Iterator[tuple[str, str, int, int]]:
    """Yield currency and number of each sum, and where it stands; "89.99" without a unit is one as well."""
    taken = []
    if _SIGN.search(question) or _CODE.search(question) or not _CURRENCIES.keys().isdisjoint(_words(question)):
        for found in _SUM.finditer(question):
            sign = found["sign"] or found["unit"]
            code = sign if len(sign) == CODE_LETTERS and sign.isupper() else ""
            if currency := _SIGNS.get(sign) or _CURRENCIES.get(sign.lower()) or code:
                taken.append(range(found.start(), found.end()))
                yield currency, found["before"] or found["after"], found.start(), found.end()
    taken += [range(each.start, each.end) for each in quantities(question)]
    for found in _BARE.finditer(question):
        if not any(found.start() in span for span in taken):
            yield "", found[0], found.start(), found.end()


def _words(text: str) -> list[str]:
    return comparison_key(text).split()


def is_price(said: Said, product: Product) -> bool | None:
    """Whether a sum is what a product costs; None if the product has no price, or perhaps one in another currency."""
    stated = _PRICE.fullmatch(product.price)
    if not stated or (said.currency and said.currency != product.currency.upper()):
        return None
    price = number_of(stated[1].strip(".,"))
    return abs(said.amount - price) <= PRICE_TOLERANCE * max(said.amount, price)
