"""What was saved is told by few events, whose sums leave nothing out and count nothing twice."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from query_generator.models import Generated, Product, QueryType
from query_generator.pipeline.batch_events import BatchEvents
from query_generator.store.events import EventLog
from query_generator.store.items import Item, ItemState, Outcome
from tests.support.list_sink import ListSink
from tests.support.orders import asked


class Telling:
    """Batch events with a clock that the test moves, and what they have told."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sink = ListSink()
        self._log = EventLog("job", self._sink)
        self.batches = BatchEvents(self._log, lambda: self.now)

    def save(self, *states: str, at: float, tries: int = 1) -> None:
        """Save items that end in these states, with two queries each, at a time."""
        self.now = at
        generated = Generated([*asked("A?", "B?")], Counter(duplicate=1))
        item = Item(1, QueryType.PRODUCT, Product("Boot"))
        for _ in range(tries):
            self.batches.saved([Outcome(item, generated, ItemState(state), 1, query_ids=(1, 2)) for state in states])
        self.batches.committed()

    def end(self) -> None:
        """Tell the rest, as the end of a run does."""

        @contextmanager
        def writing() -> Iterator[None]:
            yield

        self.batches.report_rest(writing)

    def told(self) -> list[tuple[object, ...]]:
        """Items, succeeded, failed, queries and dropped texts of every event so far."""
        self._log.publish()
        return [tuple(event.details.values()) for event in self._sink.events]


def test_events_come_at_most_once_a_second_and_sum_up() -> None:
    """However many transactions there are, a second has one event, and the sums of all events are those of the work."""
    telling = Telling()
    for at in (0.2, 0.4, 1.1, 1.2, 2.0):
        telling.save("succeeded", "failed", "pending", at=at)
    assert telling.told() == [(9, 3, 3, 18, {"duplicate": 9})]
    telling.end()
    assert telling.told()[1:] == [(6, 2, 2, 12, {"duplicate": 6})]
    telling.end()
    assert len(telling.told()) == 2


def test_a_repeated_transaction_counts_once() -> None:
    """A transaction that is done again after an uncertain commit is summed up once, told by then or not."""
    telling = Telling()
    telling.save("succeeded", at=0.5, tries=3)
    telling.batches.committed()
    telling.end()
    assert telling.told() == [(1, 1, 0, 2, {"duplicate": 1})]
