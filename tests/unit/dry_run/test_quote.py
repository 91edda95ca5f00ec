"""Quotes: what a workload would cost, and on what that rests."""

import pytest

from query_generator.dry_run.quote import SAMPLE, Workload, quote, quote_lines
from query_generator.llm.base import Prompt
from query_generator.llm.prices import Price

PRICE = Price(input=1.0, output=10.0)


def workload(calls: int) -> Workload:
    """Calls that ask for 25 questions with prompts of 400 bytes."""
    work = Workload()
    for _ in range(calls):
        work.add(Prompt("s" * 300, "ä" * 50), 25, 25)
    return work


def test_a_quote_without_experience_is_an_estimate_with_a_range() -> None:
    """Four bytes are a token, a question is twenty, and up to a tenth of the items are asked twice."""
    entry = quote("gemini", "m", workload(100), PRICE)
    assert (entry.usage.prompt_tokens, entry.usage.output_tokens) == (10_000, 50_000)
    assert entry.low == pytest.approx(0.51)
    assert entry.high == pytest.approx(0.561)
    assert "100 calls, perhaps 10 more" in str(entry)


def test_the_providers_own_count_and_earlier_replies_win_over_the_estimate() -> None:
    """Where the provider counts a sample, and where earlier replies are known, the quote follows them."""
    work = workload(100)
    entry = quote("gemini", "m", work, PRICE, [150] * len(work.sample), (30.0, 0.0))
    assert (entry.usage.prompt_tokens, entry.usage.output_tokens) == (15_000, 75_000)
    assert entry.low == entry.high


def test_the_sample_is_small_and_from_the_whole_catalog() -> None:
    """However long the catalog, a few prompts are kept, and not only the first ones."""
    work = Workload()
    for number in range(5_000):
        work.add(Prompt("", str(number)), 1, 1)
    assert len(work.sample) == SAMPLE
    assert max(int(prompt.user) for prompt in work.sample) > 2_500


def test_two_types_of_question_for_one_model_are_one_workload() -> None:
    """Calls for one model add up."""
    both = workload(3).plus(workload(4))
    assert (both.calls, both.questions, both.prompt_bytes, len(both.sample)) == (7, 175, 2_800, 7)


def test_an_unknown_price_is_said() -> None:
    """Tokens are quoted also where the price is not known, with the way to give it."""
    assert "price not known: give it in PRICES_FILE" in str(quote("openai", "m", workload(1), None))


@pytest.mark.parametrize(("cap", "said"), [(0.1, "will end"), (0.53, "may end"), (1.0, "")])
def test_a_cap_that_is_too_low_is_said_beforehand(cap: float, said: str) -> None:
    """The user learns from the quote that a cap will not last."""
    text = "\n".join(quote_lines([quote("gemini", "m", workload(100), PRICE)], cap))
    assert (said in text) if said else ("the cap leaves" not in text)
