"""The hard cap of a job's cost: what may be bought, and what ends it."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

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
from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt, Usage, estimated_usage
from query_generator.llm.prices import load_prices
from query_generator.models import Product, QueryType
from query_generator.resilience.budget import Budget, BudgetedProvider, known_price
from query_generator.resilience.fallback import FallbackProvider
from tests.support.scripted_provider import ScriptedProvider
from tests.support.shared_cap import BillingProvider, CapShare, SharedCap

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
    """The user reads what was spent, what is left, what that would cost going by the done items, and how to go on."""
    cap = SharedCap(0.5)
    cap.of("an earlier run").raise_to(0.5, 0.5)
    provider = BudgetedProvider(ScriptedProvider(), Budget(cap.of("run")), PRICES, MODELS)
    with pytest.raises(CostCapReachedError) as caught:
        provider.generate(REQUEST)
    assert isinstance(caught.value, BudgetExhaustedError)
    assert str(caught.value) == (
        "the cap of 0.5000 USD lets nothing more be bought: 0.5000 USD are spent, "
        "4 items are left and would cost about 0.2000 USD more; run the same job id again with a higher --max-cost"
    )


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


def test_a_call_that_costs_just_what_is_left_is_made() -> None:
    """A cap of one dollar buys a call of one dollar."""
    cap = SharedCap(1.0)
    with Budget(cap.of("run")).reserved(1.0):
        assert cap.allowed == {"run": 1.0}


def test_a_run_that_ends_keeps_what_its_calls_in_flight_may_cost() -> None:
    """What a call that has not ended may still cost is not given back, or another run would spend it again."""
    cap = SharedCap(1.0)
    budget = Budget(cap.of("run"))
    with budget.reserved(0.05):
        budget.close()
        assert cap.allowed["run"] == pytest.approx(0.05)


def test_a_run_that_the_cap_ends_leaves_the_rest_to_the_others() -> None:
    """A run that cannot pay its next call gives back what it holds, from which a cheaper call can be paid."""
    cap = SharedCap(1.0)
    budget = Budget(cap.of("run"))
    with budget.reserved(0.4):
        pass
    with pytest.raises(CostCapReachedError), budget.reserved(0.7):
        pytest.fail("a call was made")
    assert cap.allowed["run"] == pytest.approx(0.4)
    with Budget(cap.of("other")).reserved(0.6):
        assert cap.allowed["other"] == pytest.approx(0.6)


class CountedShare(CapShare):
    """Counts how often more is asked for."""

    asked = 0

    def raise_to(self, needed: float, wanted: float) -> float:
        """Count, and ask."""
        self.asked += 1
        return super().raise_to(needed, wanted)


def test_a_cap_that_leaves_nothing_is_asked_once_for_each_call_that_ends() -> None:
    """Threads that wait for calls in flight do not ask the database again before something can have changed."""
    cap = SharedCap(1.0)
    share, looks = CountedShare(cap, "run"), list[int]()

    def look(_: float) -> None:
        looks.append(share.asked)
        if len(looks) == 3:
            raise InterruptedRunError("stopped")

    budget = Budget(share, look)
    with budget.reserved(0.9), pytest.raises(InterruptedRunError), budget.reserved(0.2):
        pytest.fail("a call was made")
    assert looks == [2, 2, 2]


class PricedProvider(ScriptedProvider):
    """Answers with the same bill each time."""

    model = MODEL

    def __init__(self, usage: Usage) -> None:
        super().__init__(*[["Is it?"]] * 9, name="gemini")
        self._usage = usage

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Answer, and bill."""
        return replace(super().generate(request), model=MODEL, usage=self._usage)


def test_a_call_dearer_than_estimated_makes_the_next_reservation_as_dear() -> None:
    """One reply is enough to learn from upwards, so that a model that writes more does not pass the cap again."""
    cap = SharedCap(5.5 * A_CALL)
    usage = estimated_usage(REQUEST)
    dear = PricedProvider(Usage(3 * usage.prompt_tokens, 3 * usage.output_tokens))
    provider = BudgetedProvider(dear, Budget(cap.of("run")), PRICES, MODELS)
    provider.generate(REQUEST)
    with pytest.raises(CostCapReachedError):
        provider.generate(REQUEST)


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
