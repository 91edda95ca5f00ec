"""A hard cap of what a job may cost: every call is reserved before it is made, and settled after."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from query_generator.errors import (
    CircuitOpenError,
    ConfigurationError,
    CostCapReachedError,
    FatalError,
    OverloadedError,
    QueryGeneratorError,
    RateLimitedError,
)
from query_generator.llm.base import GenerationReply, GenerationRequest, Provider, ProviderAround, Usage, usage_of
from query_generator.llm.prices import Price, Prices
from query_generator.models import BudgetStatus, QueryType
from query_generator.resilience.guarded import BYTES_A_TOKEN, TOKENS_A_QUESTION

CALLS_AHEAD = 4  # an allowance is asked for that many calls more at once, so that not every call asks for it
FORGETTING = 0.05
LOOK_SECONDS = 0.1
_FREE_FAULTS = (RateLimitedError, OverloadedError, CircuitOpenError, FatalError)


class Allowance(Protocol):
    """What a run may spend out of the job's cap, which it shares with the job's other runs."""

    def raise_to(self, needed: float, wanted: float) -> float:
        """Ask that this run may spend `wanted` US dollars in all, or at least `needed`.

        Returns:
            What it may spend now, at least `needed`; 0 when the cap does not leave that.

        Raises:
            ServiceAwayError: those who share the cap cannot be asked.
        """
        ...

    def lower_to(self, spent: float) -> None:
        """Give back what this run will not spend."""
        ...

    def status(self) -> BudgetStatus:
        """Return how the job stands."""
        ...


class Budget:
    """What one run may still spend. Safe for threads.

    The sum of what was spent and what is reserved is never above the run's allowance, and the allowances of all runs
    never above the cap: the cap is passed only by as much as the calls in flight cost more than was reserved for them.

    Args:
        allowance: of this run.
        sleep: raises when the run is told to stop.
    """

    def __init__(self, allowance: Allowance, sleep: Callable[[float], None] = time.sleep) -> None:
        self._allowance = allowance
        self._sleep = sleep
        self._changed = threading.Condition()
        self._allowed = self._spent = self._reserved = 0.0
        self._in_flight = self._settled = 0
        self._refused_at = -1

    @contextmanager
    def reserved(self, usd: float) -> Iterator["Reservation"]:
        """Reserve, or wait for calls in flight to leave enough; what is inside is the call.

        Raises:
            CostCapReachedError: the cap does not leave so much, and no call of this run is in flight any more.
        """
        with self._changed:
            while not self._fits(usd):
                if not self._in_flight:
                    self._allowed = self._spent
                    self._allowance.lower_to(self._spent)
                    raise _cap_reached(self._allowance.status(), usd)
                self._changed.wait(LOOK_SECONDS)
                self._sleep(0.0)
            self._reserved += usd
            self._in_flight += 1
        reservation = Reservation(usd)
        try:
            yield reservation
        finally:
            with self._changed:
                self._reserved -= usd
                self._spent += reservation.spent
                self._in_flight -= 1
                self._settled += 1
                if not self._in_flight:
                    self._reserved = 0.0
                self._changed.notify_all()

    def close(self) -> None:
        """Give back what was neither spent nor is reserved by a call that has not ended."""
        with self._changed:
            self._allowance.lower_to(self._spent + self._reserved)

    def _fits(self, usd: float) -> bool:
        needed = self._spent + self._reserved + usd
        if needed > self._allowed and self._refused_at != self._settled:
            self._allowed = self._allowance.raise_to(needed, needed + CALLS_AHEAD * usd) or self._allowed
            self._refused_at = self._settled if needed > self._allowed else -1
        return needed <= self._allowed


class Reservation:
    """What is held for one call, and counted as spent if nobody says otherwise."""

    def __init__(self, usd: float) -> None:
        self.spent = usd


class BudgetedProvider(ProviderAround):
    """Makes a call when the budget has room for it. It belongs inside the retries, so that every try is reserved.

    What a call will cost is estimated from its prompt and its count of questions, by how earlier ones came out. A call
    that was surely not billed (refused, not made) is free; one that failed otherwise counts as billed, or as estimated
    where nobody has told. What a call has cost is the meter's word; an answer of a version whose price is not known is
    priced as the model that was asked.
    """

    def __init__(self, provider: Provider, budget: Budget, prices: Prices, models: Mapping[QueryType, str]) -> None:
        """Take the model that is asked for each type of question.

        Raises:
            ConfigurationError: the price of a model is not known.
        """
        self._provider = provider
        self._budget = budget
        self._price = {kind: known_price(prices, provider.name, model) for kind, model in models.items()}
        self._ratio = 1.0

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call; raises CostCapReachedError when the cap leaves nothing for it."""
        price = self._price[request.query_type]
        estimate = price.cost_usd(estimated_usage(request))
        with self._budget.reserved(estimate * self._ratio) as reservation:
            try:
                reply = self._provider.generate(request)
            except _FREE_FAULTS:
                reservation.spent = 0.0
                raise
            except QueryGeneratorError as exc:
                if exc.bill:
                    reservation.spent = _cost(exc.bill.cost_usd, price, usage_of(exc.bill))
                raise
            reservation.spent = _cost(reply.cost_usd, price, reply.usage)
        if estimate:
            ratio = reservation.spent / estimate
            self._ratio = max(ratio, self._ratio + FORGETTING * (ratio - self._ratio))
        return reply


def _cost(metered: float | None, asked: Price, usage: Usage) -> float:
    return asked.cost_usd(usage) if metered is None else metered


def known_price(prices: Prices, provider: str, model: str) -> Price:
    """Return the price of a model; raises a ConfigurationError that says how to give it."""
    price = prices.of(provider, model)
    if price is None:
        raise ConfigurationError(
            f"--max-cost / MAX_COST_USD: the price of {provider}'s model '{model}' is not known; give it in PRICES_FILE"
            f', for example {{"{model}": {{"input": 0.30, "output": 2.50}}}} in US dollars for a million tokens'
        )
    return price


def estimated_usage(request: GenerationRequest) -> Usage:
    """Estimate the tokens of one call from above, before any reply tells better."""
    prompt = len(request.prompt.system.encode()) + len(request.prompt.user.encode())
    return Usage(prompt // BYTES_A_TOKEN, TOKENS_A_QUESTION * request.count)


def _cap_reached(status: BudgetStatus, next_call: float) -> CostCapReachedError:
    each = status.spent_usd / status.done_items if status.done_items else next_call
    return CostCapReachedError(
        f"the cap of {status.cap_usd:.4f} USD lets nothing more be bought: {status.spent_usd:.4f} USD are spent, "
        f"{status.open_items} items are left and would cost about {status.open_items * each:.4f} USD more; "
        "run the same job id again with a higher --max-cost"
    )
