"""Items: as they are claimed, as a call leaves them, and counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from query_generator.errors import RetryableError, UnusableReplyError
from query_generator.models import Generated, Product, QueryType, Question, StoredText
from query_generator.questions.sharing import SharedSet


class ItemState(StrEnum):
    """`job_items.state`."""

    PENDING = "pending"  # waits to be claimed
    RUNNING = "running"  # claimed by a living run; as the outcome of a call: needs one more call
    SUCCEEDED = "succeeded"  # has all its questions
    FAILED = "failed"  # given up, with the reason
    SKIPPED = "skipped"  # the product had enough questions before the job


class ErrorStage(StrEnum):
    """Where an item or a record failed: `stage` of an error in results.json."""

    INPUT = "input"
    GENERATE = "generate"
    PERSIST = "persist"


@dataclass(frozen=True, slots=True)
class Item:
    """A claimed item.

    `attempts` counts the claims of the item, including this one; `deferred` counts how often it went to the back of the
    queue. `existing` are the questions from earlier calls of this job, `answered` is the number of those calls, and
    `dropped` counts the unusable texts in their replies by reason. `by_person` are the ids of questions, also among the
    existing ones, that a person added or rewrote, and that the item does not list yet. `stored` are questions that the
    product has from elsewhere, of both types. `off` are the ids of questions that do not hold any more since the
    product has changed, each with its reason. `shared` is the set that the item takes questions from, if any.
    """

    product_id: int
    query_type: QueryType
    product: Product
    deferred: int = 0
    existing: tuple[Question, ...] = ()
    attempts: int = 0
    answered: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    stored: tuple[StoredText, ...] = ()
    by_person: tuple[int, ...] = ()
    off: Mapping[int, str] = field(default_factory=dict)
    shared: SharedSet | None = None

    @property
    def buys_set(self) -> bool:
        """Whether the next call is for the set, not for the item alone."""
        return self.shared is not None and not self.shared.is_complete


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one call for an item, and the item's new state; `running` means that it needs one more call.

    `answered` counts the calls that got a reply, including this one. `transient`: another run may do better.
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

    @property
    def is_unanswered(self) -> bool:
        """Whether a service that may come back gave no answer; an answer of no use is one."""
        error = self.generated.error
        return isinstance(error, RetryableError) and not isinstance(error, UnusableReplyError)


@dataclass(frozen=True, slots=True)
class Counts:
    """A job in numbers. An item is a product and a question type; only `skipped_products` counts skipped ones."""

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
    """The size and progress of a job by its last progress report; `open_items` is 0 only if no item is open."""

    products: int
    items: int
    open_items: int
    processed_products: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a job in numbers, without skipped items."""

    items: int
    succeeded: int
    failed: int
    questions: int
