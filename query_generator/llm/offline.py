"""The provider that needs no key and no network: questions from the product's own fields, by grammar."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from string import Formatter
from typing import NamedTuple

from query_generator.errors import SkippableError
from query_generator.llm.adapter import Adapter
from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.llm.offline_grammar.fields import amounts, attribute_frames, claims, material
from query_generator.llm.offline_grammar.vocabulary import frames, words
from query_generator.llm.offline_grammar.wording import wording_of
from query_generator.models import Intent, Product, QueryType, SlotGroup, Style

SHORTEST_QUESTION, LONGEST_QUESTION = 15, 200
LANGUAGE = "en"
SPARE = 4  # times as many are written as a plan needs, since they cost nothing and not each one fits
SAME_QUESTION = 0.5
"""Share of common words from which two questions count as one; set by reading the pairs that it drops."""

_FILLERS = words(
    "a an the is are do does did has have can could would will should i my me to of for in on at with and or it its "
    "them their there be by as when you from if than really so "
    "what which who how where why"
)


class OfflineProvider:
    """Writes questions by grammar: the same request always gives the same texts, at no cost.

    Products with many fields get questions about those first. A reply is shorter than the request's `count` where the
    grammar has no more distinct questions; a product with nothing but a name has at least 60 of each type.
    """

    name = "offline"
    model = "grammar-1"

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write the questions; never bills a token.

        Raises:
            SkippableError: they are wanted in another language.
        """
        if request.locale and request.locale.partition("-")[0] != LANGUAGE:
            raise SkippableError(
                f"the offline provider writes English alone, not {request.locale}: leave --locale out, or give another "
                "--provider"
            )
        product_words = _words(f"{request.product.name} {request.product.brand}")
        excluded = {_squeeze(text) for text in request.exclusions}
        seen = [_words(text) - product_words for text in request.exclusions]
        wanted = request.count * (SPARE if request.groups else 1)
        chosen: list[Written] = []
        for written in _questions(request.product, request.query_type):
            if len(chosen) >= wanted:
                break
            asked = _words(written.text) - product_words
            if _squeeze(written.text) not in excluded and not any(_alike(asked, other) for other in seen):
                seen.append(asked)
                chosen.append(written)
        return GenerationReply(
            tuple(written.text for written in chosen),
            self.name,
            self.model,
            keys=_keys(request.groups, chosen),
            locale=LANGUAGE,
        )


def _keys(groups: Sequence[SlotGroup], chosen: Sequence["Written"]) -> tuple[str, ...]:
    """Return for each text the group that it surely belongs to, until that is full; a grammar plays no persona."""
    left = {group.key: group.count for group in groups if group.facets.style is Style.PLAIN}
    keys = []
    for written in chosen:
        fitting = (
            group.key
            for group in groups
            if left.get(group.key) and (group.facets.intent, group.facets.branded) == (written.intent, written.is_named)
        )
        key = next(fitting, "")
        if key:
            left[key] -= 1
        keys.append(key)
    return tuple(keys) if groups else ()


_Frame = tuple[str, Mapping[str, str]]  # with words of its own for some slots


class Written(NamedTuple):
    """A filled frame: whether it names the product or its brand, and what it asks for, where the frames tell that."""

    text: str
    is_named: bool
    intent: Intent | None = None


