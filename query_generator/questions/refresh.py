"""Which questions of a product still hold after it has changed. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from query_generator.models import Product, QueryType, Question
from query_generator.questions.checks import Checks
from query_generator.questions.standardize import comparison_key

OF_FACTS = frozenset({"contradiction", "false_presupposition"})
UNGROUNDED = "ungrounded"
OWN_FIELDS = ("name", "brand", "category", "description", "price")


class Listed(NamedTuple):
    """A stored question of an item; one that `is_persons` was added or rewritten by a person, whose word is final."""

    query_id: int
    question: Question
    is_persons: bool = False


def no_longer_holding(product: Product, query_type: QueryType, listed: Sequence[Listed]) -> dict[int, str]:
    """Return the questions that the product's new fields speak against, by `query_id`, each with its reason.

    The reasons: contradiction or false_presupposition, by `Checks`, and ungrounded: the fields that answered the
    question are gone.
    """
    checks = Checks(product, query_type, locale="und")
    fields = {name for name in OWN_FIELDS if getattr(product, name)}
    fields |= {comparison_key(name) for name, _ in product.attributes}
    off = {}
    for entry in listed:
        if entry.is_persons:
            continue
        reason = checks.fault(entry.question.text)
        grounds = {comparison_key(name) for name in entry.question.grounded_in or ()}
        if reason in OF_FACTS:
            off[entry.query_id] = reason
        elif grounds and grounds.isdisjoint(fields):
            off[entry.query_id] = UNGROUNDED
    return off
