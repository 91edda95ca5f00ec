"""What calls for an item bring, as the ledger is told of it."""

from collections import Counter
from dataclasses import replace

from query_generator.errors import RetryableError
from query_generator.models import Generated, Question
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.queries import save_queries_to_rds


def done(item: Item, *query_ids: int) -> Outcome:
    """An item that has its questions."""
    generated = Generated(
        [Question("Is it warm?")] * len(query_ids), Counter(duplicate=1), "scripted", "model-1", 10, 5
    )
    return Outcome(item, generated, ItemState.SUCCEEDED, item.answered + 1, query_ids=query_ids)


def partial(item: Item, *query_ids: int) -> Outcome:
    """An item whose first call has brought a part of its questions."""
    return replace(done(item, *query_ids), state=ItemState.RUNNING)


def failed(item: Item, *, transient: bool = False) -> Outcome:
    """An item that was given up."""
    return Outcome(
        item,
        Generated(error=RetryableError("no answer") if transient else None),
        ItemState.FAILED,
        item.answered,
        transient=transient,
        error_stage=ErrorStage.GENERATE,
        error="no answer",
    )


def deferred(item: Item) -> Outcome:
    """An item that is to be tried again, behind all others."""
    generated = Generated(error=RetryableError("busy"))
    return Outcome(item, generated, ItemState.PENDING, item.answered, deferred=item.deferred + 1, transient=True)


def store(ledger: Ledger, item: Item, *texts: str) -> tuple[int, ...]:
    """Store questions of an item; returns their ids."""
    return tuple(save_queries_to_rds([(item.product_id, text, item.query_type) for text in texts], ledger.db))
