"""The job against one call after another, against groups of 5 with a pause, and against the limit."""

from collections.abc import Iterator
from statistics import median

from benchmarks.lab import Lab, seconds_of
from benchmarks.table import Goal, Row

LATENCY = 0.3
IN_FLIGHT = 64


def measure(lab: Lab) -> Iterator[Row]:
    """Make the same calls in four ways, in turns."""
    products, rounds = (25, 1) if lab.quick else (50, 3)
    seconds: dict[str, list[float]] = {"sequential": [], "groups": [], "job": [], "raw": []}
    walls: list[float] = []
    for _ in range(rounds):
        for way, values in seconds.items():
            if way == "job":
                run = lab.job(products, IN_FLIGHT, LATENCY)
                values.append(seconds_of(run.calls))
                walls.append(run.usage.ended - run.usage.started)
            else:
                values.append(plain_seconds(lab, way, products, IN_FLIGHT, LATENCY))
    middle = {way: median(values) for way, values in seconds.items()}
    yield Row("one call after another", middle["sequential"], "s", in_chart=True)
    yield Row("groups of 5, half a second between them", middle["groups"], "s", in_chart=True)
    yield Row(f"the job, {IN_FLIGHT} in flight", middle["job"], "s", in_chart=True)
    yield Row(f"the limit: raw requests, {IN_FLIGHT} threads", middle["raw"], "s", in_chart=True)
    yield Row("the job, times faster than one after another", middle["sequential"] / middle["job"], "x", Goal(">=", 30))
    yield Row("the job, times faster than groups of 5", middle["groups"] / middle["job"], "x")
    yield Row("the job's whole process, from start to exit", median(walls), "s")


def plain_seconds(lab: Lab, way: str, products: int, in_flight: int, latency: float) -> float:
    """Return the seconds that one of the plain ways takes at the service, for two calls a product."""
    with lab.service(latency) as service:
        command = ["-m", "benchmarks.plain_ways", way, str(lab.catalog(products)), service.url, str(in_flight)]
        lab.start(command).wait()
        return seconds_of(service.calls())
