"""The benchmarks' own processes, in the smallest size."""

from pathlib import Path

import pytest

from benchmarks.lab import Lab


def test_calls_are_measured(tmp_path: Path) -> None:
    """Every call is counted at the service with its times, and the process with what it took."""
    lab = Lab(tmp_path, quick=True)
    with lab.service(latency=0.05) as service:
        usage = lab.start(["-m", "benchmarks.plain_ways", "raw", str(lab.catalog(2)), service.url, "2"]).wait()
        calls = service.calls()
    assert [call.status for call in calls] == [200] * 4
    assert all(usage.started < call.arrived < call.replied < usage.ended for call in calls)
    assert usage.cpu_seconds > 0
    assert usage.peak_mb > 10


def test_failed_process_is_no_measurement(tmp_path: Path) -> None:
    """A process that fails ends the measurement with what it said."""
    with pytest.raises(RuntimeError, match="out of paper"):
        Lab(tmp_path, quick=True).start(["-c", "raise SystemExit('out of paper')"]).wait()
