"""Compares folded names with folded words: whole words, pieces that belong together, typing errors, sound. Pure."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rapidfuzz.distance import OSA
from rapidfuzz.distance.Indel import normalized_similarity

from query_generator.questions.brand_aliases import SHORTEST_LIKE
from query_generator.questions.name_folding import Token
from query_generator.questions.name_vocabulary import known_words, words_of

ALIKE = 0.84  # of 1, of two names by their sound; "samusun" for "samsung" has 0.86

SHORTEST_HEARD = 4  # letters of a name by its sound
LONG_NAME = 6  # letters

SHORTEST_IN_DIGITS = 3  # letters of a name that may have digits for some, and one more
_JOINTS = " -–/"  # what may stand between the parts of one name
_POSSESSIVES = ("'s", "’s")
LEET = str.maketrans("013457", "oieast")
_DOUBLED = re.compile(r"(.)\1")
_ENDINGS = frozenset(("s", "es", "z"))
# Of Turkish, Polish and Czech, folded: "Karaca'nın", "Selpaklar", "Boscha".
_CASE_ENDINGS = frozenset(
    "in un nin nun i u yi yu e a ye ya de da den dan te ta ten tan nde nda le la yle yla lar ler larin lerin"  # noqa: SIM905
    " em iem owi om ami ach y".split()
)
_LONGEST_CASE_ENDING = 3  # letters: "Самсунгами"

Span = tuple[int, int]


class Letters:
    """The letters and digits of a text's folded tokens, without anything between them."""

    def __init__(self, words: list[str], squeezed: str) -> None:
        self._words = words
        self._text = squeezed
        self._starts = list(accumulate(map(len, words), initial=0))

    def beginnings(self, name: str) -> list[int]:
        """Return the tokens with which the letters of a name begin."""
        found = []
        at = self._text.find(name)
        while at >= 0:
            place = bisect_left(self._starts, at)
            if self._starts[place] == at:
                found.append(place)
            at = self._text.find(name, at + 1)
        return found

    def end(self, name: str, first: int, own_splits: set[tuple[str, ...]]) -> int:
        """Return the token with which a name ends that begins with one; -1 if it ends amid a word, or is none.

        `own_splits` are the tokens that names consist of where they are written apart.
        """
        words, last, left = self._words, first, len(name)
        while left > len(words[last]):
            left -= len(words[last])
            last += 1
        if not _ends_well(name, words[last], left):
            return -1
        if last == first:
            return last
        parts = (*words[first:last], words[last][:left])
        return last if parts in own_splits or _belongs_together(parts) else -1

    def is_once(self, name: str) -> bool:
        """Return whether the letters of a name that is there follow each other in one place alone."""
        return self._text.find(name) == self._text.rfind(name)


def _ends_well(name: str, token: str, length: int) -> bool:
    ending = token[length:]
    if not ending or ending in _ENDINGS:
        return True
    if not token.isascii():
        return len(name) > 3 and len(ending) <= _LONGEST_CASE_ENDING
    if len(name) < SHORTEST_LIKE - 1 or token in known_words():
        return False
    return ending in _CASE_ENDINGS or (ending in known_words() and len(ending) > 2)


def _belongs_together(words: Sequence[str]) -> bool:
    """Return whether words that make up a name may be meant so: "lot us" is no Lotus, "s o n y" is Sony."""
    return all(len(word) == 1 for word in words) or not any(
        len(word) > 1 and word in words_of("function") for word in words
    )


def is_pieced(tokens: list[Token], own_splits: set[tuple[str, ...]]) -> bool:
    """Return whether words of the language happen to make up a name that is written as one: "kitchen aid"."""
    words = tuple([token for token, _, _ in tokens])
    if words in own_splits or not known_words().issuperset(words):
        return False
    plural = (*words[:-1], words[-1].removesuffix("s"))
    return plural not in own_splits and not all(len(word) == 1 for word in words)


def is_like(token: str, name: str) -> bool:
    """Return whether a word is a name but for one letter, which in a name of five letters must be doubled.

    The name itself is not like itself.
    """
    if abs(len(token) - len(name)) > 1 or token == name:
        return False
    if len(name) < LONG_NAME:
        return len(token) >= len(name) and _DOUBLED.sub(r"\1", token) == _DOUBLED.sub(r"\1", name)
    return OSA.distance(token, name, score_cutoff=1) <= 1


def sounds_like(heard: str, key: str) -> bool:
    """Return whether a word is a name by its sound, with a case ending or with vowels that its script adds."""
    if len(heard) < SHORTEST_HEARD or abs(len(heard) - len(key)) > _LONGEST_CASE_ENDING:
        return False
    if heard.startswith(key):
        return True
    return len(key) > SHORTEST_HEARD and normalized_similarity(heard, key) >= ALIKE


def window(words: list[str], tokens: list[Token]) -> tuple[int, int]:
    """Return the span of the first place where folded words stand one by one, (0, 0) if nowhere."""
    for place in range(len(tokens) - len(words) + 1):
        if words and [token for token, _, _ in tokens[place : place + len(words)]] == words:
            return tokens[place][1], tokens[place + len(words) - 1][2]
    return 0, 0


def without_spans(question: str, spans: Iterable[Span]) -> str:
    """Return a question with one `_` for each span, and for spans with only a joint between them."""
    in_order = sorted(spans)
    if len(in_order) == 1:
        start, end = in_order[0]
        return f"{question[:start]}_{question[end + 2 * question.startswith(_POSSESSIVES, end) :]}"
    masked: list[str] = []
    place = 0
    for start, end in in_order:
        if start >= place and (not masked or question[place:start].strip(_JOINTS)):
            masked += [question[place:start], "_"]
        place = max(place, end + 2 * question.startswith(_POSSESSIVES, end))
    return "".join((*masked, question[place:]))
