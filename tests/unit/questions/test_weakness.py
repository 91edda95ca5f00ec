"""A model that cannot fill a plan is asked for one question at a time, without being told of by a setting."""

from collections import Counter

import pytest

from query_generator.errors import RetryableError, UnusableReplyError
from query_generator.models import Generated, Question
from query_generator.questions.order import Order
from query_generator.questions.weakness import REPLIES, Weakness


def generated(good: int, bad: int, *, surplus: int = 0, error: Exception | None = None) -> Generated:
    """What a reply has brought."""
    dropped = +Counter({"not_a_question": bad, "surplus": surplus})
    return Generated([Question(f"Is it number {number}?") for number in range(good)], dropped, error=error)  # type: ignore[arg-type]


def after(*replies: Generated, may_ask_singly: bool = True) -> Order:
    """What is ordered after these replies."""
    weakness = Weakness(Order(5, may_ask_singly=may_ask_singly))
    for reply in replies:
        weakness.learn(reply)
    return weakness.order


@pytest.mark.parametrize(
    ("reply", "is_weak"),
    [
        (generated(1, 5), True),
        (generated(0, 6), True),
        (generated(0, 4, error=UnusableReplyError("of no use")), True),
        (generated(0, 0, error=UnusableReplyError("no question")), True),
        (generated(5, 1), False),
        (generated(2, 4), False),
        (generated(1, 2, surplus=3), False),
    ],
)
def test_a_model_whose_texts_are_mostly_of_no_use_is_asked_singly(reply: Generated, is_weak: bool) -> None:
    """The first replies decide; a text that was good and too many counts for the model."""
    assert not after(*[reply] * (REPLIES - 1)).small_model
    assert after(*[reply] * REPLIES).small_model == is_weak
    assert after(*[reply] * REPLIES).num_questions == 5


def test_an_item_gets_the_calls_that_single_questions_take(caplog: pytest.LogCaptureFixture) -> None:
    """Also one that is under way; the change is told once, with its cost."""
    weak = after(*[generated(0, 6)] * (3 * REPLIES))
    assert (Order(5).calls, weak.calls) == (3, 15)
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "0 of 24 texts in 4 replies" in warning
    assert "a call for each" in warning


def test_calls_without_a_reply_say_nothing_of_the_model() -> None:
    """A service that is away makes no model weak."""
    assert not after(*[generated(0, 0, error=RetryableError("away"))] * 9).small_model
    good = [generated(6, 0)] * REPLIES
    assert not after(*good, *[generated(0, 6)] * REPLIES).small_model


def test_a_vendors_own_models_get_the_whole_plan_whatever_they_answer() -> None:
    """A question a call would cost as many prompts as questions there."""
    assert not after(*[generated(0, 6)] * 9, may_ask_singly=False).small_model
