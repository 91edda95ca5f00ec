"""Parts of a thing that its description mentions: "a waterproof leather upper", "gear loops"."""

import re
from functools import cache
from typing import NamedTuple

from query_generator.llm.offline_grammar.vocabulary import parts, words
from query_generator.models import Product

MOST_PARTS, MOST_MODIFIERS = 6, 3
_NOT_HERE = words("no without not instead non never lacks")


class Part(NamedTuple):
    """A part in words: alone, with its article, and the words that agree with it."""

    part: str
    part_a: str
    part_is: str
    part_does: str
    part_it: str


@cache
def _kinds() -> dict[str, str]:
    return {noun.casefold(): kind for kind in ("nouns", "plurals", "masses") for noun in parts()[kind]}


@cache
def _spellings() -> dict[str, str]:
    return {noun.casefold(): noun for kind in ("nouns", "plurals", "masses") for noun in parts()[kind]}


def parts_of(product: Product) -> list[Part]:
    """The parts that the description mentions with a word that says what they are like, at most six, in their order."""
    own = {word.casefold() for word in re.findall(r"[\w'-]+", f"{product.name} {product.brand}")}
    found: dict[str, Part] = {}
    for clause in re.split(r"[.,;:!?()]", product.description):
        tokens = re.findall(r"[^\W_][\w'/-]*", clause)
        lowered = [token.casefold() for token in tokens]
        if not _NOT_HERE.isdisjoint(lowered):
            continue
        for end, begin in _ends(lowered):
            before = begin
            while before and begin - before < MOST_MODIFIERS and lowered[before - 1] in _modifiers():
                before -= 1
            is_plain = before == begin and end - begin == 1
            noun = " ".join(lowered[begin:end])
            if not is_plain and noun not in found and not own.intersection(lowered[begin:end]):
                said = [token if token[1:] != token[1:].lower() else token.lower() for token in tokens[before:begin]]
                found[noun] = _part(" ".join([*said, _spellings()[noun]]), _kinds()[noun])
    return list(found.values())[:MOST_PARTS]


@cache
def _modifiers() -> frozenset[str]:
    return frozenset(parts()["modifiers"])


def _ends(lowered: list[str]) -> list[tuple[int, int]]:
    """End and beginning of each part, the longest words for it."""
    ends, at = [], len(lowered)
    while at:
        length = next((n for n in (3, 2, 1) if n <= at and " ".join(lowered[at - n : at]) in _kinds()), 0)
        # A part that goes on as another thing is none: `leg loops and waist belt` are, `pocket money` is not.
        if length and (at == len(lowered) or lowered[at] in _AFTER):
            ends.append((at, at - length))
        at -= max(length, 1)
    return ends[::-1]


_AFTER = words(
    "and or for to that which with on in is are at of ensures ensure "
    "provides provide keeps keep make makes so offers offer adds add while allow allows delivers"
)


def _part(text: str, kind: str) -> Part:
    if kind == "plurals":
        return Part(text, text, "are", "do", "they")
    return Part(text, text if kind == "masses" else f"{_article(text)} {text}", "is", "does", "it")


def _article(text: str) -> str:
    first = text.split()[0]
    if first.isupper():  # as it is spelled: an LED, a USB
        return "an" if first[0] in "AEFHILMNORSX" else "a"
    return "an" if re.match("[aeio]|u(?!s|ni)", text) else "a"
