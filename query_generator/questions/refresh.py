"""Which questions of a product still hold after it has changed. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from query_generator.models import Product, QueryType, Question
from query_generator.questions.checks import Checks
from query_generator.questions.grounding import grounds_of

OF_FACTS = frozenset({"contradiction", "false_presupposition"})
UNGROUNDED = "ungrounded"


class Listed(NamedTuple):
    """A stored question of an item; one that `is_persons` was added or rewritten by a person, whose word is final."""

    query_id: int
    question: Question
    is_persons: bool = False


def no_longer_holding(product: Product, query_type: QueryType, listed: Sequence[Listed]) -> dict[int, str]:
    """Return the questions that the product's new fields speak against, by `query_id`, each with its reason.

    The reasons: contradiction or false_presupposition, by `Checks`, and ungrounded: fields answered the question, and
    none does now.
    """
    checks, grounds = Checks(product, query_type, locale="und"), grounds_of(product, query_type)
    off = {}
    for query_id, question, is_persons in listed:
        if is_persons:
            continue
        reason = checks.fault(question.text)
        if reason in OF_FACTS:
            off[query_id] = reason
        elif question.grounded_in and not grounds(question.text):
            off[query_id] = UNGROUNDED
    return off
