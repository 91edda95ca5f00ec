"""A hard cap on the cost of a job: the cost of each call is reserved before the call and settled after it."""

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
from query_generator.llm.base import (
    GenerationReply,
    GenerationRequest,
    Provider,
    ProviderAround,
    Usage,
    estimated_usage,
    usage_of,
)
from query_generator.llm.prices import Price, Prices
from query_generator.models import BudgetStatus, QueryType

CALLS_AHEAD = 4  # further calls that a raised allowance covers, so that not every call has to raise it
DECAY = 0.05
CHECK_SECONDS = 0.1
_FREE_FAULTS = (RateLimitedError, OverloadedError, CircuitOpenError, FatalError)


class Allowance(Protocol):
    """What a run may spend out of the job's cap, which all runs of the job share."""

    def raise_to(self, needed: float, wanted: float) -> float:
        """Let this run spend up to `wanted` US dollars in all, or at least `needed`.

        Returns:
            What the run may spend in all, at least `needed`; 0 if the cap does not leave that.

        Raises:
            ServiceAwayError: the shared cap cannot be reached.
        """
        ...

    def lower_to(self, spent: float) -> None:
        """Lower the allowance to `spent` US dollars; the rest is free for other runs."""
        ...

    def status(self) -> BudgetStatus:
        """Return the job's spending against its cap."""
        ...


class Budget:
    """What one run may still spend, in US dollars. Safe for threads.

    The money spent and reserved never exceeds the run's allowance, and all allowances never exceed the cap. So the cap
    is exceeded only by what calls in flight cost beyond the amount reserved for them.

    Args:
        allowance: the run's part of the cap.
        sleep: called while calls wait; raises if the run is asked to stop.
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
        """Reserve `usd` US dollars for the call made inside; wait while calls in flight hold too much.

        Raises:
            CostCapReachedError: the cap leaves less than `usd`, and no call of this run is in flight.
        """
        with self._changed:
            while not self._fits(usd):
                if not self._in_flight:
                    self._allowed = self._spent
                    self._allowance.lower_to(self._spent)
                    raise _cap_reached(self._allowance.status(), usd)
                self._changed.wait(CHECK_SECONDS)
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
        """Give back what is neither spent nor reserved for a call in flight."""
        with self._changed:
            self._allowance.lower_to(self._spent + self._reserved)

    def _fits(self, usd: float) -> bool:
        needed = self._spent + self._reserved + usd
        if needed > self._allowed and self._refused_at != self._settled:
            self._allowed = self._allowance.raise_to(needed, needed + CALLS_AHEAD * usd) or self._allowed
            self._refused_at = self._settled if needed > self._allowed else -1
        return needed <= self._allowed


class Reservation:
    """What is reserved for one call, in US dollars; `spent` counts as spent, by default the whole reservation."""

    def __init__(self, usd: float) -> None:
        self.spent = usd


class BudgetedProvider(ProviderAround):
    """Makes a call if the budget has room for it. It belongs inside the retries, so that every attempt is reserved.

    The cost of a call is estimated from its prompt and number of questions, corrected by the cost of earlier calls. A
    call that was surely not billed (refused or not made) is free. Any other failed call counts as the provider billed
    it, or as estimated if the bill is not known. The meter prices each call; if it has no price for the version that
    answered, the price of the model that was asked for counts.
    """

    def __init__(self, provider: Provider, budget: Budget, prices: Prices, models: Mapping[QueryType, str]) -> None:
        """Take the inner provider, the budget, the prices, and the model for each type of question.

        Raises:
            ConfigurationError: the price of a model is not known.
        """
        self._provider = provider
        self._budget = budget
        self._price = {kind: known_price(prices, provider.name, model) for kind, model in models.items()}
        self._ratio = 1.0

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Make one call. Raises CostCapReachedError if the cap leaves too little for it."""
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
            self._ratio = max(ratio, self._ratio + DECAY * (ratio - self._ratio))
        return reply


def _cost(metered: float | None, asked: Price, usage: Usage) -> float:
    return asked.cost_usd(usage) if metered is None else metered


def known_price(prices: Prices, provider: str, model: str) -> Price:
    """Return the price of a model. Raises a ConfigurationError that says how to set it."""
    price = prices.of(provider, model)
    if price is None:
        raise ConfigurationError(
            f"--max-cost / MAX_COST_USD: the price of {provider}'s model '{model}' is not known; give it in PRICES_FILE"
            f', for example {{"{model}": {{"input": 0.30, "output": 2.50}}}} in US dollars for a million tokens'
        )
    return price


def _cap_reached(status: BudgetStatus, next_call: float) -> CostCapReachedError:
    each = status.spent_usd / status.done_items if status.done_items else next_call
    return CostCapReachedError(
        f"the cap of {status.cap_usd:.4f} USD lets nothing more be bought: {status.spent_usd:.4f} USD are spent, "
        f"{status.open_items} items are left and would cost about {status.open_items * each:.4f} USD more; "
        "run the same job id again with a higher --max-cost"
    )
