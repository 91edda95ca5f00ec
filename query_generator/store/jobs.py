"""Reads jobs by their job id; nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from query_generator.errors import ConfigurationError
from query_generator.models import QueryType
from query_generator.store.database import Database
from query_generator.store.items import Counts, JobSize


class JobStatus(StrEnum):
    """`batch_operations.status`."""

    PENDING = "pending"  # its input is not read yet
    PROCESSING = "processing"  # items are open
    COMPLETED = "completed"  # all items have ended and the result is written
    FAILED = "failed"  # the last run failed, and no item is open


TERMS = (
    *("num_questions", "providers", "models", "prompt_version", "small_version", "unbranded_share"),
    *("personas", "locale", "market_scope", "variant_scope"),
)
"""What the questions of a job depend on."""


@dataclass(frozen=True, slots=True)
class JobMetadata:
    """What the runs have recorded of a job in `batch_operations.metadata`.

    `terms` are fixed by the first run: those of TERMS that are recorded.
    `input_source` is empty before a run has begun to read; `input_complete` is set when a run has read the whole input.
    `submission` is the AWS Batch job to which the last run belonged that has one.
    """

    terms: Mapping[str, Any] = field(default_factory=dict)
    input_source: str = ""
    input_complete: bool = False
    input_version: str = ""
    input_siblings: str = ""
    errors_written: bool = False
    submission: str = ""

    @classmethod
    def from_json(cls, noted: Mapping[str, Any] | None) -> "JobMetadata":
        """Read the column; NULL means that nothing is recorded.

        Raises:
            ConfigurationError: another program has written something else there.
        """
        if not isinstance(noted, Mapping | None):
            raise ConfigurationError(
                "PostgreSQL, table batch_operations: the job's metadata is no JSON object. "
                "Correct that row, or take a new --job-id."
            )
        noted = noted or {}
        return cls(
            {name: noted[name] for name in TERMS if name in noted},
            noted.get("input_source") or "",
            bool(noted.get("input_complete")),
            noted.get("input_version") or "",
            noted.get("input_siblings") or "",
            bool(noted.get("errors_written")),
            noted.get("submission") or "",
        )

    @property
    def reading_was_cut_short(self) -> bool:
        """Whether a run has begun to read the input, but none has read all of it."""
        return bool(self.input_source) and not self.input_complete


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of `batch_operations`. `load_id` is the run that last read the whole input, or `none`."""

    job_id: str
    status: str
    metadata: JobMetadata
    load_id: str


def read_job(db: Database, job_id: str) -> JobRow | None:
    """Read the row of a job; None before its first run has opened it."""
    rows = db.rows("ledger.job", job_id=job_id)
    return JobRow(job_id, rows[0].status, JobMetadata.from_json(rows[0].metadata), rows[0].load_id) if rows else None


def read_metadata(db: Database, job_id: str) -> JobMetadata:
    """Read what the runs have recorded of a job; empty before its first run."""
    job = read_job(db, job_id)
    return job.metadata if job else JobMetadata()


def is_known(db: Database, job_id: str) -> bool:
    """Return whether the database has the job, or products selected for it."""
    return bool(db.one("ledger.is_known", job_id=job_id).known)


def job_size(db: Database, job_id: str) -> JobSize:
    """Read the size of the job without counting its items."""
    row = db.one("ledger.job_size", job_id=job_id)
    kinds = len(QueryType)
    return JobSize(row.items // kinds, row.items, max(1, row.items - row.done) if row.is_open else 0, row.done // kinds)


def count_items(db: Database, job_id: str) -> Counts:
    """Count the job's items and questions."""
    return Counts(**db.one("ledger.counts", job_id=job_id)._asdict())


def has_open_items(db: Database, job_id: str) -> bool:
    """Return whether an item is pending, or running in a living run."""
    return bool(db.one("ledger.has_open_items", job_id=job_id).found)


def dropped_texts(db: Database, job_id: str) -> Counter[str]:
    """Count the texts that were dropped as unusable, by reason."""
    return Counter({row.reason: row.count for row in db.rows("ledger.dropped", job_id=job_id)})


def switched_off(db: Database, job_id: str) -> Counter[str]:
    """Count the questions of the job's products that do not hold any more, by reason."""
    return Counter({row.reason: row.count for row in db.rows("ledger.switched_off", job_id=job_id)})


def stats_of_runs(db: Database, job_id: str) -> Iterator[Mapping[str, Any]]:
    """Yield the saved sums of each run of the job, as `RunStats.as_dict` makes them."""
    return (row.stats for row in db.rows("runs.stats", job_id=job_id))


def cache_stats_of_all_runs(db: Database) -> list[Mapping[str, Any]]:
    """Return the saved cache statistics of every run of any job, as `CacheStats.as_dict` makes them."""
    return [row.cache for row in db.rows("cache.sums")]
