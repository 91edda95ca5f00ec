"""Counts items in a row whose paid replies were of no use, so that a run does not pay for more of them. Pure."""

from query_generator.errors import RepliesOfNoUseError, UnusableReplyError
from query_generator.models import Generated
from query_generator.store.items import Item

_Key = tuple[int, str]


class UnusableReplies:
    """Decides whether a run may go on buying.

    An item counts when its second reply is of no use too; a reply of use begins the row anew. Refusals and faults of
    the service are neither. While as many items as the limit are in the row, or are being asked again since the last
    reply of use, nothing else is begun: with many calls in flight the first bad ones decide.
    """

    def __init__(self, limit: int) -> None:
        """Take the number of items after which the run stops."""
        self._limit = limit
        self._row: set[_Key] = set()
        self._asked_again: set[_Key] = set()
        self._has_been_of_use = False

    def may_begin(self) -> bool:
        """Return whether another call may be begun now."""
        return len(self._row) + len(self._asked_again) < self._limit

    def begins(self, item: Item) -> None:
        """Note that a call for an item is begun."""
        if _is_asked_again(item) and _key(item) not in self._row:
            self._asked_again.add(_key(item))

    def is_worth_waiting(self, item: Item) -> bool:
        """Return whether an item gets another two calls at the end: once, if the model can do better at all."""
        return self._has_been_of_use and not item.deferred

    def ended(self, item: Item, generated: Generated | None) -> None:
        """Note what a call has brought; None if it was not made.

        Raises:
            RepliesOfNoUseError: the limit is reached.
        """
        self._asked_again.discard(_key(item))
        if generated and generated.questions:
            self._row.clear()
            self._asked_again.clear()
            self._has_been_of_use = True
        elif generated and isinstance(generated.error, UnusableReplyError) and _is_asked_again(item):
            self._row.add(_key(item))
            if len(self._row) >= self._limit:
                raise stopped_buying(self._limit, generated.error)


def _key(item: Item) -> _Key:
    return item.product_id, item.query_type


def _is_asked_again(item: Item) -> bool:
    """Return whether all that was paid for an item was of no use yet."""
    return bool(item.answered) and not item.existing


def stopped_buying(limit: int, last: UnusableReplyError) -> RepliesOfNoUseError:
    """Return the error of a run in which as many items as the limit got paid replies of no use; `last` is one."""
    row = f"{limit} items in a row" if limit > 1 else "an item"
    looks = f"\nThe last reply looks like this: {last.looks_like}" if last.looks_like else ""
    return RepliesOfNoUseError(
        f"Nothing more is bought: {row} got paid replies of no use; what was done is "
        f"saved. The last one: {last}.{looks}\n"
        "Try another model (--model) or provider (--provider), or fewer questions at once (--num-questions), each with "
        "--refresh and the same job id, which tries these items again; or raise UNUSABLE_REPLY_LIMIT "
        f"({limit}) if such replies are rare."
    )
