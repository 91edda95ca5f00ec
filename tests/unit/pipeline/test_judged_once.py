"""A reply on its way through all providers around a provider: judged once, priced once, and billed as before."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig, load_config
from query_generator.errors import Bill, SkippableError
from query_generator.llm.base import Usage
from query_generator.llm.prices import Price
from query_generator.models import Product, QueryType
from query_generator.pipeline.providers import make_provider
from query_generator.questions import judged
from query_generator.questions.ask import ask
from query_generator.questions.checks import Accepted, accept_questions
from query_generator.resilience.budget import Budget
from query_generator.stopping import StopSignal
from tests.support.orders import plain_order, texts_of
from tests.support.scripted_provider import ScriptedProvider, Step
from tests.support.shared_cap import SharedCap

BOOT = Product("Trail Boot", "Daybird")
TEXTS = ("Is it warm in winter?", "Is it made of wool?", "No question.")
BILLED = Usage(10, 3)  # as ScriptedProvider bills every call
USD = (10 * 0.30 + 3 * 2.50) / 1_000_000


class Counted:
    """How often texts are judged and tokens are priced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.judged = 0
        self.priced: Counter[Usage] = Counter()
        monkeypatch.setattr(judged, "accept_questions", self._accept)
        price = Price.cost_usd

        def priced(table: Price, usage: Usage) -> float:
            self.priced[usage] += 1
            return price(table, usage)

        monkeypatch.setattr(Price, "cost_usd", priced)

    def _accept(self, texts: Iterable[str], wanted: int, existing: Iterable[str] = (), **more: Any) -> Accepted:
        self.judged += 1
        return accept_questions(texts, wanted, existing, **more)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


@pytest.fixture
def config() -> JobConfig:
    return load_config({"verb": "function", "providers": "gemini"}, {})


class Stack:
    """All providers around a vendor that follows a script, as a job wires them, under a cap of one dollar."""

    def __init__(self, config: JobConfig, cache: ResponseCache, *script: Step) -> None:
        vendor = ScriptedProvider(*script, name="gemini", reply_model="gemini-3.5-flash-lite-001")
        self.cap = SharedCap(1.0)
        self.budget = Budget(self.cap.of("run"))
        self.provider, self.meters = make_provider(
            config, StopSignal(), budget=self.budget, cache=cache, innermost=lambda *_: vendor
        )

    def spent(self) -> tuple[float, float]:
        """What the meters and the budget have counted."""
        self.budget.close()
        return self.meters.stats().cost_usd, self.cap.allowed.get("run", 0.0)


def test_a_reply_is_judged_once_and_priced_once(counted: Counted, config: JobConfig) -> None:
    """A bought reply is, and so is one from the cache; the one costs the same everywhere, and the other nothing."""
    cache = ResponseCache(config)
    first = Stack(config, cache, TEXTS)
    bought = ask(BOOT, QueryType.PRODUCT, plain_order(5), first.provider)
    assert (texts_of(bought.questions), bought.dropped) == ([*TEXTS[:2]], Counter(not_a_question=1))
    assert (counted.judged, counted.priced[BILLED]) == (1, 1)
    assert first.spent() == pytest.approx((USD, USD))

    second = Stack(config, cache)
    kept = ask(BOOT, QueryType.PRODUCT, plain_order(5), second.provider)
    assert (kept.questions, kept.dropped, kept.output_tokens) == (bought.questions, bought.dropped, 0)
    assert (counted.judged, counted.priced[BILLED]) == (2, 2)
    assert second.spent() == (0.0, 0.0)
    assert cache.stats().usd_saved == pytest.approx(USD)


def test_a_reply_of_no_use_is_judged_once_and_priced_once(counted: Counted, config: JobConfig) -> None:
    """A reply without any question, and a refusal with a bill: not kept, and on the bill of meter and budget."""
    refusal = SkippableError("blocked")
    refusal.bill = Bill("gemini-3.5-flash-lite-001", BILLED.prompt_tokens, BILLED.output_tokens, 0)
    stack = Stack(config, ResponseCache(config), ["No question."], refusal)
    assert ask(BOOT, QueryType.PRODUCT, plain_order(5), stack.provider).questions == []
    assert (counted.judged, counted.priced[BILLED]) == (1, 1)
    assert ask(BOOT, QueryType.PRODUCT, plain_order(5), stack.provider).error is refusal
    assert (counted.judged, counted.priced[BILLED]) == (1, 2)
    assert stack.spent() == pytest.approx((2 * USD, 2 * USD))
