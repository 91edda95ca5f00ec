"""Compares folded names with folded words: whole words, pieces that belong together, typing errors, sound. Pure."""

import re
from collections.abc import Iterable, Iterator

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
_LONGEST_CASE_ENDING = 3  # letters: "Самсунгами"


def matches(
    name: str, squeezed: str, tokens: list[Token], own_splits: set[tuple[str, ...]]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield the first and last token of each occurrence of a name that starts and ends with words, and its span."""
    at = squeezed.find(name)
    if at < 0:
        return
    starts: dict[int, int] = {}
    offset = 0
    for place, (token, _, _) in enumerate(tokens):
        starts[offset] = place
        offset += len(token)
    while at >= 0:
        first = starts.get(at)
        if first is not None:
            last, left = first, len(name)
            while left > len(tokens[last][0]):
                left -= len(tokens[last][0])
                last += 1
            token = tokens[last][0]
            words = tokens[first : last + 1]
            is_own = last == first or (*(word for word, _, _ in words[:-1]), token[:left]) in own_splits
            if _ends_well(name, token, left) and (is_own or _belongs_together(words, left)):
                yield first, last, tokens[first][1], tokens[last][2]
        at = squeezed.find(name, at + 1)


def _ends_well(name: str, token: str, length: int) -> bool:
    ending = token[length:]
    if not ending or ending in _ENDINGS:
        return True
    if not token.isascii():
        return len(name) > 3 and len(ending) <= _LONGEST_CASE_ENDING
    return len(name) >= SHORTEST_LIKE - 1 and token not in known_words() and ending in known_words() and len(ending) > 2


def _belongs_together(tokens: list[Token], length: int) -> bool:
    """Return whether words that make up a name may be meant so: "lot us" is no Lotus, "s o n y" is Sony."""
    words = (*(token for token, _, _ in tokens[:-1]), tokens[-1][0][:length])
    return all(len(word) == 1 for word in words) or not any(
        len(word) > 1 and word in words_of("function") for word in words
    )


def is_pieced(tokens: list[Token], own_splits: set[tuple[str, ...]]) -> bool:
    """Return whether words of the language happen to make up a name that is written as one: "kitchen aid"."""
    if len(tokens) == 1 or all(len(token) == 1 for token, _, _ in tokens):
        return False
    words = tuple(token for token, _, _ in tokens)
    plural = (*words[:-1], words[-1].removesuffix("s"))
    return words not in own_splits and plural not in own_splits and all(word in known_words() for word in words)


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


def in_digits(
    names: Iterable[str], question: str, tokens: list[Token], own_splits: set[tuple[str, ...]]
) -> Iterator[tuple[int, int]]:
    """Yield where names stand with digits for letters: "S0ny"."""
    leet = [(token.translate(LEET), start, end) for token, start, end in tokens]
    text = "".join(token for token, _, _ in leet)
    for name in names:
        if name.isalpha() and len(name) > SHORTEST_IN_DIGITS:
            for _, _, start, end in matches(name, text, leet, own_splits):
                if any(map(str.isdigit, question[start:end])) and question[start:end].isalnum():
                    yield start, end


def without_spans(question: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a question with one `_` for each span, and for spans with only a joint between them."""
    masked: list[str] = []
    place = 0
    for start, end in sorted(spans):
        if start >= place and (not masked or question[place:start].strip(_JOINTS)):
            masked += [question[place:start], "_"]
        place = max(place, end + 2 * question.startswith(_POSSESSIVES, end))
    return "".join((*masked, question[place:]))
