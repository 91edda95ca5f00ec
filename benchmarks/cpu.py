"""CPU time of the job's process, and how soon it begins."""

from collections.abc import Iterator
from statistics import median

from benchmarks.lab import ROOT, Lab
from benchmarks.table import Goal, Row

LATENCY = 0.2
IN_FLIGHT = 64


def measure(lab: Lab) -> Iterator[Row]:
    """Run a small and a large job in turns; what the large one takes more is what the calls cost."""
    (small, large), rounds = ((25, 100), 1) if lab.quick else ((100, 1000), 3)
    cpu: dict[int, list[float]] = {small: [], large: []}
    first_calls = []
    for _ in range(rounds):
        for products, seconds in cpu.items():
            run = lab.job(products, IN_FLIGHT, LATENCY)
            seconds.append(run.usage.cpu_seconds * 1000)
            first_calls.append(min(call.arrived for call in run.calls) - run.usage.started)
    slope = (median(cpu[large]) - median(cpu[small])) / (2 * (large - small))
    yield Row(f"CPU a call, between {2 * small} and {2 * large:,} calls", slope, "ms", Goal("<=", 2.5))
    yield Row(f"CPU a call with all that a job of {2 * large:,} calls does", median(cpu[large]) / (2 * large), "ms")
    yield from _start_rows(lab, median(first_calls))


def _start_rows(lab: Lab, first_call: float) -> Iterator[Row]:
    commands = {"python -c pass": ["-c", "pass"], "batch_job.py --help": [str(ROOT / "batch_job.py"), "--help"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(3 if lab.quick else 15):
        for name, command in commands.items():
            usage = lab.start(command).wait()
            seconds[name].append((usage.ended - usage.started) * 1000)
    for name, values in seconds.items():
        yield Row(name, median(values), "ms", in_chart=True)
    yield Row("start of the job to its first call at the service", first_call * 1000, "ms", in_chart=True)
