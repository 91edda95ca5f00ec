"""Threads that make calls, and never hold the exit."""

import subprocess
import sys
import threading
from concurrent.futures import Future
from queue import SimpleQueue

import pytest

from query_generator.errors import SkippableError
from query_generator.pipeline.workers import Workers
from tests.support.paths import ROOT

SECONDS = 60.0


def test_a_call_brings_what_it_returns_or_raises() -> None:
    """Whoever reads the future gets the result, or the very error, of any kind; the thread serves the next call."""
    workers: Workers[str] = Workers(1)
    assert workers.submit(lambda: "done").result(SECONDS) == "done"
    for error in (SkippableError("no"), SystemExit(3)):

        def fail(error: BaseException = error) -> str:
            raise error

        assert workers.submit(fail).exception(SECONDS) is error
    assert workers.submit(lambda: "still there").result(SECONDS) == "still there"


def test_no_more_calls_are_made_at_once_than_allowed() -> None:
    """As many calls as the pool is large run at once, and the next one begins when one of them has ended."""
    workers: Workers[int] = Workers(3)
    begun: SimpleQueue[int] = SimpleQueue()
    go_on = [threading.Event() for _ in range(5)]

    def call(number: int) -> int:
        begun.put(number)
        go_on[number].wait(SECONDS)
        return number

    futures = [workers.submit(lambda number=number: call(number)) for number in range(5)]  # type: ignore[misc]
    assert sorted(begun.get(timeout=SECONDS) for _ in range(3)) == [0, 1, 2]
    assert begun.empty()
    go_on[1].set()
    assert begun.get(timeout=SECONDS) == 3
    assert begun.empty()
    for event in go_on:
        event.set()
    assert [future.result(SECONDS) for future in futures] == [0, 1, 2, 3, 4]


def test_a_pool_never_has_more_threads_than_it_is_large() -> None:
    """A thousand short calls are made by the few threads of the pool."""
    workers: Workers[str] = Workers(4)
    futures: list[Future[str]] = [workers.submit(lambda: threading.current_thread().name) for _ in range(1000)]
    assert {future.result(SECONDS) for future in futures} <= {f"call-{number}" for number in range(4)}


@pytest.mark.parametrize("busy", [0, 7])
def test_threads_are_started_only_for_calls(busy: int) -> None:
    """A pool for a thousand calls costs no thread before it is used."""
    before = threading.active_count()
    workers: Workers[bool] = Workers(1000)
    hold = threading.Event()
    futures = [workers.submit(lambda: hold.wait(SECONDS)) for _ in range(busy)]
    assert threading.active_count() == before + busy
    hold.set()
    assert all(future.result(SECONDS) for future in futures)


def test_a_call_that_hangs_does_not_hold_the_exit() -> None:
    """An interrupted run ends in its grace time although a call never returns."""
    hang = (
        "import threading\nfrom query_generator.pipeline.workers import Workers\nbegun = threading.Event()\n"
        "Workers(1).submit(lambda: (begun.set(), threading.Event().wait()))\nbegun.wait()\nprint('the end')\n"
    )
    ended = subprocess.run([sys.executable, "-c", hang], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the end\n", "")
