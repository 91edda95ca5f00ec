"""Tells which family of products one belongs to, by the words of its category and name. Pure."""

import json
import re
from functools import cache, lru_cache
from pathlib import Path

from query_generator.input.categories import levels_of
from query_generator.models import Product

_UNKNOWN = "any"
SHORTEST_IN_COMPOUND = 6  # letters of a word that is found within another, as in Wanderschuhe


def family_of(product: Product) -> str:
    """Return the family whose words the leaf of the category has, else its other levels, else the name; or `any`."""
    for text in (*reversed(_levels(product.category)), product.name):
        if family := _named_in(text.casefold()):
            return family
    return _UNKNOWN


def is_of_family(word: str, family: str) -> bool:
    """Return whether a word of a text names a kind of product of a family, as "sofa" does."""
    return _named_in(word) == family


def leaf_of(category: str) -> str:
    """Return the last level of a category: "Boots" of "Footwear > Boots"."""
    return next(reversed(_levels(category)), "")


def _levels(category: str) -> list[str]:
    """Return the levels of a category; a slash between spaces parts them, too, as the last of its words tells most."""
    return [part for level in levels_of(category) for part in level.split(" / ")]


@lru_cache(maxsize=1024)
def _named_in(text: str) -> str:
    """Return the family with the longest word in a text; a word stands at the beginning of one of the text."""
    found = [(len(match[0]), family) for family, pattern in _patterns() if (match := pattern.search(text))]
    return max(found)[1] if found else ""


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    families = json.loads(Path(__file__).with_name("plan_families.json").read_text(encoding="utf-8"))
    return tuple((name, _pattern(family["words"])) for name, family in families.items() if family["words"])


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Match a whole word, perhaps in plural, before the beginning of one, before any place in a compound or in a
    script without spaces.
    """
    ordered = sorted(map(re.escape, words), key=len, reverse=True)
    within = "|".join(word for word in ordered if not word.isascii() or len(word) >= SHORTEST_IN_COMPOUND) or "(?!)"
    begins, any_word = r"(?<![^\W_])", "|".join(ordered)
    return re.compile(rf"{begins}(?:{any_word})(?:s|es)?(?![^\W_])|{begins}(?:{any_word})|{within}")
