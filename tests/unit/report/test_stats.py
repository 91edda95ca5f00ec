"""The figures of results.json."""

import json

from query_generator.cache.stats import CacheStats
from query_generator.llm.metered import CallStats
from query_generator.models import Product, QueryType
from query_generator.report.stats import RunStats, Tally, execution_stats, total
from query_generator.store.items import Item
from tests.support.outcomes import deferred, done, failed, partial

RUN = RunStats(1.5, 20.25, 0.125, CallStats(10, 8, 2, 3, 1, 1_000, 500, 4.0, 0.25, 0))


def test_only_items_at_their_end_are_counted() -> None:
    """An item that waits for another try, or for its second call, is neither done nor failed."""
    tally, item = Tally(), Item(1, QueryType.PRODUCT, Product("Boot"))
    tally.add([done(item), partial(item), deferred(item), failed(item), failed(item, transient=True)])
    tally.add([done(item)])
    assert tally == Tally(succeeded=2, failed=2, failed_transiently=1)


def test_figures_survive_the_database() -> None:
    """What a run stored is read back unchanged by the next one."""
    assert RunStats.from_dict(json.loads(json.dumps(RUN.as_dict()))) == RUN
    assert RunStats.from_dict({}) == RunStats()


def test_a_jobs_figures_are_the_sums_over_its_runs() -> None:
    """An interrupted and continued job shows all its time, calls and cost."""
    assert total([RUN, RUN]) == RunStats(3.0, 40.5, 0.25, CallStats(20, 16, 4, 6, 2, 2_000, 1_000, 8.0, 0.5, 0))
    assert total([]) == RunStats()


def test_execution_stats_have_the_documented_shape() -> None:
    """Programs that read results.json find every documented key, with rates and averages of the right numbers."""
    assert execution_stats(RUN, 4, 200, {"markup": 3}, {"ungrounded": 1}) == {
        "products_processed": 4,
        "total_queries_generated": 200,
        "queries_saved_to_db": 200,
        "products_processing_time": 1.5,
        "questions_generation_time": 20.25,
        "results_persistence_time": 0.125,
        "llm": {
            "total_requests": 10,
            "successful_requests": 8,
            "failed_requests": 2,
            "fallback_requests": 1,
            "retries": 3,
            "cache_hits": 0,
            "prompt_tokens": 1_000,
            "output_tokens": 500,
            "cost_usd": 0.25,
            "success_rate_percent": 80.0,
            "average_time_seconds": 0.5,
        },
        "same_with_name_swapped": None,
        "dropped_reasons": {"markup": 3},
        "dropped_examples": {},
        "switched_off": {"ungrounded": 1},
        "shared_sets": {},
        "cache": {**CacheStats().as_dict(), "hit_rate_percent": 0.0},
    }


def test_a_job_without_calls_divides_by_nothing() -> None:
    """A job that found all its questions stored has figures too."""
    llm = execution_stats(RunStats(), 0, 0, {}, {})["llm"]
    assert (llm["success_rate_percent"], llm["average_time_seconds"], llm["cost_usd"]) == (0.0, 0.0, 0.0)


def test_an_unknown_price_makes_no_cost() -> None:
    """A cost that would be too low is not shown as the cost."""
    assert (
        execution_stats(RunStats(llm=CallStats(cost_usd=1.0, unpriced_requests=1)), 1, 50, {}, {})["llm"]["cost_usd"]
        is None
    )
