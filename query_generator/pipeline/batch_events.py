"""What was saved, told by few events."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from query_generator.store.events import EventLog
from query_generator.store.items import Outcome

NAME = "batch_saved"
EVENT_SECONDS = 1.0


class BatchEvents:
    """Records `batch_saved` at most once a second, each time with the sums of all transactions since the last."""

    def __init__(self, events: EventLog, clock: Callable[[], float]) -> None:
        self._events = events
        self._clock = clock
        self._told_at = clock()
        self._untold: Counter[str] = Counter()
        self._latest: Counter[str] = Counter()
        self._is_told = False

    def saved(self, new: Sequence[Outcome]) -> None:
        """Note what a transaction saves, while it is open; called again when it is repeated."""
        self._latest = _sums(new)
        self._is_told = self._clock() - self._told_at >= EVENT_SECONDS
        if self._is_told:
            self._events.record(NAME, **_details(self._untold + self._latest))

    def committed(self) -> None:
        """Note that the transaction is committed."""
        if self._is_told:
            self._untold.clear()
            self._told_at = self._clock()
        else:
            self._untold += self._latest
        self._latest = Counter()
        self._is_told = False

    def report_rest(self, writing: Callable[[], AbstractContextManager[None]]) -> None:
        """Record what no event has told yet, in a transaction of its own."""
        if self._untold:
            with writing():
                self._events.record(NAME, **_details(self._untold))
            self._untold.clear()


def _sums(outcomes: Sequence[Outcome]) -> Counter[str]:
    """Sum up some calls; a count with a blank before its name is of texts dropped for that reason."""
    sums = Counter(outcome.state for outcome in outcomes if outcome.state in ("succeeded", "failed"))
    sums["items"] = len(outcomes)
    sums["queries"] = sum(len(outcome.query_ids) for outcome in outcomes)
    for outcome in outcomes:
        sums.update({f" {reason}": count for reason, count in outcome.generated.dropped.items()})
    return sums


def _details(sums: Counter[str]) -> dict[str, object]:
    return {
        **{name: sums[name] for name in ("items", "succeeded", "failed", "queries")},
        "dropped": {name[1:]: count for name, count in sums.items() if name.startswith(" ")},
    }
