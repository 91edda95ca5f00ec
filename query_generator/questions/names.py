"""Tells whether a question names a product: by its brand, its title, or an alias of either, in any spelling. Pure."""

import re
from collections.abc import Iterator
from functools import cached_property

from query_generator.models import Product
from query_generator.questions.brand_aliases import Aliases, brand_aliases
from query_generator.questions.brand_context import (
    is_capitalized,
    is_fixed_phrase,
    is_in_capitals,
    names_brand,
    names_line,
    names_phrase,
)
from query_generator.questions.name_folding import Token, fold, foreign_runs, located, sound_key
from query_generator.questions.name_matching import (
    LEET,
    LONG_NAME,
    SHORTEST_HEARD,
    in_digits,
    is_like,
    is_pieced,
    matches,
    sounds_like,
    window,
    without_spans,
)
from query_generator.questions.name_vocabulary import is_ordinary, known_words, words_of
from query_generator.questions.spoken_name import spoken_name
from query_generator.questions.title_aliases import add_title, category_words

_DIGIT_IN_WORD = re.compile(r"(?<=[^\W\d_])[013457]|[013457](?=[^\W\d_])")
_SHORTEST_TITLE = 6  # folded characters of a title of several words
_SHORTEST_PIECE = 3  # letters of a piece of a name with a typing error
Span = tuple[int, int]


