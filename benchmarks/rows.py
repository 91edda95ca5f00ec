"""Rows a second into PostgreSQL: the job's own saving code against the usual ways and the limit."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from benchmarks.lab import Lab
from benchmarks.processes import ROOT
from benchmarks.row_ways import BARE, JOB, ONE_BY_ONE, WAYS
from benchmarks.table import Goal, Row
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.support.catalog import open_job, products

ROUND_TRIP = 0.00365
GOALS = {"near": None, "far": Goal(">=", 13_000)}
EMPTY = "TRUNCATE products, queries, jobselectedproducts, batch_operations, runs, job_items CASCADE"


def measure(lab: Lab) -> Iterator[Row]:
    """Store rows in every way in turns, each into empty tables; near, then through a slow link."""
    with lab.database() as (_, near):
        with closing(get_db_connection(near)) as connection:
            migrate(Database(connection))
        yield from _rows(lab, "near", near, near)
        with _slow_link(lab.folder / "trial", near, ROUND_TRIP / 2) as trial:
            excess = min(_round_trips(trial)) - ROUND_TRIP  # what the link itself costs on a quiet machine
        with _slow_link(lab.folder / "far", near, (ROUND_TRIP - excess) / 2) as far:
            yield from _rows(lab, "far", far, near)


def _rows(lab: Lab, place: str, config: RdsConfig, near: RdsConfig) -> Iterator[Row]:
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    round_trips: list[float] = []
    for _ in range(1 if lab.quick else 5):
        for way in WAYS:
            transactions = 1 if way == ONE_BY_ONE else 3 if lab.quick else 10
            round_trips += _round_trips(config)
            with closing(get_db_connection(near)) as connection:
                connection.execute(EMPTY)
            with closing(get_db_connection(config)) as connection:
                ledger = open_job(Database(connection), products(20 * transactions))
                store, rows = WAYS[way](connection, ledger, transactions)
                rates[way].append(rows / _seconds_of(store))
    middle = {way: median(values) for way, values in rates.items()}
    yield Row(f"{place}: round trip", median(round_trips) * 1000, "ms")
    for way, rate in middle.items():
        yield Row(f"{place}: {way}", rate, "rows/s", GOALS[place] if way == JOB else None, in_chart=True)
    goal = Goal(">=", 0.8) if place == "near" else None
    yield Row(f"{place}: {JOB} / {BARE}", middle[JOB] / middle[BARE], "", goal)


def _seconds_of(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _round_trips(config: RdsConfig) -> list[float]:
    """Return the seconds of statements that do nothing."""
    with closing(get_db_connection(config)) as connection:
        return [_seconds_of(lambda: connection.execute("SELECT")) for _ in range(25)]


@contextmanager
def _slow_link(folder: Path, near: RdsConfig, seconds: float) -> Iterator[RdsConfig]:
    """Run a link as a process that delays each direction so long; gives the login through it."""
    folder.mkdir()
    arguments = [str(folder), str(near["port"]), str(seconds), near["host"]]
    command = [sys.executable, "-m", "benchmarks.slow_link", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout:
        try:
            process.stdout.readline()
            yield near | {"host": str(folder)}
        finally:
            process.terminate()
            process.wait()
