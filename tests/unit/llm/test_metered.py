"""What calls cost, and how it is counted."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from query_generator.errors import BudgetExhaustedError, QueryGeneratorError, RetryableError, SkippableError
from query_generator.llm.base import GenerationRequest, Prompt, Usage, billed
from query_generator.llm.metered import CallStats, MeteredProvider
from query_generator.llm.offline import OfflineProvider
from query_generator.masking import hide
from query_generator.models import Product, QueryType
from tests.support.scripted_provider import ScriptedProvider

REQUEST = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 1, Prompt("s", "u"))


class Ticking:
    """A clock that is half a second later each time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        self.now += 0.5
        return self.now


def test_a_successful_call_is_counted_with_time_tokens_and_price() -> None:
    """The figures of the result are those of the replies."""
    inner = ScriptedProvider(["Is it good?"], ["Is it bad?"], reply_model="gemini-3.5-flash-lite-001")
    metered = MeteredProvider(inner, Ticking())
    replies = [metered.generate(REQUEST) for _ in range(2)]
    assert [reply.texts for reply in replies] == [("Is it good?",), ("Is it bad?",)]
    assert [reply.cost_usd for reply in replies] == [pytest.approx((10 * 0.30 + 3 * 2.50) / 1_000_000)] * 2
    stats = metered.stats()
    assert stats.cost_usd == pytest.approx(2 * (10 * 0.30 + 3 * 2.50) / 1_000_000)
    stats.cost_usd, stats.cost_by_provider = 0.0, {}
    assert stats == CallStats(total_requests=2, successful_requests=2, prompt_tokens=20, output_tokens=6, seconds=1.0)


@pytest.mark.parametrize(
    "error", [RetryableError("overloaded"), SkippableError("blocked"), BudgetExhaustedError("day")]
)
def test_a_failed_call_is_counted_and_handed_on(error: QueryGeneratorError) -> None:
    """Failures of every kind are counted, and their time does not change the average."""
    metered = MeteredProvider(ScriptedProvider(error), Ticking())
    with pytest.raises(type(error)) as caught:
        metered.generate(REQUEST)
    assert caught.value is error
    assert metered.stats() == CallStats(total_requests=1, failed_requests=1)


def test_a_reply_of_no_use_is_on_the_bill() -> None:
    """What a provider has billed for a refusal or for garbage counts in tokens and money, though the call failed."""
    refusal = SkippableError("blocked")
    with pytest.raises(SkippableError), billed("gemini-3.5-flash-lite-001", Usage(10, 3)):
        raise refusal
    metered = MeteredProvider(ScriptedProvider(refusal), Ticking())
    with pytest.raises(SkippableError):
        metered.generate(REQUEST)
    usd = pytest.approx((10 * 0.30 + 3 * 2.50) / 1_000_000)
    assert refusal.bill
    assert refusal.bill.cost_usd == usd
    stats = metered.stats()
    assert (stats.total_requests, stats.failed_requests, stats.successful_requests) == (1, 1, 0)
    assert (stats.prompt_tokens, stats.output_tokens) == (10, 3)
    assert stats.cost_usd == usd
    assert stats.cost_by_provider == {"scripted": usd}


def test_a_reply_repeats_no_key() -> None:
    """A service that puts the key into a question or into the model's name does not put it into the tables."""
    hide({"AIzaSy-hidden-0123", "mountain"})
    inner = ScriptedProvider(["Is AIzaSy-hidden-0123 a mountain?", "Why?"], reply_model="m-AIzaSy-hidden-0123")
    reply = MeteredProvider(inner).generate(REQUEST)
    assert (reply.texts, reply.model) == (("Is *** a mountain?", "Why?"), "m-***")


def test_an_unknown_price_is_told() -> None:
    """A model without a known price never counts as free."""
    metered = MeteredProvider(ScriptedProvider(["Is it good?"]))
    metered.generate(REQUEST)
    assert (metered.stats().cost_usd, metered.stats().unpriced_requests) == (0.0, 1)


def test_retries_are_counted_apart() -> None:
    """A retry is not counted as a call before it is made."""
    metered = MeteredProvider(ScriptedProvider())
    metered.count_retry()
    assert metered.stats() == CallStats(retries=1)


def test_figures_that_were_handed_out_do_not_move() -> None:
    """What is being stored does not change while calls go on."""
    metered = MeteredProvider(ScriptedProvider(["Is it good?"]))
    before = metered.stats()
    metered.generate(REQUEST)
    assert before == CallStats()


def test_many_threads_lose_no_count() -> None:
    """With all calls in flight, the sums are exact."""
    metered = MeteredProvider(OfflineProvider())
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(metered.generate, [REQUEST] * 400))
    stats = metered.stats()
    assert (stats.total_requests, stats.successful_requests, stats.unpriced_requests) == (400, 400, 0)


def test_sums_add_up() -> None:
    """A job's figures are the sums over its runs."""
    one = CallStats(1, 2, 3, 4, 5, 6, 7, 8.5, 9.25, 10)
    assert one.plus(one) == CallStats(2, 4, 6, 8, 10, 12, 14, 17.0, 18.5, 20)
    assert one.plus(CallStats()) == one


def test_cost_is_kept_by_provider() -> None:
    """A summary can tell what each provider has cost, and says so where one has no price."""
    metered = MeteredProvider(ScriptedProvider(["Is it good?"]), cost=lambda *_: 0.25)
    metered.generate(REQUEST)
    one = metered.stats()
    other = CallStats(cost_by_provider={"scripted": 0.5, "other": None})
    assert one.cost_by_provider == {"scripted": 0.25}
    assert one.plus(other).cost_by_provider == {"scripted": 0.75, "other": None}
    assert other.plus(other).cost_by_provider == {"scripted": 1.0, "other": None}
