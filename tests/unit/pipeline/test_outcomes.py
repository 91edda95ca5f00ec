"""What a failed call does to its item: to the back of the queue, or given up."""

from collections import Counter

import pytest

from query_generator.errors import OverloadedError, RateLimitedError, RetryableError, SkippableError
from query_generator.models import Generated, Product, QueryType
from query_generator.pipeline.outcomes import DEFERRALS, next_call, next_state
from query_generator.store.items import Item
from tests.support.orders import asked, plain_order

ORDER = plain_order(5)


def item(deferred: int = 0) -> Item:
    """An item that has been put back so often."""
    return Item(1, QueryType.PRODUCT, Product("Boot"), deferred=deferred)


@pytest.mark.parametrize("error", [RetryableError("HTTP 500"), OverloadedError("HTTP 503")])
def test_a_transient_fault_puts_an_item_back_three_times(error: RetryableError) -> None:
    """One bad hour of the service costs no product, and no product is tried for ever."""
    for deferred in range(DEFERRALS):
        outcome = next_state(item(deferred), Generated(error=error), ORDER)
        assert (outcome.state, outcome.deferred, outcome.transient) == ("pending", deferred + 1, True)
    last = next_state(item(DEFERRALS), Generated(error=error), ORDER)
    assert (last.state, last.transient, last.error) == ("failed", True, str(error))


@pytest.mark.parametrize("deferred", [0, DEFERRALS, 1_000])
def test_a_rate_limit_gives_no_item_up(deferred: int) -> None:
    """A quota that is too small makes a job slow, and no product fail."""
    outcome = next_state(item(deferred), Generated(error=RateLimitedError("HTTP 429")), ORDER)
    assert (outcome.state, outcome.deferred) == ("pending", deferred + 1)


def test_what_the_model_refuses_is_given_up_at_once() -> None:
    """A blocked product is not paid for again."""
    outcome = next_state(item(), Generated(error=SkippableError("blocked")), ORDER)
    assert (outcome.state, outcome.transient) == ("failed", False)


def test_the_next_call_knows_all_that_earlier_ones_have_brought() -> None:
    """Questions that are there are excluded, and unusable texts counted, over all calls for an item."""
    before = Item(1, QueryType.PRODUCT, Product("Boot"), existing=asked("A?"), answered=0, dropped={"duplicate": 2})
    outcome = next_state(before, Generated([*asked("B?")], Counter(duplicate=1, empty=1)), ORDER)
    after = next_call(outcome)
    assert (after.existing, after.answered, after.dropped) == (asked("A?", "B?"), 1, {"duplicate": 3, "empty": 1})
