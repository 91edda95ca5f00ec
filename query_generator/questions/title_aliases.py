"""Finds what in a title tells a product from others: model codes, its line, words in no list. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from query_generator.english_words import english_words
from query_generator.models import Product
from query_generator.questions.brand_aliases import (
    READ_CHARACTERS,
    SHORTEST_PART,
    Aliases,
    add_other_spellings,
    camel_split,
)
from query_generator.questions.language import ENGLISH, asked_language
from query_generator.questions.name_folding import fold, is_written_together, squeezed
from query_generator.questions.name_vocabulary import (
    foreign_words,
    is_measure,
    is_ordinary,
    known_words,
    product_words,
    words_of,
)

SHORTEST_FULL_TITLE = 16  # folded characters; a shorter title of ordinary words alone is what the product is, no name
LONGEST_NUMBER = 6  # digits of a number that names a model; longer and round ones are amounts
LONGEST_VALUE = 80  # characters of an attribute whose words count as said of the product
LONG_COMPOUND = 8  # letters, of which four may be what a shop sells
READ_ATTRIBUTES = 40
READ_DESCRIPTION = 2_000  # characters

_AFTER_LATIN = "\u0250"  # the first letter behind the Latin ones
_HOST = "…"  # stands for a device in the list of words
_EDGES = ".,:;!?*#\"'“”„«»《》「」『』【】()[]{}-–—_/|~™®©"
_PARTING = str.maketrans(dict.fromkeys("/《》「」『』【】", " "))
_POSSESSIVE = re.compile(r"['’]s?$")
_MADE_OF = re.compile(r"(?:less|proof|able|free|ness|ly|like|resistant|ing|ed)$")
_CODE_PARTS = re.compile(r"[a-z]+|[0-9]+")


def add_title(product: Product, aliases: Aliases) -> None:
    """Add the names in a product's title: model codes, words in no list, its line; not what the product is for."""
    of_brand = set(aliases.strict)
    title = product.name[:READ_CHARACTERS]
    words = _own_words(title, set(fold(product.brand[:READ_CHARACTERS])))
    category = category_words(product)
    style = _Style.of(words, product)
    for place, word in enumerate(words):
        folded = squeezed(word)
        if not folded or folded in category or folded.removesuffix("s") in category:
            continue
        if any(letter.isdigit() for letter in folded):
            following = words[place + 1].lower() if place + 1 < len(words) else ""
            if not (place and words[place - 1] == _HOST):
                _add_code(word, folded, following, aliases, branded=bool(product.brand))
        elif len(folded) > 2 and word[0] < _AFTER_LATIN and (place or not style.kind_first):
            _add_word(word, folded, product, aliases, style)
    _add_line(words, aliases)
    if words and is_written_together(words[0]):
        first, brand = squeezed(words[0]), squeezed(product.brand)
        if 1 < len(first) < len(brand) and brand.startswith(first):
            aliases.strict.add(first)
    add_other_spellings(aliases, aliases.strict - of_brand)
    full = squeezed(title)
    if len(full) >= SHORTEST_FULL_TITLE and len(words) > 3:
        aliases.strict.add(full)


def first_of_other_script(product: Product) -> str:
    """Return the folded first word of a title that is neither brand nor category; "" if it is Latin or a code.

    It is the "伊右衛門" of "伊右衛門 京都ブレンド 緑茶": where there are no capitals, its place alone tells a line.
    """
    category = squeezed(product.category)
    for word in _own_words(product.name[:READ_CHARACTERS], set(fold(product.brand[:READ_CHARACTERS]))):
        folded = squeezed(word)
        if len(folded) > 1 and folded not in category and folded != squeezed(product.brand):
            return folded if folded[0] > _AFTER_LATIN and not any(map(str.isdigit, folded)) else ""
    return ""


def _own_words(title: str, brand_words: set[str]) -> list[str]:
    """Return the words of a title without the brand's; `_HOST` stands for the device that an accessory is for."""
    raw = [_POSSESSIVE.sub("", word).strip(_EDGES) for word in _own_part(title).translate(_PARTING).split()]
    words = [word for word in raw if squeezed(word) not in brand_words]
    if words_of("accessories").isdisjoint(word.lower() for word in words):
        return words
    hosts = words_of("host_devices")
    replaced = [_HOST if word.lower() in hosts else word for word in words]
    return [word for place, word in enumerate(replaced) if word != _HOST or replaced[place + 1 : place + 2] != [_HOST]]


@dataclass(frozen=True, slots=True)
class _Style:
    """How a title is written. `capitalized`: common words are, too, or none is; `foreign`: not in English.

    `kind_first`: as a sentence of another language, which begins with what the product is: "Poussette pliable grise".
    """

    capitalized: bool
    foreign: bool
    kind_first: bool

    @classmethod
    def of(cls, words: list[str], product: Product) -> "_Style":
        """Return the style of a title's words; category and description tell the language, too."""
        capitals = sum(word[:1].isupper() for word in words)
        foreign = _is_foreign([*words, *product.category.split()]) or _speaks_another(product)
        later = [word for word in words[1:] if word.isalpha()]
        lower = sum(map(str.islower, later))
        first = "".join(product.name.split()[:1]).strip(_EDGES)
        return cls(
            capitalized=capitals > 1 or len(words) == 1,
            foreign=foreign,
            kind_first=foreign
            and words[:1] == [first]
            and first[:1].isupper()
            and first[1:].islower()
            and 2 * lower > len(later),
        )


