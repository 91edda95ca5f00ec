"""Reports what was saved, in few events."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from query_generator.store.events import EventLog
from query_generator.store.items import ItemState, Outcome

NAME = "batch_saved"
EVENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Saved:
    """Sums over some calls, for a `batch_saved` event; `dropped` counts unusable texts by reason."""

    items: int = 0
    succeeded: int = 0
    failed: int = 0
    queries: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def by(cls, outcomes: Sequence[Outcome]) -> "Saved":
        """Sum up the outcomes that a transaction saves."""
        states = Counter(outcome.state for outcome in outcomes)
        return cls(
            len(outcomes),
            states[ItemState.SUCCEEDED],
            states[ItemState.FAILED],
            sum(len(outcome.query_ids) for outcome in outcomes),
            sum((outcome.generated.dropped for outcome in outcomes), Counter()),
        )

    def details(self) -> dict[str, object]:
        """Return the `details` of the event."""
        return {
            "items": self.items,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "queries": self.queries,
            "dropped": dict(self.dropped),
        }

    def plus(self, other: "Saved") -> "Saved":
        """Return these sums with those of other calls added."""
        return Saved(
            self.items + other.items,
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.queries + other.queries,
            self.dropped + other.dropped,
        )


class BatchEvents:
    """Records `batch_saved` at most once a second, with the sums of all transactions since the last event."""

    def __init__(self, events: EventLog, clock: Callable[[], float]) -> None:
        self._events = events
        self._clock = clock
        self._recorded_at = clock()
        self._unrecorded = Saved()
        self._latest = Saved()
        self._is_recorded = False

    def saved(self, new: Sequence[Outcome]) -> None:
        """Count what an open transaction saves; called again if the transaction is repeated."""
        self._latest = Saved.by(new)
        self._is_recorded = self._clock() - self._recorded_at >= EVENT_SECONDS
        if self._is_recorded:
            self._events.record(NAME, **self._unrecorded.plus(self._latest).details())

    def committed(self) -> None:
        """Keep the counts of the transaction, which is committed."""
        if self._is_recorded:
            self._unrecorded = Saved()
            self._recorded_at = self._clock()
        else:
            self._unrecorded = self._unrecorded.plus(self._latest)
        self._latest = Saved()
        self._is_recorded = False

    def report_rest(self, writing: Callable[[], AbstractContextManager[None]]) -> None:
        """Record what no event has reported yet, in a transaction of its own."""
        if self._unrecorded.items:
            with writing():
                self._events.record(NAME, **self._unrecorded.details())
            self._unrecorded = Saved()
