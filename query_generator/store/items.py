"""Pieces of work: as they are claimed, as a call leaves them, and counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from query_generator.models import Generated, Product, QueryType


class ItemState(StrEnum):
    """`job_items.state`."""

    PENDING = "pending"  # waits to be claimed, or to be claimed again
    RUNNING = "running"  # claimed by a living run; after a call: one more is to be made
    SUCCEEDED = "succeeded"  # all questions are there
    FAILED = "failed"  # given up, with the reason
    SKIPPED = "skipped"  # the product had enough questions before


class ErrorStage(StrEnum):
    """Where an item or a record has failed, `stage` of an error in results.json."""

    INPUT = "input"
    GENERATE = "generate"
    PERSIST = "persist"


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed piece of work.

    `attempts` counts the claims of the item, this one included, `deferred` how often it went to the back of the queue.
    `existing` are the questions that earlier calls of this job have brought, `answered` the number of those calls, and
    `dropped` what was unusable in them, by reason.
    """

    product_id: int
    query_type: QueryType
    product: Product
    deferred: int = 0
    existing: tuple[str, ...] = ()
    attempts: int = 0
    answered: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call for an item has brought, and the state that the item has now: `running` asks for one more call.

    `answered` counts the calls that brought a reply, this one included.
    """

    item: Item
    generated: Generated
    state: ItemState
    answered: int
    deferred: int = 0
    transient: bool = False
    error_stage: ErrorStage | None = None
    error: str | None = None
    query_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """A job in numbers. Items are products times question types; skipped ones are left out of all but their own."""

    products: int
    items: int
    open_items: int
    succeeded: int
    failed: int
    failed_transiently: int
    skipped_products: int
    processed_products: int
    questions: int
    rejected_records: int


@dataclass(frozen=True, slots=True)
class JobSize:
    """How large a job is and how far, as its last progress report says; `open_items` is 0 only when none is open."""

    products: int
    items: int
    open_items: int
    processed_products: int


@dataclass(frozen=True, slots=True)
class Progress:
    """A job that is worked on, in numbers; items without the skipped ones."""

    items: int
    succeeded: int
    failed: int
    questions: int
