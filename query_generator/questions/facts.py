"""Whether a question contradicts a product's fields: amounts in any unit, price, values, denied features. Pure.

Only what a question says of the product itself is compared: "the 750 ml Hydra Bottle" contradicts "volume: 500 ml";
"is 500 ml enough for 2 days", "than a 1 l bottle" and "under 50 euros" contradict nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from query_generator.models import Product, QueryType
from query_generator.questions.claims import Claims
from query_generator.questions.linking import OwnWords, is_definite, linking, own_words, says_of_own
from query_generator.questions.money import Said, is_price, money_said
from query_generator.questions.quantities import Quantity, quantities
from query_generator.questions.standardize import comparison_key
from query_generator.questions.stated import Stated, contradicted_value, presupposed_feature, stated

DESCRIPTION_CHARACTERS = 2_000  # that are searched for amounts

_WITHOUT_ARTICLES = re.compile("[\u0400-\u1fff\u3040-\ud7af]")  # scripts whose languages have none that tell a thing
_DIGIT = re.compile(r"\d")
_ROLES = (
    frozenset(["screen", "display", "panel", "diagonal", "bildschirm"]),
    frozenset(["ram", "memory", "arbeitsspeicher"]),
    frozenset(["storage", "ssd", "drive", "disk", "space", "speicher", "speicherplatz"]),
    frozenset(["battery", "akku", "batería", "batterie", "accu"]),
    frozenset(
        ["capacity", "volume", "tank", "fassungsvermögen", "kapazität", "volumen", "contenance", "serbatoio", "inhalt"]
    ),
)
_BARE_NUMBER = re.compile(r"\d{1,5}(?:[.,]\d{1,2})?")
_COUNT = re.compile(r"\d{1,3}(?:\.\d{1,2})?")


@dataclass(frozen=True, slots=True)
class _Amount:
    quantity: Quantity
    roles: frozenset[str]


class ProductFacts:
    """A product's fields in the form that questions are compared with; each part is read when first needed."""

    def __init__(self, product: Product, query_type: QueryType) -> None:
        self._product = product
        self._query_type = query_type

    @cached_property
    def own(self) -> OwnWords:
        """What a question may call the product."""
        return own_words(self._product)

    @cached_property
    def stated(self) -> Stated:
        """What the fields rule out."""
        return stated(self._product)

    @cached_property
    def triggers(self) -> frozenset[str]:
        """Words without which a question that holds no digit contradicts nothing."""
        return self.stated.triggers

    @cached_property
    def amounts(self) -> list[_Amount]:
        """The amounts in attributes, name and description, with the words that say what they measure."""
        found = []
        for name, value in self._product.attributes:
            if _DIGIT.search(value) or _DIGIT.search(name):
                roles = _roles(comparison_key(name).split())
                text = f"{value} {name}" if _BARE_NUMBER.fullmatch(value) else value  # "pack size: 12"
                found += [_Amount(each, roles) for each in quantities(text)]
        for text in (self._product.name, self._product.description[:DESCRIPTION_CHARACTERS]):
            if _DIGIT.search(text):
                found += [_Amount(each, frozenset()) for each in quantities(text)]
        return found

    @cached_property
    def claims(self) -> Claims:
        """What stands beside an amount that is said of the product, in languages without articles."""
        return Claims(self._product)

    @cached_property
    def counts(self) -> dict[str, float]:
        """Bare numbers by the name of their field: of "bluetooth: 5.3" and "hdmi ports: 3"."""
        found = {}
        for name, value in self._product.attributes:
            if _COUNT.fullmatch(value):
                found[comparison_key(name)] = float(value)
        return found

    def fault(self, question: str, words: Sequence[str]) -> str:
        """Tell what of the fields a standardized question contradicts: contradiction, false_presupposition or ""."""
        if not self.triggers.isdisjoint(words):
            if contradicted_value(words, self.stated, self.own, self._query_type):
                return "contradiction"
            if presupposed_feature(words, self.stated, self.own, self._query_type):
                return "false_presupposition"
        if _DIGIT.search(question):
            if any(self._is_wrong(question, words, each) for each in quantities(question)):
                return "contradiction"
            if self._miscounts(words, question) or self._misprices(question, words):
                return "contradiction"
        return ""

    def _is_wrong(self, question: str, words: Sequence[str], said: Quantity) -> bool:
        comparable = [each for each in self.amounts if said.agrees(each.quantity) is not None]
        if not comparable:
            return False
        if _WITHOUT_ARTICLES.search(question):
            role = self.claims.role_of(question, said)
            measured = [each for each in comparable if role and not each.roles.isdisjoint(role)] or comparable
            if role is not None or (linking().articles.isdisjoint(words) and linking().asking.isdisjoint(words)):
                return role is not None and not any(said.agrees(each.quantity) for each in measured)
        before = comparison_key(question[: said.start]).split()
        after = comparison_key(question[said.end :]).split()
        if not linking().comparing.isdisjoint(before):
            return False
        following = frozenset(after[:3])
        meant = [each for each in comparable if not each.roles.isdisjoint(following)]
        roles = frozenset[str]().union(*(each.roles for each in comparable))
        if meant and self._is_claim(before) and (self.own.named_in(words) or self._is_definite(before)):
            return not any(said.agrees(each.quantity) for each in meant)
        if any(said.agrees(each.quantity) for each in comparable):
            return False
        return says_of_own(before, after, self.own, roles) or self._stands_beside_name(before, said, words)

    def _is_definite(self, before: Sequence[str]) -> bool:
        return self._query_type is QueryType.PRODUCT and is_definite(before)

    def _is_claim(self, before: Sequence[str]) -> bool:
        """Whether an amount is told and not asked for: "12 GB of RAM" after "with", not after "does it have"."""
        last = before[-1] if before else ""
        return linking().having.isdisjoint(before) and last not in linking().indefinite and last != "to"

    def _stands_beside_name(self, before: Sequence[str], said: Quantity, words: Sequence[str]) -> bool:
        if not before:
            return False
        last = before[-1]
        if last in linking().weighing and linking().speakers.isdisjoint(before[-2:]):
            return said.values[0][0].startswith("mass") and self.own.named_in(words)
        if not {"last", "lasts"}.isdisjoint(before[-2:]) and not {"really", "actually", "why", "only"}.isdisjoint(
            before
        ):
            return said.values[0][0].startswith("time") and self.own.named_in(words)
        named = before[:-1] if last in ("at", "mit", "à", "con") else before
        if not named:
            return False
        return named[-1] in self.own.names or (
            named[-1] in self.own.numbers and len(named) > 1 and named[-2] in self.own.names
        )

    def _miscounts(self, words: Sequence[str], question: str) -> bool:
        if not self.counts or not linking().comparing.isdisjoint(words):
            return False
        key, lowered = " ".join(words), question.lower()
        for name, value in self.counts.items():
            if " " not in name and (found := re.search(rf"\b{re.escape(name)} (\d+(?:\.\d+)?)\b", lowered)):
                if float(found[1]) != value and is_definite(lowered[: found.start()].split()):
                    return True
            elif " " in name and (found := re.search(rf"\b(?:all|the|its) (\d{{1,3}}) {re.escape(name)}\b", key)):
                return float(found[1]) != value
        return False

    def _misprices(self, question: str, words: Sequence[str]) -> bool:
        if not self._product.price or not self.own.named_in(words):
            return False
        return any(self._is_wrong_price(said) for said in money_said(question))

    def _is_wrong_price(self, said: Said) -> bool:
        before, after, lists = said.before, said.after, linking()
        pays = bool(before) and before[-1] in lists.paying
        if not (pays or not lists.price.isdisjoint(after[:4]) or says_of_own(before, after, self.own)):
            return False
        return is_price(said, self._product) is False


def _roles(names: Sequence[str]) -> frozenset[str]:
    roles = frozenset(names)
    for group in _ROLES:
        if not group.isdisjoint(names):
            roles |= group
    return roles
