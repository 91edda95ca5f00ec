"""The fields of one product as questions are compared with them: their words, and what they say of a need. Pure."""

import re
from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from query_generator.models import Product
from query_generator.questions.asked_about import is_number, with_others
from query_generator.questions.needs import Need
from query_generator.questions.quantities import quantities
from query_generator.questions.stems import stems_of

READ_CHARACTERS = 4_000  # of a field

_OWN_FIELDS = ("price", "brand")  # that answer the needs of these names
_TEXTS = ("name", "description")
_DIGIT = re.compile(r"\d")
_GENERATION = re.compile(r"\b[2-6]G\b")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CODE = re.compile(
    r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/_-]{14,}={0,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}"
    r"|gid://\S+"
)


class FieldText(NamedTuple):
    """A field with its words as stems."""

    name: str
    text: str
    stems: tuple[str, ...]
    words: frozenset[str]


class Attribute(NamedTuple):
    """A field that is asked for by its name; `key` is the name with spaces between its words."""

    name: str
    key: str
    stems: frozenset[str]


class Said(NamedTuple):
    """A field that tells what is needed: `by_unit` an amount does, or else its words; `is_counted` with a number."""

    field: str
    by_unit: bool
    is_counted: bool


class ProductFields:
    """The fields of one product; each part is read when first needed."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._named: dict[Need, tuple[Attribute, ...]] = {}
        self._said: dict[Need, tuple[Said, ...]] = {}

    @cached_property
    def texts(self) -> tuple[FieldText, ...]:
        """Fields that say something in words."""
        product = self._product
        texts = [("name", product.name), ("description", product.description)]
        texts += [(name, value) for name, value in product.fields if not _is_code(value)]
        return tuple([_field(name, text[:READ_CHARACTERS]) for name, text in texts if text])

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """Fields that have a name of their own."""
        told = {field.name for field in self.texts[1:]}
        keys = {name: _HUMP.sub(" ", name) for name, _ in self._product.fields if name in told}
        read = (Attribute(name, key, frozenset(stems_of(key))) for name, key in keys.items())
        return tuple([attribute for attribute in read if attribute.stems])

    @cached_property
    def words_of(self) -> dict[str, frozenset[str]]:
        """The stems of each field and of its name."""
        words = {"price": frozenset(["price"]), "brand": frozenset(["brand"])}
        words |= {field.name: field.words for field in self.texts}
        words |= {field.name: field.stems | words[field.name] for field in self.attributes}
        return words

    @cached_property
    def told(self) -> frozenset[str]:
        """The stems that any field holds, with those of other words for them."""
        return with_others(frozenset[str]().union(*self.words_of.values()))

    @cached_property
    def _amounts(self) -> dict[str, frozenset[str]]:
        """The kinds of the amounts in each field."""
        return {field.name: frozenset(_kinds(field.text)) for field in self.texts}

    @cached_property
    def title(self) -> frozenset[str]:
        """The stems of brand, name and category."""
        return frozenset(stems_of(f"{self._product.brand} {self._product.name} {self._product.category}"))

    @cached_property
    def kind(self) -> frozenset[str]:
        """Words for what the product is: "the phone" of smartphones."""
        return with_others(stems_of(self._product.category)).difference(self.title)

    def named(self, need: Need) -> tuple[Attribute, ...]:
        """Return the attributes that answer a need by their names."""
        found = self._named.get(need)
        if found is None:
            found = self._named[need] = tuple(self._find_named(need))
        return found

    def _find_named(self, need: Need) -> Iterator[Attribute]:
        if need.name in _OWN_FIELDS and getattr(self._product, need.name):
            yield Attribute(need.name, need.name, frozenset([need.name]))
        for field in self.attributes:
            by_words = any(field.stems.issuperset(stems) for stems in need.fields.stems)
            if by_words or any(part in field.key for part in need.fields.parts):
                yield field

    def said(self, need: Need) -> tuple[Said, ...]:
        """Return the fields whose texts tell what is needed."""
        found = self._said.get(need)
        if found is None:
            found = self._said[need] = tuple(self._find_said(need))
        return found

    def _find_said(self, need: Need) -> Iterator[Said]:
        for field in self.texts:
            if (not need.first_said.isdisjoint(field.words) and _holds_any(field.stems, need.says.stems)) or any(
                part in field.text for part in need.says.parts
            ):
                is_counted = not need.amounts.isdisjoint(self._amounts[field.name]) or is_numbered(
                    field.stems, need.first_said
                )
                yield Said(field.name, by_unit=False, is_counted=is_counted)
            elif need.units and field.name in _TEXTS and not need.units.isdisjoint(self._amounts[field.name]):
                yield Said(field.name, by_unit=True, is_counted=True)


def is_numbered(stems: Sequence[str], things: Container[str]) -> bool:
    """Whether a number stands before one of the things, or one word before that: "14 ventilation channels"."""
    return any(stem in things and any(map(is_number, stems[max(at - 2, 0) : at])) for at, stem in enumerate(stems))


def _field(name: str, text: str) -> FieldText:
    stems = stems_of(text)
    return FieldText(name, text, stems, frozenset(stems))


def _is_code(value: str) -> bool:
    """Whether a value is what a machine calls a thing: "UHJvZHVjdFZhcmlhbnQ6Mzg2" tells no shopper anything."""
    return all(map(_CODE.fullmatch, value.split(", ")))


def _kinds(text: str) -> Iterator[str]:
    """Yield the kinds of the amounts in a text; 5G is no mass."""
    for each in quantities(_GENERATION.sub(" ", text)) if _DIGIT.search(text) else ():
        yield from (kind for kind, _, _ in each.values)


def _holds_any(stems: Sequence[str], phrases: Sequence[tuple[str, ...]]) -> bool:
    joined = f" {' '.join(stems)} "
    return any(f" {' '.join(phrase)} " in joined for phrase in phrases)
