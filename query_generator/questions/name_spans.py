"""Finds where the names of a product stand in a question, in any spelling, and are meant as names. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from query_generator.questions.brand_context import (
    are_capitalized,
    is_capitalized,
    is_fixed_phrase,
    is_in_capitals,
    names_brand,
    names_line,
    names_phrase,
)
from query_generator.questions.name_folding import Token, consonants, fold, foreign_runs, located, placed, sound_key
from query_generator.questions.name_matching import (
    LEET,
    SHORTEST_HEARD,
    Letters,
    Span,
    is_like,
    is_pieced,
    sounds_like,
)
from query_generator.questions.name_vocabulary import known_words, words_of
from query_generator.questions.product_names import ProductNames

_DIGIT_IN_WORD = re.compile(r"[013457](?:(?<=[^\W\d_].)|(?=[^\W\d_]))")
BEHIND_LATIN = "\u0370"  # the first letter of the other scripts
FEWEST_CONSONANTS = 3  # by which alone a word is taken for a brand
_SHORTEST_PIECE = 3  # letters of a piece of a name with a typing error


class Named(NamedTuple):
    """Where a question names a product, and where its title's words stand in it, however they are meant."""

    spans: tuple[Span, ...] = ()
    titles: tuple[Span, ...] = ()


_NOWHERE = Named()


class _Text:
    """A question as folded words; where they stand in it is looked up only where a name may be."""

    def __init__(self, question: str) -> None:
        self.question = question
        self.is_ascii = question.isascii()
        self._tokens = [] if self.is_ascii else located(question)
        self.words = fold(question) if self.is_ascii else [word for word, _, _ in self._tokens]
        self.squeezed = "".join(self.words)

    @property
    def tokens(self) -> list[Token]:
        """The words with their places."""
        self._tokens = self._tokens or placed(self.question, self.words)
        return self._tokens


def name_spans(names: ProductNames, question: str) -> Named:
    """Return where a question names a product. Where no word can belong to a name, no places are looked up."""
    text = _Text(question)
    squeezed = text.squeezed
    there = [name for name in names.longest_first if name in squeezed]
    known = known_words()
    spans, titles = _exact(names, text, there) if there else ([], [])
    if not known.issuperset(text.words):
        unknown = [place for place, word in enumerate(text.words) if word not in known]
        spans += _misspelled(names, text, unknown)
        if not squeezed.isalpha():
            spans += _in_digits(names, text)
        if not names.product.brand.isascii():
            spans += _spelled(names, [text.tokens[place] for place in unknown])
    if not text.is_ascii:
        spans += _in_other_scripts(names, question)
    return Named(tuple(spans), tuple(titles)) if spans or titles else _NOWHERE


def _exact(names: ProductNames, text: _Text, there: list[str]) -> tuple[list[Span], list[Span]]:
    """Return where names stand and are meant, and where the title stands; not what is within what is meant already."""
    question, tokens, letters = text.question, text.tokens, Letters(text.words, text.squeezed)
    spans: list[Span] = []
    titles: list[Span] = []
    meant = ""
    for name in there:
        if name in meant and letters.is_once(name):
            continue
        for first in letters.beginnings(name):
            last = letters.end(name, first, names.aliases.own_splits)
            if last < 0:
                continue
            span = tokens[first][1], tokens[last][2]
            if name in names.titles:
                titles.append(span)
            if _is_meant(names, name, question, tokens, first, last):
                meant = f"{meant}\n{name}"
                spans.append(span)
    return spans, titles


