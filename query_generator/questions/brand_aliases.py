"""Lists what a product may be called besides its title: spellings of its brand, its line, its model's codes. Pure."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from query_generator.english_words import english_words
from query_generator.questions.name_folding import fold, sound_key, squeezed
from query_generator.questions.name_vocabulary import (
    is_ordinary,
    known_words,
    product_words,
    words_of,
)

READ_CHARACTERS = 300  # of a title and of a brand
SHORTEST_PART = 4  # letters of a word of a brand or title that stands for the whole
SHORTEST_LIKE = 5  # letters of a name in which a typing error is looked for

_SPELLINGS = Path(__file__).with_name("brand_spellings.json")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ß": "ss", "æ": "ae"})
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_AND = re.compile(r"\s*[&+]\s*|\s+(?:and|und|et|y|e|og|och)\s+", re.IGNORECASE)
_ELLIPSIS = re.compile(r"['’]s?\b")


@dataclass(slots=True)
class Aliases:
    """Folded names without anything between their letters.

    `strict` always name the product; `plain` are words of the language, too, so that it depends on how they are used,
    and `phrases` are made of such words. `line_words` are such words of the title, which name it with a capital within
    a sentence, and `pairs` are ordinary words that stand together there, which do so if both have capitals. `capital`
    are two letters or initials. `like` are long enough for a typing error, `sounds` are spelled by ear, for other
    scripts. `own_splits` are the tokens that names consist of where they are written apart.
    """

    strict: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    phrases: set[str] = field(default_factory=set)
    line_words: set[str] = field(default_factory=set)
    capital: set[str] = field(default_factory=set)
    pairs: set[str] = field(default_factory=set)
    like: set[str] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    own_splits: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, name: str) -> None:
        """Add a folded name to those that it belongs to by its letters."""
        if name in self.phrases:
            return
        if len(name) < 2 or name in words_of("function"):
            if len(name) > 1:
                self.plain.add(name)
            return
        if name.isdigit() or name in known_words() or name in product_words():
            self.plain.add(name)
            if len(name) >= SHORTEST_LIKE:
                self._add_doubled(name)
            return
        if len(name) == 2 and name.isascii():
            self.capital.add(name)
            return
        self.strict.add(name)
        self.add_like(name)

    def add_like(self, name: str) -> None:
        """Look for typing errors in a name if it is long enough."""
        if len(name) >= SHORTEST_LIKE and name.isascii() and name.isalpha():
            self.like.add(name)
            self._add_doubled(name)

    def _add_doubled(self, name: str) -> None:
        """Add words of the language that double a letter of a name ("cannon"): with a capital they are meant so."""
        doubled = (name[:place] + name[place - 1] + name[place:] for place in range(1, len(name)))
        self.line_words.update(word for word in doubled if word in english_words())


def is_no_brand(brand: str) -> bool:
    """Return whether a brand field says that there is none ("Generic", "no brand"), or holds no more than a letter."""
    folded = squeezed(brand[:READ_CHARACTERS])
    return len(folded) < 2 or folded in _no_brands()


def has_known_spellings(folded: str) -> bool:
    """Return whether a folded name is one of the well-known brands of `brand_spellings.json`."""
    return folded in _groups()


def brand_aliases(brand: str) -> Aliases:
    """Return the names of a brand: spellings, initials, telling words, and what other scripts make of it.

    The caller may add to it: brands come many times in a catalog, so the last 1,024 are kept, and copied.
    """
    known = _brand_aliases(brand[:READ_CHARACTERS])
    return Aliases(**{part.name: set(getattr(known, part.name)) for part in fields(known)})


@lru_cache(maxsize=1024)
def _brand_aliases(brand: str) -> Aliases:
    aliases = Aliases()
    if is_no_brand(brand):
        return aliases
    for spelling in (brand, brand.translate(_UMLAUTS)) if not brand.isascii() else (brand,):
        _add_spelling(spelling, aliases)
    add_other_spellings(aliases)
    _add_parts(brand, aliases)
    aliases.sounds = {
        key for name in (aliases.strict | {squeezed(brand)}) if len(key := sound_key(name)) > 3 and key.isascii()
    }
    return aliases


def add_other_spellings(aliases: Aliases, names: Iterable[str] | None = None) -> None:
    """Add what well-known ones of some names, of all by default, are called in other scripts, and for short."""
    groups = _groups()
    for name in list(aliases.strict | aliases.plain | aliases.phrases) if names is None else names:
        for other in groups.get(name, ()):
            aliases.add(other)


def _add_known(name: str, aliases: Aliases) -> None:
    folded = squeezed(name)
    if len(folded) > 1:
        aliases.add(folded)


def _add_spelling(brand: str, aliases: Aliases) -> None:
    """Add a brand with and without its legal form, its article, "and", and its possessive."""
    whole = fold(brand)
    words = _without_legal_form(whole)
    apart = fold(_AND.sub(" and ", brand))
    for tokens in (whole, words, apart, [word for word in apart if word != "and"]):
        name = "".join(tokens)
        if len(tokens) > 1:
            aliases.own_splits.add(tuple(tokens))
            _add_phrase(name, tokens, aliases)
        elif len(name) > 1:
            aliases.add(name)
    if _ELLIPSIS.search(brand):
        _add_known(_ELLIPSIS.sub("", brand), aliases)
        _add_known(brand.replace("'", "").replace("’", ""), aliases)
    for place, word in enumerate(words):
        for other in _spellings()["abbreviations"].get(word, ()):
            aliases.strict.add("".join((*words[:place], other, *words[place + 1 :])))


def _without_legal_form(words: list[str]) -> list[str]:
    """Return the words of a brand without a leading "the" and without "Inc." and its like at the end."""
    first = int(words[:1] == ["the"] and len(words) > 1)
    end = len(words)
    while end > first + 1 and words[end - 1] in _legal_forms():
        end -= 1
    return words[first:end]


def _add_phrase(name: str, tokens: list[str], aliases: Aliases) -> None:
    if name in _plain_phrases() or name in known_words():
        aliases.plain.add(name)
    elif len(name) == 2 and name.isascii():
        aliases.capital.add(name)
    elif all(len(token) > 1 and token in known_words() for token in tokens):
        aliases.phrases.add(name)
        aliases.add_like(name)
    else:
        aliases.strict.add(name)
        aliases.add_like(name)


def _add_parts(brand: str, aliases: Aliases) -> None:
    """Add the initials of a brand of several words, and those of its words that are in no list."""
    words = [word for word in _without_legal_form(fold(_AND.sub(" and ", brand))) if word != "and"]
    if len(words) < 2:
        return
    initials = "".join(word[0] for word in words)
    if 1 < len(initials) < 6 and ("&" in brand or initials not in known_words()):
        aliases.capital.add(initials)
    if brand.isascii() or not any(letter > "\u0250" for letter in brand):
        for word in words:
            if len(word) >= SHORTEST_PART and word not in known_words() and not is_ordinary(word) and word.isalpha():
                aliases.add(word)


def camel_split(name: str) -> Iterator[tuple[str, ...]]:
    parts = tuple(fold(_CAMEL.sub(" ", name)))
    if len(parts) > 1:
        yield parts


@cache
def _spellings() -> dict[str, Any]:
    spellings: dict[str, Any] = json.loads(_SPELLINGS.read_text(encoding="utf-8"))
    return spellings


@cache
def _legal_forms() -> frozenset[str]:
    return frozenset(_spellings()["legal_forms"].split())


@cache
def _no_brands() -> frozenset[str]:
    return frozenset(squeezed(name) for name in _spellings()["no_brands"])


@cache
def _plain_phrases() -> frozenset[str]:
    phrases: str = json.loads(_SPELLINGS.with_name("brand_neighbours.json").read_text(encoding="utf-8"))[
        "plain_phrases"
    ]
    return frozenset(squeezed(phrase) for phrase in phrases.split("|"))


@cache
def _groups() -> dict[str, Iterable[str]]:
    folded = [tuple(squeezed(name) for name in group) for group in _spellings()["groups"]]
    return {name: group for group in folded for name in group}
