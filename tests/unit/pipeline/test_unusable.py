"""Which replies count as bought in vain, and when a run stops buying."""

from dataclasses import replace

import pytest

from query_generator.errors import (
    RateLimitedError,
    RefusedRequestError,
    RepliesOfNoUseError,
    RetryableError,
    SkippableError,
    UnusableReplyError,
)
from query_generator.models import Generated, Product, QueryType
from query_generator.pipeline.outcomes import next_state
from query_generator.pipeline.unusable import UnusableReplies, stopped_buying
from query_generator.store.items import Item
from tests.support.orders import asked, plain_order

GOOD = Generated([*asked("Is it warm?")])
ORDER = plain_order(5)
BAD = Generated(error=UnusableReplyError("no questions"))
NEUTRAL = [
    Generated(error=SkippableError("refused for safety")),
    Generated(error=RateLimitedError("HTTP 429")),
    Generated(error=RetryableError("HTTP 500")),
    Generated(),
    None,
]


def item(number: int, answered: int = 0, *existing: str) -> Item:
    """An item with so many replies so far."""
    return Item(number, QueryType.PRODUCT, Product("Boot"), answered=answered, existing=asked(*existing))


def twice_in_vain(unusable: UnusableReplies, number: int) -> None:
    """An item whose two replies are of no use."""
    for answered in (0, 1):
        unusable.begins(item(number, answered))
        unusable.ended(item(number, answered), BAD)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_the_limit_is_a_number_of_items_each_with_two_replies(limit: int) -> None:
    """The last reply of the last item of the row ends it, and its words are told."""
    unusable = UnusableReplies(limit)
    for number in range(limit - 1):
        twice_in_vain(unusable, number)
    unusable.ended(item(99), BAD)
    unusable.begins(item(99, 1))
    with pytest.raises(RepliesOfNoUseError, match="no questions") as caught:
        unusable.ended(item(99, 1), BAD)
    assert caught.value.exit_code == 65
    assert not unusable.may_begin(item(0))


def test_a_reply_of_use_begins_anew() -> None:
    """Whoever it is for, a first or a second one."""
    unusable = UnusableReplies(2)
    for number in range(20):
        twice_in_vain(unusable, number)
        unusable.ended(item(100 + number, number % 2), GOOD)


@pytest.mark.parametrize("neutral", NEUTRAL)
def test_what_is_no_reply_changes_nothing(neutral: Generated | None) -> None:
    """A refusal, a fault, a reply that is short or a call that was not made neither counts nor begins anew."""
    unusable = UnusableReplies(2)
    twice_in_vain(unusable, 1)
    for number in range(10, 20):
        unusable.begins(item(number, 1))
        unusable.ended(item(number, 1), neutral)
    assert unusable.may_begin(item(0))
    with pytest.raises(RepliesOfNoUseError):
        twice_in_vain(unusable, 2)


def test_an_item_counts_once_in_a_row() -> None:
    """An item that is tried again at the end of the queue is no further item, but may be one of another row."""
    unusable = UnusableReplies(2)
    for _ in range(5):
        twice_in_vain(unusable, 1)
    unusable.ended(item(3), GOOD)
    twice_in_vain(unusable, 1)
    with pytest.raises(RepliesOfNoUseError):
        twice_in_vain(unusable, 2)


def test_a_model_that_is_wrong_now_and_then_is_not_held_up() -> None:
    """Items that are asked again hold nothing back once another reply was of use, however many they are."""
    unusable = UnusableReplies(5)
    for number in range(0, 100, 2):
        unusable.begins(item(number, 1))
        unusable.ended(item(number + 1), GOOD)
        assert unusable.may_begin(item(0))


