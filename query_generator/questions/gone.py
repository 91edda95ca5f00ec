"""What a product's fields told before they changed and do not tell any more, and whether a question speaks of it. Pure.

A question speaks of a value, wherever a word of it stands, and of an amount or a price that it says. Of what a longer
text told it speaks where it means a certain thing, as "the dimmer" or "its hinge", or a color, a material or the like.
`gone_words.json` lists words of every product, words of place (nobody asks for a part of the product with "in the
office", unless it is `tended`: "look after the hinge"), and those that say that a thing is somebody else's.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from query_generator.models import Product
from query_generator.questions.families import family_of, is_of_family
from query_generator.questions.language_words import function_words
from query_generator.questions.linking import ARTICLE_REACH, linking
from query_generator.questions.money import is_price, money_said
from query_generator.questions.names import own_names
from query_generator.questions.needs import lists, values_known
from query_generator.questions.quantities import Quantity, quantities
from query_generator.questions.standardize import comparison_key
from query_generator.questions.stated import exclusive_families, words_for_yes
from query_generator.questions.stems import is_spaceless, stems_of

MOST_WORDS = 4  # of a value; what is longer is a text
SHORTEST = 3  # letters of a word
SHORTEST_WITHIN = 4  # letters of a word that means the same within another, or at its beginning: "Eichenholz", "zipper"
READ_CHARACTERS = 4_000  # of a field

_SEPARATORS = re.compile(r"\s*[,;|/、，；·•\n]\s*")
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"[\d.,]+")


@dataclass(frozen=True, slots=True)
class _Words:
    of_all: frozenset[str]
    places: frozenset[str]
    tended: frozenset[str]
    of_others: frozenset[str]


@cache
def _words() -> _Words:
    data = json.loads(Path(__file__).with_name("gone_words.json").read_text(encoding="utf-8"))
    common = function_words("en", "de", "fr", "es", "it", "nl")
    of_all = frozenset(stem for words in (data["of_all"], " ".join(common)) for stem in stems_of(words))
    places, tended, of_others = (frozenset(data[key].split()) for key in ("places", "tended", "of_others"))
    return _Words(of_all | lists().framing, places, tended, of_others)


@cache
def _families() -> dict[str, frozenset[str]]:
    """Return the stems that may mean the same as a stem: other words for a color or a material."""
    families = [frozenset(stem for word in family for stem in stems_of(word)) for family in exclusive_families()]
    return {stem: family for family in families for stem in family}


@cache
def _values_of_many() -> frozenset[str]:
    """Return the stems of colors, materials and the like, which mean the same in any text."""
    return values_known() | _families().keys()


class Gone:
    """What one product's fields told `before` and do not tell `now`."""

    def __init__(self, before: Product, now: Product) -> None:
        self._before, self._now = before, now
        self._masked = own_names(now).masked
        self._family = family_of(now)
        self._said_now = comparison_key(" ".join(_texts_of(now)))
        self._stems_now = frozenset(stems_of(self._said_now))
        values, texts = _values_and_texts(before)
        self._values = self._lost(values)
        self._told = self._lost(texts)
        self._parts = tuple(
            each for each in values if is_spaceless(each) and comparison_key(each) not in self._said_now
        )
        self._amounts = tuple(_amounts_of(before)), tuple(_amounts_of(now))

    def is_spoken_of(self, question: str) -> bool:
        """Whether a question says anything that only the earlier fields told."""
        text = self._masked(question)
        return (
            any(self._is_lost(words, at) for words in (comparison_key(text).split(),) for at in range(len(words)))
            or any(part in question for part in self._parts)
            or any(map(self._is_lost_amount, _said(text)))
            or self._is_lost_price(question)
        )

    def _lost(self, texts: Iterable[str]) -> frozenset[str]:
        """Return the stems of texts that carry meaning and that no text of the product has now."""
        stems = (stem for text in texts for stem in stems_of(_without_amounts(text)))
        return frozenset(stem for stem in stems if not self._still_stands(stem))

    def _still_stands(self, stem: str) -> bool:
        if len(stem) < SHORTEST or stem.isdigit() or stem in _words().of_all or stem in self._stems_now:
            return True
        if not _families().get(stem, frozenset()).isdisjoint(self._stems_now):
            return True
        if len(stem) < SHORTEST_WITHIN:
            return False
        return stem in self._said_now or any(
            len(each) >= SHORTEST_WITHIN and stem.startswith(each) for each in self._stems_now
        )

    def _is_lost(self, words: Sequence[str], at: int) -> bool:
        for stem in stems_of(words[at]):
            if stem in self._values:
                return True
            if stem in self._told and not is_of_family(words[at], self._family):
                return stem in _values_of_many() or _is_part(words[:at])
        return False

    def _is_lost_amount(self, said: Quantity) -> bool:
        before, now = self._amounts
        return any(map(said.agrees, before)) and not any(map(said.agrees, now))

    def _is_lost_price(self, question: str) -> bool:
        return any(is_price(said, self._before) and not is_price(said, self._now) for said in money_said(question))


def _is_part(before: Sequence[str]) -> bool:
    """Whether the words introduce a part of the product: "with its", "does the adjustable"."""
    words = _words()
    for at in range(len(before) - 1, max(len(before) - 1 - ARTICLE_REACH, -1), -1):
        if before[at] in words.of_others:
            return False
        if before[at] in linking().definite:
            is_placed = at > 0 and before[at - 1] in words.places
            return before[at] == "its" or not is_placed or (at > 1 and before[at - 2] in words.tended)
    return False


def _said(text: str) -> Iterator[Quantity]:
    """Yield the amounts that a question says of the product, as far as it tells: not "a 60 cm cabinet"."""
    if not _DIGIT.search(text):
        return
    for said in quantities(text):
        before = comparison_key(text[: said.start]).split()
        if linking().comparing.isdisjoint(before) and linking().indefinite.isdisjoint(before[-1:]):
            yield said


def _values_and_texts(product: Product) -> tuple[list[str], list[str]]:
    """Return the values of the fields, and the longer texts; the name of a field with yes or a number is a value."""
    values: list[str] = []
    texts = [product.description[:READ_CHARACTERS]]
    for name, value in product.fields:
        is_feature = comparison_key(value) in words_for_yes() or _NUMBER.fullmatch(value)
        (values if is_feature else texts).append(name)
        for each in _SEPARATORS.split(value[:READ_CHARACTERS]):
            (values if len(each.split()) <= MOST_WORDS else texts).append(each)
    return values, texts


def _texts_of(product: Product) -> Iterator[str]:
    yield from (product.name, product.brand, product.category, product.description[:READ_CHARACTERS])
    for name, value in product.fields:
        if value:
            yield from (name, value[:READ_CHARACTERS])


def _amounts_of(product: Product) -> Iterator[Quantity]:
    for text in _texts_of(product):
        yield from quantities(text) if _DIGIT.search(text) else ()


def _without_amounts(text: str) -> str:
    """Leave out amounts, whose units are words of no value: the years of "2 years"."""
    for each in reversed(quantities(text) if _DIGIT.search(text) else ()):
        text = f"{text[: each.start]} {text[each.end :]}"
    return text
