"""The keys of the response cache, as earlier versions have written them."""

from typing import Any

import pytest

from query_generator.cache.entries import key_of
from query_generator.cache.identity import parameters_of
from query_generator.config import JobConfig
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.registry import models_of
from query_generator.models import Product, QueryType

ELSEWHERE = {
    "gemini_market_model": "gemini-3.8-flash",
    "openai_model": "my-own",
    "anthropic_model": "my-own",
    "gemini_api_endpoint": "http://127.0.0.1:8080",
    "openai_base_url": "http://127.0.0.1:11434/v1",
    "anthropic_base_url": "https://anthropic.example.internal",
}


@pytest.mark.parametrize(
    ("provider", "settings", "product_key", "market_key"),
    [
        ("gemini", {}, "ce4f2ecdcee9455ac992b223941763d2", "82693bbf7f20b7a8a14055a4f2cc223b"),
        ("gemini", ELSEWHERE, "5228adeb5d631754ed84f7ca6b2bf8df", "7d4bd4428b83b0c21d939078464ac4c4"),
        ("google-genai", {}, "ad84dec87ca573067087e30f50d2b021", "694d932a0b75c717bcb1d93cbd5419ad"),
        ("google-genai", ELSEWHERE, "038221a2e5bdfde9c8aee326698031f0", "60c02226687888ce8fb3f3230a24e6b0"),
        ("openai", {}, "95ccfd534138105727082e79e939b693", "562f98f6bf8afea1cade20af85c29526"),
        ("openai", ELSEWHERE, "82746c70c76695032e91c2b6e7f936a6", "ec2fee20c99e6a1c98b4fc2dab06c38a"),
        ("anthropic", {}, "17b9b09b6ff9e19808ff0406927af38e", "9808a8234380d4d11ae6150e35911147"),
        ("anthropic", ELSEWHERE, "f99926f787ac4051d51f3c927cf21a3d", "05e844dc6470d4ff118afa5c3867eac7"),
        ("offline", {}, "0fb93017613fecce735352291e2e45b1", "98102b00260a6a9ee04cf5e0c80906d0"),
        ("offline", ELSEWHERE, "0fb93017613fecce735352291e2e45b1", "98102b00260a6a9ee04cf5e0c80906d0"),
    ],
)
def test_a_reply_is_found_under_the_key_that_an_earlier_version_gave_it(
    provider: str, settings: dict[str, Any], product_key: str, market_key: str
) -> None:
    """An update buys nothing again that is in the cache for the same prompt."""
    config = JobConfig(job_id="j", providers=(provider,), **settings)
    prompt = Prompt("Write questions.", "About a boot.")
    models, parameters = models_of(provider, config), parameters_of(provider, config)
    keys = {
        query_type: key_of(
            GenerationRequest(Product("Trail Boot", "Daybird"), query_type, 25, prompt),
            provider,
            models[query_type],
            parameters,
        )[:32]
        for query_type in QueryType
    }
    assert keys == {QueryType.PRODUCT: product_key, QueryType.MARKET: market_key}
