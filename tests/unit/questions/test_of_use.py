"""A reply whose texts are all dropped is one of no use."""

import pytest

from query_generator import masking
from query_generator.errors import RetryableError, UnusableReplyError
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.models import Product, QueryType
from query_generator.questions.ask import ask
from query_generator.questions.judged import judged
from query_generator.questions.of_use import OfUseProvider
from tests.support.orders import plain_order, texts_of
from tests.support.scripted_provider import ScriptedProvider, Step

GOOD, STATEMENT = "Is it warm in winter?", "It is warm in winter."


def generate(step: Step, *exclusions: str) -> list[str]:
    """The accepted questions of one reply."""
    request = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 3, Prompt("s", "u"), exclusions)
    reply = judged(request, OfUseProvider(ScriptedProvider(step)).generate(request))
    return texts_of(reply.verdict.questions)


def test_one_question_makes_a_reply_of_use() -> None:
    """However much of it is dropped."""
    assert generate([STATEMENT, "", GOOD]) == [GOOD]


@pytest.mark.parametrize("texts", [[STATEMENT], [STATEMENT, "Hm?", "<b>Is it so or not?</b>"], []])
def test_a_reply_without_a_question_is_unusable(texts: list[str]) -> None:
    """It is told by its reasons and its beginning, and its texts are counted as dropped."""
    with pytest.raises(UnusableReplyError, match="no question that can be stored") as caught:
        generate(texts)
    assert sum(caught.value.dropped.values()) == len(texts)
    assert caught.value.looks_like == " ".join(texts).rstrip(".")
    assert ask(
        Product("Boot"), QueryType.PRODUCT, plain_order(3), OfUseProvider(ScriptedProvider(texts))
    ).dropped.total() == len(texts)


def test_what_it_looks_like_is_short_and_on_one_line() -> None:
    """A reply of any length and shape."""
    with pytest.raises(UnusableReplyError) as caught:
        generate(["It is\nwarm.\t" * 1_000] * 30)
    assert len(caught.value.looks_like) <= 200
    assert "\n" not in caught.value.looks_like


def test_a_second_reply_may_add_nothing() -> None:
    """What an earlier reply brought stays, and the item is short."""
    assert generate([STATEMENT, GOOD], GOOD) == []


def test_other_faults_stay_what_they_are() -> None:
    """Nothing is made of them."""
    with pytest.raises(RetryableError, match="busy"):
        generate(RetryableError("busy"))


def test_what_it_looks_like_tells_no_secret() -> None:
    """A key that the model repeats is masked, as everywhere."""
    masking.hide(["sk-secret-0123456789"])
    with pytest.raises(UnusableReplyError) as caught:
        generate(["Your key is sk-secret-0123456789."])
    assert "sk-secret" not in caught.value.looks_like
    assert caught.value.looks_like.startswith("Your key is")
