"""Which of a product's fields answer a question, lexically, and why. Pure.

A field answers if a shop assistant who sees nothing but the product's fields could. What people think of a product, how
it compares with others, and why it is as it is, no field answers. `needs` reads what a question asks for.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from query_generator.models import Product, QueryType
from query_generator.questions.asked_about import About, about, holds
from query_generator.questions.names import own_names
from query_generator.questions.needs import Asked, Need, NeedKind, asked
from query_generator.questions.product_fields import ProductFields, Said, is_numbered
from query_generator.questions.quantities import quantities
from query_generator.questions.stems import is_spaceless

PRODUCTS_KEPT = 128

_DIGIT = re.compile(r"\d")


class Reason(StrEnum):
    """Why a field answers a question."""

    NAMED = "named"  # the question asks for it by its name, or another word for that
    SAID = "said"  # its text tells what is asked for
    UNIT = "unit"  # its text has an amount of the kind that is asked for
    WORDS = "words"  # its text holds all that the question is about


class Ground(NamedTuple):
    """A field that answers a question; `field` is name, brand, category, description, price or an attribute's name."""

    field: str
    reason: Reason


class Grounding:
    """What the fields of one product answer."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._masked = own_names(product).masked
        self._fields = ProductFields(product)

    def of(self, text: str) -> tuple[Ground, ...]:
        """Return the fields that answer a question, each once; none if no field does."""
        masked = self._masked(text)
        question = asked(masked)
        if question.asks_advice:
            return ()
        if not question.needs:
            return self._grounds(self._by_words(question, masked))
        kind = question.needs[0].kind
        if kind is NeedKind.OPINION:
            return ()
        if kind is NeedKind.OVERVIEW:
            return (Ground("description", Reason.SAID),) if self._product.description else ()
        grounds = self._of_needs(question, masked)
        if grounds or not question.is_closed or kind is not NeedKind.ATTRIBUTE:
            return grounds
        is_whole = question.needs[0].is_list or not question.is_fragment
        return self._grounds(self._by_words(question, masked)) if is_whole else ()

    def _grounds(self, found: Iterable[tuple[str, Reason]]) -> tuple[Ground, ...]:
        grounds: dict[str, Reason] = {}
        for field, reason in found:
            grounds.setdefault(field, reason)
        return tuple(map(Ground._make, grounds.items()))

    def _of_needs(self, question: Asked, text: str) -> tuple[Ground, ...]:
        grounds: dict[str, Reason] = {}
        told = set[str]()
        untold = []
        for need in question.needs:
            if answers := self._answers(question, need):
                for field, reason in answers:
                    grounds.setdefault(field, reason)
                told.update(*question.triggers[need])
            else:
                untold.append(need)
        if grounds and not is_spaceless(text):
            asked_about = about(question.stems, self._fields.title)
            grounds = self._holding(grounds, question, asked_about.things - told, untold)
            grounds = self._with_numbers(grounds, asked_about)
        return self._grounds(grounds.items())

    def _answers(self, question: Asked, need: Need) -> list[tuple[str, Reason]]:
        """Return the fields that tell what is needed: by their names, or in their texts."""
        fields = self._fields
        named = fields.named(need)
        if len(named) > 1:
            shared = [len(field.stems.intersection(question.stems)) for field in named]
            most = max(shared)
            found = [(field.name, Reason.NAMED) for field, count in zip(named, shared, strict=True) if count == most]
        else:
            found = [(named[0].name, Reason.NAMED)] if named else []
        if need.kind is NeedKind.SHOP:
            return found
        triggers = question.triggers[need]
        if need.is_specific and (subject := about(question.stems, fields.title).all.difference(*triggers)):
            if subject <= fields.told:
                found += [
                    (text.name, Reason.WORDS)
                    for text in fields.texts
                    if holds(text.words, subject) and (not question.asks_amount or is_numbered(text.stems, subject))
                ]
            return found
        if said := fields.said(need):
            found += _chosen(said, question, need, is_named=bool(named))
        if question.is_closed and not need.is_specific and (need.is_list or not question.is_fragment):
            said_so = [stems for stems in triggers if fields.told.issuperset(stems)]
            for text in fields.texts if said_so else ():
                if any(map(text.words.issuperset, said_so)):
                    found.append((text.name, Reason.SAID))
        return found

    def _holding(
        self, grounds: dict[str, Reason], question: Asked, missing: frozenset[str], untold: list[Need]
    ) -> dict[str, Reason]:
        """Return the fields that hold all that a question is about beside the words of the needs that they answer."""
        words = self._fields.words_of
        for need in untold:
            phrases = question.triggers[need]
            if question.asks_how_to or not (need.is_specific or all(map(missing.isdisjoint, phrases))):
                grounds = {f: reason for f, reason in grounds.items() if any(map(words[f].issuperset, phrases))}
        missing -= self._fields.kind
        if missing and not any(need.is_free for need in question.needs):
            for need, phrases in question.triggers.items():
                if need not in question.needs and (self._fields.named(need) or self._fields.said(need)):
                    missing = missing.difference(*phrases)
            return {field: reason for field, reason in grounds.items() if holds(words[field], missing)}
        return grounds

    def _with_numbers(self, grounds: dict[str, Reason], asked_about: About) -> dict[str, Reason]:
        """Return the fields that hold the numbers of a question, or all if none does."""
        if not asked_about.numbers or len(grounds) < 2:
            return grounds
        words = self._fields.words_of
        return {field: each for field, each in grounds.items() if asked_about.numbers <= words[field]} or grounds

    def _by_words(self, question: Asked, text: str) -> Iterator[tuple[str, Reason]]:
        asked_about = about(question.stems, self._fields.title)
        is_of_parts = is_spaceless(text)
        if is_of_parts:
            if not question.needs:
                yield from ((field.name, Reason.NAMED) for field in self._fields.attributes if field.key in text)
        elif asked_about.things <= self._fields.told:
            if not question.needs:
                yield from self._by_key(asked_about)
            if not question.asks_how or question.asks_where or question.asks_amount:
                yield from self._holding_all(question, asked_about)
        if question.is_closed and _DIGIT.search(text):
            yield from self._same_amount(text)

    def _by_key(self, asked_about: About) -> Iterator[tuple[str, Reason]]:
        """Yield the attributes whose names stand in a question."""
        named, words = asked_about.all, self._fields.words_of
        for attribute in self._fields.attributes:
            if attribute.stems <= named and holds(words[attribute.name], asked_about.things):
                yield attribute.name, Reason.NAMED

    def _holding_all(self, question: Asked, asked_about: About) -> Iterator[tuple[str, Reason]]:
        """Yield the fields whose texts hold all that a question is about, or one of two things that it gives."""
        things, sides = asked_about.things | asked_about.numbers, asked_about.alternatives
        for field in self._fields.texts if things or sides else ():
            if field.name == "name" or not holds(field.words, things):
                continue
            if sides and not any(holds(field.words, side) for side in sides):
                continue
            if asked_about.uses and not any(holds(field.words, (use,)) for use in asked_about.uses):
                continue
            if not question.asks_amount or is_numbered(field.stems, things):
                yield field.name, Reason.WORDS

    def _same_amount(self, text: str) -> Iterator[tuple[str, Reason]]:
        """Yield the fields that hold an amount of a question: "is 500 ml enough for two"."""
        for said in quantities(text):
            for field in self._fields.texts:
                if _DIGIT.search(field.text) and any(said.agrees(each) for each in quantities(field.text)):
                    yield field.name, Reason.UNIT


def _chosen(said: Sequence[Said], question: Asked, need: Need, *, is_named: bool) -> Iterator[tuple[str, Reason]]:
    """Yield those of the fields that say what is needed that answer this way of asking for it."""
    is_of_number = question.asks_amount or (need.is_amount and (question.is_fragment or not question.is_closed))
    if not is_of_number and ((need.is_list and question.is_closed) or (question.asks_how_to and not need.tells_how)):
        return
    for field, by_unit, is_counted in said:
        if by_unit:
            if not is_named:
                yield field, Reason.UNIT
        elif (
            is_counted if is_of_number else field != "name" or question.is_closed or (need.is_in_names and not is_named)
        ):
            yield field, Reason.SAID


@lru_cache(maxsize=PRODUCTS_KEPT)
def _of(product: Product) -> Grounding:
    return Grounding(product)


def grounding_of(product: Product) -> Grounding:
    """Return the grounding of a product; those of the last 128 are kept."""
    return _of(product.without_record())


def grounds_of(product: Product, query_type: QueryType) -> Callable[[str], tuple[str, ...] | None]:
    """Return what names the product's fields that answer a question about it; None for one about its market."""
    if query_type is QueryType.MARKET:
        return lambda _: None
    grounding = grounding_of(product)
    return lambda text: tuple(ground.field for ground in grounding.of(text))
