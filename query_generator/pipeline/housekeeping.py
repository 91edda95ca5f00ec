"""What a run does from time to time while calls are in flight; each task has its period."""

import logging
from collections.abc import Callable, Sequence
from typing import NamedTuple

from query_generator.store.events import EventLog
from query_generator.store.ledger import Ledger

_LOG = logging.getLogger("generation")

PUBLISHED_AT_ONCE = 5  # events
PROGRESS_SECONDS = 30.0
PROGRESS_SHARE = 0.05  # of a run's time at most, since counting a large job takes seconds


class Task(NamedTuple):
    """An action and its period: a function from the seconds that it took to the seconds between two starts."""

    action: Callable[[], None]
    period: Callable[[float], float]
    delay: float = 0.0
    """Seconds until the first time."""


class Housekeeping:
    """Does each task when it is due, in the order given."""

    def __init__(self, tasks: Sequence[Task], clock: Callable[[], float]) -> None:
        self._tasks = tasks
        self._clock = clock
        now = clock()
        self._due = [now + task.delay for task in tasks]

    def do_what_is_due(self) -> None:
        """Do the tasks that are due now. Raises what the tasks raise."""
        now = self._clock()
        for number, task in enumerate(self._tasks):
            if now >= self._due[number]:
                began = self._clock()
                task.action()
                self._due[number] = now + task.period(self._clock() - began)


def tasks_of(ledger: Ledger, events: EventLog) -> list[Task]:
    """Return the tasks of every run: take over from dead runs, publish events, report progress."""
    lease = ledger.lease
    return [
        Task(lambda: _take_over(ledger), lambda _: lease.check_seconds()),
        Task(lambda: events.publish(PUBLISHED_AT_ONCE), lambda _: 2 * lease.check_seconds()),
        Task(
            lambda: ledger.db.with_reconnect(lambda: _report_progress(ledger, events)),
            lambda took: max(PROGRESS_SECONDS, took / PROGRESS_SHARE),
            PROGRESS_SECONDS,
        ),
    ]


def _take_over(ledger: Ledger) -> None:
    ledger.db.with_reconnect(ledger.lease.take_over)


def _report_progress(ledger: Ledger, events: EventLog) -> None:
    """Count the items and report; of several runs only one does so, since it reads the whole ledger."""
    if ledger.lease.is_shared and not ledger.record.begin_progress(PROGRESS_SECONDS):
        return
    counted = ledger.record.note_progress()
    done = counted.succeeded + counted.failed
    _LOG.info(
        "[BATCH] %d of %d items done, %d failed, %d questions", done, counted.items, counted.failed, counted.questions
    )
    events.record("generation_progress", items=counted.items, done=done, failed=counted.failed)
