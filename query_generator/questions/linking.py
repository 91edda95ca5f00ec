"""Whether a word of a question says something of the product itself: "the 750 ml Hydra Bottle". Pure.

`linking_words.json` lists the articles, prepositions and verbs that tell it, for English, German, French, Spanish,
Italian and Dutch.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from query_generator.models import Product, QueryType
from query_generator.questions.language_words import function_words
from query_generator.questions.standardize import comparison_key

ADJECTIVES = 2  # words that may stand between what is said and the product: "the 180 cm wide grey sofa"
SHORTEST_PART = 5  # letters of a part of a compound
ARTICLE_REACH = 2  # words back to the article: "the new 750 ml bottle"


@dataclass(frozen=True, slots=True)
class Linking:
    """The word lists by what they do in a sentence; see `linking_words.json`."""

    definite: frozenset[str]
    genitive: frozenset[str]
    articles: frozenset[str]
    comparing: frozenset[str]
    denying: frozenset[str]
    indefinite: frozenset[str]
    asking: frozenset[str]
    variant: frozenset[str]
    weighing: frozenset[str]
    budget: frozenset[str]
    having: frozenset[str]
    paying: frozenset[str]
    price: frozenset[str]
    pronouns: frozenset[str]
    texture: frozenset[str]
    speakers: frozenset[str]


@cache
def linking() -> Linking:
    """Return the shipped lists."""
    data: dict[str, str] = json.loads(Path(__file__).with_name("linking_words.json").read_text(encoding="utf-8"))
    return Linking(**{name: frozenset(words.casefold().split()) for name, words in data.items()})


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What a question may call a product: words of its name and brand, and of its category (also in the singular)."""

    names: frozenset[str]
    kinds: frozenset[str]
    numbers: frozenset[str]

    def named_in(self, words: Sequence[str]) -> bool:
        """Whether the words name the product, or its kind with a definite article."""
        if not self.names.isdisjoint(words):
            return True
        articles = linking().articles
        return any(
            word in self.kinds and not articles.isdisjoint(words[max(0, at - 3) : at]) for at, word in enumerate(words)
        )


def own_words(product: Product) -> OwnWords:
    """Read the words of a product's name, brand and category; function words and single letters are none."""
    named = set(comparison_key(f"{product.name} {product.brand}").split())
    common = function_words("en", "de", "fr", "es", "it", "nl")
    kinds = set(comparison_key(product.category).split()) - common
    kinds |= {singular for word in kinds if (singular := _singular(word))}
    names = {word for word in named - common if len(word) > 1 and not word[0].isdigit()}
    names |= {word + "s" for word in names if word.isascii()}
    return OwnWords(frozenset(names), frozenset(kinds | names), frozenset(word for word in named if word[0].isdigit()))


def is_meant(words: Sequence[str], own: OwnWords, query_type: QueryType) -> bool:
    """Whether a question is about the product: it names it, or it is a product question with a pronoun."""
    if own.named_in(words):
        return True
    return query_type is QueryType.PRODUCT and not linking().pronouns.isdisjoint(words)


def is_definite(before: Sequence[str]) -> bool:
    """Whether what follows the words is a certain thing, by its article or possessive."""
    return not linking().definite.isdisjoint(before[-ARTICLE_REACH:])


def says_of_own(
    before: Sequence[str], after: Sequence[str], own: OwnWords, roles: frozenset[str] = frozenset()
) -> bool:
    """Whether what stands between two runs of words is said of the product.

    True for "the X bottle", "the X blue bottle", "the X of the bottle" and "the X version of the bottle". Words of
    `roles` may stand like "version" there. What follows a comparison is said of another product.
    """
    lists = linking()
    if not is_definite(before) or not lists.comparing.isdisjoint(before):
        return False
    for at, word in enumerate(after[: ADJECTIVES + 1]):
        if word in own.kinds:
            return True
        if word in lists.genitive:
            return _ends_in_own(after[at + 1 :], own) and all(
                between in lists.variant or _is_role(between, roles) for between in after[:at]
            )
    return False


def _is_role(word: str, roles: frozenset[str]) -> bool:
    """Whether a word is one of the roles, or begins one that is a compound: the "Kabel" of "Kabellänge"."""
    return word in roles or (len(word) >= SHORTEST_PART and any(role.startswith(word) for role in roles))


def _ends_in_own(words: Sequence[str], own: OwnWords) -> bool:
    rest = words[1:3] if words and words[0] in linking().articles else words[:2]
    return not own.kinds.isdisjoint(rest)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else ""
