"""One job done by one process and by sixteen children of an array job, all well and with three killed for good."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from benchmarks.lab import JOB_ID, UNLIMITED, Lab
from benchmarks.table import Goal, Row
from query_generator.store.database import get_db_connection
from secrets_cache import RdsConfig

CHILDREN = 16
KILLED = 3
LATENCY = 0.2
IN_FLIGHT = "8"


def measure(lab: Lab) -> Iterator[Row]:
    """Run the job with one process, with all children, and with some of them killed a third of the way."""
    products, children = (100, 4) if lab.quick else (2000, CHILDREN)
    (alone, *_) = _run(lab, products, 1, 0)
    yield Row("one process", alone, "s")
    seconds, rows, result = _run(lab, products, children, 0)
    yield Row(f"{children} children", seconds, "s")
    yield Row("items of the busiest child, of the mean", max(rows) * len(rows) / sum(rows))
    yield Row("items of the idlest child, of the mean", min(rows) * len(rows) / sum(rows))
    yield from _whole(result, products)
    killed = min(KILLED, children - 1)
    seconds, _, result = _run(lab, products, children, killed)
    yield Row(f"{children} children, {killed} killed for good", seconds, "s")
    yield from _whole(result, products)


def _whole(result: dict[str, Any], products: int) -> Iterator[Row]:
    names = {product["name"] for product in result["products"]}
    ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
    short = sum(len(product["query_ids"]) != 10 for product in result["products"])
    yield Row("products in the one result", len(names), "", Goal(">=", products))
    yield Row("products listed twice", len(result["products"]) - len(names), "", Goal("<=", 0))
    yield Row("products without all questions", short, "", Goal("<=", 0))
    yield Row("questions listed twice", len(ids) - len(set(ids)), "", Goal("<=", 0))


def _run(lab: Lab, products: int, children: int, killed: int) -> tuple[float, list[int], dict[str, Any]]:
    """Return the seconds from the first start to the last end, the items of each run, and the result."""
    with lab.service(LATENCY) as service, lab.database() as (local, config):
        began = time.monotonic()
        started = [
            lab.start_job(
                local, lab.catalog(products), service.url,
                "--rpm", str(UNLIMITED), "--max-concurrency", IN_FLIGHT, "--num-questions", "5",
                **_batch(index, children),
            )
            for index in range(children)
        ]  # fmt: skip
        if killed:
            _wait_for_items(config, 2 * products // 3)
            for process in started[:killed]:
                process.kill()
        for process in started[killed:]:
            process.wait()
        seconds = time.monotonic() - began
        result = json.loads((local / "query" / JOB_ID / "results.json").read_text())
        with closing(get_db_connection(config)) as connection:
            rows = connection.execute(
                "SELECT count(*) AS n FROM job_items WHERE state = 'succeeded' GROUP BY run_id"
            ).fetchall()
        return seconds, [row.n for row in rows], result


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
