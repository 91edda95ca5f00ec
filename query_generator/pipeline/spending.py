"""What a run may spend: the prices, and the budget under the job's cost cap."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from query_generator.config import JobConfig
from query_generator.errors import FatalError
from query_generator.llm.prices import Prices, load_prices
from query_generator.llm.registry import models_of
from query_generator.resilience.budget import Budget, known_price
from query_generator.stopping import StopSignal
from query_generator.store.budget import SharedAllowance
from query_generator.store.reconnect import ReconnectPolicy
from query_generator.store.side_connection import SideConnection


def checked_prices(config: JobConfig) -> Prices:
    """Read the prices; with a cap, every model that may be asked must have one.

    Raises:
        ConfigurationError: the user's price file is wrong, or there is a cap and a price is not known.
    """
    prices = load_prices(config.prices_file)
    if config.max_cost is not None:
        for provider in config.providers:
            for model in models_of(provider, config).values():
                known_price(prices, provider, model)
    return prices


@contextmanager
def budget_of(config: JobConfig, side: SideConnection, run_id: str, stop: StopSignal) -> Iterator[Budget | None]:
    """Yield the budget of one run, None if the job has no cap; afterwards give back what the run has not spent.

    Args:
        config: the configuration of the run.
        side: the connection on which the budget is kept.
        run_id: the id of the run.
        stop: interrupts every wait.
    """
    if config.max_cost is None:
        yield None
        return
    policy = ReconnectPolicy.of_run(config.database_reconnect_seconds, stop.is_overdue)
    budget = Budget(SharedAllowance(side, config.job_id, run_id, config.max_cost, policy), stop.sleep)
    try:
        yield budget
    finally:
        with suppress(FatalError):
            budget.close()
