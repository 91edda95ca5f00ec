"""Composes the questions that the grammar can ask about one product: patterns filled with its words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from random import Random
from string import Formatter
from typing import NamedTuple, TypeVar

from query_generator.llm.offline_grammar.fields import amounts, attribute_entries
from query_generator.llm.offline_grammar.native import ENGLISH, language_of, native_wording
from query_generator.llm.offline_grammar.parts import parts_of
from query_generator.llm.offline_grammar.vocabulary import entries, native, patterns
from query_generator.llm.offline_grammar.wording import Wording, wording_of
from query_generator.models import Intent, Product, QueryType, Style

_T = TypeVar("_T")

ROUNDS = 12
"""How often a pattern is filled at most, each time with other words."""
MOST_SHORT_WORDS = 10  # as in a search box
BRANDED = "branded "
_TOPICS = {"use": "uses", "feature": "features", "matter": "matters", "choice": "choices", "trouble": "troubles"}
_APART = frozenset(("use", "feature", "matter", "trouble"))
_PARTS = ("part", "part_a", "part_is", "part_does", "part_it")
_LONGEST_NATIVE_NAME, _LONGEST_NATIVE_VALUE = 12, 20  # signs of an attribute


class Written(NamedTuple):
    """A filled pattern: what it asks for, in which style, and whether it names the product or its brand."""

    text: str
    intent: Intent
    style: Style
    is_named: bool


class _Pattern(NamedTuple):
    text: str
    intent: Intent
    style: Style
    extra: Mapping[str, str]


class Composer:
    """Writes the questions of one type about a product; the same ones each time, and others for another product.

    Args:
        product: what is asked about.
        query_type: of the questions.
        existing: how many there are already; with another number they come in another order.
    """

    def __init__(self, product: Product, query_type: QueryType, existing: int = 0) -> None:
        self.language = language_of(product)
        said = wording_of(product) if self.language == ENGLISH else native_wording(product)
        self._said = said
        self._random = _drawn(product.key)
        self._slots = {**_known(said), **amounts(product)}
        self._lists: dict[str, list[Mapping[str, str]]] = {}
        if said.domain:
            for slot, topic in _TOPICS.items():
                texts = fitting(getattr(said.domain, topic), said.goods)
                self._lists[slot] = [{slot: text, f"{slot}_and": text.replace(" or ", " and ")} for text in texts]
        self._lists["part"] = [part._asdict() for part in parts_of(product)] if self.language == ENGLISH else []
        self._lists = {slot: self._ordered(values) for slot, values in self._lists.items() if values}
        # Each type has half of the topics for itself, so that both do not ask the same.
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
            if (intent in (None, pattern.intent))
            and style in (None, pattern.style)
            and is_named in (None, _names(pattern.text))
        ]
        for _ in range(ROUNDS):
            for pattern in left:
                text, words = self._filled(pattern)
                if pattern.style is not Style.SHORT or words <= MOST_SHORT_WORDS:
                    yield Written(text, pattern.intent, pattern.style, _names(pattern.text))
            left = [pattern for pattern in left if not _slots_of(pattern.text).isdisjoint(self._lists)]

    def _in_order(self, product: Product, query_type: QueryType) -> list[_Pattern]:
        """The patterns whose slots are all known, those about the product's own fields and domain first."""
        if self.language != ENGLISH:
            sources = [entries(native()[self.language][query_type])]
        else:
            general, domain = patterns(), self._said.domain
            sources = [entries(general["parts"][query_type])]
            if domain:
                own = domain.product if query_type is QueryType.PRODUCT else domain.market
                sources += [entries(own), entries(general[query_type])]
            if not (domain and self._said.goods):
                sources.append(entries(general["unknown kind"][query_type]))
        found = [[self._pattern(*entry) for entry in source] for source in sources]
        if query_type is QueryType.PRODUCT:
            found.insert(0, [self._pattern(*entry) for entry in self._about_attributes(product)])
        queues = [self._ordered(pattern for pattern in some if self._is_known(pattern)) for some in found]
        return list(_in_turn(queues))

    def _about_attributes(self, product: Product) -> Iterator[tuple[str, str, str, Mapping[str, str]]]:
        if self.language == ENGLISH:
            for intent, style, text, extra in attribute_entries(product):
                yield intent, style, text, extra
        else:
            for name, value in product.attributes:
                if len(name) <= _LONGEST_NATIVE_NAME and len(value) <= _LONGEST_NATIVE_VALUE:
                    for intent, style, text in entries(native()[self.language]["attributes"]):
                        yield intent, style, text, {"attr": name, "value": value}

    def _pattern(self, intent: str, style: str, text: str, extra: Mapping[str, str] | None = None) -> _Pattern:
        return _Pattern(text, Intent(intent.removeprefix(BRANDED)), Style(style), extra or {})

    def _is_known(self, pattern: _Pattern) -> bool:
        slots = {slot.lower() for slot in _slots_of(pattern.text)}
        if self._said.is_goods and "x" in slots and not slots.isdisjoint(("goods", "kinds")):
            return False  # cucumbers against other cucumbers
        known = self._slots.keys() | self._lists.keys() | pattern.extra.keys()
        known = known | {"choice_and"} if "choice" in known else known
        return slots <= (known | set(_PARTS) if "part" in known else known)

    def _filled(self, pattern: _Pattern) -> tuple[str, int]:
        """The text, and its number of words with the name as one."""
        slots = {**self._slots, **pattern.extra}
        wanted = {slot.lower().partition("_")[0] for slot in _slots_of(pattern.text)}
        for slot in sorted(wanted & self._lists.keys()):
            values = self._lists[slot]
            slots |= values[self._next[slot] % len(values)]
            self._next[slot] += 1
        forms = self._said.bare if pattern.style is Style.SHORT else self._said.names
        slots["x"] = forms[int(self._random() * len(forms))]
        text = pattern.text
        for slot in _slots_of(text):
            if slot not in slots:
                slots[slot] = _capitalized(slots[slot.lower()])
        unnamed = text.format_map({**slots, "x": "_", "X": "_"})
        return _capitalized(text.format_map(slots)), len(unnamed.split())

    def _ordered(self, items: Iterable[_T]) -> list[_T]:
        return sorted(items, key=lambda _: self._random())


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


def _names(text: str) -> bool:
    return not _slots_of(text).isdisjoint(("x", "X", "brand", "Brand"))


@cache
def _slots_of(text: str) -> frozenset[str]:
    return frozenset(slot for _, slot, _, _ in Formatter().parse(text) if slot)


def _capitalized(text: str) -> str:
    first = text[:1]
    return text if text[1:2].isupper() else first.upper() + text[1:]  # iPhone


def _in_turn(queues: Sequence[Sequence[_Pattern]]) -> Iterator[_Pattern]:
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue):
                yield queue[place]
