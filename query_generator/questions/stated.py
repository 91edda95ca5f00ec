"""What a product's fields rule out: other colors and materials, and features that they deny. Pure.

`exclusive_values.json` lists values of which a product has one, by the names of their fields; words of one family may
mean the same. `denied_values.json` lists how fields say no.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from query_generator.models import Product, QueryType
from query_generator.questions.linking import OwnWords, is_definite, is_meant, linking, says_of_own
from query_generator.questions.standardize import comparison_key

_ONLY_BESIDE_FIELD = frozenset({"roast", "sleeve", "fit", "form"})  # their words mean other things elsewhere
_ADJECTIVE_ENDS = ("free", "frei", "safe", "able", "proof", "less", "vegan", "organic", "decaf", "resistant", "bio")
_ANOTHER_THING = frozenset({"adapter", "adapters", "dongle", "kit", "splitter", "alternative", "replacement"})
_NO_CLAIM = frozenset(["mean", "means", "matter", "matters", "important"])


@dataclass(frozen=True, slots=True)
class _Set:
    name: str
    fields: frozenset[str]
    families: tuple[frozenset[str], ...]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Denied:
    yes: frozenset[str]
    no: frozenset[str]
    phrases: tuple[str, ...]
    trailing: frozenset[str]
    free: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ruling:
    """Of `words` a product has only those `possible`; they may have to stand beside one of the `fields`."""

    words: frozenset[str]
    possible: frozenset[str]
    fields: frozenset[str]
    only_beside_field: bool
    is_material: bool


@dataclass(frozen=True, slots=True)
class Stated:
    """What the fields of a product rule out: values, and features as words, by the first of them."""

    rulings: list[Ruling] = field(default_factory=list)
    features: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)

    @property
    def triggers(self) -> frozenset[str]:
        """The words of which a question must hold one to be looked at."""
        return frozenset(self.features).union(*(ruling.words for ruling in self.rulings))


@cache
def _sets() -> tuple[_Set, ...]:
    data = json.loads(Path(__file__).with_name("exclusive_values.json").read_text(encoding="utf-8"))
    sets = []
    for name, each in data.items():
        families = tuple(frozenset(family.casefold().split()) for family in each["families"])
        sets.append(_Set(name, frozenset(each["fields"].split()), families, frozenset[str]().union(*families)))
    return tuple(sets)


def exclusive_families() -> tuple[frozenset[str], ...]:
    """Return the words that may mean the same, of all sets but those whose words mean other things elsewhere."""
    return tuple(family for each in _sets() if each.name not in _ONLY_BESIDE_FIELD for family in each.families)


@cache
def _set_fields() -> frozenset[str]:
    return frozenset[str]().union(*(each.fields for each in _sets()))


@cache
def _denied() -> _Denied:
    data = json.loads(Path(__file__).with_name("denied_values.json").read_text(encoding="utf-8"))
    return _Denied(
        frozenset(data["yes"].split()),
        frozenset(data["no"].split()),
        tuple(data["phrases"]),
        frozenset(data["trailing"].split()),
        frozenset(data["free"].split()),
    )


def words_for_yes() -> frozenset[str]:
    """Return the values by which a field says that the product has what the field is called."""
    return _denied().yes


def stated(product: Product) -> Stated:
    """Read what a product's attributes rule out."""
    found = Stated()
    known: frozenset[str] | None = None
    for name, value in product.attributes:
        names = comparison_key(name).split()
        if not names:
            continue
        if feature := _denied_feature(names, comparison_key(value)):
            found.features.setdefault(feature[0], []).append(feature)
        elif not _set_fields().isdisjoint(names):
            known = known or _known_words(product)
            _rule_out(found, names, value, known)
    return found


def _known_words(product: Product) -> frozenset[str]:
    texts = [product.name, product.description, *(value for _, value in product.attributes)]
    return frozenset(comparison_key(" ".join(texts)).split())


