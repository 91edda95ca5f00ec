"""The summary that ends a run."""

from collections import Counter

from query_generator.llm.metered import CallStats
from query_generator.report.stats import RunStats
from query_generator.report.summary import Report, ResultStatus, summary
from query_generator.store.items import Counts

COUNTS = Counts(2, 4, 0, 4, 0, 0, 0, 2, 100, 0)


def cost_line(llm: CallStats) -> str:
    """The line about cost in the summary of a job with 100 questions."""
    report = Report("j", ResultStatus.COMPLETED, ("gemini", "openai"), COUNTS, RunStats(llm=llm), Counter(), (), ())
    return next((line for line in summary(report).splitlines() if line.startswith("  cost")), "")


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
