"""Builds the prompt for a product from texts in `prompt_texts.json`. Pure and versioned.

A change of the wording, or of the facts given about a product, needs a new version: it is recorded with every question,
and a job keeps the one that it began with. The texts of earlier versions stay as they are.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from query_generator.llm.base import FIRST_PROMPT_VERSION, Prompt
from query_generator.models import Product, QueryType, SlotGroup
from query_generator.questions.names import own_names
from query_generator.questions.personas import Persona
from query_generator.questions.plan import FIRST_PLAN, NEWEST_PLAN, about, briefs

PROMPTS_WITHOUT_LOCALE = (FIRST_PROMPT_VERSION, FIRST_PLAN)
PROMPT_VERSION = NEWEST_PLAN
"""Of new jobs."""


class Part(NamedTuple):
    """Groups that a prompt asks for, and for each how many questions."""

    groups: Sequence[SlotGroup]
    asked: Sequence[int]


MAX_DESCRIPTION = 4000  # characters
MAX_ATTRIBUTES = 30


@cache
def _texts() -> dict[str, Any]:
    """Return the texts of each version; those of one that is `like` another are the same but for what it has itself."""
    given: dict[str, Any] = json.loads(Path(__file__).with_name("prompt_texts.json").read_text(encoding="utf-8"))
    return {version: {**given.get(texts.get("like", ""), {}), **texts} for version, texts in given.items()}


def prompt_versions() -> tuple[str, ...]:
    """Return the versions that prompts can be built in."""
    return tuple(_texts())


def build_prompt(product: Product, query_type: QueryType, count: int, exclusions: Sequence[str] = ()) -> Prompt:
    """Build the prompt of version 1 for a plain list of `count` questions, none of them in `exclusions`.

    Product data cannot close its own block, since `<`, `>` and `&` are written as JSON escapes in it.
    """
    texts = _texts()[FIRST_PROMPT_VERSION]
    first = texts["first_line"].format(count=count, query_type=query_type, about=texts["about"][query_type])
    parts = [first, _block("product_data", _facts(product))]
    if exclusions:
        parts.append(f"{texts['existing']}\n{_block('existing_questions', list(exclusions))}")
    return Prompt(texts["system"], "\n\n".join(parts))


def build_planned_prompt(
    product: Product,
    query_type: QueryType,
    groups: Sequence[SlotGroup],
    asked: Sequence[int],
    exclusions: Sequence[str] = (),
    avoided: Sequence[str] = (),
    personas: Sequence[Persona] = (),
    version: str = PROMPT_VERSION,
    locale: str = "",
    beside: Part | None = None,
) -> Prompt:
    """Build the prompt for the groups of a plan.

    Args:
        product: what the questions are for; its data cannot close its own block. Without a name it is a category.
        query_type: their type.
        groups: what is asked for.
        asked: for each group, how many questions.
        exclusions: questions that must not be repeated.
        avoided: patterns that too many products have; a hint.
        personas: those who ask and are not known by their names alone.
        version: any but the first.
        locale: of the questions, as BCP 47; "" is the language of the product's texts. Version 2 knows none.
        beside: branded groups of market questions that are asked for with those about the product. Not in version 2.
    """
    texts = _texts()[version]
    facts = _facts(product)
    if product.name:
        facts = {"name": facts.pop("name"), "spoken_name": own_names(product).spoken, **facts}
    described = {persona.name: persona.description for persona in personas if persona.description}
    lines = _first_lines if version == FIRST_PLAN else _lines
    indent = 1 if version == FIRST_PLAN else None
    told = [lines(product, query_type, groups, asked, described, version)]
    if beside:
        told.append(lines(product, QueryType.MARKET, beside.groups, beside.asked, described, version))
    parts = [_block("product_data", facts, indent=indent), *map("\n".join, told)]
    if locale:
        parts.append(texts["locale"].format(locale=locale))
    if exclusions:
        parts.append(f"{texts['existing']}\n{_block('existing_questions', list(exclusions))}")
    hint = f"{texts['avoid']}\n{_block('patterns', list(avoided))}" if avoided else ""
    return Prompt(_system(version, query_type, of_both=beside is not None), "\n\n".join(parts), version, hint)


@cache
def _system(version: str, query_type: QueryType, *, of_both: bool) -> str:
    """Return the standing instructions, which are the same for all products, so that a vendor's cache serves them."""
    texts = _texts()[version]
    if version == FIRST_PLAN:
        return str(texts["system"])
    told = [briefs(query_type), *([briefs(QueryType.MARKET, branded=True)] if of_both else [])]
    return str(texts["system"]).format(briefs="; ".join(told), names=texts["names"][query_type])


def _lines(
    product: Product,
    query_type: QueryType,
    groups: Sequence[SlotGroup],
    asked: Sequence[int],
    described: Mapping[str, str],
    version: str,
) -> list[str]:
    """Return what is asked for, a line for each group; none of it can begin or end a block of data."""
    texts = _texts()[version]
    lines = [texts["first_line"][query_type].format(count=sum(asked))]
    for group, count in zip(groups, asked, strict=True):
        facets, topics = group.facets, ", ".join(" ".join(start.split())[:60] for start in group.starts_from)
        line = texts["group"].format(key=group.key, count=count, style=facets.style, persona=facets.persona)
        lines.append(f"{line}; {topics}" if topics else line)
    who = {group.facets.persona for group in groups} & described.keys()
    if who:
        people = "; ".join(f"{name}: {described[name]}" for name in described if name in who)
        lines.append(texts["described"].format(people=people))
    return [_without_marks(line) for line in lines]


def _first_lines(
    product: Product,
    query_type: QueryType,
    groups: Sequence[SlotGroup],
    asked: Sequence[int],
    described: Mapping[str, str],
    version: str,
) -> list[str]:
    """Return the same in version 2, where each line says all about its group."""
    texts = _texts()[version]
    lines = [texts["first_line"][query_type].format(count=sum(asked))]
    for group, count in zip(groups, asked, strict=True):
        persona = group.facets.persona
        description = described.get(persona)
        lines.append(
            texts["group"].format(
                key=group.key,
                count=count,
                about=about(query_type, group.key),
                persona=f"{persona} ({description})" if description else persona,
                style=group.facets.style,
                starts=texts["starts"].format(starts=_as_line(group.starts_from)) if group.starts_from else "",
            )
        )
    return [*lines, texts["names"][query_type].format(spoken=_as_line([own_names(product).spoken])), texts["form"]]


def instructions(prompt: Prompt) -> tuple[str, ...]:
    """Return the sentences of a prompt that are ours, so that their echo in a question is known."""
    return tuple(line for line in prompt.system.splitlines() if line)


def _facts(product: Product) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": product.name,
        "brand": product.brand,
        "category": product.category,
        "price": f"{product.price} {product.currency}".strip() if product.price else "",
        "currency": "" if product.name else product.currency,
        "description": product.description[:MAX_DESCRIPTION],
        "attributes": dict(product.attributes[:MAX_ATTRIBUTES]),
    }
    return {name: value for name, value in facts.items() if value}


def _block(name: str, value: object, *, indent: int | None = 1) -> str:
    return f"<{name}>\n{_as_data(value, indent=indent)}\n</{name}>"


def _as_line(items: Sequence[str]) -> str:
    """List texts of the product and of ours on one line that no product can end."""
    return _as_data(", ".join(" ".join(item.split())[:60] for item in items))[1:-1]


def _as_data(value: object, *, indent: int | None = None) -> str:
    return _without_marks(json.dumps(value, ensure_ascii=False, indent=indent))


def _without_marks(text: str) -> str:
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
