"""Many processes of one job on one quota."""

import time
from collections.abc import Iterator
from contextlib import closing

from benchmarks.lab import Call, Lab
from benchmarks.table import Goal, Row
from benchmarks.windows import most_in_window
from query_generator.store.connect import get_db_connection
from secrets_cache import RdsConfig

PROCESSES = 16
RPM = 1200
LATENCY = 0.2
WINDOW = 60.0


def measure(lab: Lab) -> Iterator[Row]:
    """Start all processes of a job together; the work is as much as the quota allows in two minutes."""
    processes, products = (4, 800) if lab.quick else (PROCESSES, RPM)
    options = ("--rpm", str(RPM), "--max-concurrency", "8", "--num-questions", "5")
    with lab.service(LATENCY) as service, lab.database() as (local, config):
        started = [
            lab.start_job(local, lab.catalog(products), service.url, *options)
            for _ in range(processes)
        ]  # fmt: skip
        for process in started:
            process.wait()
        calls = [call for call in service.calls() if call.status == 200]
        all_up = _all_up(config)
    most = most_in_window([call.arrived for call in calls], WINDOW)
    yield Row(f"calls of {processes} processes", len(calls))
    yield Row(f"calls above {RPM:,} in the fullest {WINDOW:g} s", max(0, most - RPM), "", Goal("<=", 0))
    yield Row("time of the calls", max(call.arrived for call in calls) - min(call.arrived for call in calls), "s")
    yield Row("share of the quota used, from all up to the last call", _share(calls, all_up), "", Goal(">=", 0.95))


def _all_up(config: RdsConfig) -> float:
    """Return when the last run announced itself, by the monotonic clock."""
    with closing(get_db_connection(config)) as connection:
        (row,) = connection.execute(
            "SELECT extract(epoch FROM max(started_at))::float8 AS at FROM query_generator_runs"
        ).fetchall()
    return float(row.at) - time.time() + time.monotonic()


def _share(calls: list[Call], all_up: float) -> float:
    """Divide the calls since all were up by what the quota is for that time; calls in bursts may bring it above 1."""
    end = max(call.arrived for call in calls)
    used = sum(call.arrived >= all_up for call in calls)
    return used / (RPM * (end - all_up) / WINDOW) if end > all_up else 1.0
