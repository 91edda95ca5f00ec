"""A job in the midst of its work, with some of everything that a result tells of."""

from collections import Counter
from collections.abc import Sequence

from query_generator.models import Generated, RejectedRecord
from query_generator.store.database import Database
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.products import link_products
from query_generator.store.queries import save_queries_to_rds
from tests.support.catalog import open_job, products, save
from tests.support.orders import asked


def finish(ledger: Ledger, item: Item, texts: Sequence[str], error: str | None = None) -> tuple[int, ...]:
    """End an item with these questions, as a run does."""
    generated = Generated(list(asked(*texts)), Counter(duplicate=2, empty=1), "scripted", "model-1", 10, 5)
    with ledger.db.transaction():
        ids = tuple(save_queries_to_rds([(item.product_id, text, item.query_type) for text in texts], ledger.db))
        state = ItemState.FAILED if error else ItemState.SUCCEEDED
        stage = ErrorStage.GENERATE if error else None
        save(ledger, Outcome(item, generated, state, 1, error_stage=stage, error=error, query_ids=ids))
    return ids


def seven_products(db: Database) -> Ledger:
    """A job of seven products: five done, one with a failed item, one not begun, and two rejected records."""
    ledger = open_job(db, products(7))
    for item in ledger.queue.claim(12):
        words = ("zoom", "grip", "aim")
        error = "no answer" if (item.product.name, item.query_type) == ("Product 4", "market") else None
        finish(ledger, item, [f"Is {word} of {item.product.name} {item.query_type}?" for word in words], error)
    rejected = [RejectedRecord(9, "name", "missing", "k"), RejectedRecord(8, "", "the input breaks off")]
    ledger.queue.add(link_products, [], rejected, None)
    return ledger
