"""The loop of a run as a job wires it, and what it leaves in the database."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from query_generator.llm.metered import MeteredProvider
from query_generator.models import Generated, Product
from query_generator.pipeline.generation import Generation
from query_generator.pipeline.unusable import UnusableReplies
from query_generator.questions.order import Order
from query_generator.report.stats import RunStats
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.items import Item
from query_generator.store.ledger import Ledger
from tests.support.catalog import counts_of, open_job
from tests.support.item_provider import ItemProvider
from tests.support.list_sink import ListSink

WANTED = 4


def generation(
    ledger: Ledger,
    provider: ItemProvider,
    *,
    threads: int = 1,
    limit: int = 5,
    stop: StopSignal | None = None,
    sink: ListSink | None = None,
    clock: Callable[[], float] = lambda: 0.0,
    order: Order | None = None,
    may_ask_singly: bool = False,
) -> Generation:
    """The loop as a job wires it."""
    events = EventLog(ledger.job_id, sink or ListSink())
    events.attach(ledger.db)
    meter = MeteredProvider(provider)
    return Generation(
        ledger,
        events,
        meter,
        meter,
        RunStats(),
        stop or StopSignal(),
        order=order or Order(WANTED, reask_limit=1, may_ask_singly=may_ask_singly),
        max_concurrency=threads,
        batch_size=50,
        unusable=UnusableReplies(limit),
        clock=clock,
    )


def run_job(db: Database, entries: list[Product], provider: ItemProvider, threads: int = 1) -> None:
    """Run a job of its own to its end."""
    ledger = open_job(db, entries)
    generation(ledger, provider, threads=threads).run(counts_of(ledger))
    ledger.lease.end()


def items(db: Database) -> dict[tuple[str, str], Any]:
    """The ledger by product name and query type, with the stored questions of each item."""
    rows = db.run(
        "SELECT p.product_data ->> 'name' AS name, i.*, ARRAY("
        "  SELECT query_text FROM unnest(i.query_ids) WITH ORDINALITY AS u (query_id, place)"
        "  JOIN queries q USING (query_id) WHERE (q.product_id, q.query_type) = (i.product_id, i.query_type)"
        "  ORDER BY place) AS questions "
        "FROM job_items i JOIN products p USING (product_id)"
    )
    return {(row.name, row.query_type): row for row in rows}


def states(db: Database) -> Counter[str]:
    """How many items are in each state."""
    return Counter(row.state for row in items(db).values())


def queries(db: Database) -> int:
    """Rows of `queries`."""
    return int(db.run("SELECT count(*) AS n FROM queries")[0].n)


def brought(loop: Generation, item: Item, generated: Generated) -> Future[Generated]:
    """A call of the loop that has ended."""
    future: Future[Generated] = Future()
    future.set_result(generated)
    loop._in_flight[future] = item
    return future
