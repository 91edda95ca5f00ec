"""Tells whether a question names a product: by its brand, its title, or an alias of either, in any spelling."""

from collections.abc import Sequence
from functools import lru_cache

from query_generator.models import Product
from query_generator.questions.name_folding import fold, located
from query_generator.questions.name_matching import Letters, Span, window, without_spans
from query_generator.questions.name_spans import name_spans
from query_generator.questions.product_names import ProductNames

_PRODUCTS_KEPT = 128  # whose names are at hand: both types of a product are in flight at once
_QUESTIONS_KEPT = 64  # of each: more than two calls of 25 ask for


class _Read:
    """What was read in a question: where names stand in it, and how it reads without them, once that was asked for."""

    __slots__ = ("masked", "spans", "titles")

    def __init__(self, spans: Sequence[Span], titles: Sequence[Span]) -> None:
        self.spans = spans
        self.titles = titles
        self.masked = ""


class OwnNames:
    """The names of one product. What it needs is made on first use; safe to share between threads."""

    def __init__(self, product: Product) -> None:
        self._names = ProductNames(product)
        self._read: dict[str, _Read] = {}

    @property
    def spoken(self) -> str:
        """The short name that people say, as "Sony WH-1000XM5"."""
        return self._names.spoken

    @property
    def title_words(self) -> frozenset[str]:
        """The folded tokens of title and brand, those of what an accessory is for among them."""
        return self._names.title_words

    def found(self, question: str) -> str:
        """Return what a question calls the product, as it stands there; "" if it names neither brand nor product.

        Accents, case, look-alike letters, spacing, hyphens, possessive and plural make no difference, nor does one
        typing error in names of six letters and more. A brand that is a common word counts only where it is meant as
        a brand. What an accessory is for ("for iPhone 15") is no name of its own.
        """
        spans = self._known(question).spans
        if not spans:
            return ""
        start, end = spans[0] if len(spans) == 1 else max(spans, key=lambda span: (span[1] - span[0], -span[0]))
        return question[start:end]

    def mentioned(self, question: str) -> str:
        """Return what a question calls the product or its kind in the title's words, "" if nothing: for branded slots.

        Wider than `found`: a title of common words ("Cat Food"), and a brand that is one, count in any use.
        """
        if found := self.found(question):
            return found
        names, tokens = self._names, located(question)
        words = [word for word, _, _ in tokens]
        letters = Letters(words, "".join(words))
        for name in (name for name in names.longest_first if name in names.wide):
            for first in letters.beginnings(name):
                last = letters.end(name, first, names.aliases.own_splits)
                if last >= 0:
                    return question[tokens[first][1] : tokens[last][2]]
        start, end = window(fold(names.product.name), tokens)
        return question[start:end]

    def masked(self, question: str) -> str:
        """Return a question with `_` for each name, so that two questions can be compared without them.

        Names beside each other ("Samsung Galaxy S24") are one; a title of common words counts in any use.
        """
        read = self._known(question)
        if not read.masked:
            spans = {*read.spans, *read.titles}
            read.masked = without_spans(question, spans) if spans else question
        return read.masked

    def _known(self, question: str) -> _Read:
        """Return what was read in a question; it is usually asked several times, to find and to mask names."""
        read = self._read.get(question)
        if read is None:
            if len(self._read) >= _QUESTIONS_KEPT:
                self._read.clear()
            read = self._read[question] = _Read(*name_spans(self._names, question))
        return read


@lru_cache(maxsize=_PRODUCTS_KEPT)
def _of(product: Product) -> OwnNames:
    return OwnNames(product)


def own_names(product: Product) -> OwnNames:
    """Return the names of a product; those of the last 128 are kept, with what was read in their questions."""
    return _of(product.without_record())
