"""Which products are named in the log when they are begun."""

import logging

import pytest

from query_generator.pipeline.announcing import SECONDS, ProductLines


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def begin(lines: ProductLines, clock: Clock, products: int, each: float) -> None:
    """Begin so many products, a while apart."""
    for number in range(1, products + 1):
        lines.begins(f"Boot {number}")
        clock.now += each


def told(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """The lines of this level."""
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_a_job_of_a_thousand_products_names_each(caplog: pytest.LogCaptureFixture) -> None:
    """The documented line comes for each product, whatever the pace."""
    clock = Clock()
    with caplog.at_level(logging.DEBUG, "generation"):
        begin(ProductLines(1000, 0, clock), clock, 1000, 0.0)
    lines = told(caplog, logging.INFO)
    assert (lines[0], lines[-1], len(lines)) == (
        "[BATCH] Processing product 1/1000: Boot 1",
        "[BATCH] Processing product 1000/1000: Boot 1000",
        1000,
    )
    assert told(caplog, logging.DEBUG) == []


def test_a_larger_job_says_every_few_seconds_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """The same line, the first product at once and then at most one each five seconds; the others at DEBUG."""
    clock = Clock()
    with caplog.at_level(logging.DEBUG, "generation"):
        begin(ProductLines(1001, 0, clock), clock, 1001, 1 / 64)
    assert told(caplog, logging.INFO) == [
        f"[BATCH] Processing product {number}/1001: Boot {number}" for number in (1, 321, 641, 961)
    ]
    assert len(told(caplog, logging.DEBUG)) == 1001 - 4
    assert SECONDS == 5.0


def test_a_run_goes_on_counting_where_the_job_stands(caplog: pytest.LogCaptureFixture) -> None:
    """A run that continues a job, or does a part of it, counts among the job's products, and never beyond them."""
    clock = Clock()
    with caplog.at_level(logging.INFO, "generation"):
        begin(ProductLines(100_000, 99_998, clock), clock, 3, 10.0)
    assert told(caplog, logging.INFO) == [
        "[BATCH] Processing product 99999/100000: Boot 1",
        "[BATCH] Processing product 100000/100000: Boot 2",
        "[BATCH] Processing product 100000/100000: Boot 3",
    ]
