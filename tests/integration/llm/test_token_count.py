"""Counting tokens at the provider."""

import pytest

from query_generator.errors import PermissionRefusedError, RetryableError
from query_generator.llm.base import Prompt
from query_generator.llm.token_count import gemini_token_counter
from tests.conftest import API_KEY
from tests.fakes.gemini_server import GeminiServer

PROMPT = Prompt("Write questions.", "About a boot.")


def test_tokens_are_counted_without_a_call(gemini: GeminiServer) -> None:
    """The provider counts what it would bill for a prompt, and bills nothing."""
    count = gemini_token_counter(API_KEY, gemini.url)
    assert count("gemini-3.5-flash-lite", PROMPT) == (len(PROMPT.system) + 1 + len(PROMPT.user)) // 4
    assert gemini.calls.total() == 0


def test_a_refused_key_is_found_and_not_shown(gemini: GeminiServer) -> None:
    """A wrong key is told before anything is bought."""
    with pytest.raises(PermissionRefusedError) as caught:
        gemini_token_counter("a-wrong-key", gemini.url)("gemini-3.5-flash-lite", PROMPT)
    assert "a-wrong-key" not in str(caught.value)


def test_a_service_that_is_away_is_a_transient_fault() -> None:
    """Nobody there is no verdict on the key."""
    with pytest.raises(RetryableError):
        gemini_token_counter(API_KEY, "http://127.0.0.1:9")("gemini-3.5-flash-lite", PROMPT)
