"""What fills the slots of patterns for one product: words of its own, and topics of its domain."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import NamedTuple, TypeVar

from query_generator.llm.offline_grammar.fields import amounts
from query_generator.llm.offline_grammar.latin import ENGLISH
from query_generator.llm.offline_grammar.native import native_wording
from query_generator.llm.offline_grammar.parts import parts_of
from query_generator.llm.offline_grammar.verbs import gerund, plural_person, third_person
from query_generator.llm.offline_grammar.vocabulary import words
from query_generator.llm.offline_grammar.wording import Wording, wording_of
from query_generator.models import Product, QueryType

_T = TypeVar("_T")

_TASK = re.compile(r"[a-z-]+ing\b")
_BEHIND_HEAD = re.compile(r" (?:of|in|on|when|with|over|at|to) ")
_TOPICS = {"use": "uses", "feature": "features", "matter": "matters", "choice": "choices", "trouble": "troubles"}
_OF_KNOWN_GOODS = frozenset(("feature", "choice", "trouble"))  # nobody fears that a shaver will smudge
_METALS = words("steel iron metal aluminium aluminum copper brass")
_MATERIAL = re.compile(
    r"\b(?:steel|iron|metal|alumini?um|copper|brass|wood|wooden|bamboo|plastic|silicone|glass|ceramic|porcelain|cork)\b"
)
_OF_MATERIAL = {
    "rust": _METALS,
    "bend": _METALS | words("plastic silicone"),
    "chip": words("glass ceramic porcelain wood wooden"),
}
_APART = frozenset(("use", "feature", "matter", "trouble"))


class Words(NamedTuple):
    """What fills the slots for one product: one word each, or lists in an order of the product's own."""

    said: Wording
    slots: Mapping[str, str]
    lists: Mapping[str, Sequence[Mapping[str, str]]]


@lru_cache(maxsize=256)  # each product is asked about twice
def words_for(product: Product, language: str) -> Words:
    """Find the words, for both types of questions."""
    said = wording_of(product) if language == ENGLISH else native_wording(product, language)
    lists: dict[str, list[Mapping[str, str]]] = {}
    if said.domain:
        for slot, topic in _TOPICS.items():
            if said.goods or slot not in _OF_KNOWN_GOODS:
                lists[slot] = [{slot: text} for text in fitting(getattr(said.domain, topic), said.goods)]
        lists["task"] = [{"task": each["use"]} for each in lists["use"] if _TASK.match(each["use"])]
        lists["choice"] = [
            {**each, "choice_and": each["choice"].replace(" or ", " and ")} for each in lists.get("choice", ())
        ]
        lists["matter"] = [_matter(each["matter"]) for each in lists["matter"]]
        made_of = _MATERIAL.findall(f"{product.name} {product.description} {product.attributes}".lower())
        troubles = [each["trouble"] for each in lists.get("trouble", ())]
        lists["trouble"] = [_trouble(text, said) for text in troubles if _can_happen(text, made_of)]
    lists["part"] = [part._asdict() for part in parts_of(product)] if language == ENGLISH else []
    draw = drawn(product.key)
    ordered = {slot: in_order(values, draw) for slot, values in lists.items() if values}
    return Words(said, {**_known(said), **amounts(product, language)}, ordered)


def can_be_had(feature: str) -> bool:
    """Whether a thing can be said to come with a feature."""
    return not feature.startswith(("no ", "fewer "))


def _can_happen(trouble: str, made_of: Sequence[str]) -> bool:
    """Whether a product of these materials can have a trouble; where none is told, each can be."""
    return (
        not made_of
        or trouble.split()[0] not in _OF_MATERIAL
        or not _OF_MATERIAL[trouble.split()[0]].isdisjoint(made_of)
    )


def _matter(text: str) -> Mapping[str, str]:
    head = _BEHIND_HEAD.split(text, maxsplit=1)[0]
    if head.endswith("s") and not head.endswith("ss"):
        return {"matter": text, "matter_is": "are", "matter_does": "do", "matter_it": "they"}
    return {"matter": text, "matter_is": "is", "matter_does": "does", "matter_it": "it"}


def _trouble(text: str, said: Wording) -> Mapping[str, str]:
    of_x = (plural_person if said.plural else third_person)(text)
    of_goods = (plural_person if said.countable else third_person)(text)
    return {"trouble": text, "trouble_x": of_x, "trouble_goods": of_goods, "trouble_ing": gerund(text)}


def share(slot: str, values: Sequence[Mapping[str, str]], query_type: QueryType) -> Sequence[Mapping[str, str]]:
    """Of some topics each type has half for itself, so that both do not ask the same."""
    if slot in _APART:
        halves = values[0::2], values[1::2]
        values = halves[query_type is QueryType.MARKET] or values
    if slot == "feature" and query_type is QueryType.PRODUCT:
        values = [each for each in values if can_be_had(each[slot])] or values
    return values


def in_order(items: Iterable[_T], draw: Callable[[], float]) -> list[_T]:
    """The items in an order of the draw's own."""
    return sorted(items, key=lambda _: draw())


def drawn(seed: str) -> Callable[[], float]:
    """Numbers from 0 to 1, the same for a seed in every release of Python."""
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
    singular = {"is": "is", "does": "does", "them": "it", "they": "it"}
    singular |= {"has": "has", "arrives": "arrives"}
    plural = {"is": "are", "does": "do", "them": "them", "they": "they"}
    plural |= {"has": "have", "arrives": "arrive"}
    known = {**(plural if said.plural else singular), "x": said.names[0]}
    known |= {"goods": said.goods, "kinds": said.goods if said.countable else "", "brand": said.brand}
    if said.goods:
        known |= {"goods_are": "are" if said.countable else "is", "goods_do": "do" if said.countable else "does"}
        known |= {"goods_have": "have" if said.countable else "has"}
    return {slot: word for slot, word in known.items() if word}
