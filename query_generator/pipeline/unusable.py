"""Counts items in a row whose paid replies were of no use, so that a run does not pay for more of them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from query_generator.errors import RepliesOfNoUseError, UnusableReplyError
from query_generator.models import Generated, QueryType
from query_generator.store.items import Item

SAME_MODEL: Mapping[QueryType, str] = dict.fromkeys(QueryType, "")
_Key = tuple[int, str]


@dataclass(slots=True)
class _Row:
    """The items since a model's last reply of use: those paid for in vain, and those that are being asked again."""

    in_vain: set[_Key] = field(default_factory=set)
    asked_again: set[_Key] = field(default_factory=set)
    has_been_of_use: bool = False


class UnusableReplies:
    """Decides whether a run may go on buying.

    An item counts when its second reply is of no use too; a reply of use begins the row anew. Refusals and faults of
    the service are neither. While as many items as the limit are in the row, or are being asked again since the last
    reply of use, nothing else is begun: with many calls in flight the first bad ones decide. If product and market
    questions are written by different models, each model has a row of its own.
    """

    def __init__(self, limit: int, models: Mapping[QueryType, str] = SAME_MODEL) -> None:
        """Take the number of items after which the run stops, and who writes each type of question."""
        self._limit = limit
        rows = {model: _Row() for model in models.values()}
        self._rows = {query_type: rows[model] for query_type, model in models.items()}

    def may_begin(self, item: Item) -> bool:
        """Return whether a call for an item may be begun now."""
        row = self._rows[item.query_type]
        return len(row.in_vain) + len(row.asked_again) < self._limit

    def begins(self, item: Item) -> None:
        """Note that a call for an item is begun."""
        row = self._rows[item.query_type]
        if _is_asked_again(item) and _key(item) not in row.in_vain:
            row.asked_again.add(_key(item))

    def is_worth_waiting(self, item: Item) -> bool:
        """Return whether an item gets another two calls at the end: once, if the model can do better at all."""
        return self._rows[item.query_type].has_been_of_use and not item.deferred

    def ended(self, item: Item, generated: Generated | None) -> None:
        """Note what a call has brought; None if it was not made.

        Raises:
            RepliesOfNoUseError: the limit is reached.
        """
        row = self._rows[item.query_type]
        row.asked_again.discard(_key(item))
        if generated and len(generated.questions) > len(generated.shared):
            row.in_vain.clear()
            row.asked_again.clear()
            row.has_been_of_use = True
        elif generated and isinstance(generated.error, UnusableReplyError) and _is_asked_again(item):
            row.in_vain.add(_key(item))
            if len(row.in_vain) >= self._limit:
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
