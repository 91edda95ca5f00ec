"""Composes the questions that the grammar can ask about one product: patterns filled with its words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import NamedTuple, TypeVar

from query_generator.llm.offline_grammar.fields import amounts, attribute_forms
from query_generator.llm.offline_grammar.forms import Form
from query_generator.llm.offline_grammar.native import ENGLISH, language_of, native_wording
from query_generator.llm.offline_grammar.parts import parts_of
from query_generator.llm.offline_grammar.vocabulary import native, patterns
from query_generator.llm.offline_grammar.wording import Wording, wording_of
from query_generator.models import Intent, Product, QueryType, Style

_T = TypeVar("_T")

ROUNDS = 12
"""How often a pattern is filled at most, each time with other words."""
MOST_SHORT_WORDS = 10  # as in a search box
_TOPICS = {"use": "uses", "feature": "features", "matter": "matters", "choice": "choices", "trouble": "troubles"}
_APART = frozenset(("use", "feature", "matter", "trouble"))
_LONGEST_NATIVE_NAME, _LONGEST_NATIVE_VALUE = 12, 20  # signs of an attribute
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
        existing: how many there are already; with another number they come in another order.
    """

    def __init__(self, product: Product, query_type: QueryType, existing: int = 0) -> None:
        self._words = words = _words_for(product)
        self.language, self._said = words.language, words.said
        # Each type has half of the topics for itself, so that both do not ask the same.
        self._lists = dict(words.lists)
        for slot in _APART & self._lists.keys():
            halves = self._lists[slot][0::2], self._lists[slot][1::2]
            self._lists[slot] = halves[query_type is QueryType.MARKET] or self._lists[slot]
        self._next = dict.fromkeys(self._lists, 0)
        self._random = _drawn(f"{product.key}|{query_type}|{existing or ''}")
        self._patterns = self._in_order(product, query_type)

    @property
    def subject(self) -> str:
        """What all questions are about."""
        return self._said.goods

    def questions(
        self, intent: Intent | None = None, style: Style | None = None, *, is_named: bool | None = None
    ) -> Iterator[Written]:
        """All that there is to ask, or what is for one intent, in one style, or naming the product, the best first."""
        left = [
            pattern
            for pattern in self._patterns
            if (intent is None or intent is pattern.form.intent)
            and (style is None or style is pattern.form.style)
            and (is_named is None or is_named is pattern.form.is_named)
        ]
        for _ in range(ROUNDS):
            for form, extra in left:
                slots = self._slots(form, extra)
                text = form.filled(slots)
                if form.style is not Style.SHORT or _is_short(form, slots):
                    yield Written(text, form.intent, form.style, form.is_named)
            left = [pattern for pattern in left if not pattern.form.needs.isdisjoint(self._lists)]

    def _in_order(self, product: Product, query_type: QueryType) -> list[_Pattern]:
        """The patterns whose slots are all known, those about the product's own fields and domain first."""
        if self.language != ENGLISH:
            sources = [native()[self.language][query_type]]
        else:
            general, domain = patterns(), self._said.domain
            sources = [general["parts"][query_type]]
            if domain:
                own = domain.product if query_type is QueryType.PRODUCT else domain.market
                sources += [own, general["general"][query_type]]
            if not (domain and self._said.goods):
                sources.append(general["unknown kind"][query_type])
        known = self._words.slots.keys() | self._lists.keys()
        found = [[_Pattern(form, _NOTHING) for form in some if self._fits(form, known)] for some in sources]
        if query_type is QueryType.PRODUCT:
            own_fields = self._about_attributes(product)
            found.insert(0, [_Pattern(*each) for each in own_fields if self._fits(each[0], known | _OF_ATTRIBUTES)])
        return list(_in_turn([_ordered(some, self._random) for some in found]))

    def _about_attributes(self, product: Product) -> Iterator[tuple[Form, Mapping[str, str]]]:
        if self.language == ENGLISH:
            yield from attribute_forms(product)
        else:
            for name, value in product.attributes:
                if len(name) <= _LONGEST_NATIVE_NAME and len(value) <= _LONGEST_NATIVE_VALUE:
                    for form in native()[self.language]["attributes"]:
                        yield form, {"attr": name, "value": value}

    def _fits(self, form: Form, known: Set[str]) -> bool:
        # No cucumbers against other cucumbers.
        return form.needs <= known and not (self._said.is_goods and form.is_against_kind)

    def _slots(self, form: Form, extra: Mapping[str, str]) -> dict[str, str]:
        slots = {**self._words.slots, **extra}
        for slot in form.needs & self._lists.keys():
            values = self._lists[slot]
            slots |= values[self._next[slot] % len(values)]
            self._next[slot] += 1
        names = self._said.bare if form.style is Style.SHORT else self._said.names
        slots["x"] = names[int(self._random() * len(names))]
        return slots


class _Words(NamedTuple):
    """What fills the slots for one product: one word each, or lists in an order of the product's own."""

    language: str
    said: Wording
    slots: Mapping[str, str]
    lists: Mapping[str, Sequence[Mapping[str, str]]]


@lru_cache(maxsize=256)  # each product is asked about twice
def _words_for(product: Product) -> _Words:
    language = language_of(product)
    said = wording_of(product) if language == ENGLISH else native_wording(product)
    lists: dict[str, list[Mapping[str, str]]] = {}
    if said.domain:
        for slot, topic in _TOPICS.items():
            texts = fitting(getattr(said.domain, topic), said.goods)
            lists[slot] = [{slot: text, f"{slot}_and": text.replace(" or ", " and ")} for text in texts]
    lists["part"] = [part._asdict() for part in parts_of(product)] if language == ENGLISH else []
    draw = _drawn(product.key)
    ordered = {slot: _ordered(values, draw) for slot, values in lists.items() if values}
    return _Words(language, said, {**_known(said), **amounts(product)}, ordered)


def _is_short(form: Form, slots: Mapping[str, str]) -> bool:
    """Whether it has few words with the name as one."""
    return len(form.filled({**slots, "x": "_"}).split()) <= MOST_SHORT_WORDS


def _ordered(items: Iterable[_T], draw: Callable[[], float]) -> list[_T]:
    return sorted(items, key=lambda _: draw())


def _drawn(seed: str) -> Callable[[], float]:
    return Random(int.from_bytes(sha256(seed.encode(errors="surrogatepass")).digest())).random


def fitting(topics: Sequence[str], goods: str) -> list[str]:
    """Those of a domain's topics that are for any goods, or for these: `boots|skis: stiffness`, `!skis: warmth`."""
    found = []
    for topic in topics:
        only, _, text = topic.rpartition(": ")
        is_named = goods.endswith(tuple(only.removeprefix("!").split("|")))
        if not only or is_named != only.startswith("!"):
            found.append(text)
    return found


def _known(said: Wording) -> dict[str, str]:
    singular = {"is": "is", "are": "is", "does": "does", "them": "it", "they": "it", "its": "its"}
    plural = {"is": "are", "are": "are", "does": "do", "them": "them", "they": "they", "its": "their"}
    known = {**(plural if said.plural else singular), "x": said.names[0]}
    known |= {"goods": said.goods, "kinds": said.goods if said.countable else "", "brand": said.brand}
    if said.goods:
        known |= {"goods_are": "are" if said.countable else "is", "goods_do": "do" if said.countable else "does"}
        known |= {"goods_have": "have" if said.countable else "has"}
    return {slot: word for slot, word in known.items() if word}


def _in_turn(queues: Sequence[Sequence[_Pattern]]) -> Iterator[_Pattern]:
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue):
                yield queue[place]
