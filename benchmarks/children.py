"""One job done by one process and by sixteen children of an array: all well, at a told limit, three killed for good.

The server has 50 connections, so that one of the sixteen has no room until another one ends.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from benchmarks.lab import JOB_ID, UNLIMITED, Lab
from benchmarks.table import Goal, Row
from query_generator.store.connect import get_db_connection
from secrets_cache import RdsConfig

CHILDREN = 16
KILLED = 3
RPM = 9000
USED = 0.9
LATENCY = 0.2
FREE = ("--rpm", str(UNLIMITED), "--max-concurrency", "8")


class Ended(NamedTuple):
    """A job that has ended: from the first start to the last end, CPU time of all, items of each run, the result."""

    seconds: float
    cpu_seconds: float
    items: list[int]
    result: dict[str, Any]


def measure(lab: Lab) -> Iterator[Row]:
    """Run the job with one process, with all children, and with some of them killed a third of the way."""
    products, children = (100, 4) if lab.quick else (2000, CHILDREN)
    yield Row("one process", _run(lab, products, 1).seconds, "s")
    ended = _run(lab, products, children)
    yield Row(f"{children} children", ended.seconds, "s")
    yield Row("CPU time of all children", ended.cpu_seconds, "s")
    yield Row("items of the busiest child, of the mean", max(ended.items) * len(ended.items) / sum(ended.items))
    yield Row("items of the idlest child, of the mean", min(ended.items) * len(ended.items) / sum(ended.items))
    yield from _whole(ended.result, products)
    yield from _at_quota(lab, products, children)
    killed = min(KILLED, children - 1)
    ended = _run(lab, products, children, killed=killed)
    yield Row(f"{children} children, {killed} killed for good", ended.seconds, "s")
    yield from _whole(ended.result, products)


def _at_quota(lab: Lab, products: int, children: int) -> Iterator[Row]:
    """Run it at a told limit, with the usual calls in flight: at best it takes the time of its calls by that limit."""
    ended = _run(lab, products, children, ("--rpm", str(RPM)))
    ideal = 2 * products / RPM * 60
    yield Row(f"{children} children at {RPM:,} calls a minute", ended.seconds, "s")
    yield Row("ideal by that limit", ideal, "s")
    goal = None if lab.quick else Goal(">=", USED)
    yield Row("share of the limit used, from the first start to the last end", ideal / ended.seconds, "", goal)
    yield Row("CPU time of all children at that limit", ended.cpu_seconds, "s")
    yield from _whole(ended.result, products)


def _whole(result: dict[str, Any], products: int) -> Iterator[Row]:
    names = {product["name"] for product in result["products"]}
    ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
    short = sum(len(product["query_ids"]) != 10 for product in result["products"])
    yield Row("products in the one result", len(names), "", Goal(">=", products))
    yield Row("products listed twice", len(result["products"]) - len(names), "", Goal("<=", 0))
    yield Row("products without all questions", short, "", Goal("<=", 0))
    yield Row("questions listed twice", len(ids) - len(set(ids)), "", Goal("<=", 0))


def _run(lab: Lab, products: int, children: int, options: Sequence[str] = FREE, killed: int = 0) -> Ended:
    """Run the job with all children, some of which are killed when a third of the work is done."""
    with lab.service(LATENCY) as service, lab.database() as (local, config):
        began = time.monotonic()
        started = [
            lab.start_job(
                local, lab.catalog(products), service.url,
                "--num-questions", "5", *options, **_batch(index, children),
            )
            for index in range(children)
        ]  # fmt: skip
        if killed:
            _wait_for_items(config, 2 * products // 3)
            for process in started[:killed]:
                process.kill()
        usages = [process.wait() for process in started[killed:]]
        seconds = time.monotonic() - began
        result = json.loads((local / "query" / JOB_ID / "results.json").read_text())
        with closing(get_db_connection(config)) as connection:
            rows = connection.execute(
                "SELECT count(*) AS n FROM job_items WHERE state = 'succeeded' GROUP BY run_id"
            ).fetchall()
        return Ended(seconds, sum(usage.cpu_seconds for usage in usages), [row.n for row in rows], result)


def _batch(index: int, children: int) -> dict[str, str]:
    """The variables that AWS Batch sets for a child; none for a job that is no array."""
    if children == 1:
        return {}
    return {
        "AWS_BATCH_JOB_ID": f"11111111-2222-3333-4444-555555555555:{index}",
        "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
        "AWS_BATCH_JOB_ARRAY_SIZE": str(children),
    }


def _wait_for_items(config: RdsConfig, items: int) -> None:
    """Wait until so many items are done."""
    with closing(get_db_connection(config)) as connection:
        while True:
            tables = connection.execute("SELECT to_regclass('job_items') AS name").fetchall()
            if tables[0].name:
                (row,) = connection.execute("SELECT count(*) AS n FROM job_items WHERE state = 'succeeded'").fetchall()
                if row.n >= items:
                    return
            time.sleep(0.1)