def _add_word(word: str, folded: str, product: Product, aliases: Aliases, style: _Style) -> None:
    parts = re.split(r"[-/]", word.lower())
    if all(map(is_ordinary, parts)) or is_ordinary(folded) or _is_said_of(folded, product):
        return
    if (style.capitalized or style.foreign) and word.islower():
        return
    if folded in english_words() or all(part in known_words() for part in parts):
        aliases.line_words.add(folded)
        if next(camel_split(word), None):
            aliases.strict.add(folded)
        return
    if len(folded) < SHORTEST_PART and not word.isupper():
        return
    stem = _MADE_OF.sub("", word.lower())
    if stem != word.lower() and stem in known_words():
        return
    if word.lower() in _plain_in(product) or (style.foreign and _ends_in_kind(word.lower())):
        return
    aliases.strict.add(folded)
    aliases.add_like(folded)


def _ends_in_kind(word: str) -> bool:
    """Return whether a word is a compound of what shops sell, as "Wanderrucksack" and "Weißbier"."""
    shortest = SHORTEST_PART if len(word) >= LONG_COMPOUND else SHORTEST_PART + 1
    ends = (word[start:] for start in range(2, len(word) - shortest + 1))
    return any(end in foreign_words() or end in words_of("kinds") for end in ends)


def _add_code(word: str, folded: str, following: str, aliases: Aliases, *, branded: bool) -> None:
    if folded.isdigit():
        is_year = len(folded) == 4 and folded[:2] in ("19", "20")
        is_amount = len(folded) > LONGEST_NUMBER or folded.endswith("00")
        if branded and len(folded) > 2 and not is_year and not is_amount and following not in words_of("sizes"):
            aliases.strict.add(folded)
        return
    if len(folded) == 2 and folded[0].isalpha() and folded not in words_of("spec_codes") | product_words():
        aliases.capital.add(folded)
    if len(folded) < 3 or is_measure(folded) or folded in words_of("spec_codes") or folded in product_words():
        return
    if any(part in english_words() and len(part) > 2 for part in word.lower().split("-")[1:]) or re.fullmatch(
        r"\d+w\d+|\d+[a-z]?", folded
    ):
        return
    if not word.isascii() or "+" in word or re.search(r"\d[.,x×/]\d", word.lower()):
        return
    aliases.strict.add(folded)
    parts = _CODE_PARTS.findall(folded)
    for start in range(1, len(parts) - 1):
        end = "".join(parts[start:])
        if len(end) > 2 and not is_measure(end) and end not in words_of("spec_codes"):
            aliases.strict.add(end)


def _add_line(words: list[str], aliases: Aliases) -> None:
    """Add two words of the line that stand together: "Echo Dot" is a name though "echo" and "dot" are words."""
    folded = [squeezed(word) for word in words]
    capitalized = words_of("technology") | words_of("origins") | words_of("places") | words_of("occasions")
    for first, second in pairwise(folded):
        if first in aliases.line_words and (second in aliases.line_words or second in aliases.strict):
            aliases.strict.add(first + second)
            aliases.own_splits.add((first, second))
        elif min(len(first), len(second)) >= SHORTEST_PART and capitalized.isdisjoint((first, second)):
            aliases.pairs.add(first + second)
            aliases.own_splits.add((first, second))


def category_words(product: Product) -> set[str]:
    """Return the folded words of a product's category, and of attributes that name no line or model."""
    words = set(fold(product.category))
    for name, value in product.attributes[:READ_ATTRIBUTES]:
        folded = name.lower().replace(" ", "")
        if len(value) < LONGEST_VALUE and folded != "tags" and folded not in words_of("model_fields"):
            words.update(fold(value))
    return (
        words
        | {word.removesuffix("s") for word in words}
        | {word.removesuffix("es") for word in words if len(word) > 4}
    )


def _own_part(title: str) -> str:
    """Return a title up to what the product is for ("for iPhone 15", "compatible with …")."""
    words = title.split()
    for place, word in enumerate(words):
        if word.lower().strip("(,") in words_of("host_words"):
            rest = words[place + 1 :]
            skipped = next(
                (number + 1 for number, later in enumerate(rest) if later.endswith((",", ";", ")")) or later in "-|–—"),
                len(rest),
            )
            return " ".join((*words[:place], *rest[skipped:]))
    return title


def _is_said_of(folded: str, product: Product) -> bool:
    """Return whether a word is a compound of the category's, as "Wanderrucksack" of "Rucksäcke", or a part of one."""
    said = [word for word in fold(product.category) if len(word) > SHORTEST_PART]
    return len(folded) > SHORTEST_PART and any(
        folded.endswith((word, word[:-1])) or word.endswith(folded) for word in said
    )


@lru_cache(maxsize=64)
def _plain_words_of(description: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", description)
    lower = {word for word in words if word.islower()}
    articled = re.findall(
        r"\b(?:der|die|das|ein|eine|einen|einem|einer)\s+(?:[a-zäöüß]+e[mnrs]?\s+)?([^\W\d_]+)", description.lower()
    )
    return frozenset(lower) | frozenset(articled)


def _plain_in(product: Product) -> frozenset[str]:
    """Return the words that the description writes as common words: in lower case, or after a German article."""
    return _plain_words_of(product.description[:READ_DESCRIPTION])


def _is_foreign(words: list[str]) -> bool:
    """Return whether a title seems to be in another language than English, whose nouns no list may know."""
    folded = [word.lower().strip(",.") for word in words]
    others = [word for word in folded if word not in english_words() and word not in product_words()]
    return any(word in foreign_words() or _ends_in_foreign(word) for word in others)


def _speaks_another(product: Product) -> bool:
    """Return whether a product's texts are likely to be in no English."""
    asked = asked_language(product, "")
    return asked is not None and asked.languages[0] != ENGLISH


def _ends_in_foreign(word: str) -> bool:
    ends = (word[start:] for start in range(2, len(word) - SHORTEST_PART))
    return len(word) >= LONG_COMPOUND and any(end in foreign_words() for end in ends)
