"""The words that a name is made of: which are ordinary ones, and which tell a product from others. Pure.

`product_words.json` holds what shops call things
by: kinds, colours, materials, praise, units, techniques, origins, and the commonest such words of other languages.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from query_generator.english_words import english_words

_FOLDER = Path(__file__).parent
_ORDINARY_GROUPS = ("function", "kinds", "colours", "materials", "marketing", "people", "sizes", "technology")
_MORE_GROUPS = ("origins", "occasions", "calendar", "places")
_NUMBER = re.compile(r"[0-9]+(?:st|nd|rd|th)?")
_MEASURE = re.compile(
    r"[0-9]+(?:mm|cm|m|km|mg|g|kg|ml|cl|l|oz|lb|lbs|w|kw|v|mah|wh|gb|tb|mb|hz|in|ft|pcs|pc|pk|ct|p|k|x|h)"
)


@cache
def words_of(name: str) -> frozenset[str]:
    """Return the words of a group of `product_words.json`, folded."""
    return frozenset(_product_words()[name].split())


@cache
def product_words() -> frozenset[str]:
    """Return the words that name kinds and qualities of products and tell none from another, in lower case."""
    groups = _product_words()
    return frozenset(word for group in (*_ORDINARY_GROUPS, *_MORE_GROUPS) for word in groups[group].split())


@cache
def foreign_words() -> frozenset[str]:
    """Return such words of nine more European languages, in lower case."""
    return frozenset(word for words in _product_words()["other_languages"].values() for word in words.split())


@cache
def known_words() -> frozenset[str]:
    """Return all words that some list knows: what is not here may be a name, or a name with a typing error."""
    return english_words() | product_words() | foreign_words()


def is_ordinary(word: str) -> bool:
    """Return whether a lower-case word says what a product is or how it is, and hardly ever which one."""
    if word in product_words() or word in foreign_words():
        return True
    return word.endswith("s") and word[:-1] in product_words()


def is_measure(word: str) -> bool:
    """Return whether a lower-case word is a number, alone or with its unit."""
    return bool(_NUMBER.fullmatch(word) or _MEASURE.fullmatch(word))


@cache
def _product_words() -> dict[str, Any]:
    return _read("product_words.json")


def _read(name: str) -> dict[str, Any]:
    words: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return words