class _Filling:
    """Fills frames with the words for one product."""

    def __init__(self, product: Product) -> None:
        said = wording_of(product)
        self._product = product
        self._names = (said.plain, said.plain, said.branded)
        self._unbranded = said.unbranded
        self.domain = said.domain
        agreeing = ("are", "do", "them", "their") if said.plural else ("is", "does", "it", "its")
        known = dict(zip(("is", "does", "them", "its"), agreeing, strict=True))
        known |= {"Is": known["is"].capitalize(), "Does": known["does"].capitalize()}
        known |= {"goods": said.goods, "kinds": said.goods if said.countable else "", "category": said.category}
        known |= {"brand": said.brand, "material": material(product), **amounts(product)}
        self._slots = {slot: word for slot, word in known.items() if word}

    def __call__(self, texts: Iterable[str]) -> Iterator[Written]:
        """The frames whose slots are all known, filled, in an order of the product's own."""
        return self._in_order((frame, {}) for frame in texts)

    def attributes(self) -> Iterator[Written]:
        """The frames about attributes, filled."""
        return self._in_order(attribute_frames(self._product), Intent.LEARN)

    def claims(self, texts: tuple[str, ...]) -> Iterator[Written]:
        """The frames about claims, each filled with a claim of its own."""
        entries = ((frame, {"claim": claim}) for frame, claim in zip(texts, claims(self._product), strict=False))
        return self._in_order(entries, Intent.TRUST)

    def _in_order(self, entries: Iterable[_Frame], intent: Intent | None = None) -> Iterator[Written]:
        ranked = sorted((self._rank(frame, extra), frame, dict(extra)) for frame, extra in entries)
        for rank, frame, extra in ranked:
            name = self._unbranded if "{brand}" in frame else self._names[rank[0] % len(self._names)]
            slots = {**self._slots, **extra, "x": name}
            if slots.keys() >= _slots_of(frame):
                is_named = not _slots_of(frame).isdisjoint(("x", "brand"))
                asks_for = intent or (Intent.PRICE if frame in _frames_of_price() else None)
                yield Written(frame.format_map(slots), is_named, asks_for)

    def _rank(self, frame: str, extra: Mapping[str, str]) -> bytes:
        return hashlib.sha256("|".join((self._product.key, frame, *extra.values())).encode()).digest()


@cache
def _frames_of_price() -> frozenset[str]:
    return frozenset(frame for kind in QueryType for frame in frames(kind)["price"])


@cache
def _slots_of(frame: str) -> frozenset[str]:
    return frozenset(slot for _, slot, _, _ in Formatter().parse(frame) if slot)


def _questions(product: Product, query_type: QueryType) -> Iterator[Written]:
    """All that the grammar can ask, sources interleaved, specific ones first."""
    fill = _Filling(product)
    sources = _product_sources(fill) if query_type is QueryType.PRODUCT else _market_sources(fill)
    for written in _take_turns(sources):
        if SHORTEST_QUESTION <= len(written.text) <= LONGEST_QUESTION:
            yield written


def _product_sources(fill: _Filling) -> tuple[Iterator[Written], ...]:
    domain, lists = fill.domain, frames("product")
    core = fill(lists["core"])
    more = fill((*lists["more"], *(lists["shipped"] if domain is None or domain.made else ())))
    attributes, claimed = fill.attributes(), fill.claims(lists["claims"])
    special = fill(domain.product if domain else ())
    used = fill(lists["durable"] if domain is None or domain.lasting else ())
    made = fill((*lists["lasting"], *lists["materials"]) if domain and domain.lasting else ())
    sold = fill((*lists["price"], *lists["brand"]))
    return attributes, special, core, claimed, special, made, core, sold, attributes, used, more


def _market_sources(fill: _Filling) -> tuple[Iterator[Written], ...]:
    domain, lists = fill.domain, frames("market")
    core, more = fill(lists["core"]), fill(lists["more"])
    made = lists["made_goods"] if domain is None or domain.made else ()
    landscape = chain(fill(lists["goods_core"]), fill((*made, *lists["goods_more"], *lists["category"])))
    special = fill(domain.market if domain else ())
    price, brand = fill(lists["price"]), fill(lists["brand"])
    claimed = fill.claims(lists["claims"])
    return landscape, core, special, brand, landscape, price, claimed, landscape, special, brand, landscape, core, more


def _take_turns(sources: tuple[Iterator[Written], ...]) -> Iterator[Written]:
    """One question of each source in turn until none has any; a source listed twice has two turns a round."""
    left = list(sources)
    while left:
        for source in tuple(left):
            written = next(source, None)
            if written:
                yield written
            elif source in left:
                left = [other for other in left if other is not source]


def _squeeze(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.casefold())} - _FILLERS


def _alike(ones: set[str], others: set[str]) -> bool:
    return len(ones & others) >= SAME_QUESTION * len(ones | others)


ADAPTER = Adapter(lambda *_: OfflineProvider(), {"grammar": OfflineProvider.model})
