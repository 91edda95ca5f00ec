"""What the grammar's texts are written in: patterns of questions and domains of products, in JSON files beside this.

A pattern names what it needs by its slots and is used only where all of them are known:
`{x}` the product with its article, in short questions and as `{x_bare}` without; `{is} {does} {has} {arrives}` agreeing
with it, `{them} {they}` its pronouns; `{brand}`; `{goods}` what shoppers call this kind of thing (a plural or a mass
noun), with which `{goods_are}`, `{goods_do}` and `{goods_have}` agree, `{kinds}` the same where it is a plural;
`{price}`, `{budget}` amounts with currency, `{dear}` a price that is not small; `{attr}`, `{value}` one attribute. Of
the domain: `{use}` what or whom it is for, `{task}` one of these that is an activity, `{feature}` something to have,
`{matter}` what to look at, with which `{matter_is}`, `{matter_does}` and `{matter_it}` agree, `{choice}` and
`{choice_and}` two sorts, `{trouble}` what goes wrong, as `{trouble_x}` and `{trouble_goods}` agreeing with these, and
`{trouble_ing}`. Of the description: `{part}`, with `{part_a}`, `{part_is}`,
`{part_does}` and `{part_it}`. A slot with a capital begins a sentence.

Patterns stand under the intent of the question (after `branded` where a question about the market names brand or
product), and under its style. Another text changes what the provider replies: its model, `grammar-3`, then needs
another number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from threading import Lock
from typing import Any

from query_generator.llm.offline_grammar.forms import Form, forms

_MAKING = Lock()
Topics = Mapping[str, tuple[str, ...]]
"""Texts by what they are."""
Forms = tuple[Form, ...]


def words(text: str) -> frozenset[str]:
    """The words between white space."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """A family of products that the same questions fit.

    `nouns` are the kinds of product in it: singular for what is counted, plural for pairs (`jeans`), a leading `~` for
    mass nouns (`~rice`), `word=goods` where shoppers say another word. `categories` are words of a category that put a
    product here, unless its name holds one of `foreign`. `title` names are quoted. `by_category_alone`: such a category
    outweighs the noun of the name, as a toy car is no car. `uses` to `troubles` fill the slots of their names, some for
    certain goods only: `boots|skis: stiffness`, `!skis: warmth`; `product` and `market` are its own patterns, `sorts`
    name those that it shares with other domains.
    """

    nouns: tuple[str, ...]
    categories: tuple[str, ...]
    uses: tuple[str, ...]
    features: tuple[str, ...]
    matters: tuple[str, ...]
    choices: tuple[str, ...]
    troubles: tuple[str, ...]
    product: Forms
    market: Forms
    sorts: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    title: bool = False
    by_category_alone: bool = False


@cache
def patterns() -> Mapping[str, Mapping[str, Forms]]:
    """Patterns by what they are for, and the type of question: `general`, the sorts of domains, and others."""
    found = _read("patterns.json")
    return {what: {kind: forms(some) for kind, some in by_type.items()} for what, by_type in found.items()}


@cache
def attribute_patterns() -> Mapping[str, Forms]:
    """Patterns about attributes, by the names that they suit; `*` suits any."""
    return {names: forms(some) for names, some in _read("attribute_patterns.json").items()}


@cache
def parts() -> Topics:
    """The words for parts of things: `nouns`, `plurals` and `masses`, and the `modifiers` that go before them."""
    found: Topics = _read("parts.json")
    return found


@cache
def native() -> Mapping[str, Mapping[str, Forms]]:
    """Patterns in other languages than English, by language and type of question, or `attributes`."""
    return {
        language: {kind: forms(some) for kind, some in by_type.items()}
        for language, by_type in _read("native_patterns.json").items()
    }


def domains() -> Mapping[str, Domain]:
    """The domains by name, those that are looked at first in front; `general` is for any goods.

    They are told apart by identity: threads that begin together must not make them twice.
    """
    with _MAKING:
        return _domains()


@cache
def _domains() -> Mapping[str, Domain]:
    return {
        name: Domain(**{**fields, "product": forms(fields["product"]), "market": forms(fields["market"])})
        for name, fields in _read("domains.json").items()
    }


def _read(file: str) -> dict[str, Any]:
    text = (resources.files(__package__) / file).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, object_hook=_with_tuples)
    return found


def _with_tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