def test_each_of_two_models_has_its_row() -> None:
    """Product questions of use do not hide that another model writes no market question that is."""
    models = {QueryType.PRODUCT: "one", QueryType.MARKET: "other"}
    unusable = UnusableReplies(2, models)
    market = [replace(item(number, 1), query_type=QueryType.MARKET) for number in (1, 2)]
    unusable.ended(market[0], BAD)
    unusable.ended(item(3), GOOD)
    assert not unusable.is_worth_waiting(market[0])
    with pytest.raises(RepliesOfNoUseError):
        unusable.ended(market[1], BAD)
    assert unusable.may_begin(item(4))
    assert not unusable.may_begin(market[0])


def test_an_item_that_has_questions_is_not_one_of_no_use() -> None:
    """A second reply that adds nothing is a matter of that item."""
    unusable = UnusableReplies(1)
    unusable.begins(item(1, 1, "Is it warm?"))
    assert unusable.may_begin(item(0))
    unusable.ended(item(1, 1, "Is it warm?"), BAD)


def test_nothing_else_is_begun_while_the_first_bad_ones_are_asked_again() -> None:
    """With 32 calls in flight that all come back bad, no more are begun than the limit has items left."""
    unusable, waiting, begun = UnusableReplies(5), [item(number) for number in range(50)], []
    for first in waiting[:32]:
        unusable.begins(first)
    for first in waiting[:32]:
        unusable.ended(first, BAD)
        if unusable.may_begin(item(0)):
            again = item(first.product_id, 1)
            unusable.begins(again)
            begun.append(again)
    assert [again.product_id for again in begun] == [0, 1, 2, 3, 4]
    for again in begun[:-1]:
        unusable.ended(again, BAD)
        assert not unusable.may_begin(item(0))
    unusable.ended(begun[-1], GOOD)
    assert unusable.may_begin(item(0))


def test_an_item_waits_for_another_try_once_and_only_if_the_model_can_do_better() -> None:
    """Before the first reply of use nothing is put back, and nothing twice."""
    unusable = UnusableReplies(5)
    assert not unusable.is_worth_waiting(item(1, 1))
    unusable.ended(item(2), GOOD)
    assert unusable.is_worth_waiting(item(1, 1))
    assert not unusable.is_worth_waiting(Item(1, QueryType.PRODUCT, Product("Boot"), deferred=1, answered=1))


def test_an_item_gets_two_calls_and_two_more_at_the_end() -> None:
    """Asked again at once, then put back, then asked again, then given up until a later run."""
    first = next_state(item(1), BAD, ORDER)
    assert (first.state, first.answered) == ("running", 1)
    second = next_state(item(1, 1), BAD, ORDER)
    assert (second.state, second.answered, second.deferred) == ("pending", 0, 1)
    last = next_state(item(1, 1), BAD, ORDER, may_wait=False)
    assert (last.state, last.answered, last.transient, last.error) == ("failed", 2, True, "no questions")
    assert not last.is_unanswered
    short = next_state(item(1, 1, "Is it warm?"), BAD, ORDER)
    assert (short.state, short.answered) == ("pending", 1)


def test_a_request_that_the_service_refuses_is_open_to_a_later_run() -> None:
    """A setting may be the cause; what the model itself refuses is not tried again."""
    refused = next_state(item(1), Generated(error=RefusedRequestError("HTTP 400")), ORDER)
    assert (refused.state, refused.transient, refused.is_unanswered) == ("failed", True, False)
    assert not next_state(item(1), Generated(error=SkippableError("safety")), ORDER).transient


def test_the_words_tell_what_happened_what_it_looks_like_and_what_to_type() -> None:
    """Three lines, without the second where nothing is known of the reply."""
    error = UnusableReplyError("no questions (finish reason STOP)")
    assert len(str(stopped_buying(5, error)).splitlines()) == 2
    error.looks_like = "Dear customer, …"
    what, looks, way_out = str(stopped_buying(5, error)).splitlines()
    assert "5 items in a row" in what
    assert "STOP" in what
    assert looks.endswith("Dear customer, …")
    assert "--refresh" in way_out
