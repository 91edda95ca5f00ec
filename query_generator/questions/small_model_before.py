"""The prompts of small-model mode as they were in version "2 small", for jobs that began with them. Pure."""

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
MOST_FACTS = 6  # attributes
MOST_DESCRIPTION = 300  # characters
_LEVELS = re.compile(r"\s*[>/|»›]\s*")


def former_prompt(
    product: Product, query_type: QueryType, group: SlotGroup, number: int, locale: str = ""
) -> tuple[Prompt, str]:
    """Build the prompt for one question of a group, and its opener, as `small_prompt` does."""
    opener = _opener(product, group, number, locale)
    facts = [f"Product: {product.name}"]
    facts += [f"{name}: {value}" for name, value in (("Brand", product.brand), ("Category", product.category)) if value]
    facts += [f"Price: {product.price} {product.currency}".rstrip()] if product.price else []
    facts += [f"{name}: {value}" for name, value in product.attributes[:MOST_FACTS]]
    facts += [product.description[:MOST_DESCRIPTION]] if product.description else []
    start = group.starts_from[number % len(group.starts_from)] if group.starts_from else about(query_type, group.key)
    language = f"the locale {locale}" if locale else "the product"
    task = f'Complete this question: "{opener} ..."' if opener else f"Write one question in the language of {language}."
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
    text = Path(__file__).with_name("openers_before.json").read_text(encoding="utf-8")
    openers: dict[str, Any] = json.loads(text)
    return openers
