"""What the grammar's texts are written in: frames of questions, and domains of products, in JSON files beside this one.

A frame names what it needs by its slots and is used only where all of them are known:
`{x}` the product with its article; `{is} {does}` agreeing with it, `{them} {its}` its pronouns; `{brand}`;
`{goods}` what shoppers call this kind of thing (a plural or a mass noun), `{kinds}` the same where it is a plural;
`{category}` only where no such word is known; `{price}`, `{budget}` amounts with currency; `{claim}` an adjective and
`{material}` a material from the description; `{attr}`, `{value}` one attribute.

Another text changes what the provider replies: its model, `grammar-1`, then needs another number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


def words(text: str) -> frozenset[str]:
    """The words between white space."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Domain:
    """A family of products that the same questions fit.

    `nouns` are the kinds of product in it: singular for what is counted, plural for pairs (`jeans`), a leading `~` for
    mass nouns (`~rice`), `word=goods` where shoppers say another word. `categories` are words of a category that put a
    product here, unless its name holds one of `foreign`. Of `lasting` goods people ask how to clean, weigh and repair
    them; `made` ones have makers who differ in quality; `title` names are quoted. `by_category_alone`: such a category
    outweighs the noun of the name, as a toy car is no car.
    """

    nouns: tuple[str, ...]
    categories: tuple[str, ...]
    product: tuple[str, ...]
    market: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    lasting: bool = True
    made: bool = True
    title: bool = False
    by_category_alone: bool = False


@cache
def frames(file: str) -> Mapping[str, tuple[str, ...]]:
    """The lists of frames in a file, by name.

    Those in `product` and `market` fit any product; those in `attribute` the attributes that their name lists, and `*`
    any attribute.
    """
    return _read(f"{file}_frames.json")


@cache
def domains(file: str) -> Mapping[str, Domain]:
    """The domains in a file, by name, those that are looked at first in front.

    `media` is what is read, heard, redeemed and subscribed to; `equipment` devices, household goods, sports and
    vehicles; `personal` what is worn, applied, eaten, given to pets and played with.
    """
    return {name: Domain(**fields) for name, fields in _read(f"{file}_domains.json").items()}


def _read(file: str) -> dict[str, Any]:
    text = (resources.files(__package__) / file).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, object_hook=_with_tuples)
    return found


def _with_tuples(content: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
