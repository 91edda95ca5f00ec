"""Asks a small model for one question at a time: its opener is given, and it stops at the question mark. Pure.

What decides on a weak model is one facet a call, the opener, and the end at the mark: 8 to 10 output tokens a good
question instead of hundreds, measured on a model of 135 million parameters. Openers are English; a product whose texts
are in another language gets none, and the model begins the question itself.
"""

import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from query_generator.llm.base import Prompt
from query_generator.models import Product, QueryType, SlotGroup
from query_generator.questions.language import ENGLISH, asked_language
from query_generator.questions.plan import about
from query_generator.questions.spoken_name import spoken_name

VERSION = "2 small"
OWN_LANGUAGE = "Write one question in the language of the product."
MOST_FACTS = 6  # attributes
MOST_DESCRIPTION = 300  # characters
_LEVELS = re.compile(r"\s*[>/|»›]\s*")


def small_prompt(
    product: Product, query_type: QueryType, group: SlotGroup, number: int, locale: str = ""
) -> tuple[Prompt, str]:
    """Build the prompt for one question of a group, and its opener, which may be empty.

    Args:
        product: what the question is for.
        query_type: its type.
        group: whose question it is.
        number: of the call for the item, so that calls differ.
        locale: of the question, as BCP 47; "" is the language of the product's texts.
    """
    opener = _opener(product, group, number, locale)
    facts = [f"Product: {product.name}"]
    facts += [f"{name}: {value}" for name, value in (("Brand", product.brand), ("Category", product.category)) if value]
    facts += [f"Price: {product.price} {product.currency}".rstrip()] if product.price else []
    facts += [f"{name}: {value}" for name, value in product.attributes[:MOST_FACTS]]
    facts += [product.description[:MOST_DESCRIPTION]] if product.description else []
    start = group.starts_from[number % len(group.starts_from)] if group.starts_from else about(query_type, group.key)
    own = f"Write one question in the language of the locale {locale}." if locale else OWN_LANGUAGE
    task = f'Complete this question: "{opener} ..."' if opener else own
    user = "\n".join((*facts, "", f"A shopper ({group.facets.persona}) thinks of: {start}.", task))
    return Prompt("You write one short question that a shopper asks. No answer.", user, VERSION), opener


def _opener(product: Product, group: SlotGroup, number: int, locale: str) -> str:
    language = asked_language(product, locale)
    if language is not None and language.languages[0] != ENGLISH:
        return ""
    branded = group.facets.branded
    choice: list[str] = _openers()["branded" if branded else "unbranded"][group.facets.intent]
    digest = hashlib.sha256(f"{product.key}|{group.key}".encode(errors="replace")).digest()
    frame = choice[(digest[0] + number) % len(choice)]
    kind = " ".join(_LEVELS.split(product.category)[-1].replace("-", " ").casefold().split())
    if not branded and not kind:
        return ""
    return frame.format(name=spoken_name(product), kind=kind)


@cache
def _openers() -> dict[str, Any]:
    openers: dict[str, Any] = json.loads(Path(__file__).with_name("openers.json").read_text(encoding="utf-8"))
    return openers
