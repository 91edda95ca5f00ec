"""Errors of every provider repeat no key, whichever field of the service's error holds it in whichever disguise."""

import traceback
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from query_generator.errors import QueryGeneratorError
from query_generator.llm.anthropic_messages import AnthropicProvider
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.gemini import GeminiProvider
from query_generator.llm.google_genai import GoogleGenAIProvider
from query_generator.llm.openai_chat import OpenAIProvider
from query_generator.llm.token_count import gemini_token_counter
from query_generator.models import Product, QueryType
from tests.fakes.repeating_server import RepeatingServer, product_of
from tests.support.disguises import DISGUISES, reveals

KEY = "AIza/Sy+Canary-0123_456789.xyz=="
MODELS = dict.fromkeys(QueryType, "small-1")
PROVIDERS: dict[str, Callable[[str], Any]] = {
    "gemini": lambda url: GeminiProvider(KEY, MODELS, endpoint=url),
    "google-genai": lambda url: GoogleGenAIProvider(KEY, MODELS, endpoint=url),
    "openai": lambda url: OpenAIProvider(KEY, "small-1", base_url=url),
    "anthropic": lambda url: AnthropicProvider(KEY, "small-1", base_url=url),
}


def request_for(number: int) -> GenerationRequest:
    """A request whose error holds the disguise with this number."""
    name = product_of(number)
    return GenerationRequest(Product(name), QueryType.PRODUCT, 1, Prompt("You write questions.", f"About {name}."))


def told(error: Exception) -> str:
    """All messages of a traceback, without its lines of code."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(line for line in lines if not line.startswith(" "))


@pytest.mark.parametrize("status", [401, 429, 503])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_error_repeats_no_key(provider: str, status: int) -> None:
    """In its message, its code, its quota or its delay; also at the place where the message is cut."""
    shown = {}
    with RepeatingServer(KEY, status, everywhere=True) as service, closing(PROVIDERS[provider](service.url)) as made:
        for number, disguise in enumerate(DISGUISES):
            with pytest.raises(QueryGeneratorError) as caught:
                made.generate(request_for(number))
            shown[disguise] = told(caught.value)
    assert [disguise for disguise, text in shown.items() if reveals(text, KEY) or "Canary-" in text] == []


def test_a_count_of_tokens_repeats_no_key() -> None:
    """The dry run's call goes the same way."""
    with RepeatingServer(KEY, everywhere=True) as service:
        count = gemini_token_counter(KEY, service.url)
        for number in range(len(DISGUISES)):
            with pytest.raises(QueryGeneratorError) as caught:
                count("small-1", Prompt("s", product_of(number)))
            assert not reveals(told(caught.value), KEY)
