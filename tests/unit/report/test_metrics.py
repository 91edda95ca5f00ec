"""Metric lines: what CloudWatch reads from the job's standard output."""

import json

from query_generator.report.metrics import EVERY_SECONDS, Metrics, Totals
from tests.support.virtual_time import VirtualTime


def test_lines_tell_what_was_added_since_the_last_and_add_up() -> None:
    """A line a minute holds what that minute has brought, the last one the time of the run; together they are all."""
    time, lines = VirtualTime(), list[str]()
    metrics = Metrics("queue", "job", lines.append, clock=time.clock, now=lambda: 1.5)
    half = Totals(10, 8, 2, 4.0, 5, 1, 1, 0, 0.25, 1)
    whole = Totals(30, 28, 2, 9.0, 20, 1, 1, 3, 0.75, 4)
    metrics.report_when_due(lambda: half)
    assert lines == []
    time.sleep(EVERY_SECONDS)
    metrics.report_when_due(lambda: half)
    time.sleep(40.0)
    metrics.report_end(whole)
    first, last = map(json.loads, lines)
    assert first["RequestLatency"] == 500.0
    assert last["RequestLatency"] == 250.0
    assert (last["RunSeconds"], last["SecondsPerItem"]) == (100.0, 5.0)
    for name, total in {
        "Requests": 30,
        "FailedRequests": 2,
        "FallbackRequests": 4,
        "ItemsDone": 20,
        "ItemsFailed": 1,
        "DatabaseErrors": 1,
        "StorageErrors": 3,
        "CostUsd": 0.75,
    }.items():
        assert first[name] + last[name] == total


def test_a_line_has_the_embedded_metric_format() -> None:
    """Each metric that a line declares is in it as a number, with the namespace, dimension and time that alarms use."""
    lines: list[str] = []
    Metrics("queue", "job", lines.append, now=lambda: 1.5).report_end(Totals())
    (line,) = map(json.loads, lines)
    assert (line["JobQueue"], line["JobId"], line["_aws"]["Timestamp"]) == ("queue", "job", 1500)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("QueryGenerator", [["JobQueue"]])
    assert {metric["Name"] for metric in directive["Metrics"]} == {
        "Requests",
        "FailedRequests",
        "FallbackRequests",
        "ItemsDone",
        "ItemsFailed",
        "DatabaseErrors",
        "StorageErrors",
        "CostUsd",
        "RunSeconds",
    }
    assert all(isinstance(line[metric["Name"]], int | float) for metric in directive["Metrics"])
    assert "RequestLatency" not in line
