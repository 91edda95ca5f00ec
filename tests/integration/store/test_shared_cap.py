"""One cap for all runs of a job, in PostgreSQL."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import date

import pytest

from query_generator.errors import CostCapReachedError
from query_generator.llm.base import GenerationReply, GenerationRequest, estimated_usage
from query_generator.llm.metered import CallStats, MeteredProvider
from query_generator.llm.prices import Price, Prices
from query_generator.models import QueryType
from query_generator.pipeline.generation import Generation
from query_generator.pipeline.unusable import UnusableReplies
from query_generator.report.stats import RunStats
from query_generator.resilience.budget import Budget, BudgetedProvider
from query_generator.stopping import StopSignal
from query_generator.store.budget import SharedAllowance
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.events import EventLog
from query_generator.store.ledger import Ledger
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.side_connection import SideConnection
from secrets_cache import RdsConfig
from tests.support.catalog import counts_of, open_job, open_run, products
from tests.support.item_provider import ItemProvider
from tests.support.list_sink import ListSink
from tests.support.loop import WANTED, states
from tests.support.orders import plain_order

A_CALL = 1.6  # US dollars: 40 tokens for each of 4 questions
PRICES = Prices({"model-1": Price(input=0, output=10_000)}, date(2026, 11, 22))
Share = Callable[[Ledger, float], SharedAllowance]


class DearProvider(ItemProvider):
    """Bills what was estimated."""

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write, and bill."""
        return replace(super().generate(request), usage=estimated_usage(request))


@pytest.fixture
def share(rds: RdsConfig) -> Iterator[Share]:
    """Makes what a ledger's run may spend under a cap, on a connection of its own."""
    with ExitStack() as connections:

        def make(ledger: Ledger, cap_usd: float) -> SharedAllowance:
            side = connections.enter_context(closing(SideConnection(lambda: Database(get_db_connection(rds)))))
            return SharedAllowance(side, ledger.job_id, ledger.lease.run_id, cap_usd, ReconnectPolicy())

        yield make


def buy(allowance: SharedAllowance, ledger: Ledger, service: ItemProvider) -> CostCapReachedError | None:
    """Run a job with a cap and four threads; returns what ended it early."""
    budget = Budget(allowance)
    meter = MeteredProvider(service, cost=PRICES.cost_usd)
    provider = BudgetedProvider(meter, budget, PRICES, dict.fromkeys(QueryType, "model-1"))
    events = EventLog(ledger.job_id, ListSink())
    events.attach(ledger.db)
    loop = Generation(
        ledger,
        events,
        provider,
        meter,
        RunStats(),
        StopSignal(),
        order=plain_order(WANTED),
        max_concurrency=4,
        batch_size=50,
        unusable=UnusableReplies(5),
    )
    try:
        loop.run(counts_of(ledger))
    except CostCapReachedError as exc:
        return exc
    finally:
        budget.close()
        ledger.lease.end()
    return None


def test_a_job_stops_at_its_cap_and_a_higher_cap_goes_on(db: Database, share: Share) -> None:
    """What the cap paid for is saved, the end says what is left, and a higher cap buys the rest and no more."""
    ledger, service = open_job(db, products(10)), DearProvider()
    end = buy(share(ledger, 7.5 * A_CALL), ledger, service)
    assert len(service.requests) == 7
    assert states(db) == {"succeeded": 7, "pending": 13}
    assert "the cap of 12.0000 USD" in str(end)
    assert "11.2000 USD are spent" in str(end)
    again = open_run(db)
    assert buy(share(again, 20.1 * A_CALL), again, service) is None
    assert len(service.requests) == 20
    assert states(db) == {"succeeded": 20}


def test_runs_without_a_cap_count_too(db: Database, share: Share) -> None:
    """What an earlier run has spent without a cap is part of the job's sum."""
    ledger = open_job(db, products(1))
    ledger.queue.save_stats(RunStats(llm=CallStats(cost_usd=2.0)).as_dict())
    ledger.lease.end()
    later = share(open_run(db), 3.0)
    assert later.raise_to(1.1, 5.0) == 0.0
    assert later.raise_to(0.5, 5.0) == pytest.approx(1.0)
    assert later.status().spent_usd == pytest.approx(3.0)


def test_runs_side_by_side_share_the_cap(db: Database, share: Share) -> None:
    """Runs that ask at the same time never get more than the cap together; what one gives back another gets."""
    ledgers = [open_run(db) for _ in range(4)]
    shares = [share(ledger, 10.0) for ledger in ledgers]
    spent = [0.0] * 4

    def grow(run: int) -> None:
        draw = random.Random(run)
        while granted := shares[run].raise_to(spent[run] + 0.2, spent[run] + draw.uniform(0.2, 1.0)):
            spent[run] = granted

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(grow, range(4)))
    assert 9.8 < sum(spent) <= 10.0 + 1e-9
    giver, taker = spent.index(max(spent)), spent.index(min(spent))
    shares[giver].lower_to(0.0)
    assert shares[taker].raise_to(spent[taker] + 0.3, spent[taker] + 0.3) == pytest.approx(spent[taker] + 0.3)
