"""The job at a hard limit that it was told of, on a quiet and on a busy machine, and at one that it was not."""

from collections.abc import Iterator, Sequence

from benchmarks.lab import UNLIMITED, JobRun, Lab, seconds_of
from benchmarks.processes import other_cores_busy
from benchmarks.table import Goal, Row

CALLS_A_SECOND = 20
LATENCY = 0.2
IN_FLIGHT = 50
RUNS = 5
STRAY = 150  # the call that is refused though there was room


def measure(lab: Lab) -> Iterator[Row]:
    """Make 400 calls where 20 in any second are allowed; the ideal is 20 s."""
    told = CALLS_A_SECOND * 60
    runs = 1 if lab.quick else RUNS
    yield from _rows(lab, f"the job, told (--rpm {told})", [_run(lab, told)], 1.03, 0)
    with other_cores_busy():
        busy = [_run(lab, told) for _ in range(runs)]
        stray = [_run(lab, told, STRAY // 4 if lab.quick else STRAY) for _ in range(runs)]
    yield from _rows(lab, f"told, the other core busy, worst of {runs}", busy, 1.03, 0)
    yield from _rows(lab, f"told, busy, and one stray 429, worst of {runs}", stray, 1.04, 1)
    yield from _rows(lab, f"the job, untold (--rpm {UNLIMITED})", [_run(lab, UNLIMITED)], 1.15, 20)


def _run(lab: Lab, rpm: int, stray: int = 0) -> JobRun:
    return lab.job(_products(lab), IN_FLIGHT, LATENCY, rpm, f"{CALLS_A_SECOND}/1", stray)


def _products(lab: Lab) -> int:
    return 50 if lab.quick else 200


def _rows(lab: Lab, name: str, runs: Sequence[JobRun], slowest: float, refused: int) -> Iterator[Row]:
    ideal = _products(lab) * 2 / CALLS_A_SECOND
    seconds = max(seconds_of(run.calls) for run in runs)
    yield Row(f"{name}: time", seconds, "s", in_chart=True)
    yield Row(f"{name}: time / {ideal:g} s", seconds / ideal, "", Goal("<=", slowest))
    yield Row(f"{name}: 429s", max(_refused(run) for run in runs), "", Goal("<=", refused))
    yield Row(f"{name}: items lost", sum(run.lost(25) for run in runs), "", Goal("<=", 0))


def _refused(run: JobRun) -> int:
    return sum(call.status == 429 for call in run.calls)
