"""Asks a small model for one question at a time: its opener is given, and it stops at the question mark. Pure.

What decides on a weak model is one facet a call, the opener, and the end at the mark: 8 to 10 output tokens a good
question instead of hundreds, measured on a model of 135 million parameters. It goes on from whatever stands last, so
that the opener ends where the topic, which stands in the prompt, goes on. `openers.json` has for each an opener and its
topic, `|` between them, in the slots of `small_topics`. They are English; a product whose texts are in another language
gets none, and the model begins the question itself.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

from query_generator.llm.base import Prompt
from query_generator.models import Facets, Product, QueryType, SlotGroup, Style
from query_generator.questions.language import ENGLISH, asked_language
from query_generator.questions.plan import about
from query_generator.questions.small_model_before import VERSION as FORMER_VERSION
from query_generator.questions.small_model_before import former_prompt
from query_generator.questions.small_topics import topics_for, words_for

VERSION = "3 small"
"""Of new jobs; another wording, and other openers, need another one."""
SMALL_VERSIONS = (FORMER_VERSION, VERSION)
_LEFT_OPEN = ("{use}", "{task}")  # topics that even a weak model finds another of; what else it adds is wrong
OWN_LANGUAGE = "Write one question in the language of the product."
MOST_FACTS = 6  # attributes
MOST_DESCRIPTION = 300  # characters
MOST_SHORT_WORDS = 5  # of an opener for a short question, with the slots
_MEASURE = re.compile(r"(?!\d{6})[\d.,x×/-]+[a-zA-Z\"″%]{0,4}")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_])[\w+/=:-]{8,}|\d{6,}|[\w+/=-]*(?:[a-z]+[A-Z]+){3}[\w+/=-]*|\w+://.*")


def small_prompt(
    product: Product,
    query_type: QueryType,
    group: SlotGroup,
    number: int,
    locale: str = "",
    *,
    version: str = VERSION,
    is_led: bool = False,
) -> tuple[Prompt, str]:
    """Build the prompt for one question of a group, and its opener, which may be empty.

    Neither tells the model more than it can use, since it repeats what it is told: an unbranded question gets no name,
    and who asks shows in the topic alone.

    Args:
        product: what the question is for.
        query_type: its type.
        group: whose question it is.
        number: of the call for the item, so that calls differ.
        locale: of the question, as BCP 47; "" is the language of the product's texts.
        version: of the prompt, one of SMALL_VERSIONS.
        is_led: tell how the opener goes on, also where that is left to the model at first.
    """
    if version == FORMER_VERSION:
        return former_prompt(product, query_type, group, number, locale)
    opener, topic, is_open = _opener(product, query_type, group, number, locale)
    if opener:
        begun = opener if is_open and not is_led else f"{opener} {topic}"
        told = [*_facts(product, is_named=group.facets.branded), f"Topic: {topic}", f"Complete: {begun} ..."]
    else:
        start = (
            group.starts_from[number % len(group.starts_from)] if group.starts_from else about(query_type, group.key)
        )
        own = f"Write one question in the language of the locale {locale}." if locale else OWN_LANGUAGE
        told = [*_facts(product, is_named=True), f"Topic: {start}", own]
    return Prompt("You write one short question about a product. No answer.", "\n".join(told), VERSION), opener


def _facts(product: Product, *, is_named: bool) -> list[str]:
    """Return what is told of a product, without codes; of one that is not named its kind."""
    kind = words_for(product).get("kind", product.category)
    if not is_named:
        return [f"Product: {kind}"]
    named = (("Product", product.name), ("Brand", product.brand), ("Kind", kind))
    facts = [*named, *product.attributes[:MOST_FACTS], ("About", product.description[:MOST_DESCRIPTION])]
    return [f"{name}: {value}" for name, value in facts if value and (name == "Product" or not _holds_code(value))]


def _holds_code(value: str) -> bool:
    """Whether a text holds what no shopper says: a key, an id, a hash, the code of an article, an address."""
    words = (word.strip(",;.()") for word in value.split())
    return any(_CODE.fullmatch(word) and not _MEASURE.fullmatch(word) for word in words)


def _opener(
    product: Product, query_type: QueryType, group: SlotGroup, number: int, locale: str
) -> tuple[str, str, bool]:
    """Return an opener whose slots are all known, by turns, its topic, and whether that is left to the model."""
    language = asked_language(product, locale)
    if language is not None and language.languages[0] != ENGLISH:
        return "", "", False
    slots = {**words_for(product), **_topics(product, query_type, number)}
    for openers in _openers_of(group.facets):
        if known := [entry for entry in openers if _slots_of(entry) <= slots.keys()]:
            break
    else:
        return "", "", False
    digest = hashlib.sha256(f"{product.key}|{group.key}".encode(errors="replace")).digest()
    entry = known[(digest[0] + number) % len(known)]
    opener, _, topic = entry.format_map(slots).partition(" | ")
    return opener, topic, entry.endswith(_LEFT_OPEN)


@cache
def _openers_of(facets: Facets) -> Sequence[Sequence[str]]:
    """Return the openers of an intent that fit the style, and then all; of two sentences only for that style."""
    begins = "branded" if facets.branded else "unbranded"
    every = _openers()[begins][facets.intent]
    if facets.style is Style.CONVERSATIONAL:
        return _openers()[f"{begins} conversational"][facets.intent], every
    short = [entry for entry in every if len(entry.partition(" | ")[0].split()) <= MOST_SHORT_WORDS]
    return (short, every) if facets.style is Style.SHORT else (every,)


def _topics(product: Product, query_type: QueryType, number: int) -> Mapping[str, str]:
    """Return a topic of each sort; the two types begin at different ends."""
    chosen = {}
    for slot, topics in topics_for(product).items():
        ordered = topics if query_type is QueryType.PRODUCT else topics[::-1]
        chosen[slot] = ordered[number % len(ordered)]
    if "choice" in chosen:
        chosen["choice_and"] = chosen["choice"].replace(" or ", " and ")
    return chosen


@cache
def _slots_of(text: str) -> frozenset[str]:
    return frozenset(slot for _, slot, _, _ in Formatter().parse(text) if slot)


@cache
def _openers() -> Mapping[str, Mapping[str, Sequence[str]]]:
    openers: dict[str, Any] = json.loads(Path(__file__).with_name("openers.json").read_text(encoding="utf-8"))
    return openers
