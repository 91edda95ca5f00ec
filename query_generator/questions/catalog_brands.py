"""Knows the brands of a catalog, so that an open question can be told from one that names a competitor."""

import threading
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from query_generator.questions.brand_aliases import has_known_spellings, is_no_brand
from query_generator.questions.brand_context import is_capitalized, names_brand
from query_generator.questions.name_folding import Token, fold, located
from query_generator.questions.name_vocabulary import known_words
from query_generator.questions.names import OwnNames

MOST_BRANDS = 100_000  # about 15 MB of names
LONGEST_BRAND = 6  # folded tokens; a longer one is a sentence in the wrong field


class CatalogBrands:
    """Brands seen so far, at most `most`, in bounded memory. One thread may add while others search.

    `ignored` counts those that were not taken, by reason: `no_brand` ("Generic", a letter, a number), `common_word`
    ("Rice"), `long`, and `full`. A common word that is a well-known brand ("Apple"), and a brand of several common
    words ("Urban Chic"), counts in a question only in capitals within a sentence.
    """

    def __init__(self, most: int = MOST_BRANDS) -> None:
        self.ignored: Counter[str] = Counter()
        self._most = most
        self._count = 0
        self._single: set[str] = set()
        self._firsts: set[str] = set()  # tokens with which brands of several begin
        self._by_pair: dict[str, tuple[str, ...]] = {}  # by the first two tokens: the others; a space between any two
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._count

    def add(self, brand: str) -> None:
        """Take in a brand; one that is known, in whatever spelling, changes nothing. Never raises."""
        tokens = fold(brand[:200])
        reason = _fault(brand, tokens)
        with self._lock:
            if reason:
                self.ignored[reason] += 1
                return
            pair, rest = " ".join(tokens[:2]), " ".join(tokens[2:])
            known = self._by_pair.get(pair, ())
            if tokens[0] in self._single if len(tokens) == 1 else rest in known:
                return
            if self._count >= self._most:
                self.ignored["full"] += 1
                return
            if len(tokens) == 1:
                self._single.add(pair)
            else:
                self._by_pair[pair] = (*known, rest)
                self._firsts.add(tokens[0])
            self._count += 1

    def found(self, question: str, own: OwnNames) -> str:
        """Return the brand of another product that a question names, as it stands there; "" if it names none.

        Case, accents, look-alike letters, signs, possessive and plural make no difference. What stands in the own
        title, such as the device that a case is for, is none.
        """
        words = fold(question)
        if (
            self._single.isdisjoint(words)
            and self._single.isdisjoint([word[:-1] for word in words if word[-1] == "s"])
            and (
                self._firsts.isdisjoint(words)
                or self._by_pair.keys().isdisjoint([f"{first} {second}" for first, second in pairwise(words)])
            )
        ):
            return ""
        tokens = located(question)
        for place in range(len(tokens)):
            for last in self._ends(tokens, place):
                if _is_meant(question, tokens, place, last, own):
                    return question[tokens[place][1] : tokens[last][2]]
        return ""

    def _ends(self, tokens: list[Token], place: int) -> Iterator[int]:
        """Yield the places of the last tokens of the brands that begin at a place."""
        word = tokens[place][0]
        if word in self._single or (word[-1] == "s" and word[:-1] in self._single):
            yield place
        if place + 1 < len(tokens):
            for rest in self._by_pair.get(f"{word} {tokens[place + 1][0]}", ()):
                last = _end(tokens, place + 1, rest)
                if last > place:
                    yield last


def _fault(brand: str, tokens: list[str]) -> str:
    if not tokens or is_no_brand(brand) or "".join(tokens).isdigit():
        return "no_brand"
    if len(tokens) == 1 and tokens[0] in known_words() and not has_known_spellings(tokens[0]):
        return "common_word"
    return "long" if len(tokens) > LONGEST_BRAND else ""


def _end(tokens: list[Token], place: int, rest: str) -> int:
    """Return the place of a brand's last token; -1 if the question goes on otherwise."""
    for word in rest.split():
        place += 1
        if place >= len(tokens) or tokens[place][0] not in (word, f"{word}s"):
            return -1
    return place


def _is_meant(question: str, tokens: list[Token], place: int, last: int, own: OwnNames) -> bool:
    words = [token for token, _, _ in tokens[place : last + 1]]
    if all(word in own.title_words or word.removesuffix("s") in own.title_words for word in words):
        return False
    if len(words) == 1 and words[0] in known_words():
        return names_brand(question, tokens, place, place, frozenset())
    if all(word in known_words() or (len(word) == 1 and word.isascii()) or word.isdigit() for word in words):
        return all(
            is_capitalized(question, tokens, at, (place, last))
            for at in range(place, last + 1)
            if tokens[at][0].isalpha()
        )
    if len(words) == 1 and len(words[0]) <= 3 and words[0].isascii():  # "LG" and "JBL", but no "xe" and "lt"
        return question[tokens[place][1] : tokens[place][2]].rstrip("s").isupper() and not question.isupper()
    return True
