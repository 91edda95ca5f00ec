"""How well the job fills many calls in flight, against raw requests from as many threads."""

from collections.abc import Iterator
from statistics import median

from benchmarks.lab import Lab, seconds_of
from benchmarks.table import Goal, Row
from benchmarks.ways import plain_seconds

LATENCY = 1.0
GOALS = {128: Goal(">=", 0.95), 512: None}


def measure(lab: Lab) -> Iterator[Row]:
    """Make 20 calls for each place in flight, at 1 s each, in turns."""
    calls_a_place, rounds = (4, 1) if lab.quick else (20, 3)
    for in_flight, goal in GOALS.items():
        products = calls_a_place * in_flight // 2
        jobs, raws = [], []
        for _ in range(rounds):
            raws.append(plain_seconds(lab, "raw", products, in_flight, LATENCY))
            jobs.append(seconds_of(lab.job(products, in_flight, LATENCY).calls))
        calls = products * 2
        yield Row(f"raw requests, {in_flight} threads", calls / median(raws), "calls/s", in_chart=True)
        yield Row(f"the job, {in_flight} in flight", calls / median(jobs), "calls/s", in_chart=True)
        yield Row(f"the job / raw requests at {in_flight}", median(raws) / median(jobs), "", goal)
