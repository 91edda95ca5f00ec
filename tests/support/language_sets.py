"""Products, questions and bad texts in languages other than English, judged as replies of a model are.

`tests/unit/questions/languages` holds a file a language (ISO 639-1): 20 products, each with four natural questions of a
product page, two of the market that name no brand and two that do; and 20 bad texts, each with the place of its
product, the slot that it answers, and the reason for which it must be dropped.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Facets, Intent, Product, QueryType, SlotGroup, Stage, StoredText, Style
from query_generator.questions.accept import Verdict, accept_planned
from query_generator.questions.catalog_brands import CatalogBrands
from query_generator.questions.prompts import build_planned_prompt
from query_generator.questions.standardize import standardize

_FOLDER = Path(__file__).parent.parent / "unit" / "questions" / "languages"
LANGUAGES = tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))
SLOTS = {
    "product": (QueryType.PRODUCT, Facets(Intent.LEARN, Stage.EXPLORE, Style.PLAIN, "", False)),
    "unbranded": (QueryType.MARKET, Facets(Intent.CHOOSE, Stage.EXPLORE, Style.PLAIN, "", False)),
    "branded": (QueryType.MARKET, Facets(Intent.TRUST, Stage.DECIDE, Style.PLAIN, "", True)),
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A text that was dropped, and why."""

    slot: str
    text: str
    reason: str


@cache
def _data(language: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return data


@cache
def products(language: str) -> tuple[Product, ...]:
    """Return the products of a language."""
    names = ("name", "brand", "category", "description", "price", "currency")
    return tuple(
        Product(*(row.get(name, "") for name in names), tuple(row.get("attributes", {}).items()))
        for row in _data(language)["products"]
    )


def questions(language: str, slot: str) -> list[list[str]]:
    """Return the good questions of a slot, a list for each product."""
    return [row[slot] for row in _data(language)["products"]]


@cache
def _brands(language: str) -> CatalogBrands:
    brands = CatalogBrands()
    for product in products(language):
        brands.add(product.brand)
    return brands


def judge(
    language: str, place: int, slot: str, texts: Sequence[str], stored: Sequence[str] = (), *, locale: str
) -> Verdict:
    """Judge the texts of one reply for a slot of the product at a place, with the whole catalog's brands known."""
    query_type, facets = SLOTS[slot]
    key = f"{slot}_questions" + "_branded" * (slot == "branded")
    group = SlotGroup(key, facets, len(texts), ())
    product = products(language)[place]
    prompt = build_planned_prompt(product, query_type, (group,), (len(texts),))
    known = tuple(StoredText(text, counts=False) for text in stored)
    request = GenerationRequest(product, query_type, len(texts), prompt, (), (group,), (len(texts),))
    request = replace(request, stored=known, other_brands=_brands(language))
    return accept_planned(request, GenerationReply(tuple(texts), "p", "m", keys=(key,) * len(texts), locale=locale))


def false_alarms(language: str, *, locale: str) -> Iterator[Dropped]:
    """Yield the good questions that are dropped, each slot being asked after the others of its product are stored."""
    for place in range(len(products(language))):
        stored: list[str] = []
        for slot in SLOTS:
            texts = questions(language, slot)[place]
            kept = {question.text for question in judge(language, place, slot, texts, stored, locale=locale).questions}
            for text in texts:
                if standardize(text) not in kept:
                    alone = judge(language, place, slot, [text], stored, locale=locale)
                    yield Dropped(slot, text, next(iter(alone.dropped), "near_copy"))
            stored += texts


def bad_texts(language: str) -> list[tuple[int, str, str, str]]:
    """Return (place of the product, slot, reason, text)."""
    return [tuple(row) for row in _data(language)["bad"]]


def verdict_on_bad(language: str, place: int, slot: str, text: str, *, locale: str) -> str:
    """Return why a bad text is dropped where all good questions of its product are stored; "" if it is kept."""
    stored = [one for each in SLOTS for one in questions(language, each)[place]]
    return next(iter(judge(language, place, slot, [text], stored, locale=locale).dropped), "")
