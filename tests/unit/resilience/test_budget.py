"""The hard cap of a job's cost: what may be bought, and what ends it."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from query_generator.errors import (
    Bill,
    BudgetExhaustedError,
    ConfigurationError,
    CostCapReachedError,
    InterruptedRunError,
    OverloadedError,
    QueryGeneratorError,
    RetryableError,
    SkippableError,
)
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.prices import load_prices
from query_generator.models import Product, QueryType
from query_generator.resilience.budget import Budget, BudgetedProvider, estimated_usage, known_price
from query_generator.resilience.fallback import FallbackProvider
from tests.support.scripted_provider import ScriptedProvider
from tests.support.shared_cap import BillingProvider, SharedCap

MODEL = "gemini-3.5-flash-lite"
MODELS = dict.fromkeys(QueryType, MODEL)
REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 25, Prompt("s" * 2000, "u" * 1200))
PRICES = load_prices(None)
PRICE = known_price(PRICES, "gemini", MODEL)
A_CALL = PRICE.cost_usd(estimated_usage(REQUEST))


def buy_all(provider: BudgetedProvider, threads: int, calls: int) -> None:
    """Make calls from some threads until the cap ends it or all are made."""

    def buy(_: int) -> None:
        with suppress(RetryableError, CostCapReachedError):
            provider.generate(REQUEST)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(buy, range(calls)))


@pytest.mark.parametrize("seed", range(20))
def test_the_cap_is_never_passed(seed: int) -> None:
    """Under a random cap several runs with calls in flight, some killed, never buy more than the cap in all."""
    draw = random.Random(seed)
    cap = SharedCap(draw.uniform(0.5, 60) * A_CALL)
    services = [BillingProvider(draw.randrange(1000), estimated_usage(REQUEST)) for _ in range(3)]
    budgets = [Budget(cap.of(str(run))) for run in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for service, budget in zip(services, budgets, strict=True):
            pool.submit(buy_all, BudgetedProvider(service, budget, PRICES, MODELS), 4, draw.choice([5, 40]))
    for budget in budgets[draw.randrange(4) :]:  # the others were killed: they give nothing back
        budget.close()
    late = BillingProvider(draw.randrange(1000), estimated_usage(REQUEST))
    buy_all(BudgetedProvider(late, Budget(cap.of("late")), PRICES, MODELS), 4, 40)
    billed = sum(PRICE.cost_usd(usage) for service in (*services, late) for usage in service.bills)
    assert billed <= cap.cap_usd * (1 + 1e-9)


def test_calls_dearer_than_estimated_pass_the_cap_by_those_in_flight_at_most() -> None:
    """A model that writes three times what was estimated passes the cap by no more than its calls in flight hold."""
    for seed in range(5):
        cap = SharedCap(40 * A_CALL)
        service = BillingProvider(seed, estimated_usage(REQUEST), most=3.0, failing=0.0)
        buy_all(BudgetedProvider(service, Budget(cap.of("run")), PRICES, MODELS), 4, 200)
        bills = [PRICE.cost_usd(usage) for usage in service.bills]
        assert cap.cap_usd - 2 * max(bills) < sum(bills) < cap.cap_usd + service.most_in_flight * max(bills)


def test_most_of_the_cap_is_used() -> None:
    """A run stops no more than about one call short of its cap."""
    cap = SharedCap(50 * A_CALL)
    service = BillingProvider(1, estimated_usage(REQUEST), failing=0.0)
    buy_all(BudgetedProvider(service, Budget(cap.of("run")), PRICES, MODELS), 4, 400)
    assert sum(PRICE.cost_usd(usage) for usage in service.bills) > cap.cap_usd - 2 * A_CALL


def test_the_end_says_what_is_left_and_what_it_would_cost() -> None:
    """The user reads what was spent, what is left, what that would cost, and how to go on."""
    provider = BudgetedProvider(ScriptedProvider(), Budget(SharedCap(0.0001).of("run")), PRICES, MODELS)
    with pytest.raises(CostCapReachedError, match=r"0\.0001 USD .* 4 items are left .* a higher --max-cost") as caught:
        provider.generate(REQUEST)
    assert isinstance(caught.value, BudgetExhaustedError)


@pytest.mark.parametrize(
    ("error", "free"),
    [
        (OverloadedError("busy"), True),
        (InterruptedRunError("stopped"), True),
        (RetryableError("the connection broke"), False),
        (SkippableError("blocked"), False),
    ],
)
def test_a_failed_call_costs_unless_it_was_surely_not_billed(error: QueryGeneratorError, free: bool) -> None:
    """A call whose bill nobody knows counts as what was reserved for it; a refused one is free."""
    cap = SharedCap(1.5 * A_CALL)
    provider = BudgetedProvider(ScriptedProvider(error, ["Is it?"]), Budget(cap.of("run")), PRICES, MODELS)
    with pytest.raises(type(error)):
        provider.generate(REQUEST)
    if free:
        assert provider.generate(REQUEST).texts == ("Is it?",)
    else:
        with pytest.raises(CostCapReachedError):
            provider.generate(REQUEST)


def test_a_failed_call_whose_bill_was_told_costs_just_that() -> None:
    """A refusal that was billed for a few tokens leaves the rest of its reservation to others."""
    refusal = SkippableError("blocked")
    refusal.bill = Bill(MODEL, 10, 3, 0)
    cap = SharedCap(1.5 * A_CALL)
    provider = BudgetedProvider(ScriptedProvider(refusal, ["Is it?"]), Budget(cap.of("run")), PRICES, MODELS)
    with pytest.raises(SkippableError):
        provider.generate(REQUEST)
    assert provider.generate(REQUEST).texts == ("Is it?",)


def test_a_stop_ends_the_wait_for_other_calls() -> None:
    """A run that is told to stop does not wait for its calls in flight before it leaves the queue for the budget."""

    def stopped(_: float) -> None:
        raise InterruptedRunError("stopped")

    budget = Budget(SharedCap(1.0).of("run"), stopped)
    with budget.reserved(0.9), pytest.raises(InterruptedRunError), budget.reserved(0.2):
        pass


def test_what_is_not_spent_is_given_back() -> None:
    """The next run of a job has all that the last one did not spend."""
    cap = SharedCap(1.0)
    budget = Budget(cap.of("run"))
    with budget.reserved(0.05) as reservation:
        reservation.spent = 0.01
    assert cap.allowed["run"] == pytest.approx(0.25)
    budget.close()
    assert cap.allowed["run"] == pytest.approx(0.01)


def test_a_cap_needs_a_price() -> None:
    """A cap on a model without a known price is refused before anything is bought, and says where to give the price."""
    with pytest.raises(ConfigurationError, match=r"'script-1' is not known; give it in PRICES_FILE"):
        BudgetedProvider(ScriptedProvider(), Budget(SharedCap(1).of("run")), PRICES, {QueryType.PRODUCT: "script-1"})


def test_no_other_provider_is_asked_when_the_cap_is_reached() -> None:
    """The cap is the whole job's: another provider does not stand in for one that the cap has ended."""
    budget = Budget(SharedCap(0.5 * A_CALL).of("run"))
    dear, other = BillingProvider(1, estimated_usage(REQUEST)), BillingProvider(2, estimated_usage(REQUEST))
    provider = FallbackProvider([BudgetedProvider(dear, budget, PRICES, MODELS), other])
    with pytest.raises(CostCapReachedError):
        provider.generate(REQUEST)
    assert other.bills == []
