"""How a run is told to stop."""

import math
import threading

import pytest

from query_generator.errors import InterruptedRunError
from query_generator.stopping import StopSignal


def test_nothing_stops_before_it_is_asked() -> None:
    """A run goes on until somebody says otherwise."""
    stop = StopSignal()
    stop.sleep(0.0)
    assert (stop.is_set(), stop.reason) == (False, "")


def test_the_first_reason_is_kept() -> None:
    """The log says what really ended the run, not what followed from it."""
    stop = StopSignal()
    stop.set("SIGTERM")
    stop.set("the run cannot go on")
    assert (stop.is_set(), stop.reason) == (True, "SIGTERM")


def test_a_stop_is_overdue_when_the_time_for_what_is_in_flight_is_over() -> None:
    """Calls in flight have the drain time from the first word to stop, and a later word does not lengthen it."""
    now = [1_000.0]
    stop = StopSignal(25.0, lambda: now[0])
    now[0] += 60.0
    assert not stop.is_overdue()
    stop.set("SIGTERM")
    now[0] += 24.9
    stop.set("SIGINT")
    assert not stop.is_overdue()
    now[0] += 0.1
    assert stop.is_overdue()


def test_a_stop_that_nothing_presses_waits_for_what_is_in_flight_until_a_signal_comes() -> None:
    """A run that ends by itself loses no reply that it has paid for; a signal then leaves it the usual time."""
    now = [1_000.0]
    stop = StopSignal(25.0, lambda: now[0])
    stop.set("nothing more is bought", math.inf)
    now[0] += 10_000.0
    assert (stop.is_set(), stop.is_overdue()) == (True, False)
    stop.set("SIGTERM")
    assert not stop.is_overdue()
    now[0] += 25.0
    assert (stop.is_overdue(), stop.reason) == (True, "nothing more is bought")


def test_a_drain_of_no_time_is_overdue_at_once() -> None:
    """Who sets no drain time leaves with the first signal."""
    stop = StopSignal(0.0)
    assert not stop.is_overdue()
    stop.set("SIGTERM")
    assert stop.is_overdue()


def test_a_stop_allows_no_further_sleep() -> None:
    """After a stop, whoever wants to wait is turned away at once, with the exit code that is tried again."""
    stop = StopSignal()
    stop.set("SIGTERM")
    with pytest.raises(InterruptedRunError, match="stopped: SIGTERM") as caught:
        stop.sleep(3_600.0)
    assert caught.value.exit_code == 75


def test_a_stop_wakes_all_sleepers() -> None:
    """Threads that wait for a retry or a place in the minute end when the run does."""
    stop = StopSignal()
    woken: list[str] = []

    def wait() -> None:
        with pytest.raises(InterruptedRunError) as caught:
            stop.sleep(3_600.0)
        woken.append(str(caught.value))

    sleepers = [threading.Thread(target=wait) for _ in range(8)]
    for sleeper in sleepers:
        sleeper.start()
    stop.set("SIGTERM")
    for sleeper in sleepers:
        sleeper.join()
    assert woken == ["stopped: SIGTERM"] * 8
