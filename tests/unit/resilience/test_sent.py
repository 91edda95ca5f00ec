"""Windows count calls when they have gone out."""

import math

import pytest

from query_generator.resilience.sent import CHECK_SECONDS, MARGIN, SentCalls


def calls_sent(sent: SentCalls, *times: float) -> None:
    """Start calls that go out at once."""
    for at in times:
        sent.started(at)
        sent.sent(at, at)


def test_a_window_has_room_until_it_is_full() -> None:
    """Two calls in a second: the third waits for a second after the first."""
    sent = SentCalls(60)
    calls_sent(sent, 10.0)
    assert sent.earliest(2, 1, 10.1) == -math.inf
    calls_sent(sent, 10.1)
    assert sent.earliest(2, 1, 10.2) == pytest.approx(11.0 + MARGIN)


def test_a_call_that_goes_out_late_is_followed_late() -> None:
    """What counts is when the request was written, not when its thread was let go."""
    sent = SentCalls(60)
    sent.started(10.0)
    sent.sent(10.0, 10.4)
    sent.sent(10.0, 10.9)
    assert sent.earliest(1, 1, 10.5) == pytest.approx(11.4 + MARGIN)


def test_a_call_that_is_not_sent_yet_holds_room_in_every_window() -> None:
    """It may arrive at any time; with all room held so, one looks again soon."""
    sent = SentCalls(60)
    calls_sent(sent, 1.0)
    sent.started(2.0)
    assert sent.earliest(2, 1, 50.0) == pytest.approx(2.0 + MARGIN)
    assert sent.earliest(1, 1, 50.0) == pytest.approx(50.0 + CHECK_SECONDS)


def test_old_calls_are_forgotten() -> None:
    """An hour of calls takes the room of a few minutes."""
    sent = SentCalls(60)
    calls_sent(sent, *(number / 10 for number in range(36_000)))
    assert len(sent._sent) < 3 * 650
    assert sent.earliest(600, 60, 3600.0) == pytest.approx(3540.0 + 60 * (1 + MARGIN))
