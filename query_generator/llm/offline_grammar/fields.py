"""The words for amounts and attributes of one product."""

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache

from query_generator.llm.offline_grammar.forms import Form
from query_generator.llm.offline_grammar.kinds import plain_case
from query_generator.llm.offline_grammar.latin import ENGLISH, GERMAN
from query_generator.llm.offline_grammar.vocabulary import Forms, attribute_patterns, words
from query_generator.models import Product

MOST_ATTRIBUTES = 8
LONGEST_ATTRIBUTE_NAME, LONGEST_ATTRIBUTE_VALUE = 30, 40

_UNASKED = words(
    "tag tags sku id ids gtin gtin13 ean upc mpn asin barcode brand manufacturer vendor name title price currency "
    "category rating stock availability image images url link gender condition quantity reviews shipping code "
    "variants variant "
    "artikelnummer marke hersteller preis kategorie bewertung bestand verfügbarkeit versand lieferzeit bild bilder"
)
_NO_VALUE = words("ja nein keine yes no true false none n/a unknown other default various see description")
_ANY = "*"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_DEAR = 50  # dollars, euros or pounds, or of a currency that is not told
_LOWERED = ("color", "material", "flavor")


def amounts(product: Product, language: str = ENGLISH) -> dict[str, str]:
    """`price` and the next round `budget` above it, both with the currency; nothing unless the price is above zero.

    A price that may be felt as high is `dear`, too.
    """
    try:
        price = Decimal(product.price)
    except InvalidOperation:
        return {}
    if not price.is_finite() or not Decimal("0.005") <= price < 10**9:
        return {}
    sign = _SIGNS.get(product.currency.upper(), "")
    currency = f" {product.currency}" if not sign and len(product.currency) in range(1, 5) else ""
    shown = f"{price:.0f}" if price == price.to_integral_value() else f"{price:.2f}"
    texts = {"price": shown, "budget": f"{_round_budget(price)}"}
    if language == GERMAN:
        unit = f" {sign}" if sign else currency
        return {slot: text.replace(".", ",") + unit for slot, text in texts.items()}
    found = {slot: f"{sign}{text}{currency}" for slot, text in texts.items()}
    return {**found, "dear": found["price"]} if price >= _DEAR and not currency else found


def _round_budget(price: Decimal) -> int:
    """The next amount above the price that people name: steps of half its power of ten (109.99 gives 150)."""
    step = max(1, int(10 ** math.floor(math.log10(price))) // 2)
    return (int(price // step) + 1) * step


def attribute_forms(product: Product) -> Iterator[tuple[Form, Mapping[str, str]]]:
    """Patterns with the words for their slots: all that suit a well-known attribute, or any other."""
    by_name = _by_name()
    lowered = [by_name[name] for name in _LOWERED]
    for raw_name, raw_value in product.attributes[:MOST_ATTRIBUTES]:
        name, value = _spoken_name(raw_name), " ".join(raw_value.split())
        known = by_name.get(name)
        if is_askable(name, value, known=known is not None):
            said = plain_case(value) if known in lowered else value.removesuffix(f" {name}")
            for form in known or attribute_patterns()[_ANY]:
                yield form, {"attr": name, "value": said}


@cache
def _by_name() -> dict[str, Forms]:
    return {name: found for names, found in attribute_patterns().items() if names != _ANY for name in names.split()}


def _spoken_name(name: str) -> str:
    """`frameSize`, `frame_size` and `details.frame_size` are all `frame size`."""
    last = re.split(r"[.>/]", name)[-1]
    return plain_case(" ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", last).split()))


def is_askable(name: str, value: str, *, known: bool = True) -> bool:
    """Whether an attribute can stand in a question; one that is not `known` is asked about only in the singular."""
    if (
        not name
        or _UNASKED.intersection(name.casefold().split())
        or not value
        or value.casefold().split()[0] in _NO_VALUE
    ):
        return False
    if len(name) > LONGEST_ATTRIBUTE_NAME or len(value) > LONGEST_ATTRIBUTE_VALUE or re.search(r"[?？<>{}]|://", value):
        return False
    if known:
        return True
    return not (name.endswith("s") and not name.endswith("ss")) and any(sign.isalpha() for sign in value)
