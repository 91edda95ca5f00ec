"""The words for the slots of field frames: amounts, attributes, claims and materials of one product."""

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import cycle

from query_generator.llm.offline_grammar.vocabulary import frames, words
from query_generator.llm.offline_grammar.wording import plain_case
from query_generator.models import Product

MOST_ATTRIBUTES = 8
LONGEST_ATTRIBUTE_NAME, LONGEST_ATTRIBUTE_VALUE = 30, 40

_CLAIM = re.compile(
    r"(?<!not )(?<!non-)\b(waterproof|water-resistant|lightweight|breathable|durable|cruelty-free|vegan|organic|"
    r"long-lasting|hypoallergenic|foldable|windproof|rechargeable|dishwasher-safe|fragrance-free|gluten-free|sugar-free|"
    r"non-stick|scratch-resistant|noise-cancelling|eco-friendly|biodegradable|ergonomic|handmade|portable)\b"
)
_MATERIAL = re.compile(
    r"\b(faux leather|leather|cotton|merino wool|wool|polyester|nylon|bamboo|stainless steel|carbon steel|carbon fiber|"
    r"aluminium|aluminum|silicone|linen|denim|canvas|ceramic|rubber)\b"
)
_UNASKED = words(
    "tag tags sku id ids gtin gtin13 ean upc mpn asin barcode brand manufacturer vendor name title price currency "
    "category rating stock availability image images url link gender condition quantity reviews shipping code"
)
_NO_VALUE = words("yes no true false none n/a unknown other default various see description")
_ANY = "*"
_LOWERED = ("color", "material", "flavor")


def amounts(product: Product) -> dict[str, str]:
    """`price` and the next round `budget` above it, both with the currency; nothing unless the price is above zero."""
    try:
        price = Decimal(product.price)
    except InvalidOperation:
        return {}
    if not price.is_finite() or not Decimal("0.005") <= price < 10**9:
        return {}
    currency = f" {product.currency}" if len(product.currency) in range(1, 5) else ""
    shown = f"{price:.0f}" if price == price.to_integral_value() else f"{price:.2f}"
    return {"price": f"{shown}{currency}", "budget": f"{_round_budget(price)}{currency}"}


def _round_budget(price: Decimal) -> int:
    """The next amount above the price that people name: steps of half its power of ten (109.99 gives 150)."""
    step = max(1, int(10 ** math.floor(math.log10(price))) // 2)
    return (int(price // step) + 1) * step


def claims(product: Product) -> list[str]:
    """Adjectives that the name or description claims, in their order there, at most two."""
    found = _CLAIM.findall(f"{product.name} {product.description}".casefold())
    return list(dict.fromkeys(found))[:2]


def material(product: Product) -> str:
    """The first material that the description names, or nothing."""
    found = _MATERIAL.search(product.description.casefold())
    return found[1] if found else ""


def attribute_frames(product: Product) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Frames with the words for their slots: all that suit a well-known attribute, one in turn for any other."""
    by_name, any_frames = _frames_by_name(), cycle(frames("attribute")[_ANY])
    lowered = [by_name[name] for name in _LOWERED]
    for raw_name, raw_value in product.attributes[:MOST_ATTRIBUTES]:
        name, value = _spoken_name(raw_name), " ".join(raw_value.split())
        known = by_name.get(name, ())
        if _is_speakable(name, value, bool(known)):
            said = plain_case(value) if known in lowered else value.removesuffix(f" {name}")
            for frame in known or (next(any_frames),):
                yield frame, {"attr": name, "value": said}


@cache
def _frames_by_name() -> dict[str, tuple[str, ...]]:
    return {name: texts for names, texts in frames("attribute").items() if names != _ANY for name in names.split()}


def _spoken_name(name: str) -> str:
    """`frameSize`, `frame_size` and `details.frame_size` are all `frame size`."""
    last = re.split(r"[.>/]", name)[-1]
    return plain_case(" ".join(re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", last).split()))


def _is_speakable(name: str, value: str, known: bool) -> bool:
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
