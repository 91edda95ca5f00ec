"""The outcome of a call: the item's next state, and the rows to store. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from query_generator.errors import RateLimitedError, RefusedRequestError, RetryableError, UnusableReplyError
from query_generator.models import Generated, StoredText, Writer
from query_generator.questions.ask import shortage
from query_generator.questions.order import Order
from query_generator.questions.sharing import SharedSet
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.queries import Query

BY_PERSON = "switched_off"  # the reason of a question that a person has switched off or rewritten
DEFERRALS = 3  # times that an item may go to the back of the queue


def next_state(item: Item, generated: Generated, order: Order, *, may_wait: bool = True) -> Outcome:
    """Return the state in which a call leaves its item.

    All questions there: succeeded. Too few: running, which means one more call, or failed after the last one. A
    transient fault: pending, at the back of the queue, or failed after the last deferral; a rate limit never fails an
    item. A reply of no use: running, then pending if the item `may_wait`, then failed. Any other fault: failed.
    """
    if isinstance(generated.error, UnusableReplyError):
        return _after_no_use(item, generated, may_wait=may_wait)
    answered = item.answered
    if generated.error is None:
        have, answered = len(item.existing) + len(generated.questions), item.answered + 1
        if have >= order.num_questions:
            return Outcome(item, generated, ItemState.SUCCEEDED, answered)
        if answered < order.calls:
            return Outcome(item, generated, ItemState.RUNNING, answered)
        generated.error = shortage(have, order.num_questions, order.calls, Counter(item.dropped) + generated.dropped)
    tries_left = item.deferred < DEFERRALS or isinstance(generated.error, RateLimitedError)
    if isinstance(generated.error, RetryableError) and tries_left:
        return Outcome(item, generated, ItemState.PENDING, answered, deferred=item.deferred + 1, transient=True)
    return _failed(item, generated, answered)


def _after_no_use(item: Item, generated: Generated, *, may_wait: bool) -> Outcome:
    """Ask again at once; after the second such reply at the end of the queue, where the two calls begin anew."""
    if not item.answered:
        return Outcome(item, generated, ItemState.RUNNING, 1, deferred=item.deferred)
    if may_wait:
        answered = item.answered if item.existing else 0
        return Outcome(item, generated, ItemState.PENDING, answered, deferred=item.deferred + 1, transient=True)
    return _failed(item, generated, item.answered + 1)


def _failed(item: Item, generated: Generated, answered: int) -> Outcome:
    """Give an item up, with what it takes from a set; another run takes it up again if the cause is outside of it."""
    return Outcome(
        item,
        replace(generated, questions=generated.questions or generated.shared),
        ItemState.FAILED,
        answered,
        deferred=item.deferred,
        transient=isinstance(generated.error, RetryableError | RefusedRequestError),
        error_stage=ErrorStage.GENERATE,
        error=storable(str(generated.error)),
    )


def storable(text: str) -> str:
    """Escape the characters that PostgreSQL cannot store: NUL and lone surrogates."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def queries_of(outcome: Outcome) -> list[Query]:
    """Return the questions of an outcome as queries to store."""
    generated = outcome.generated
    own = Writer(generated.provider, generated.model, generated.prompt_version)
    return [
        Query(
            outcome.item.product_id,
            question.text,
            outcome.item.query_type,
            *(question.writer or own),
            question.facets,
            question.branded,
            question.locale,
            question.grounded_in,
        )
        for question in generated.questions
    ]


def with_ids(outcome: Outcome, ids: Iterator[int | None], order: Order) -> Outcome:
    """Return the outcome with the ids of its queries, taken from the front of `ids`.

    A question whose id is None was switched off or rewritten by a person since the item was claimed: it is dropped, and
    the item lacks one more.
    """
    generated, item = outcome.generated, outcome.item
    taken = list(zip(generated.questions, islice(ids, len(generated.questions)), strict=True))
    kept = [question for question, query_id in taken if query_id is not None]
    stored = (*item.by_person, *(query_id for _, query_id in taken if query_id is not None))
    if len(kept) == len(taken):
        return replace(outcome, query_ids=stored)
    off = {question.text for question, query_id in taken if query_id is None}
    others = (entry for entry in item.stored if entry.text not in off)
    warned = replace(item, stored=(*(StoredText(text, counts=False) for text in off), *others))
    dropped = Counter(generated.dropped) + Counter({BY_PERSON: len(off)})
    fewer = replace(generated, questions=kept, dropped=dropped, error=None)
    return replace(next_state(warned, fewer, order), query_ids=stored)


def next_call(outcome: Outcome) -> Item:
    """Return the item for its next call, with the questions of this call added, and what must not come again."""
    generated = outcome.generated
    return replace(
        outcome.item,
        existing=(*outcome.item.existing, *generated.questions),
        by_person=(),
        off={},
        shared=_without_taken(outcome),
        stored=(*outcome.item.stored, *(StoredText(text, counts=False) for text in generated.settled_out)),
        answered=outcome.answered,
        dropped=Counter(outcome.item.dropped) + generated.dropped,
    )


def _without_taken(outcome: Outcome) -> SharedSet | None:
    """Return the item's set for its next call: once it has taken from it, there is nothing more in it."""
    shared = outcome.item.shared
    return replace(shared, questions=()) if shared and outcome.generated.questions and shared.is_complete else shared
