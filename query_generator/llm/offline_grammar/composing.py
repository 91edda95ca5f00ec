"""Composes the questions that the grammar can ask about one product: patterns filled with its words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from query_generator.llm.offline_grammar.fields import (
    LONGEST_ATTRIBUTE_NAME,
    LONGEST_ATTRIBUTE_VALUE,
    MOST_ATTRIBUTES,
    attribute_forms,
    is_askable,
)
from query_generator.llm.offline_grammar.forms import Form
from query_generator.llm.offline_grammar.latin import ENGLISH
from query_generator.llm.offline_grammar.native import UNSPACED
from query_generator.llm.offline_grammar.topics import drawn, in_order, share, words_for
from query_generator.llm.offline_grammar.vocabulary import Domain, native, patterns
from query_generator.models import Intent, Product, QueryType, Style

ROUNDS = 12
"""How often a pattern is filled at most, each time with other words."""
MOST_SHORT_WORDS = 10  # as in a search box
FEWEST_WORDS = 3
_NATIVE_LIMITS = 12, 20  # signs of an attribute's name and value, without spaces between words
_NOTHING: Mapping[str, str] = {}
_OF_ATTRIBUTES = frozenset(("attr", "value"))


class Written(NamedTuple):
    """A filled pattern: what it asks for, in which style, and whether it names the product or its brand."""

    text: str
    intent: Intent
    style: Style
    is_named: bool


class _Pattern(NamedTuple):
    form: Form
    extra: Mapping[str, str]


class Composer:
    """Writes the questions of one type about a product; the same ones each time, and others for another product.

    Args:
        product: what is asked about.
        query_type: of the questions.
        language: of the questions, as `language_of` tells.
        turn: with another number they come in another order.
    """

    def __init__(self, product: Product, query_type: QueryType, language: str, turn: int = 0) -> None:
        self._words = words_for(product, language)
        self.language, self._said = language, self._words.said
        self._lists = {slot: share(slot, values, query_type) for slot, values in self._words.lists.items()}
        self._next = dict.fromkeys(self._lists, 0)
        self._random = drawn(f"{product.key}|{query_type}|{turn or ''}")
        self._patterns = self._usable_patterns(product, query_type)
        self._by_group: dict[tuple[Intent, Style], list[_Pattern]] = {}
        for pattern in self._patterns:
            self._by_group.setdefault((pattern.form.intent, pattern.form.style), []).append(pattern)

    @property
    def subject(self) -> str:
        """What all questions are about."""
        return self._said.goods

    def for_group(self, intent: Intent, style: Style, *, is_named: bool | None = None) -> Iterator[Written]:
        """What is for one intent in one style, the best first."""
        return self._written(self._by_group.get((intent, style), []), is_named)

    def questions(self, *, is_named: bool | None = None) -> Iterator[Written]:
        """All that there is to ask, or all that does or does not name the product, the best first."""
        return self._written(self._patterns, is_named)

    def _written(self, patterns: Iterable[_Pattern], is_named: bool | None) -> Iterator[Written]:
        left = [pattern for pattern in patterns if is_named is None or is_named is pattern.form.is_named]
        for _ in range(ROUNDS):
            for form, extra in left:
                slots = self._slots(form, extra)
                text = form.filled(slots)
                if form.style is not Style.SHORT or self._is_short(text, form, slots):
                    yield Written(text, form.intent, form.style, form.is_named)
            left = [pattern for pattern in left if not pattern.form.needs.isdisjoint(self._lists)]

    def _usable_patterns(self, product: Product, query_type: QueryType) -> list[_Pattern]:
        """The patterns whose slots are all known, those about the product's own fields and domain first."""
        known = frozenset(self._words.slots.keys() | self._lists.keys())
        found = list(_usable(self.language, self._said.domain, query_type, known, self._said.is_goods))
        if query_type is QueryType.PRODUCT:
            own = [
                _Pattern(*each) for each in self._about_attributes(product) if each[0].needs <= known | _OF_ATTRIBUTES
            ]
            found.insert(0, tuple(own))
        return list(_in_turn([in_order(some, self._random) for some in found]))

    def _about_attributes(self, product: Product) -> Iterator[tuple[Form, Mapping[str, str]]]:
        if self.language == ENGLISH:
            yield from attribute_forms(product)
        else:
            limits = _NATIVE_LIMITS if self.language in UNSPACED else (LONGEST_ATTRIBUTE_NAME, LONGEST_ATTRIBUTE_VALUE)
            for name, value in product.attributes[:MOST_ATTRIBUTES]:
                if len(name) <= limits[0] and len(value) <= limits[1] and is_askable(name, value):
                    for form in native()[self.language]["attributes"]:
                        yield form, {"attr": name, "value": value}

    def _slots(self, form: Form, extra: Mapping[str, str]) -> dict[str, str]:
        slots = {**self._words.slots, **extra}
        for slot in form.needs & self._lists.keys():
            values = self._lists[slot]
            slots |= values[self._next[slot] % len(values)]
            self._next[slot] += 1
        names = self._said.bare if form.style is Style.SHORT else self._said.names
        at = int(self._random() * len(names))
        slots["x"], slots["x_bare"] = names[at], self._said.bare[min(at, len(self._said.bare) - 1)]
        return slots

    def _is_short(self, text: str, form: Form, slots: Mapping[str, str]) -> bool:
        """Whether it has few words with the name as one, but more than a name."""
        if self.language not in UNSPACED and len(text.split()) < FEWEST_WORDS:
            return False
        return len(form.filled({**slots, "x": "_", "x_bare": "_"}).split()) <= MOST_SHORT_WORDS


@cache
def _usable(
    language: str, domain: Domain | None, query_type: QueryType, known: frozenset[str], is_goods: bool
) -> tuple[tuple[_Pattern, ...], ...]:
    """The patterns of each source whose slots are all known; there are few combinations in a catalog."""
    general = patterns()
    if language != ENGLISH:
        sources = [native()[language][query_type]]
    else:
        sources = [general["parts"][query_type]]
        if domain:
            own = domain.product if query_type is QueryType.PRODUCT else domain.market
            shared = (form for sort in domain.sorts for form in general[sort][query_type])
            # Two turns for what topics vary: the others are the same for all products of a kind.
            varied = general["general"][query_type]
            sources += [(*own, *shared), varied[0::2], varied[1::2]]
        if not (domain and "goods" in known):
            sources.append(general["unknown kind"][query_type])
    # No cucumbers against other cucumbers.
    return tuple(
        tuple(
            _Pattern(form, _NOTHING) for form in some if form.needs <= known and not (is_goods and form.is_against_kind)
        )
        for some in sources
    )


def _in_turn(queues: Sequence[Sequence[_Pattern]]) -> Iterator[_Pattern]:
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue):
                yield queue[place]
