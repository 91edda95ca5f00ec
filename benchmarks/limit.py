"""The job at a hard limit that it was told of, and at one that it was not."""

from collections.abc import Iterator

from benchmarks.lab import UNLIMITED, JobRun, Lab, seconds_of
from benchmarks.table import Goal, Row

CALLS_A_SECOND = 20
LATENCY = 0.2
IN_FLIGHT = 50


def measure(lab: Lab) -> Iterator[Row]:
    """Make 400 calls where 20 in any second are allowed; the ideal is 20 s."""
    products = 50 if lab.quick else 200
    ideal = products * 2 / CALLS_A_SECOND
    told = lab.job(products, IN_FLIGHT, LATENCY, CALLS_A_SECOND * 60, f"{CALLS_A_SECOND}/1")
    yield from _rows(f"the job, told (--rpm {CALLS_A_SECOND * 60})", told, ideal, 1.03, 0)
    untold = lab.job(products, IN_FLIGHT, LATENCY, UNLIMITED, f"{CALLS_A_SECOND}/1")
    yield from _rows(f"the job, untold (--rpm {UNLIMITED})", untold, ideal, 1.15, 20)


def _rows(name: str, run: JobRun, ideal: float, slowest: float, refused: int) -> Iterator[Row]:
    yield Row(f"{name}: time", seconds_of(run.calls), "s", in_chart=True)
    yield Row(f"{name}: time / {ideal:g} s", seconds_of(run.calls) / ideal, "", Goal("<=", slowest))
    yield Row(f"{name}: 429s", sum(call.status == 429 for call in run.calls), "", Goal("<=", refused))
    yield Row(f"{name}: items lost", run.lost(25), "", Goal("<=", 0))
