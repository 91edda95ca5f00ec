"""The schedule of one process: evenly spaced start slots, none of them far ahead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.resilience.schedule import AHEAD_SECONDS, LocalSchedule
from tests.support.virtual_time import VirtualTime


def test_start_slots_are_a_gap_apart_and_the_first_one_is_now() -> None:
    """A run begins at once, and spaces its calls from the first one on."""
    time = VirtualTime()
    schedule = LocalSchedule(time.clock)
    assert schedule.reserve(3, 0.05)[0] == pytest.approx([0.0, 0.05, 0.1])
    assert schedule.reserve(2, 0.05)[0] == pytest.approx([0.15, 0.2])


def test_nothing_is_handed_out_far_ahead() -> None:
    """Whoever is too early is told how long to wait, so that a pause takes effect soon."""
    time = VirtualTime()
    schedule = LocalSchedule(time.clock)
    schedule.reserve(1, 1.0)
    assert schedule.reserve(1, 1.0) == ([], 1.0 - AHEAD_SECONDS)
    time.sleep(1.0 - AHEAD_SECONDS)
    assert schedule.reserve(1, 1.0)[0] == pytest.approx([AHEAD_SECONDS])


def test_unused_time_is_not_saved_up() -> None:
    """After an hour without work no burst of an hour's calls follows."""
    time = VirtualTime()
    schedule = LocalSchedule(time.clock)
    schedule.reserve(1, 1.0)
    time.sleep(3600)
    assert schedule.reserve(1, 1.0) == ([0.0], 0.0)
    assert schedule.reserve(1, 1.0)[0] == []


def test_a_pause_holds_and_a_shorter_one_does_not_end_it() -> None:
    """The longest delay that was asked for counts."""
    time = VirtualTime()
    schedule = LocalSchedule(time.clock)
    schedule.hold(10.0)
    schedule.hold(1.0)
    assert schedule.reserve(1, 1.0) == ([], 10.0 - AHEAD_SECONDS)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.floats(0.01, 2), st.floats(0, 2), st.floats(0, 1)), max_size=30))
def test_no_two_start_slots_are_closer_than_the_gap(steps: list[tuple[int, float, float, float]]) -> None:
    """Whatever is asked for and whenever: each start slot is its gap, and what is to be paid, after the one before."""
    time = VirtualTime()
    schedule = LocalSchedule(time.clock)
    earliest = time.now
    for calls, gap, extra, pause in steps:
        time.sleep(pause)
        delays, wait = schedule.reserve(calls, gap, extra)
        assert bool(delays) != bool(wait)
        for delay in delays:
            assert time.now + delay >= earliest - 1e-6
            earliest = time.now + delay + gap
        earliest += extra if delays else 0.0
