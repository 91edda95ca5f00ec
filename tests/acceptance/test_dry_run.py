"""`--dry-run` as a process against the services of a job."""

import json
import re
from pathlib import Path

from tests.conftest import Cloud

PRODUCTS = [{"name": f"Trail Boot {number}", "brand": "Daybird", "price": number} for number in range(1, 31)]


def test_a_dry_run_quotes_within_a_tenth_of_the_bill_and_leaves_no_trace(cloud: Cloud) -> None:
    """Calls, tokens and price are told before, agree with the bill after, and nothing was bought or written."""
    records = [*PRODUCTS, {"brand": "nameless"}, PRODUCTS[0]]
    arguments = ("--job-id", "quoted", "--products-json", json.dumps(records))
    first = cloud.run(*arguments, "--dry-run")
    assert first.code == 0, first.log
    assert "30 products, 1 repeated, 1 rejected" in first.out
    assert "rejected record 31: field 'name'" in first.out
    assert cloud.gemini.calls.total() == 0
    assert cloud.rows("SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public'")[0].n == 0
    assert not [name for name in cloud.aws.calls if name.startswith(("Put", "Create", "Update", "Batch"))]
    quoted = re.search(r": (\d+) calls, .*; ([\d.]+) to ([\d.]+) USD", first.out)
    assert quoted
    assert cloud.run(*arguments).code == 65
    bill = cloud.aws.result("quoted")["execution_stats"]["llm"]
    assert int(quoted[1]) == bill["total_requests"] == 60
    assert abs(float(quoted[2]) / bill["cost_usd"] - 1) < 0.1
    again = cloud.run("--job-id", "quoted", "--dry-run")
    assert again.code == 0, again.log
    assert "open       0 items" in again.out


def test_a_dry_run_names_everything_that_would_end_the_job(cloud: Cloud, tmp_path: Path) -> None:
    """A wrong key and a missing bucket are both named at once, and the exit code is the run's."""
    (tmp_path / "p.json").write_text(json.dumps(PRODUCTS[:2]))
    cloud.gemini.api_key = "another"
    ended = cloud.run("--products-file", str(tmp_path / "p.json"), "--dry-run", OUTPUT_S3_BUCKET="no-such-bucket")
    assert ended.code == 64, ended.out
    assert "NO bucket: looking at the bucket no-such-bucket" in ended.out
    assert "NO gemini gemini-3.5-flash-lite: Gemini refused the API key" in ended.out
    assert "exit code 64" in ended.out


def test_a_dry_run_of_a_local_job_makes_no_folder(cloud: Cloud, tmp_path: Path) -> None:
    """Trying the local mode leaves the disk as it was; a catalog that cannot be used ends with 64."""
    folder = tmp_path / "local"
    arguments = ("--local", str(folder), "--provider", "offline", "--dry-run", "--products-json")
    assert cloud.run(*arguments, '[{"name": "Boot"}]').code == 0
    assert cloud.run(*arguments, "[{]").code == 64
    assert not folder.exists()
