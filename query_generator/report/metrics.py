"""CloudWatch metrics, written as embedded metric lines to standard output without calling CloudWatch.

The format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass

from query_generator.llm.metered import CallStats
from query_generator.report.stats import Tally

NAMESPACE = "QueryGenerator"
DIMENSION = "JobQueue"
EVERY_SECONDS = 60.0
UNITS = {"RequestLatency": "Milliseconds", "RunSeconds": "Seconds", "SecondsPerItem": "Seconds", "CostUsd": "None"}


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run has counted so far. `request_seconds` are those of successful calls."""

    requests: int = 0
    successful_requests: int = 0
    failed_requests: int = 0
    request_seconds: float = 0.0
    items_done: int = 0
    items_failed: int = 0
    database_errors: int = 0
    storage_errors: int = 0
    cost_usd: float = 0.0
    fallback_requests: int = 0

    @classmethod
    def of(cls, llm: CallStats, ended: Tally, database_failures: int, storage_failures: int) -> "Totals":
        """Collect what a run has counted."""
        return cls(
            llm.total_requests,
            llm.successful_requests,
            llm.failed_requests,
            llm.seconds,
            ended.succeeded,
            ended.failed,
            database_failures,
            storage_failures,
            llm.cost_usd,
            llm.fallback_requests,
        )

    def minus(self, earlier: "Totals") -> "Totals":
        """Return what was added since `earlier`."""
        return Totals(*(now - then for now, then in zip(astuple(self), astuple(earlier), strict=True)))


class Metrics:
    """Writes what was added since the last line, once a minute and when the run ends.

    Args:
        queue: the name of the Batch job queue, the value of the dimension.
        job_id: written beside the metrics, to search by.
        write: called with each line.
        clock: seconds, monotonic.
        now: seconds since 1970.
    """

    def __init__(
        self,
        queue: str,
        job_id: str,
        write: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._queue = queue
        self._job_id = job_id
        self._write = write
        self._clock = clock
        self._now = now
        self._reported = Totals()
        self._began = self._reported_at = clock()

    def report_when_due(self, totals: Callable[[], Totals]) -> None:
        """Write a line if the last one is a minute old."""
        if self._clock() - self._reported_at >= EVERY_SECONDS:
            self._report(totals(), {})

    def report_end(self, totals: Totals) -> None:
        """Write the last line, with the duration of the run."""
        seconds = self._clock() - self._began
        whole = {"RunSeconds": seconds}
        if totals.items_done:
            whole["SecondsPerItem"] = seconds / totals.items_done
        self._report(totals, whole)

    def _report(self, totals: Totals, whole: Mapping[str, float]) -> None:
        self._reported_at = self._clock()
        values = {**metrics_of(totals.minus(self._reported)), **whole}
        self._reported = totals
        self._write(metric_line(values, self._queue, self._job_id, int(self._now() * 1000)))


def metrics_of(added: Totals) -> dict[str, float]:
    """Return the metrics by name; counts of 0 are included, so that shares can be computed."""
    values: dict[str, float] = {
        "Requests": added.requests,
        "FailedRequests": added.failed_requests,
        "FallbackRequests": added.fallback_requests,
        "ItemsDone": added.items_done,
        "ItemsFailed": added.items_failed,
        "DatabaseErrors": added.database_errors,
        "StorageErrors": added.storage_errors,
        "CostUsd": round(added.cost_usd, 6),
    }
    if added.successful_requests:
        values["RequestLatency"] = round(1000 * added.request_seconds / added.successful_requests, 3)
    return values


def metric_line(values: Mapping[str, float], queue: str, job_id: str, timestamp: int) -> str:
    """Make one embedded metric line; `timestamp` is in milliseconds since 1970."""
    metrics = [{"Name": name, "Unit": UNITS.get(name, "Count")} for name in values]
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics}
    return json.dumps(
        {
            "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]},
            DIMENSION: queue,
            "JobId": job_id,
            **values,
        }
    )
