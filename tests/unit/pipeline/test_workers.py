"""Threads that make calls, and never hold the exit."""

import subprocess
import sys
import threading
from concurrent.futures import Future
from queue import SimpleQueue

import pytest

from query_generator.errors import SkippableError
from query_generator.pipeline.workers import Workers, take_ended
from tests.conftest import wait_until
from tests.support.paths import ROOT

SECONDS = 60.0


def threads_since(before: set[threading.Thread]) -> int:
    """How many threads live that did not then."""
    return len(set(threading.enumerate()) - before)


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
    before = set(threading.enumerate())
    workers: Workers[int] = Workers(3)
    begun: SimpleQueue[int] = SimpleQueue()
    go_on = [threading.Event() for _ in range(5)]

    def call(number: int) -> int:
        begun.put(number)
        go_on[number].wait(SECONDS)
        return number

    futures = [workers.submit(lambda number=number: call(number)) for number in range(5)]  # type: ignore[misc]
    assert threads_since(before) == 3
    assert sorted(begun.get(timeout=SECONDS) for _ in range(3)) == [0, 1, 2]
    go_on[1].set()
    assert begun.get(timeout=SECONDS) == 3
    assert not futures[0].done()
    assert begun.empty()  # all three threads are in a call
    assert threads_since(before) == 3
    for event in go_on:
        event.set()
    assert [future.result(SECONDS) for future in futures] == [0, 1, 2, 3, 4]


def test_a_pool_never_has_more_threads_than_it_is_large() -> None:
    """A thousand short calls are made by the few threads of the pool, and one after another by a single one."""
    before = set(threading.enumerate())
    workers: Workers[str] = Workers(4)
    futures: list[Future[str]] = [workers.submit(lambda: threading.current_thread().name) for _ in range(1000)]
    assert {future.result(SECONDS) for future in futures} <= {f"call-{number}" for number in range(4)}
    assert threads_since(before) <= 4


def test_a_thread_that_is_free_makes_the_next_call() -> None:
    """A second thread is started only when the first one is in a call."""
    before = set(threading.enumerate())
    workers: Workers[None] = Workers(4)
    for _ in range(9):
        workers.submit(lambda: None).result(SECONDS)
        wait_until(lambda: workers._idle._value == 1)  # the result is there a moment before the thread is free
    assert threads_since(before) == 1


def test_ended_calls_are_taken_as_many_as_may_be_saved_at_once() -> None:
    """A transaction holds no more outcomes than was said; those that are left come with the next one."""
    ended: SimpleQueue[Future[int]] = SimpleQueue()
    futures = [Future[int]() for _ in range(5)]
    for future in futures:
        ended.put(future)
    assert [take_ended(ended, 3), take_ended(ended, 3)] == [futures[:3], futures[3:]]


@pytest.mark.parametrize("busy", [0, 7])
def test_threads_are_started_only_for_calls(busy: int) -> None:
    """A pool for a thousand calls costs no thread before it is used."""
    before = set(threading.enumerate())
    workers: Workers[bool] = Workers(1000)
    hold = threading.Event()
    futures = [workers.submit(lambda: hold.wait(SECONDS)) for _ in range(busy)]
    assert threads_since(before) == busy
    hold.set()
    assert [future.result(SECONDS) for future in futures] == [True] * busy


def test_a_call_that_hangs_does_not_hold_the_exit() -> None:
    """An interrupted run ends in its grace time although a call never returns."""
    hang = (
        "import threading\nfrom query_generator.pipeline.workers import Workers\nbegun = threading.Event()\n"
        "Workers(1).submit(lambda: (begun.set(), threading.Event().wait()))\nbegun.wait()\nprint('the end')\n"
    )
    ended = subprocess.run([sys.executable, "-c", hang], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the end\n", "")
