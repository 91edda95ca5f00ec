"""Counts items in a row whose paid replies were of no use, so that a run does not pay for more of them. Pure."""

from query_generator.errors import RepliesOfNoUseError, UnusableReplyError
from query_generator.models import Generated
from query_generator.store.items import Item


class UnusableReplies:
    """Decides whether a run may go on buying.

    An item counts once, when its second reply in a row is of no use too; a reply of use begins the count anew. Refusals
    and faults of the service are neither. While as many items as the limit are counted, or are being asked again,
    nothing else is begun: with many calls in flight the first bad ones decide.
    """

    def __init__(self, limit: int) -> None:
        """Take the number of items after which the run stops."""
        self._limit = limit
        self._in_a_row = 0
        self._asked_again = 0
        self._counted: set[tuple[int, str]] = set()
        self._has_been_of_use = False

    def may_begin(self) -> bool:
        """Return whether another call may be begun now."""
        return self._in_a_row + self._asked_again < self._limit

    def begins(self, item: Item) -> None:
        """Note that a call for an item is begun."""
        self._asked_again += self._is_asked_again(item)

    def is_worth_waiting(self, item: Item) -> bool:
        """Return whether an item gets another two calls at the end: once, if the model can do better at all."""
        return self._has_been_of_use and not item.deferred

    def ended(self, item: Item, generated: Generated | None) -> None:
        """Note what a call has brought; None if it was not made.

        Raises:
            RepliesOfNoUseError: the limit is reached.
        """
        again = self._is_asked_again(item)
        self._asked_again -= again
        if generated is None:
            return
        if generated.questions:
            self._in_a_row, self._has_been_of_use = 0, True
        elif again and isinstance(generated.error, UnusableReplyError):
            self._counted.add((item.product_id, item.query_type))
            self._in_a_row += 1
            if self._in_a_row == self._limit:
                raise stopped_buying(self._limit, generated.error)

    def _is_asked_again(self, item: Item) -> bool:
        """Return whether all that was paid for an item was of no use yet, and another such reply would count."""
        paid_for_nothing = bool(item.answered) and not item.existing
        return paid_for_nothing and (item.product_id, item.query_type) not in self._counted


def stopped_buying(limit: int, last: UnusableReplyError) -> RepliesOfNoUseError:
    """Return the error of a run in which as many items as the limit got paid replies of no use; `last` is one."""
    row = f"{limit} items in a row" if limit > 1 else "an item"
    looks = f"\nThe last reply looks like this: {last.looks_like}" if last.looks_like else ""
    return RepliesOfNoUseError(
        f"Nothing more is bought: {row} got paid replies of no use. The last one: {last}.{looks}\n"
        "Try another model (--model) or provider (--provider), or fewer questions at once (--num-questions), each with "
        "--refresh and the same job id, which tries these items again; or raise UNUSABLE_REPLY_LIMIT "
        f"({limit}) if such replies are rare."
    )
