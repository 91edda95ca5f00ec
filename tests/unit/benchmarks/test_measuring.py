"""What the benchmarks count and how they write it down."""

import argparse

import pytest

from benchmarks.lab import Call, JobRun, seconds_of
from benchmarks.llm_server import LlmServer
from benchmarks.processes import Usage
from benchmarks.table import Goal, Row, markdown, replaced
from benchmarks.windows import SlidingLimit, most_in_window, parse_limit


def test_fullest_window() -> None:
    """The fullest window is found wherever it lies, and its end does not belong to it."""
    assert most_in_window([], 1) == 0
    assert most_in_window([0.0, 1.0, 2.0], 1) == 1
    assert most_in_window([5.5, 0.0, 0.9, 5.0, 5.9, 1.8], 1) == 3


def test_sliding_limit() -> None:
    """A call beyond the limit learns when it would be admitted, and is not counted."""
    limit = SlidingLimit(2, 10.0)
    assert [limit.wait(now) for now in (0.0, 4.0, 5.0, 9.5, 10.0, 13.0)] == [0.0, 0.0, 5.0, 0.5, 0.0, 1.0]


@pytest.mark.parametrize("text", ["", "20", "20/", "x/1", "0/1", "5/0", "5/-1"])
def test_limit_must_be_calls_and_seconds(text: str) -> None:
    """A limit that cannot be meant is refused with an example of a good one."""
    with pytest.raises(argparse.ArgumentTypeError):
        parse_limit(text)


def test_service_refuses_what_is_no_request() -> None:
    """A body that is no Gemini request gets Google's error."""
    assert LlmServer(0.0, None).answer("/v1beta/models/m:generateContent", b"[]", 0.0)[1] == 400


def test_goal_is_compared_exactly() -> None:
    """A goal that is missed by a hair is missed, whatever the rounding shows."""
    goal = Goal("<=", 1.03)
    assert [Row("x", value, "", goal).verdict() for value in (1.03, 1.0301)] == ["met", "NOT MET"]
    assert Row("x", 1).verdict() == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 s"), (0.1234, "0.123 s"), (2.5, "2.50 s"), (31.25, "31.2 s"), (13600.4, "13,600 s")]
)
def test_value_text(value: float, text: str) -> None:
    """Values are shown with three digits or more, and their unit."""
    assert Row("x", value, "s").value_text() == text


def test_table_takes_its_place() -> None:
    """A new table replaces the old one between its marks and leaves the rest of the page."""
    table = markdown("Measured today.", [Row("a", 2, "s", Goal(">=", 1)), Row("b", 3)])
    page = replaced("top\n<!-- a -->\nold\n<!-- /a -->\n<!-- b -->\n<!-- /b -->", "a", table)
    assert "old" not in page
    assert "| a | 2 s | >= 1 | met |\n| b | 3 |  |  |\n<!-- /a -->\n<!-- b -->" in page
    with pytest.raises(ValueError, match="<!-- c -->"):
        replaced(page, "c", table)


def test_phase_and_losses() -> None:
    """The time of the calls is first request to last reply; an item that is short of questions counts as lost."""
    calls = [Call(2.0, 9.0, 200), Call(1.0, 3.0, 429)]
    assert seconds_of(calls) == 8.0
    product = {"product_questions": ["?"] * 3, "market_questions": ["?"] * 2}
    assert JobRun(Usage(0, 1, 1, 1, 0), calls, {"products": [product]}).lost(3) == 1
