"""What people see when a job has ended: the result objects and the summary."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from query_generator.cache.stats import summary_lines
from query_generator.ending import RECORDS_ALONE, Ending
from query_generator.errors import ConfigurationError, ExitCode
from query_generator.llm.metered import CallStats
from query_generator.llm.registry import PROVIDER_WITHOUT_KEY
from query_generator.masking import shown
from query_generator.report.lacking import Lack, Lacking
from query_generator.report.late_brands import LateBrands
from query_generator.report.stats import RunStats, Tally, execution_stats, total
from query_generator.store.database import Database
from query_generator.store.items import Counts
from query_generator.store.jobs import count_items, dropped_texts, read_job, stats_of_runs, switched_off
from query_generator.store.objects import ObjectStore, save_to_s3
from query_generator.store.results import (
    brands_of,
    errors_json,
    job_errors,
    note_errors_written,
    result_json,
    unanswered,
)
from query_generator.store.shared_sets import SharedSums, shared_sums

_LOG = logging.getLogger("report")

ERRORS_SHOWN = 20
NO_CATEGORY = "no category"


class ResultStatus(StrEnum):
    """`status` of results.json."""

    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Report:
    """A job in numbers and addresses. `dropped` counts unusable texts by reason, `off` questions that do not hold any
    more.

    `errors` are the first ones, as (product_key, stage, reason); `lacking` is what pages most often lack; `shared` is
    what items took from sets, by type.
    """

    job_id: str
    status: ResultStatus
    providers: tuple[str, ...]
    counts: Counts
    stats: RunStats
    dropped: Counter[str]
    off: Counter[str]
    addresses: tuple[str, ...]
    errors: tuple[tuple[str, str, str], ...]
    lacking: tuple[Lack, ...] = ()
    shared: Mapping[str, SharedSums] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """0, or 65 if an item failed or a record was rejected."""
        return ExitCode.FINISHED_WITH_ERRORS if _has_errors(self.counts) else ExitCode.SUCCEEDED

    @property
    def ending(self) -> Ending:
        """How the job ended, and if not every product has its questions, what the first one lacks."""
        stage, key, reason = next(((stage, key, reason) for key, stage, reason in self.errors), ("", "", ""))
        first = f"; the first, {': '.join(filter(None, (stage, key, reason)))}" if reason else ""
        return _ending(self.exit_code, self.counts.failed, self.counts.rejected_records, first)

    def numbers(self) -> dict[str, Any]:
        """Return the counts and `execution_stats` for the details of the final event."""
        return {
            "providers": list(self.providers),
            "execution_stats": execution_stats(
                self.stats, self.counts.processed_products, self.counts.questions, self.dropped, self.off, self.shared
            ),
            "items": asdict(self.counts),
            "dropped": dict(self.dropped),
        }


@dataclass(frozen=True, slots=True)
class ChildReport:
    """What one child of an array has done if another child writes the result. `ended` counts its items."""

    job_id: str
    array_index: int
    rejected_records: int
    ended: Tally
    stats: RunStats

    @property
    def exit_code(self) -> ExitCode:
        """0, or 65 if an item of this child failed or a record that it read was rejected."""
        failed = self.ended.failed or self.rejected_records
        return ExitCode.FINISHED_WITH_ERRORS if failed else ExitCode.SUCCEEDED

    @property
    def ending(self) -> Ending:
        """How this child ended."""
        return _ending(self.exit_code, self.ended.failed, self.rejected_records, " in this child")


def _ending(code: ExitCode, failed: int, rejected: int, more: str) -> Ending:
    if code is ExitCode.SUCCEEDED:
        return Ending(code)
    why = f"{failed} failed items, {rejected} rejected records{more}; errors.json names them all"
    return Ending(code, why, way_on="" if failed else RECORDS_ALONE)


def child_summary(report: ChildReport) -> str:
    """Return the summary that a child prints at its end."""
    llm, ended = report.stats.llm, report.ended
    return "\n".join(
        (
            f"Job {report.job_id}: child {report.array_index} is done; the result is written by another one",
            f"  items      {ended.succeeded} succeeded, {ended.failed} failed",
            f"  calls      {llm.total_requests} ({llm.failed_requests} failed, {llm.retries} retries)",
        )
    )


def publish_result(
    db: Database, objects: ObjectStore, job_id: str, prefix: str, early: ResultStatus | None = None
) -> Report:
    """Make the result objects of a job from the database and write them.

    Args:
        db: the database.
        objects: the store to write to.
        job_id: the id of the job.
        prefix: what the keys begin with.
        early: the status if the run ended early; by default the ledger decides.

    Raises:
        ConfigurationError: there is no such job.
        FatalError: an object could not be written.
    """
    job = read_job(db, job_id)
    if job is None:
        raise ConfigurationError(f"job {job_id}: the database does not know it; check the job id")
    counts = count_items(db, job_id)
    stats = total(RunStats.from_dict(kept) for kept in stats_of_runs(db, job_id))
    status = early or _status(counts)
    head = {
        "job_id": job_id,
        "status": status,
        "input_source": job.metadata.input_source,
        "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    dropped, off, shared = dropped_texts(db, job_id), switched_off(db, job_id), shared_sums(db, job_id)
    told = execution_stats(stats, counts.processed_products, counts.questions, dropped, off, shared)
    lacking = Lacking()
    for product, texts in unanswered(db, job_id):
        lacking.add(product, texts)
    full_head = {**head, "execution_stats": {**told, "attributes_lacking": lacking.as_list()}}
    late = LateBrands(brands_of(db, job_id))

    def result() -> Iterator[bytes]:
        late.begins()
        return result_json(db, job_id, full_head, late.look_at)

    addresses = [save_to_s3(result, job_id, "results.json", objects=objects, prefix=prefix)]
    if late.count:
        _LOG.warning(
            "[BATCH WARNING] %d open questions name a brand that the catalog showed only after they were accepted",
            late.count,
        )
    if _has_errors(counts) or job.metadata.errors_written:
        addresses.append(
            save_to_s3(lambda: errors_json(db, job_id, head), job_id, "errors.json", objects=objects, prefix=prefix)
        )
        note_errors_written(db, job_id)
    return Report(
        job_id,
        status,
        tuple(job.metadata.terms.get("providers", ())),
        counts,
        stats,
        dropped,
        off,
        tuple(addresses),
        tuple(islice(job_errors(db, job_id), ERRORS_SHOWN)),
        lacking.most(),
        shared,
    )


def summary(report: Report) -> str:
    """Return the summary that a run prints at its end."""
    return "\n".join(map(shown, _summary_lines(report)))


def _summary_lines(report: Report) -> Iterator[str]:
    counts, llm = report.counts, report.stats.llm
    yield f"Job {report.job_id}: {report.status.replace('_', ' ')}"
    skipped = f", {counts.skipped_products} skipped" if counts.skipped_products else ""
    yield f"  products   {counts.processed_products} of {counts.products}{skipped}"
    yield f"  questions  {counts.questions} in PostgreSQL"
    if report.providers == (PROVIDER_WITHOUT_KEY,):
        yield (
            f"  written    by grammar from the products' own fields (provider {PROVIDER_WITHOUT_KEY}), without a model"
        )
    if report.dropped:
        yield f"  dropped    {report.dropped.total()} texts ({_by_reason(report.dropped)})"
    if report.off:
        yield f"  off        {report.off.total()} questions that do not hold any more ({_by_reason(report.off)})"
    if report.lacking:
        lacks = (f"{lack.attribute} of {lack.products} in {lack.category or NO_CATEGORY}" for lack in report.lacking)
        yield f"  lacking    {', '.join(lacks)}"
    for query_type, sums in report.shared.items():
        yield (
            f"  shared     {sums.sets} sets of {query_type} questions, bought by {sums.calls} calls: "
            f"{sums.items} products took {sums.questions} questions from them"
        )
    guessed = f" (estimated for {llm.estimated_requests})" if llm.estimated_requests else ""
    tokens = f"{llm.prompt_tokens} + {llm.output_tokens} tokens{guessed}"
    yield f"  calls      {llm.total_requests} ({llm.failed_requests} failed, {llm.retries} retries), {tokens}"
    if llm.successful_requests:
        yield f"  cost       {_cost(llm, counts.questions)}"
    if report.stats.cache.calls_saved or report.stats.cache.tier_failures:
        yield from summary_lines(report.stats.cache)
    if counts.failed or counts.rejected_records:
        yield f"  errors     {counts.failed} failed items, {counts.rejected_records} rejected records"
        for product_key, stage, reason in report.errors:
            yield f"    {stage}: {product_key + ': ' if product_key else ''}{reason}"
        if counts.failed + counts.rejected_records > len(report.errors):
            yield "    … and more in errors.json"
    for address in report.addresses:
        yield f"  wrote      {address}"


def _by_reason(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in sorted(counts.items()))


def _cost(llm: CallStats, questions: int) -> str:
    """Return the cost of the calls in US dollars: in all, by provider, and per accepted question."""
    known = not llm.unpriced_requests
    whole = f"{llm.cost_usd:.4f} USD" if known else f"{llm.cost_usd:.4f} USD and calls whose price is not known"
    by_provider = ", ".join(
        f"{name} {'price not known' if usd is None else f'{usd:.4f}'}"
        for name, usd in sorted(llm.cost_by_provider.items())
    )
    each = f"; {llm.cost_usd / questions:.6f} USD a question" if known and questions else ""
    return f"{whole} ({by_provider or 'providers not recorded'}){each}"


def _status(counts: Counts) -> ResultStatus:
    if counts.open_items:
        return ResultStatus.INTERRUPTED
    return ResultStatus.COMPLETED_WITH_ERRORS if _has_errors(counts) else ResultStatus.COMPLETED


def _has_errors(counts: Counts) -> bool:
    return bool(counts.failed or counts.rejected_records)
