"""Decides which texts are stored as questions, and counts why others are not. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from query_generator.models import Product, QueryType, SlotGroup, Style
from query_generator.questions.asking import points_outside, several_fault
from query_generator.questions.echoes import echo_fault
from query_generator.questions.facts import ProductFacts
from query_generator.questions.language import Asked, asked_language, is_in_another
from query_generator.questions.orders import Planted, planted
from query_generator.questions.shapes import MAX_CHARACTERS, shape_fault
from query_generator.questions.standardize import (
    END_MARKS,
    READ_CHARACTERS,
    comparison_key,
    keyed,
    query_hash,
    standardize,
)

__all__ = [
    "MAX_CHARACTERS",
    "READ_CHARACTERS",
    "Accepted",
    "Checks",
    "accept_questions",
    "comparison_key",
    "keyed",
    "query_hash",
    "standardize",
]


_MARKS = frozenset(f"{END_MARKS}:=")


@dataclass(slots=True)
class Accepted:
    """The questions that passed, in order, and the number of dropped texts by reason."""

    questions: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


class _Text(NamedTuple):
    """A standardized text, where it stands among others, and what all checks ask of it."""

    place: int
    question: str
    key: str
    words: Sequence[str]
    conversational: bool


class Checks:
    """What a question of one product and type must pass.

    Args:
        product: whose name, brand and fields the questions are held against.
        query_type: of the questions.
        locale: their language, as BCP 47; "" or "auto" is the language of the product's texts, if they tell it, and
            "und" is any.
        told: the instructions of the prompt, without product data; five words in a row of them are an echo.
    """

    def __init__(self, product: Product, query_type: QueryType, *, locale: str = "", told: Iterable[str] = ()) -> None:
        self._product = product
        self._query_type = query_type
        self._locale = locale
        self._told = tuple(told)
        self._own = f"{product.brand}\n{product.name}"
        self._names = [name for name in (product.name, product.brand) if name]
        self._name_has_marks = not _MARKS.isdisjoint(self._own)
        self._product_facts = ProductFacts(product, query_type)

    @cached_property
    def _asked(self) -> Asked | None:
        return asked_language(self._product.without_record(), self._locale)

    @cached_property
    def _planted(self) -> Planted | None:
        return planted(self._product.without_record())

    def fault(self, question: str, group: SlotGroup | None = None) -> str:
        """Return why a standardized question must not be stored, or an empty text.

        The reasons, in the order of the checks: empty, hidden_text, terminal, formula, email, address, markup,
        placeholder, phone, not_a_question, too_long, too_short; prompt_leak, instruction_echo, planted; holds_answer,
        two_questions; not_self_contained; contradiction, false_presupposition; wrong_language.

        Args:
            question: a text as `standardize` returns it.
            group: the slots that it was asked for; the conversational style may hold more than one sentence.
        """
        return self.faults([question], [group])[0]

    def faults(self, questions: Sequence[str], groups: Sequence[SlotGroup | None]) -> list[str]:
        """Return the same for many questions, each with its group.

        One check looks at all that are left before the next one does: its code and data are at hand then, which is much
        faster than one question after the other.
        """
        faults = [""] * len(questions)
        left = [
            _Text(place, question, *keyed(question), group is not None and group.facets.style is Style.CONVERSATIONAL)
            for place, (question, group) in enumerate(zip(questions, groups, strict=True))
        ]
        for check in self._all:
            found = [(text, fault) for text in left if (fault := check(text))]
            if found:
                for text, fault in found:
                    faults[text.place] = fault
                left = [text for text in left if not faults[text.place]]
        return faults

    @cached_property
    def _all(self) -> list[Callable[[_Text], str]]:
        planted, language = [self._order] if self._planted else [], [self._language] if self._asked else []
        return [self._shape, self._echo, *planted, self._several, self._outside, self._facts, *language]

    def _shape(self, text: _Text) -> str:
        return shape_fault(text.question, text.words, self._own)

    def _echo(self, text: _Text) -> str:
        return echo_fault(text.question, text.key, text.words, self._told)

    def _order(self, text: _Text) -> str:
        return "planted" if self._planted and self._planted.found(text.question) else ""

    def _several(self, text: _Text) -> str:
        question = (
            self._unnamed(text.question) if self._name_has_marks else text.question
        )  # the book "Who? What? When?"
        return several_fault(question, text.words, conversational=text.conversational)

    def _outside(self, text: _Text) -> str:
        outside = points_outside(text.question, text.key, text.words, self._query_type)
        return "not_self_contained" if outside else ""

    def _facts(self, text: _Text) -> str:
        return self._product_facts.fault(text.question, text.words)

    def _language(self, text: _Text) -> str:
        asked = self._asked
        return "wrong_language" if asked and is_in_another(self._unnamed(text.question), text.words, asked) else ""

    def _unnamed(self, question: str) -> str:
        for name in self._names:
            question = question.replace(name, "_")
        return question


def accept_questions(
    texts: Iterable[str],
    wanted: int,
    existing: Iterable[str] = (),
    own: str = "",
    *,
    checks: Checks | None = None,
    barred: Callable[[str], str] | None = None,
) -> Accepted:
    """Standardize raw texts; keep the first `wanted` good ones that differ from each other and from `existing`.

    Args:
        texts: as a model wrote them.
        wanted: how many are kept at most.
        existing: stored questions, which are not kept again.
        own: the product's name and brand where no `checks` are given; a match of markup or placeholder that stands in
            it as a whole is none: `Phone Case [Pack of 2]`.
        checks: of the product and type; without them only the shape of a text is looked at.
        barred: tells why a good question may not be kept, or an empty text.

    Returns:
        The questions, and the dropped texts by reason: those of `Checks.fault`, duplicate and surplus.
    """
    accepted = Accepted()
    seen = {comparison_key(text) for text in existing}
    questions = [standardize(text) for text in texts]
    if checks:
        faults = checks.faults(questions, [None] * len(questions))
    else:
        faults = [shape_fault(question, keyed(question).words, own) for question in questions]
    for question, fault in zip(questions, faults, strict=True):
        key, reason = keyed(question).key, fault
        if not reason and key in seen:
            reason = "duplicate"
        if not reason and barred:
            reason = barred(question)
        if not reason and len(accepted.questions) == wanted:
            reason = "surplus"
        if reason:
            accepted.dropped[reason] += 1
            continue
        seen.add(key)
        accepted.questions.append(question)
    return accepted