class OwnNames:
    """The names of one product. What it needs is made on first use; safe to share between threads."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._last: tuple[str, tuple[Span, ...]] = ("", ())

    @cached_property
    def spoken(self) -> str:
        """The short name that people say, as "Sony WH-1000XM5"."""
        return spoken_name(self._product)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """The folded tokens of title and brand, those of what an accessory is for among them."""
        return frozenset((*fold(self._product.name), *fold(self._product.brand)))

    def found(self, question: str) -> str:
        """Return what a question calls the product, as it stands there; "" if it names neither brand nor product.

        Accents, case, look-alike letters, spacing, hyphens, possessive and plural make no difference, nor does one
        typing error in names of six letters and more. A brand that is a common word counts only where it is meant as
        a brand. What an accessory is for ("for iPhone 15") is no name of its own.
        """
        tokens = fold(question)
        squeezed = "".join(tokens)
        if not self._may_name(question, tokens, squeezed):
            return ""
        spans = self._known_spans(question)
        start, end = max(spans, key=lambda span: (span[1] - span[0], -span[0]), default=(0, 0))
        return question[start:end]

    def mentioned(self, question: str) -> str:
        """Return what a question calls the product or its kind in the title's words, "" if nothing: for branded slots.

        Wider than `found`: a title of common words ("Cat Food"), and a brand that is one, count in any use.
        """
        if found := self.found(question):
            return found
        tokens = located(question)
        squeezed = "".join(token for token, _, _ in tokens)
        wide = self._titles | self._aliases.plain | self._aliases.phrases | self._aliases.line_words | self._one_word
        for name in sorted(wide, key=lambda name: (-len(name), name)):
            for _, _, start, end in matches(name, squeezed, tokens, self._aliases.own_splits):
                return question[start:end]
        start, end = window(fold(self._product.name), tokens)
        return question[start:end]

    def masked(self, question: str) -> str:
        """Return a question with `_` for each name, so that two questions can be compared without them.

        Names beside each other ("Samsung Galaxy S24") are one; a title of common words counts in any use.
        """
        tokens = fold(question)
        if not self._may_name(question, tokens, "".join(tokens)):
            return question
        spans = {*self._known_spans(question), *self._title_spans(located(question))}
        return without_spans(question, spans)

    def _may_name(self, question: str, tokens: list[str], squeezed: str) -> bool:
        """Return whether a closer look is worth its time: quick, and never wrong where it says no."""
        is_ascii = question.isascii()
        for name in self._ascii_names if is_ascii else self._quick_names:
            if name in squeezed:
                return True
        if not question[1:].islower() and any(pair in squeezed for pair in self._aliases.pairs):
            return True
        if self._like and not known_words().issuperset(tokens) and self._may_be_misspelled(tokens):
            return True
        if self._sounds and self._may_sound(question, tokens, is_ascii=is_ascii):
            return True
        if _DIGIT_IN_WORD.search(question) is None:
            return False
        plain = squeezed.translate(LEET)
        return any(name in plain for name in self._names)

    def _may_be_misspelled(self, tokens: list[str]) -> bool:
        known, lengths = known_words(), self._like_lengths
        for place, token in enumerate(tokens):
            if token in known or len(token) < _SHORTEST_PIECE or not token.isascii() or token[0].isdigit():
                continue
            before = tokens[place - 1] + token if place else token
            after = token + tokens[place + 1] if place + 1 < len(tokens) else token
            for word in (token, before, after):
                if len(word) in lengths and any(is_like(word, name) for name in self._like):
                    return True
        return False

    def _may_sound(self, question: str, tokens: list[str], *, is_ascii: bool) -> bool:
        if not is_ascii and next(self._in_other_scripts(question), None):
            return True
        return not self._product.brand.isascii() and any(map(self._is_spelled_brand, tokens))

    @cached_property
    def _aliases(self) -> Aliases:
        product = self._product
        brand = product.brand or next((value for name, value in product.attributes if name.lower() == "brand"), "")
        aliases = brand_aliases(brand)
        add_title(product, aliases)
        aliases.own_splits.update(self._title_tokens)
        return aliases

    @cached_property
    def _title_tokens(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(fold(text)) for text in (self._product.name, self.spoken))

    @cached_property
    def _names(self) -> frozenset[str]:
        aliases = self._aliases
        of_brand = aliases.strict | aliases.plain | aliases.phrases | aliases.capital
        return frozenset(of_brand | aliases.line_words | aliases.pairs | self._titles | self._one_word)

    @cached_property
    def _longest_first(self) -> tuple[str, ...]:
        return tuple(sorted(self._names, key=lambda name: (-len(name), name)))

    @cached_property
    def _quick_names(self) -> tuple[str, ...]:
        """The names that need no capitals."""
        return tuple(name for name in self._names if name not in self._aliases.pairs)

    @cached_property
    def _ascii_names(self) -> tuple[str, ...]:
        return tuple(name for name in self._quick_names if name.isascii())

    @cached_property
    def _like(self) -> frozenset[str]:
        return frozenset(self._aliases.like | self._plain_like)

    @cached_property
    def _like_lengths(self) -> frozenset[int]:
        return frozenset(len(name) + change for name in self._like for change in (-1, 0, 1))

    @cached_property
    def _plain_like(self) -> frozenset[str]:
        """Common words that are long enough for a typing error: "Essnce" is meant as "Essence" is."""
        return frozenset(name for name in self._aliases.plain if len(name) >= LONG_NAME and name.isalpha())

    @cached_property
    def _sounds(self) -> frozenset[str]:
        return frozenset(self._aliases.sounds)

    @cached_property
    def _titles(self) -> frozenset[str]:
        """The title and the spoken name, even if they are of ordinary words alone."""
        titles = ("".join(tokens) for tokens in self._title_tokens if len(tokens) > 1)
        return frozenset(title for title in titles if len(title) >= _SHORTEST_TITLE)

    @cached_property
    def _one_word(self) -> frozenset[str]:
        """The title or the spoken name, if it is a single word: a product that is called "Kiwi" has no other name."""
        return frozenset(tokens[0] for tokens in self._title_tokens if len(tokens) == 1)

    @cached_property
    def _kinds(self) -> frozenset[str]:
        """Words for what the product is, which make a brand of a common word beside them: "gap jeans"."""
        category = fold(self._product.category)
        words = {*fold(self._product.name), *category_words(self._product)} - set(fold(self._product.brand))
        said = {word for word in words if len(word) > 2 and (is_ordinary(word) or word in category)}
        return frozenset((said | set(category)) - words_of("function") - words_of("marketing"))

    def _known_spans(self, question: str) -> tuple[Span, ...]:
        """Return where names stand in a question; it is usually asked twice, to find and to mask them."""
        last = self._last
        if question != last[0]:
            last = self._last = question, tuple(self._spans(question, located(question)))
        return last[1]

    def _spans(self, question: str, tokens: list[Token]) -> Iterator[Span]:
        yield from self._exact(question, tokens, "".join(token for token, _, _ in tokens))
        yield from self._misspelled(question, tokens)
        if not question.isascii():
            yield from self._in_other_scripts(question)
        if not self._product.brand.isascii():
            yield from self._in_latin_letters(tokens)
        if any(token.isdigit() for token, _, _ in tokens):
            yield from in_digits(self._aliases.strict, question, tokens, self._aliases.own_splits)

    def _exact(self, question: str, tokens: list[Token], squeezed: str) -> Iterator[Span]:
        aliases = self._aliases
        found: list[Span] = []
        for name in self._longest_first:
            if name not in squeezed:
                continue
            for first, last, start, end in matches(name, squeezed, tokens, aliases.own_splits):
                is_within = any(begin <= start and end <= until for begin, until in found)
                if not is_within and self._is_meant(name, question, tokens, first, last):
                    found.append((start, end))
                    yield start, end

    def _is_meant(self, name: str, question: str, tokens: list[Token], first: int, last: int) -> bool:
        """Return whether a folded name that stands in a question is meant as the name."""
        aliases = self._aliases
        if name.isdigit() and tokens[last + 1 : last + 2] and tokens[last + 1][0] in words_of("sizes"):
            return False
        if is_fixed_phrase(tokens, first, last):
            return False
        if name in aliases.strict:
            is_word = is_pieced(tokens[first : last + 1], aliases.own_splits)
            is_named = not is_word or (first > 0 and tokens[first - 1][0] == "the")
            return is_named or names_brand(question, tokens, first, last, self._kinds)
        if name in aliases.plain:
            return names_brand(question, tokens, first, last, self._kinds)
        if name in aliases.phrases:
            return names_phrase(question, tokens, first, last, self._kinds)
        if name in aliases.capital:
            return is_in_capitals(question, tokens, first, last)
        if name in aliases.line_words:
            return names_line(question, tokens, first, last, self._kinds)
        text = question[tokens[first][1] : tokens[last][2]]
        if text in (self._product.name, self.spoken):
            return is_capitalized(question, tokens, first, (first, last))
        return last > first and all(
            is_capitalized(question, tokens, place, (first, last))
            for place in range(first, last + 1)
            if tokens[place][0] not in words_of("function")
        )

    def _title_spans(self, tokens: list[Token]) -> Iterator[Span]:
        squeezed = "".join(token for token, _, _ in tokens)
        for title in self._titles:
            yield from ((start, end) for _, _, start, end in matches(title, squeezed, tokens, self._aliases.own_splits))

    def _misspelled(self, question: str, tokens: list[Token]) -> Iterator[Span]:
        """Yield words, and pairs of words, in no list that are a long name but for one letter."""
        like = self._aliases.like
        if not self._like:
            return
        for place, (token, start, end) in enumerate(tokens):
            if token in known_words() or not token.isalpha():
                continue
            if any(is_like(token, name) for name in like) or (
                any(is_like(token, name) for name in self._plain_like)
                and names_brand(question, tokens, place, place, self._kinds)
            ):
                yield start, end
            for other in tokens[max(0, place - 1) : place] + tokens[place + 1 : place + 2]:
                if len(token) >= _SHORTEST_PIECE:
                    pair = other[0] + token if other[1] < start else token + other[0]
                    if any(is_like(pair, name) for name in like):
                        yield min(start, other[1]), max(end, other[2])

    def _in_other_scripts(self, question: str) -> Iterator[Span]:
        """Yield words, and pairs of words, of other scripts that sound like the brand."""
        keys = self._sounds
        runs = list(foreign_runs(question)) if keys else []
        for place, (text, start, end) in enumerate(runs):
            if any(sounds_like(sound_key(text), key) for key in keys):
                yield start, end
            if place and start - runs[place - 1][2] == 1:
                pair = sound_key(runs[place - 1][0]) + sound_key(text)
                if any(sounds_like(pair, key) for key in keys):
                    yield runs[place - 1][1], end

    def _in_latin_letters(self, tokens: list[Token]) -> Iterator[Span]:
        """Yield Latin words that sound like a brand of another script."""
        yield from ((start, end) for token, start, end in tokens if self._is_spelled_brand(token))

    def _is_spelled_brand(self, token: str) -> bool:
        is_unknown = len(token) >= SHORTEST_HEARD and token.isascii() and token not in known_words()
        return is_unknown and any(sounds_like(sound_key(token), key) for key in self._sounds)
