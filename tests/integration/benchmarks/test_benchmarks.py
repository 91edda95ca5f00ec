"""The benchmarks' own processes and their ways to store rows, in the smallest size."""

from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.lab import Lab
from benchmarks.row_ways import WAYS
from query_generator.store.connect import get_db_connection
from query_generator.store.database import Database
from secrets_cache import RdsConfig
from tests.support.catalog import open_job, products


def test_calls_of_the_job_are_measured(tmp_path: Path) -> None:
    """Every call of a job is counted at the service with its times, and the job with what it took and made."""
    run = Lab(tmp_path, quick=True).job(products=2, in_flight=4, latency=0.0)
    assert [call.status for call in run.calls] == [200] * 4
    assert all(run.usage.started < call.arrived < call.replied < run.usage.ended for call in run.calls)
    assert run.usage.cpu_seconds > 0
    assert run.usage.peak_mb > 10
    assert len(run.result["products"]) == 2
    assert run.lost(25) == 0


def test_plain_ways_make_the_calls_of_the_job(tmp_path: Path) -> None:
    """What the job is compared with makes as many calls."""
    lab = Lab(tmp_path, quick=True)
    with lab.service() as service:
        lab.start(["-m", "benchmarks.plain_ways", "raw", str(lab.catalog(2)), service.url, "2"]).wait()
        assert [call.status for call in service.calls()] == [200] * 4


def test_failed_process_is_no_measurement(tmp_path: Path) -> None:
    """A process that fails ends the measurement with what it said."""
    with pytest.raises(RuntimeError, match="out of paper"):
        Lab(tmp_path, quick=True).start(["-c", "raise SystemExit('out of paper')"]).wait()


def test_all_ways_store_the_same_rows(rds: RdsConfig, db: Database) -> None:
    """No way to store rows is fast because it stores others or fewer."""
    stored = []
    for number, way in enumerate(WAYS.values(), start=1):
        with closing(get_db_connection(rds)) as connection:
            store, rows = way(connection, open_job(Database(connection), products(20), f"job-{number}"), 1)
            store()
        stored.append(db.run("SELECT product_id, query_type, query_text FROM queries ORDER BY 1, 2, 3"))
        assert len(stored[-1]) == rows == 1000
        db.run("TRUNCATE queries")
    assert all(rows == stored[0] for rows in stored)
