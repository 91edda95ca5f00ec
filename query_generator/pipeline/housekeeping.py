"""What a run does now and then while calls are under way: each task has its period."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from query_generator.store.events import EventLog
from query_generator.store.ledger import Ledger

_LOG = logging.getLogger("generation")

PUBLISHED_AT_ONCE = 5  # events
PROGRESS_SECONDS = 30.0
PROGRESS_SHARE = 0.05  # of a run's time; counting a large job takes seconds


class Task(NamedTuple):
    """An action and its period: the seconds from its beginning to the next one, from those that it took."""

    action: Callable[[], None]
    period: Callable[[float], float]
    delay: float = 0.0
    """Seconds to the first time."""


class Housekeeping:
    """Does each task when it is due, in their order."""

    def __init__(self, tasks: Sequence[Task], clock: Callable[[], float]) -> None:
        self._tasks = tasks
        self._clock = clock
        now = clock()
        self._due = [now + task.delay for task in tasks]

    def do_what_is_due(self) -> None:
        """Look at the clock once; raises what the tasks raise."""
        now = self._clock()
        for number, task in enumerate(self._tasks):
            if now >= self._due[number]:
                began = self._clock()
                task.action()
                self._due[number] = now + task.period(self._clock() - began)


def tasks_of(ledger: Ledger, events: EventLog) -> list[Task]:
    """List what every run does: take over from dead runs, publish events, and report the progress."""
    lease = ledger.lease
    return [
        Task(lambda: _take_over(ledger), lambda _: lease.look_seconds()),
        Task(lambda: events.publish(PUBLISHED_AT_ONCE), lambda _: 2 * lease.look_seconds()),
        Task(
            lambda: ledger.db.with_reconnect(lambda: _report_progress(ledger, events)),
            lambda took: max(PROGRESS_SECONDS, took / PROGRESS_SHARE),
            PROGRESS_SECONDS,
        ),
    ]


def _take_over(ledger: Ledger) -> None:
    ledger.db.with_reconnect(ledger.lease.take_over)


def _report_progress(ledger: Ledger, events: EventLog) -> None:
    """Count and report; of many runs one does so, since it reads the whole ledger."""
    if ledger.lease.is_shared and not ledger.record.begin_progress(PROGRESS_SECONDS):
        return
    counted = ledger.record.note_progress()
    done = counted.succeeded + counted.failed
    _LOG.info(
        "[BATCH] %d of %d items done, %d failed, %d questions", done, counted.items, counted.failed, counted.questions
    )
    events.record("generation_progress", items=counted.items, done=done, failed=counted.failed)
