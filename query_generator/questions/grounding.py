"""Which of a product's fields answer a question, lexically, and why. Pure.

A field answers if a shop assistant who sees nothing but the product's fields could. What people think of a product, how
it compares with others, and why it is as it is, no field answers. `needs` reads what a question asks for.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import NamedTuple

from query_generator.models import Product, QueryType
from query_generator.questions.names import own_names
from query_generator.questions.needs import Asked, Need, NeedKind, asked, is_spaceless, stems_of
from query_generator.questions.quantities import quantities

READ_CHARACTERS = 4_000  # of a field
PRODUCTS_KEPT = 128

_DIGIT = re.compile(r"\d")
_GENERATION = re.compile(r"\b[2-6]G\b")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OWN_FIELD_OF_NEED = {"price": "price", "brand": "brand"}


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


class _Field(NamedTuple):
    name: str
    text: str
    stems: tuple[str, ...]
    words: frozenset[str]


class _Attribute(NamedTuple):
    name: str
    key: str
    stems: frozenset[str]


class Grounding:
    """What the fields of one product answer; each part is read when first needed."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._masked = own_names(product).masked
        self._named_fields: dict[Need, tuple[_Attribute, ...]] = {}
        self._saying: dict[Need, tuple[Ground, ...]] = {}

    def of(self, text: str) -> tuple[Ground, ...]:
        """Return the fields that answer a question, each once; none if no field does."""
        question = asked(self._masked(text))
        grounds: dict[str, Reason] = {}
        if question.asks_why:
            return ()
        for need in question.needs:
            for ground in self._answers(question, need):
                grounds.setdefault(ground.field, ground.reason)
        if not grounds and (question.need is None or question.need.kind is NeedKind.ATTRIBUTE):
            for ground in self._by_words(question, text):
                grounds.setdefault(ground.field, ground.reason)
        return tuple(map(Ground._make, grounds.items()))

    @cached_property
    def _texts(self) -> tuple[_Field, ...]:
        product = self._product
        texts = (("name", product.name), ("description", product.description), *product.fields)
        return tuple(_field(name, text[:READ_CHARACTERS]) for name, text in texts if text)

    @cached_property
    def _attributes(self) -> tuple[_Attribute, ...]:
        found = []
        for name, value in self._product.fields:
            words = _HUMP.sub(" ", name)
            if value and (stems := frozenset(stems_of(words))):
                found.append(_Attribute(name, words, stems))
        return tuple(found)

    @cached_property
    def _title(self) -> frozenset[str]:
        return frozenset(stems_of(f"{self._product.brand} {self._product.name} {self._product.category}"))

    def _answers(self, question: Asked, need: Need) -> Iterator[Ground]:
        if need.kind is NeedKind.OPINION:
            return
        if need.kind is NeedKind.OVERVIEW:
            if self._product.description:
                yield Ground("description", Reason.SAID)
            return
        own = _OWN_FIELD_OF_NEED.get(need.name)
        if own and getattr(self._product, own):
            yield Ground(own, Reason.NAMED)
        if named := self._named(need):
            shared = [len(field.stems.intersection(question.stems)) for field in named]
            yield from (
                Ground(field.name, Reason.NAMED)
                for field, count in zip(named, shared, strict=True)
                if count == max(shared)
            )
        if need.kind is NeedKind.SHOP:
            return
        if need.is_specific and (subject := self._subject(question, need)):
            yield from (Ground(field.name, Reason.WORDS) for field in self._texts if subject <= field.words)
            return
        if need.is_list and question.is_closed:
            return
        yield from (ground for ground in self._said(need) if not named or ground.reason is not Reason.UNIT)
        if question.is_closed:
            for field in self._texts:
                if any(field.words.issuperset(stems) for stems in question.triggers[need]):
                    yield Ground(field.name, Reason.SAID)

    def _subject(self, question: Asked, need: Need) -> frozenset[str]:
        """Return the stems of what a question names beside the words of its need and of the product."""
        triggers = frozenset[str]().union(*question.triggers[need])
        return question.content - triggers - self._title

    def _named(self, need: Need) -> tuple[_Attribute, ...]:
        """Return the attributes that answer a need by their names."""
        found = self._named_fields.get(need)
        if found is None:
            found = self._named_fields[need] = tuple(
                field
                for field in self._attributes
                if any(field.stems.issuperset(stems) for stems in need.fields.stems)
                or any(part in field.key for part in need.fields.parts)
            )
        return found

    def _said(self, need: Need) -> tuple[Ground, ...]:
        """Return the fields whose texts tell what is needed."""
        found = self._saying.get(need)
        if found is None:
            found = self._saying[need] = tuple(self._find_said(need))
        return found

    def _find_said(self, need: Need) -> Iterator[Ground]:
        for field in self._texts:
            if (not need.first_said.isdisjoint(field.words) and _holds_any(field.stems, need.says.stems)) or any(
                part in field.text for part in need.says.parts
            ):
                yield Ground(field.name, Reason.SAID)
            elif need.units and field.name in ("name", "description") and not need.units.isdisjoint(_kinds(field.text)):
                yield Ground(field.name, Reason.UNIT)

    def _by_words(self, question: Asked, text: str) -> Iterator[Ground]:
        if not question.needs:
            for attribute in self._attributes:
                if attribute.stems <= question.content or (is_spaceless(attribute.key) and attribute.key in text):
                    yield Ground(attribute.name, Reason.NAMED)
        content = question.content - self._title
        if not content or question.asks_how or (question.needs and not question.is_closed):
            return
        for field in self._texts:
            if content <= field.words and field.name != "name":
                yield Ground(field.name, Reason.WORDS)
        if question.is_closed and _DIGIT.search(text):
            yield from self._same_amount(self._masked(text))

    def _same_amount(self, text: str) -> Iterator[Ground]:
        """Yield the fields that hold an amount of a question: "is 500 ml enough for two"."""
        for said in quantities(text):
            for field in self._texts:
                if _DIGIT.search(field.text) and any(said.agrees(each) for each in quantities(field.text)):
                    yield Ground(field.name, Reason.UNIT)


def _field(name: str, text: str) -> _Field:
    stems = stems_of(text)
    return _Field(name, text, stems, frozenset(stems))


def _kinds(text: str) -> Iterator[str]:
    """Yield the kinds of the amounts in a text; 5G is no mass."""
    for each in quantities(_GENERATION.sub(" ", text)) if _DIGIT.search(text) else ():
        yield from (kind for kind, _, _ in each.values)


def _holds_any(stems: Sequence[str], phrases: Sequence[tuple[str, ...]]) -> bool:
    joined = f" {' '.join(stems)} "
    return any(f" {' '.join(phrase)} " in joined for phrase in phrases)


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