def _rule_out(found: Stated, names: list[str], value: str, known: frozenset[str]) -> None:
    own = frozenset(comparison_key(value).split())
    for each in _sets():
        if each.fields.isdisjoint(names) or each.words.isdisjoint(own):
            continue
        possible = [family for family in each.families if not family.isdisjoint(known)]
        fields = each.fields.union(names)
        found.rulings.append(
            Ruling(
                each.words,
                frozenset[str]().union(*possible),
                fields,
                each.name in _ONLY_BESIDE_FIELD,
                each.name == "material",
            )
        )


def _denied_feature(names: list[str], value: str) -> tuple[str, ...]:
    """Return the words of a feature that a field denies: ("headphone", "jack") of "headphone jack: no"."""
    lists = _denied()
    if value in lists.yes and names[-1] in lists.free and len(names) > 1:
        return tuple(names[:-1])
    if not (value in lists.no or _denies_at_length(value)):
        return ()
    if names[-1] in ("included", "enthalten"):
        return ("included", *names[:-1])
    kept = list(names)
    while len(kept) > 1 and kept[-1] in lists.trailing and kept[-1] not in ("function",):
        kept.pop()
    return tuple(kept)


def _denies_at_length(value: str) -> bool:
    """All phrases of ASCII begin with an n."""
    return (not value.isascii() or value.startswith("n")) and any(phrase in value for phrase in _denied().phrases)


def contradicted_value(words: Sequence[str], facts: Stated, own: OwnWords, query_type: QueryType) -> bool:
    """Whether the words give the product a value that its fields rule out: "the blue sofa" of a grey one."""
    return any(
        word in ruling.words and word not in ruling.possible and _is_said_of_own(words, at, ruling, own, query_type)
        for ruling in facts.rulings
        for at, word in enumerate(words)
    )


def _is_said_of_own(words: Sequence[str], at: int, ruling: Ruling, own: OwnWords, query_type: QueryType) -> bool:
    before, after = words[:at], words[at + 1 :]
    if ruling.is_material and query_type is QueryType.PRODUCT and _is_texture(before, after):
        return True
    beside = bool(after) and after[0] in ruling.fields
    if beside and is_definite(before) and linking().comparing.isdisjoint(before) and own.named_in(words):
        return True
    return not ruling.only_beside_field and says_of_own(before, after, own, ruling.fields)


def _is_texture(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether a material is spoken of as the one that is there: "does the leather need", "is the wool itchy"."""
    lists = linking()
    return (
        is_definite(before[-1:]) and lists.comparing.isdisjoint(before) and bool(after) and (after[0] in lists.texture)
    )


def presupposed_feature(words: Sequence[str], facts: Stated, own: OwnWords, query_type: QueryType) -> bool:
    """Whether the words take for granted a feature that the fields deny: "the headphone jack of", not "is there a"."""
    for at, word in enumerate(words):
        for feature in facts.features.get(word, ()):
            if tuple(words[at : at + len(feature)]) == feature and _is_presupposed(words, at, feature, own, query_type):
                return True
    return False


def _is_presupposed(
    words: Sequence[str], at: int, feature: tuple[str, ...], own: OwnWords, query_type: QueryType
) -> bool:
    before, after = words[:at], words[at + len(feature) :]
    lists = linking()
    if not lists.denying.isdisjoint(before) or not lists.comparing.isdisjoint(before):
        return False
    if after and (after[0] in _ANOTHER_THING or after[0] in _denied().free):
        return False
    if feature[-1].endswith(_ADJECTIVE_ENDS):
        return says_of_own(before, after, own)
    named = is_meant(words, own, query_type)
    if is_definite(before[-1:]):
        return named or query_type is QueryType.PRODUCT
    asks = bool(words) and words[0] in lists.asking and bool(before) and before[-1] not in lists.indefinite
    return named and asks and before[-1] != words[0] and _NO_CLAIM.isdisjoint(words)
