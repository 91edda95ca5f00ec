"""The name that the variants of a product share: without colour and size. Pure.

`variant_words.json` lists words of colours and sizes, and names of the fields that hold them, in six languages.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from query_generator.models import Product, normalize_key_part

_MEASURE = r"\d+(?:[.,]\d+)?\s?(?:ml|cl|dl|l|g|kg|oz|fl\.? ?oz|lb|cm|mm|m|in|inch|ft|\"|″)"
_NUMBERED = r"(?:size|eu|us|uk|gr\.?|größe|taille|talla|w|l)\s?\d{1,3}(?:[.,]5)?"
_MULTIPLIED = r"\d+(?:[.,]\d+)?\s?[x×]\s?\d+(?:[.,]\d+)?(?:\s?[x×]\s?\d+(?:[.,]\d+)?)?\s?(?:cm|mm|m|in|inch|ft)?"
_SIZE = re.compile(rf"(?:{_MULTIPLIED}|{_MEASURE}|{_NUMBERED})(?![^\W_])", re.IGNORECASE)
_BRACKETED = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_APART = re.compile(r"\s*(?:\s[-–—|]\s|[,;:/])\s*")  # what stands between a name and its variant
_LAST_WORDS = re.compile(r"(?:^|\s)(?P<word>[^\s,;:]+)\s*$")
_JOINED = re.compile(r"[/&+-]|\b(?:and|und|et|y|e)\b")
_BEFORE = re.compile(r"\s(?:in|en|de color|couleur|farbe|colou?r|size|größe|taille|talla)\s*$", re.IGNORECASE)


class _Words(NamedTuple):
    colors: frozenset[str]
    shades: frozenset[str]
    sizes: frozenset[str]
    names: frozenset[str]


@cache
def _words() -> _Words:
    lists = json.loads(Path(__file__).with_name("variant_words.json").read_text(encoding="utf-8"))
    return _Words(*(frozenset(lists[name].split()) for name in ("color", "shade", "size", "names")))


def is_variant_field(name: str) -> bool:
    """Whether a field of this name holds the colour or the size."""
    return "_".join(normalize_key_part(name).replace("-", " ").split()) in _words().names


def family_name(product: Product) -> str:
    """Return the product's name without what tells it from its variants, as it is written; the name if that is all.

    Taken off, as often as there is something: the values of its own fields of colour and size, and at the end of the
    name words of colours and sizes, and measures, in brackets, after a comma or a dash, or bare.
    """
    name = product.name.strip()
    own = {
        normalize_key_part(value) for field, value in product.attributes if is_variant_field(field) and value.strip()
    }
    while shorter := next(_shortened(name, own), ""):
        name = shorter
    return name


def _shortened(name: str, own: set[str]) -> Iterator[str]:
    """Yield the name without its last part, if that tells the variant; never an empty one."""
    if (bracketed := _BRACKETED.search(name)) and _tells_variant(bracketed[1], own):
        yield name[: bracketed.start()].rstrip()
    parts = list(_APART.finditer(name))
    if parts and _tells_variant(name[parts[-1].end() :], own):
        yield name[: parts[-1].start()].rstrip()
    for value in sorted(own, key=len, reverse=True):
        if normalize_key_part(name).endswith(f" {value}") and name[-len(value) :].casefold() == value:
            yield _without_preposition(name[: -len(value)].rstrip())
    if measure := next((found for found in _SIZE.finditer(name) if found.end() == len(name) and found.start()), None):
        yield name[: measure.start()].rstrip(" ,-–—|/")
    if (last := _LAST_WORDS.search(name)) and last.start() and _is_bare_variant(last["word"]):
        yield _without_shades(_without_preposition(name[: last.start()].rstrip()))


def _tells_variant(text: str, own: set[str]) -> bool:
    """Whether all of a text is colour and size."""
    words = _words()
    folded = normalize_key_part(text)
    if not folded:
        return False
    if folded in own:
        return True
    rest = _JOINED.sub(" ", _SIZE.sub(" ", folded))
    return all(word.strip(".,") in words.colors | words.shades | words.sizes for word in rest.split())


def _is_bare_variant(word: str) -> bool:
    """Whether a last word is a colour, or a size that is no word otherwise; several colours may be joined."""
    words, folded = _words(), normalize_key_part(word)
    parts = [part for part in _JOINED.split(folded) if part]
    return folded in words.sizes or (bool(parts) and all(part in words.colors for part in parts))


def _without_shades(name: str) -> str:
    """Return a name without the shades at its end, which stood before a colour; one word stays."""
    while (last := _LAST_WORDS.search(name)) and last.start() and normalize_key_part(last["word"]) in _words().shades:
        name = _without_preposition(name[: last.start()].rstrip())
    return name


def _without_preposition(name: str) -> str:
    return _BEFORE.sub("", name).rstrip(" ,-–—|/")
