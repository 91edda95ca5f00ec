"""The verb `cache`: fills the cache, and reports what it holds."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import secrets_cache
from query_generator.cache.guarded_tier import FAILURES
from query_generator.cache.setup import ResponseCache
from query_generator.cache.stats import CacheStats, sum_of, summary_lines
from query_generator.cache.tiers import TierFailedError
from query_generator.commands.cache_import import take_over
from query_generator.commands.cache_warm import Warmed, warm
from query_generator.config import JobConfig
from query_generator.ending import RECORDS_ALONE, Ending
from query_generator.errors import ConfigurationError, CostCapReachedError, ExitCode, InputError, ServiceAwayError
from query_generator.input.sources import configured_sources, load_input_data
from query_generator.llm.metered import CallStats
from query_generator.log import tell
from query_generator.masking import shown
from query_generator.pipeline.load import Entry, peek
from query_generator.pipeline.providers import make_provider
from query_generator.pipeline.services import database_of
from query_generator.stopping import StopSignal
from query_generator.store.jobs import cache_stats_of_all_runs
from query_generator.store.schema import migrate

_LOG = logging.getLogger("cache")


def warm_cache(config: JobConfig, stop: StopSignal) -> Ending:
    """Fill the tiers that outlive this process, and print a summary.

    Raises:
        ConfigurationError: there is no such tier, or entries are not kept.
        ServiceAwayError: such a tier cannot be used now.
        FatalError: what a job raises.
    """
    cache = ResponseCache(config)
    if not cache.persistent or not cache.is_on:
        raise ConfigurationError(
            "cache warm: nothing would be kept; set CACHE_URL to a Redis (redis://host:6379/0) or a folder, "
            "and CACHE_TTL_COMPLETIONS to the seconds that entries are good for, or none"
        )
    _use_tiers(cache)
    secrets_cache.configure(config)
    if config.from_job:
        tell("\n".join(map(shown, _taken_over(config, cache))))
        return Ending(ExitCode.SUCCEEDED)
    sources = configured_sources(config)
    if not sources:
        raise InputError(
            "cache warm: no products; give --products-file, --input-s3 or --products-json, or --from-job --job-id ID"
        )
    if len(sources) > 1:
        ignored = ", ".join(source.name for source in sources[1:])
        _LOG.warning("[BATCH WARNING] Products come from %s; ignored: %s", sources[0].name, ignored)
    entries = peek(load_input_data(sources[0])[0])
    secrets_cache.initialize_for(config.providers, rds=False)
    provider, meters = make_provider(config, stop, cache=cache)
    warmed = warm(config, _while_worth_it(entries, config, cache, meters.stats), provider, stop)
    tell("\n".join(map(shown, _summary(warmed, meters.stats(), cache.stats()))))
    return _ending(warmed)


def report_cache(config: JobConfig, _: StopSignal) -> ExitCode:
    """Print what the tiers that outlive a process hold, and the sums of all runs in the database.

    Raises:
        ServiceAwayError: a tier cannot be used now.
        FatalError: the database cannot be used.
    """
    cache = ResponseCache(config)
    lines = []
    try:
        for tier in cache.persistent:
            entries, size = tier.held()
            lines.append(f"{tier.name} {tier.address}: {entries:,} entries, {size:,} bytes")
    except TierFailedError as exc:
        raise ServiceAwayError(str(exc)) from exc
    lines = lines or ["No tier outlives a run: CACHE_URL names none"]
    if config.local_dir or config.rds_secret_name or config.database_url:
        secrets_cache.configure(config)
        with database_of(config) as connect, closing(connect(None)) as db:
            migrate(db)
            runs = [CacheStats.from_dict(kept) for kept in cache_stats_of_all_runs(db)]
        lines += [f"Sums of {len(runs)} runs", *summary_lines(sum_of(runs))]
    tell("\n".join(map(shown, lines)))
    return ExitCode.SUCCEEDED


def _use_tiers(cache: ResponseCache) -> None:
    for tier in cache.persistent:
        try:
            tier.get("any")
        except TierFailedError as exc:
            raise ServiceAwayError(str(exc)) from exc


def _while_worth_it(
    entries: Iterable[Entry], config: JobConfig, cache: ResponseCache, calls: Callable[[], CallStats]
) -> Iterator[Entry]:
    """Yield the entries while the cache keeps new replies and money is left.

    Raises:
        ServiceAwayError: the cache fails.
        CostCapReachedError: the money is spent.
    """
    for entry in entries:
        if cache.stats().tier_failures >= FAILURES:
            raise ServiceAwayError("cache warm: the cache takes no more; the log says why. Run the same command again")
        if config.max_cost and calls().cost_usd >= config.max_cost:
            raise CostCapReachedError(f"cache warm: the {config.max_cost:.2f} USD of --max-cost are spent")
        yield entry


def _ending(warmed: Warmed) -> Ending:
    if not warmed.failed and not warmed.rejected:
        return Ending(ExitCode.SUCCEEDED)
    first = f"; the first, {warmed.problems[0]}" if warmed.problems else ""
    why = f"cache warm: {warmed.failed} failed items, {warmed.rejected} rejected records{first}"
    way_on = "To try again what is not in the cache, type: {command}" if warmed.failed else RECORDS_ALONE
    return Ending(ExitCode.FINISHED_WITH_ERRORS, why, way_on=way_on)


def _summary(warmed: Warmed, calls: CallStats, stats: CacheStats) -> Iterator[str]:
    yield f"Cache warmed: {warmed.items} items of {warmed.products} products"
    yield from summary_lines(stats)
    cost = "price not known" if calls.unpriced_requests else f"{calls.cost_usd:.4f} USD"
    yield f"  calls      {calls.total_requests} ({calls.failed_requests} failed), {cost}"
    if warmed.failed or warmed.rejected:
        yield f"  errors     {warmed.failed} failed items, {warmed.rejected} rejected records"
        yield from (f"    {problem}" for problem in warmed.problems)


def _taken_over(config: JobConfig, cache: ResponseCache) -> Iterator[str]:
    with database_of(config) as connect, closing(connect(None)) as db:
        migrate(db)
        counts: Counter[str] = take_over(db, config, cache)
    yield f"Cache warmed: {counts.pop('kept', 0)} items of job {config.job_id}"
    yield from (f"  left out   {count} items: {reason}" for reason, count in counts.items())
