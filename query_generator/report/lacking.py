"""Counts what shoppers ask of the products of a category and no field of them tells: what their pages lack. Pure.

Memory is bounded: of the categories beyond MOST_CATEGORIES those with the fewest questions are given up, so that in
a catalog of more categories the counts are lower bounds.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from query_generator.models import Product, normalize_key_part
from query_generator.questions.families import leaf_of
from query_generator.questions.needs import NeedKind, asked
from query_generator.questions.spoken_name import spoken_name
from query_generator.questions.stems import stems_of

MOST_CATEGORIES = 1_000
CATEGORIES_SHOWN, ATTRIBUTES_SHOWN = 100, 10
CATEGORY_CHARACTERS = 100
LEAST_PRODUCTS = 3  # of a category, before the summary tells what they lack


class Lack(NamedTuple):
    """An attribute that so many products of a category lack, and in how many questions it was asked for."""

    category: str
    attribute: str
    products: int
    questions: int


@dataclass(slots=True)
class _Category:
    name: str
    products: int = 0
    questions: int = 0
    other: int = 0
    lacking: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    def ranked(self) -> list[Lack]:
        rows = [Lack(self.name, need, count, self.asked[need]) for need, count in self.lacking.items()]
        return sorted(rows, key=_rank)


class Lacking:
    """Takes the unanswered questions of products one by one, and tells by leaf category what is lacking."""

    def __init__(self) -> None:
        self._categories: dict[str, _Category] = {}

    def add(self, product: Product, texts: Iterable[str]) -> None:
        """Count the questions of one product that none of its fields answers."""
        leaf = leaf_of(product.category)[:CATEGORY_CHARACTERS]
        category = self._categories.setdefault(normalize_key_part(leaf), _Category(leaf))
        names = [name for name in (product.name, spoken_name(product), product.brand) if name]
        title = frozenset(stems_of(product.name))
        needs = Counter(_attribute(_without(names, text), title) for text in texts)
        category.products += 1
        category.questions += needs.total()
        category.other += needs.pop("", 0)
        category.asked.update(needs)
        category.lacking.update(needs.keys())
        if len(self._categories) > 2 * MOST_CATEGORIES:
            most = sorted(self._categories.items(), key=lambda item: -item[1].questions)
            self._categories = dict(most[:MOST_CATEGORIES])

    def as_list(self) -> list[dict[str, Any]]:
        """Return `attributes_lacking` of results.json: the categories with the most unanswered questions first."""
        most = sorted(self._categories.values(), key=lambda each: (-each.questions, each.name))
        return [
            {
                "category": each.name,
                "products": each.products,
                "questions": each.questions,
                "attributes": [
                    {"attribute": lack.attribute, "products": lack.products, "questions": lack.questions}
                    for lack in each.ranked()[:ATTRIBUTES_SHOWN]
                ],
                "other": each.other,
            }
            for each in most[:CATEGORIES_SHOWN]
        ]

    def most(self, limit: int = 3, least: int = LEAST_PRODUCTS) -> tuple[Lack, ...]:
        """Return what most products lack, at least so many, each of another category and attribute."""
        lacks = (lack for each in self._categories.values() for lack in each.ranked() if lack.products >= least)
        return tuple(sorted(lacks, key=_rank)[:limit])


def _rank(lack: Lack) -> tuple[int, int, str, str]:
    return -lack.products, -lack.questions, lack.category, lack.attribute


def _without(names: Iterable[str], question: str) -> str:
    """Leave out a product's names where they stand word by word: their words ask for nothing."""
    for name in names:
        question = question.replace(name, "_")
    return question


def _attribute(question: str, title: frozenset[str]) -> str:
    """Return the attribute that a question asks for; "" if it asks for none that a product page could have.

    None could give a reason, and words of the title ask for nothing, in whatever part of it they are said.
    """
    read = asked(question)
    for need in () if read.asks_why else read.needs:
        if any(not title.issuperset(stems) for stems in read.triggers[need]):
            return need.name if need.kind is NeedKind.ATTRIBUTE else ""
    return ""
