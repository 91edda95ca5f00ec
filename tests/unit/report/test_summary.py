"""The summary that ends a run."""

from collections import Counter
from dataclasses import replace

import pytest

from query_generator.errors import ExitCode
from query_generator.llm.metered import CallStats
from query_generator.report.stats import RunStats, Tally
from query_generator.report.summary import ERRORS_SHOWN, ChildReport, Report, ResultStatus, child_summary, summary
from query_generator.store.items import Counts

COUNTS = Counts(2, 4, 0, 4, 0, 0, 0, 2, 100, 0)


def report(counts: Counts = COUNTS, llm: CallStats | None = None, errors: int = 0) -> Report:
    """A job with 100 questions, of which so many errors are to be shown."""
    shown = tuple((f"acme|boot {number}", "generate", "market: no answer") for number in range(errors))
    stats = RunStats(llm=llm or CallStats())
    return Report("j", ResultStatus.COMPLETED, ("gemini", "openai"), counts, stats, Counter(), Counter(), (), shown)


def cost_line(llm: CallStats) -> str:
    """The line about cost in the summary of a job with 100 questions."""
    return next((line for line in summary(report(llm=llm)).splitlines() if line.startswith("  cost")), "")


@pytest.mark.parametrize(
    ("failed", "rejected", "code"),
    [
        (0, 0, ExitCode.SUCCEEDED),
        (1, 0, ExitCode.FINISHED_WITH_ERRORS),
        (0, 1, ExitCode.FINISHED_WITH_ERRORS),
    ],
)
def test_a_failed_item_and_a_rejected_record_each_end_a_job_with_65(failed: int, rejected: int, code: ExitCode) -> None:
    """So does a child of an array that has met one of them; what failed for a transient reason is counted as failed."""
    assert report(replace(COUNTS, failed=failed, rejected_records=rejected)).exit_code == code
    assert ChildReport("j", 3, rejected, Tally(5, failed), RunStats()).exit_code == code


@pytest.mark.parametrize(("more", "ends"), [(0, False), (1, True)])
def test_a_list_of_errors_that_is_not_whole_says_where_the_rest_is(more: int, ends: bool) -> None:
    """As many errors as are shown are all of them; of one more the summary says where it is to be found."""
    counts = replace(COUNTS, failed=ERRORS_SHOWN - 2 + more, rejected_records=2)
    lines = summary(report(counts, errors=ERRORS_SHOWN)).splitlines()
    assert f"  errors     {ERRORS_SHOWN - 2 + more} failed items, 2 rejected records" in lines
    assert lines.count("    generate: acme|boot 0: market: no answer") == 1
    assert (lines[-1] == "    … and more in errors.json") is ends


def test_a_child_tells_what_it_has_done_itself() -> None:
    """The last lines of a child's log have its own items and calls, and say that another one writes the result."""
    stats = RunStats(llm=CallStats(10, 8, 2, 3))
    assert child_summary(ChildReport("j", 3, 0, Tally(5, 1), stats)).splitlines() == [
        "Job j: child 3 is done; the result is written by another one",
        "  items      5 succeeded, 1 failed",
        "  calls      10 (2 failed, 3 retries)",
    ]


def test_estimated_tokens_are_said_to_be_so() -> None:
    """Tokens that a service billed unreadably are an estimate, and the user reads for how many calls."""
    calls = [
        line for line in summary(report(llm=CallStats(4, 4, estimated_requests=2))).splitlines() if "calls" in line
    ]
    assert calls == ["  calls      4 (0 failed, 0 retries), 0 + 0 tokens (estimated for 2)"]


def test_cost_is_told_by_provider_and_by_question() -> None:
    """The user reads what each provider has cost, and what one question has."""
    llm = CallStats(4, 4, cost_usd=0.5, cost_by_provider={"openai": 0.1, "gemini": 0.4})
    assert cost_line(llm) == "  cost       0.5000 USD (gemini 0.4000, openai 0.1000); 0.005000 USD a question"


def test_a_cost_that_is_not_known_is_not_shown_as_one() -> None:
    """Where a price is missing the summary names the provider, and gives no cost of a question."""
    llm = CallStats(4, 4, cost_usd=0.4, unpriced_requests=1, cost_by_provider={"openai": None, "gemini": 0.4})
    assert cost_line(llm) == (
        "  cost       0.4000 USD and calls whose price is not known (gemini 0.4000, openai price not known)"
    )


def test_a_job_that_bought_nothing_has_no_cost_line() -> None:
    """A job whose questions were all stored already says nothing of cost."""
    assert cost_line(CallStats()) == ""