def _is_meant(names: ProductNames, name: str, question: str, tokens: list[Token], first: int, last: int) -> bool:
    """Return whether a folded name that stands in a question is meant as the name."""
    aliases = names.aliases
    if name.isdigit() and tokens[last + 1 : last + 2] and tokens[last + 1][0] in words_of("sizes"):
        return False
    if first == last and is_fixed_phrase(tokens, first):
        return False
    if name in aliases.strict:
        is_named = first == last or not is_pieced(tokens[first : last + 1], aliases.own_splits)
        is_named = is_named or (first > 0 and tokens[first - 1][0] == "the")
        return is_named or names_brand(question, tokens, first, last, names.kinds)
    if name in aliases.plain:
        return names_brand(question, tokens, first, last, names.kinds)
    if name in aliases.phrases:
        return names_phrase(question, tokens, first, last, names.kinds)
    if name in aliases.capital:
        return is_in_capitals(question, tokens, first, last)
    if name in aliases.line_words:
        return names_line(question, tokens, first, last, names.kinds)
    if question[tokens[first][1] : tokens[last][2]] in (names.product.name, names.spoken):
        return is_capitalized(question, tokens, first, (first, last))
    telling = [place for place in range(first, last + 1) if tokens[place][0] not in words_of("function")]
    return last > first and are_capitalized(question, tokens, telling, (first, last))


def _misspelled(names: ProductNames, text: _Text, unknown: list[int]) -> Iterator[Span]:
    """Yield words that are in no list, and pairs of one and another, that are a long name but for one letter."""
    like, plain_like, words = names.like, names.plain_like, text.words
    for place in unknown if like or plain_like else ():
        word = words[place]
        if not word.isalpha():
            continue
        if _is_like_one(word, like) or (
            _is_like_one(word, plain_like) and names_brand(text.question, text.tokens, place, place, names.kinds)
        ):
            yield text.tokens[place][1:]
        if len(word) < _SHORTEST_PIECE:
            continue
        if place and _is_like_one(words[place - 1] + word, like):
            yield text.tokens[place - 1][1], text.tokens[place][2]
        if place + 1 < len(words) and _is_like_one(word + words[place + 1], like):
            yield text.tokens[place][1], text.tokens[place + 1][2]


def _is_like_one(word: str, like: Mapping[int, tuple[str, ...]]) -> bool:
    names = like.get(len(word))
    return names is not None and any(is_like(word, name) for name in names)


def _in_digits(names: ProductNames, text: _Text) -> Iterator[Span]:
    """Yield where names stand with digits for letters: "S0ny"."""
    question = text.question
    if text.is_ascii and not _DIGIT_IN_WORD.search(question):
        return
    tokens = text.tokens
    words = [word.translate(LEET) for word in text.words]
    letters = Letters(words, "".join(words))
    for name in names.in_digits:
        for first in letters.beginnings(name):
            last = letters.end(name, first, names.aliases.own_splits)
            start, end = tokens[first][1], tokens[last][2]
            if last >= 0 and any(map(str.isdigit, question[start:end])) and question[start:end].isalnum():
                yield start, end


def _in_other_scripts(names: ProductNames, question: str) -> Iterator[Span]:
    """Yield words, and pairs of words, of other scripts that sound like the brand."""
    keys = names.aliases.sounds
    runs = list(foreign_runs(question)) if keys else []
    for place, (text, start, end) in enumerate(runs):
        if any(sounds_like(sound_key(text), key) for key in keys):
            yield start, end
        if place and start - runs[place - 1][2] == 1:
            pair = sound_key(runs[place - 1][0]) + sound_key(text)
            if any(sounds_like(pair, key) for key in keys):
                yield runs[place - 1][1], end


def _spelled(names: ProductNames, tokens: list[Token]) -> Iterator[Span]:
    """Yield those of some Latin words in no list that sound like a brand of another script, or have its consonants."""
    sounds = names.aliases.sounds
    brand_consonants = {consonants(key) for key in sounds} if names.product.brand > BEHIND_LATIN else set()
    for word, start, end in tokens:
        if len(word) < SHORTEST_HEARD or not word.isascii():
            continue
        sound = sound_key(word)
        bare = consonants(sound)
        has_them = len(bare) >= FEWEST_CONSONANTS and bare in brand_consonants
        if has_them or any(sounds_like(sound, key) for key in sounds):
            yield start, end
