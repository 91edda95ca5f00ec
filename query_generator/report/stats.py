"""The time, calls and tokens of a run; those of a job are the sums over its runs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from query_generator.cache.stats import CacheStats
from query_generator.llm.metered import CallStats
from query_generator.store.items import ItemState, Outcome
from query_generator.store.shared_sets import SharedSums


@dataclass(slots=True)
class Tally:
    """Counts the items that a run has ended; `failed` includes `failed_transiently`, those that got no answer."""

    succeeded: int = 0
    failed: int = 0
    failed_transiently: int = 0

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count the outcomes whose items have ended."""
        for outcome in outcomes:
            self.succeeded += outcome.state is ItemState.SUCCEEDED
            self.failed += outcome.state is ItemState.FAILED
            self.failed_transiently += outcome.state is ItemState.FAILED and outcome.is_unanswered


@dataclass(slots=True)
class RunStats:
    """The sums of a run. Times are seconds of wall time.

    Of `compared_questions`, `swapped_questions` are the same as one of another product but for the name. `examples` has
    the beginning of one dropped text for each reason.
    """

    products_processing_time: float = 0.0
    questions_generation_time: float = 0.0
    results_persistence_time: float = 0.0
    llm: CallStats = field(default_factory=CallStats)
    cache: CacheStats = field(default_factory=CacheStats)
    compared_questions: int = 0
    swapped_questions: int = 0
    examples: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the sums as a dict for `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stats: Mapping[str, Any]) -> "RunStats":
        """Read a dict that `as_dict` made."""
        times = {name: value for name, value in stats.items() if name not in ("llm", "cache")}
        return cls(**times, llm=CallStats(**stats.get("llm", {})), cache=CacheStats.from_dict(stats.get("cache", {})))


def total(runs: Iterable[RunStats]) -> RunStats:
    """Add up the runs of a job."""
    result = RunStats()
    for run in runs:
        result = RunStats(
            result.products_processing_time + run.products_processing_time,
            result.questions_generation_time + run.questions_generation_time,
            result.results_persistence_time + run.results_persistence_time,
            result.llm.plus(run.llm),
            result.cache.plus(run.cache),
            result.compared_questions + run.compared_questions,
            result.swapped_questions + run.swapped_questions,
            run.examples | result.examples,
        )
    return result


def execution_stats(
    stats: RunStats,
    products_processed: int,
    questions: int,
    dropped: Mapping[str, int],
    switched_off: Mapping[str, int],
    shared: Mapping[str, SharedSums] | None = None,
) -> dict[str, Any]:
    """Return `execution_stats` of results.json: times in seconds, costs in US dollars.

    Args:
        stats: the sums over the runs of the job.
        products_processed: products that have their questions or have failed.
        questions: accepted questions; each is a row of `queries`, since both are written in one transaction.
        dropped: texts that were dropped, by reason.
        switched_off: questions that do not hold any more since their product has changed, by reason.
        shared: what items have taken from sets that were bought once for several products, by type.
    """
    llm = stats.llm
    average = llm.seconds / llm.successful_requests if llm.successful_requests else 0.0
    success = 100.0 * llm.successful_requests / llm.total_requests if llm.total_requests else 0.0
    return {
        "products_processed": products_processed,
        "total_queries_generated": questions,
        "queries_saved_to_db": questions,
        "products_processing_time": round(stats.products_processing_time, 3),
        "questions_generation_time": round(stats.questions_generation_time, 3),
        "results_persistence_time": round(stats.results_persistence_time, 3),
        "llm": {
            "total_requests": llm.total_requests,
            "successful_requests": llm.successful_requests,
            "failed_requests": llm.failed_requests,
            "fallback_requests": llm.fallback_requests,
            "retries": llm.retries,
            "cache_hits": stats.cache.hits,
            "prompt_tokens": llm.prompt_tokens,
            "output_tokens": llm.output_tokens,
            "cost_usd": None if llm.unpriced_requests else round(llm.cost_usd, 6),
            "success_rate_percent": round(success, 2),
            "average_time_seconds": round(average, 3),
        },
        "same_with_name_swapped": (
            round(stats.swapped_questions / stats.compared_questions, 4) if stats.compared_questions else None
        ),
        "dropped_reasons": dict(dropped),
        "dropped_examples": stats.examples,
        "switched_off": dict(switched_off),
        "shared_sets": {query_type: asdict(sums) for query_type, sums in (shared or {}).items()},
        "cache": {**stats.cache.as_dict(), "hit_rate_percent": round(stats.cache.hit_rate_percent, 2)},
    }
