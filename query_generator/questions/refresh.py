"""Which questions of a product still hold after it has changed. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from query_generator.models import Product, QueryType, Question
from query_generator.questions.checks import Checks
from query_generator.questions.gone import Gone
from query_generator.questions.grounding import grounds_of

OF_FACTS = frozenset({"contradiction", "false_presupposition"})
UNGROUNDED = "ungrounded"


class Listed(NamedTuple):
    """A stored question of an item; one that `is_persons` was added or rewritten by a person, whose word is final."""

    query_id: int
    question: Question
    is_persons: bool = False


def no_longer_holding(
    product: Product, query_type: QueryType, listed: Sequence[Listed], earlier: Product | None = None
) -> dict[int, str]:
    """Return the questions that the product's new fields speak against, by `query_id`, each with its reason.

    The reasons: contradiction or false_presupposition, by `Checks`, and ungrounded: fields answered the question, and
    none does now, or it speaks of what only the earlier fields told. What a later version of the matching no longer
    takes for an answer is no change of the product. A question about the market that does not name the product says
    nothing of its fields.

    Args:
        product: as it is now.
        query_type: of the questions.
        listed: the questions.
        earlier: the product as it was when they were asked for; None if that is not known.
    """
    checks, grounds = Checks(product, query_type, locale="und"), grounds_of(product, query_type)
    gone = Gone(earlier, product) if earlier else None
    grounds_before = grounds_of(earlier, query_type) if earlier else None
    off = {}
    for query_id, question, is_persons in listed:
        if is_persons:
            continue
        reason = checks.fault(question.text)
        is_of_product = question.branded or query_type is QueryType.PRODUCT
        if reason in OF_FACTS:
            off[query_id] = reason
        elif (gone and is_of_product and gone.is_spoken_of(question.text)) or (
            question.grounded_in
            and not grounds(question.text)
            and (grounds_before is None or grounds_before(question.text))
        ):
            off[query_id] = UNGROUNDED
    return off
