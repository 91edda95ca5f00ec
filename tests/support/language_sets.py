"""Products, questions and bad texts in languages other than English, judged as replies of a model are.

`tests/unit/questions/languages` holds a file a language (ISO 639-1) in two parts, the second of which was written after
the first had been judged and the rules mended. Each product has four natural questions of a product page, two of the
market that name no brand and two that do. Bad texts follow, each with the place of its product, the slot that it
answers, and the reason for which it must be dropped. A `Set` is (part, language).
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
Set = tuple[str, str]
SETS: tuple[Set, ...] = tuple(sorted((path.parent.name, path.stem) for path in _FOLDER.glob("*/*.json")))
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
def _data(of: Set) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((_FOLDER / of[0] / f"{of[1]}.json").read_text(encoding="utf-8"))
    return data


@cache
def products(of: Set) -> tuple[Product, ...]:
    """Return the products of a set."""
    fields = ("name", "brand", "category", "description", "price", "currency")
    return tuple(
        Product(**{field: row.get(field, "") for field in fields}, attributes=tuple(row.get("attributes", {}).items()))
        for row in _data(of)["products"]
    )


def questions(of: Set, slot: str) -> list[list[str]]:
    """Return the good questions of a slot, a list for each product."""
    return [row[slot] for row in _data(of)["products"]]


@cache
def _brands(of: Set) -> CatalogBrands:
    brands = CatalogBrands()
    for product in products(of):
        brands.add(product.brand)
    return brands


def judge(of: Set, place: int, slot: str, texts: Sequence[str], stored: Sequence[str] = (), *, locale: str) -> Verdict:
    """Judge the texts of one reply for a slot of the product at a place, with the whole catalog's brands known."""
    query_type, facets = SLOTS[slot]
    key = f"{slot}_questions" + "_branded" * (slot == "branded")
    group = SlotGroup(key, facets, len(texts), ())
    product = products(of)[place]
    prompt = build_planned_prompt(product, query_type, (group,), (len(texts),))
    known = tuple(StoredText(text, counts=False) for text in stored)
    request = GenerationRequest(product, query_type, len(texts), prompt, (), (group,), (len(texts),))
    request = replace(request, stored=known, other_brands=_brands(of))
    return accept_planned(request, GenerationReply(tuple(texts), "p", "m", keys=(key,) * len(texts), locale=locale))


def false_alarms(of: Set, *, locale: str) -> Iterator[Dropped]:
    """Yield the good questions that are dropped, each slot being asked after the others of its product are stored."""
    for place in range(len(products(of))):
        stored: list[str] = []
        for slot in SLOTS:
            texts = questions(of, slot)[place]
            kept = {question.text for question in judge(of, place, slot, texts, stored, locale=locale).questions}
            for text in texts:
                if standardize(text) not in kept:
                    alone = judge(of, place, slot, [text], stored, locale=locale)
                    yield Dropped(slot, text, next(iter(alone.dropped), "near_copy"))
            stored += texts


def bad_texts(of: Set) -> list[tuple[int, str, str, str]]:
    """Return (place of the product, slot, reason, text)."""
    return [tuple(row) for row in _data(of)["bad"]]


def verdict_on_bad(of: Set, place: int, slot: str, text: str, *, locale: str) -> str:
    """Return why a bad text is dropped where all good questions of its product are stored; "" if it is kept."""
    stored = [one for each in SLOTS for one in questions(of, each)[place]]
    return next(iter(judge(of, place, slot, [text], stored, locale=locale).dropped), "")


def titles() -> list[tuple[Product, list[str]]]:
    """Return products with titles in other European languages, and unbranded questions that name their kind."""
    data = json.loads((_FOLDER / "titles.json").read_text(encoding="utf-8"))
    rows = [row for part in ("before", "after") for row in data[part]]
    return [(Product(name, brand, category), asked) for _, name, brand, category, asked in rows]
