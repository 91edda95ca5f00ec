"""Which providers and models a configuration means, and in which order they are asked."""

from datetime import date
from typing import Any

import pytest

from query_generator.config import JobConfig
from query_generator.llm.adapter import limits_of
from query_generator.llm.prices import load_prices
from query_generator.llm.registry import models_of, terms_of_models
from query_generator.models import QueryType
from query_generator.pipeline.providers import in_order

PRICES = load_prices(None, date(2026, 11, 22))


def config(*providers: Any, **settings: Any) -> JobConfig:
    """A configuration of these providers."""
    return JobConfig(job_id="j", providers=providers, **settings)


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, ["offline", "gemini", "openai", "anthropic"]),
        ({"routing": "cheapest"}, ["openai", "anthropic", "gemini", "offline"]),
        ({"routing": "cheapest", "openai_model": "gpt-6-sol"}, ["anthropic", "gemini", "openai", "offline"]),
        ({"routing": "cheapest", "openai_model": "my-own"}, ["anthropic", "gemini", "openai", "offline"]),
        (
            {"routing": "cheapest", "gemini_market_model": "gemini-unheard-of"},
            ["openai", "anthropic", "gemini", "offline"],
        ),
    ],
)
def test_providers_are_asked_as_named_or_by_price(settings: dict[str, str], order: list[str]) -> None:
    """`cheapest` goes by the price of a typical call; an unknown price comes after known ones, and grammar last."""
    assert in_order(config("offline", "gemini", "openai", "anthropic", **settings), PRICES) == order


def test_equal_prices_keep_the_order_that_was_named() -> None:
    """Among equals the user's order decides."""
    assert in_order(config("anthropic", "openai", routing="cheapest"), PRICES) == ["anthropic", "openai"]
    assert in_order(config("openai", "anthropic", routing="cheapest"), PRICES) == ["openai", "anthropic"]


def test_market_questions_may_have_a_model_of_their_own() -> None:
    """GEMINI_MARKET_MODEL holds for both Gemini providers; the others ask one model for both types."""
    settings = config("gemini", "google-genai", "openai", "offline", gemini_market_model="gemini-3.8-flash")
    for name in ("gemini", "google-genai"):
        assert models_of(name, settings)[QueryType.MARKET] == "gemini-3.8-flash"
    assert set(models_of("openai", settings).values()) == {"gpt-6-luna"}
    assert terms_of_models(settings) == {
        "product": "gemini-3.5-flash-lite",
        "market": "gemini-3.8-flash",
        "openai": "gpt-6-luna",
    }


def test_a_slow_service_gets_more_time() -> None:
    """LLM_TIMEOUT_SECONDS is the longest wait, and half of what a call may take in all."""
    assert limits_of(config("openai")) == {"pool_size": 32, "timeout_seconds": 60, "deadline_seconds": 120}
    slow = config("openai", llm_timeout=300, max_concurrency=2)
    assert limits_of(slow) == {"pool_size": 2, "timeout_seconds": 300, "deadline_seconds": 600}
