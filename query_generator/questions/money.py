"""Sums of money that a question says, and whether one is a product's price. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from query_generator.models import Product
from query_generator.questions.linking import linking
from query_generator.questions.quantities import number_of
from query_generator.questions.standardize import comparison_key

PRICE_TOLERANCE = 0.03  # 149.90 is spoken of as 150

_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CURRENCIES = {
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("dollar", "dollars", "usd", "bucks"), "USD"),
    **dict.fromkeys(("pound", "pounds", "gbp"), "GBP"),
}
_SIGN = re.compile("[$€£¥₹]")
_SUM = re.compile(
    r"(?P<sign>[$€£¥₹])\s?(?P<before>\d[\d.,]*\d|\d)|(?P<after>\d[\d.,]*\d|\d)\s?(?P<unit>[$€£¥₹]|[a-z]{3,7}\b)",
    re.IGNORECASE,
)
_PRICE = re.compile(r"\D{0,4}(\d[\d.,]*)\D{0,4}")


class Said(NamedTuple):
    """A sum in a question, with the words before and after it."""

    currency: str
    amount: float
    before: Sequence[str]
    after: Sequence[str]


def money_said(question: str) -> Iterator[Said]:
    """Yield the sums that a question says; a budget, a discount, or what others cost is none."""
    if not (_SIGN.search(question) or not _CURRENCIES.keys().isdisjoint(comparison_key(question).split())):
        return
    lists = linking()
    for found in _SUM.finditer(question):
        sign = found["sign"] or found["unit"]
        if currency := _SIGNS.get(sign) or _CURRENCIES.get(sign.lower()):
            before = comparison_key(question[: found.start()]).split()
            after = comparison_key(question[found.end() :]).split()
            if (lists.budget | lists.comparing).isdisjoint((*before[-4:], *after[:3])):
                yield Said(currency, number_of((found["before"] or found["after"]).strip(".,")), before, after)


def is_price(said: Said, product: Product) -> bool | None:
    """Whether a sum is what a product costs; None if the product has no such price, or one in another currency."""
    stated = _PRICE.fullmatch(product.price)
    if not stated or said.currency != product.currency.upper():
        return None
    price = number_of(stated[1].strip(".,"))
    return abs(said.amount - price) <= PRICE_TOLERANCE * max(said.amount, price)
