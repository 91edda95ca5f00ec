"""The memory of the job's process over inputs that are made to take all of it: a ceiling of 256 MB."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cloud
from tests.fakes.aws_server import BUCKET
from tests.support.paths import ROOT

CEILING_MB = 256
MEGABYTE = 1024 * 1024
MEMBERS = 240  # of gzip, each a megabyte unpacked: kept, they and the program are more than the ceiling
A, B = b'{"name": "Trail Boot"}', b'{"name": "Rain Cape"}'

# A process of its own, since a child counts the memory of the process that it was forked from.
MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def run_measured(*arguments: str, **environment: str) -> tuple[int, float, str]:
    """Run the command; return its exit code, the peak of its memory in MB, and its log."""
    ended = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, sys.executable, str(ROOT / "batch_job.py"), *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    code, peak = map(int, ended.stdout.splitlines()[-1].split())
    return code, peak if sys.platform != "darwin" else peak / 1024, ended.stderr + ended.stdout


def packed(head: bytes, filling: bytes, tail: bytes) -> bytes:
    """A gzip file of some hundred kilobytes."""
    member = gzip.compress(filling * (MEGABYTE // len(filling)), mtime=0)
    return gzip.compress(head, mtime=0) + member * MEMBERS + gzip.compress(tail, mtime=0)


def attributes() -> bytes:
    """A record of 15 MB with a million attributes."""
    pairs = b",".join(b'"a%07d":"v"' % number for number in range(1_000_000))
    return b"[" + A + b',{"name":"Many","attributes":{' + pairs + b"}}," + B + b"]"


def emoji() -> bytes:
    """A product of 15 MB with one emoji, which makes each of its characters four bytes in memory."""
    note = b"\xf0\x9f\x98\x80" + b"word\\n " * (15 * MEGABYTE // 7)
    return b"[" + A + b',{"name":"Large","note":"' + note + b'"},' + B + b"]"


def table() -> bytes:
    """The same as a cell of a table."""
    note = b"\xf0\x9f\x98\x80" + b"word,\n " * (15 * MEGABYTE // 7)
    return b'name,note\nTrail Boot,\nLarge,"' + note + b'"\nRain Cape,\n'


BOMBS: dict[str, tuple[Callable[[], bytes], int, int]] = {
    "white space": (lambda: packed(b"[" + A, b" ", b"," + B + b"]"), 0, 2),
    "commas": (lambda: packed(A + b"\n", b",", b"\n" + B), 0, 2),
    "text": (lambda: packed(b"[" + A + b',{"name": "', b"x", b'"},' + B + b"]"), 65, 2),
    "quote": (lambda: packed(b'name,brand\nTrail Boot,\n"', b"x" * 63 + b"\n", b'"\nRain Cape,\n'), 65, 2),
    "cut gzip": (lambda: packed(b"[" + A, b" ", b"," + B + b"]")[:-200], 65, 1),
    "attributes": (attributes, 65, 2),
    "emoji": (emoji, 0, 3),
    "table": (table, 0, 3),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_run_stays_small(tmp_path: Path, name: str) -> None:
    """Whatever the input unpacks to, the run takes less than 256 MB, and its good products get their questions."""
    content, code, products = BOMBS[name]
    (tmp_path / "bomb").write_bytes(content())
    local = tmp_path / "local"
    ended, peak, log = run_measured(
        *("--local", str(local), "--job-id", "job", "--num-questions", "1", "--products-file", str(tmp_path / "bomb"))
    )
    assert ended == code, log
    assert "Traceback" not in log
    assert len(json.loads((local / "query/job/results.json").read_bytes())["products"]) == products
    assert peak < CEILING_MB


@pytest.mark.parametrize("name", ["white space", "attributes", "emoji"])
def test_a_dry_run_stays_small(tmp_path: Path, name: str) -> None:
    """The dry run reads the same input within the same bounds."""
    content, _, products = BOMBS[name]
    (tmp_path / "bomb").write_bytes(content())
    ended, peak, log = run_measured(
        *("--dry-run", "--local", str(tmp_path / "local"), "--products-file", str(tmp_path / "bomb"))
    )
    assert ended == 0, log
    assert f"{products} products" in log
    assert peak < CEILING_MB


@pytest.mark.parametrize("name", ["white space", "emoji"])
def test_a_run_from_s3_stays_small(cloud: Cloud, name: str) -> None:
    """The same from S3, with the SDK of AWS in memory, and with secrets, events and results there."""
    content, code, products = BOMBS[name]
    cloud.aws.client("s3").put_object(Bucket=BUCKET, Key="bomb", Body=content())
    ended, peak, log = run_measured(
        *("--job-id", "job", "--input-s3", f"s3://{BUCKET}/bomb", "--num-questions", "1", "--provider", "offline"),
        **cloud.environment(),
    )
    assert ended == code, log
    assert len(cloud.aws.result("job")["products"]) == products
    assert peak < CEILING_MB, peak


def test_warming_the_cache_stays_small(tmp_path: Path) -> None:
    """Products that wait for their replies are kept without their records."""
    large = [{"name": f"Large {number}", "note": "word " * 2_000_000} for number in range(8)]
    (tmp_path / "large.jsonl").write_text("\n".join(map(json.dumps, large)))
    ended, peak, log = run_measured(
        *("cache", "warm", "--products-file", str(tmp_path / "large.jsonl"), "--num-questions", "1"),
        *("--provider", "offline"),
        CACHE_URL=str(tmp_path / "cache"),
    )
    assert ended == 0, log
    assert "16 items of 8 products" in log
    assert peak < CEILING_MB, peak


def test_a_file_name_is_shown_with_escapes(tmp_path: Path) -> None:
    """A name that is no UTF-8 and breaks the line forges no line, and is one text in log, result and events."""
    path = os.fsencode(tmp_path) + b"/a\xff\n[DB] forged.json"
    Path(os.fsdecode(path)).write_bytes(b"[" + A + b"]")
    local = tmp_path / "local"
    code, _, log = run_measured(
        *("--local", str(local), "--job-id", "job", "--num-questions", "1", "--products-file", os.fsdecode(path))
    )
    assert code == 0, log
    shown = f"file:{tmp_path}/a\\udcff\\n[DB] forged.json"
    assert shown in log
    assert "\n[DB] forged" not in log
    assert json.loads((local / "query/job/results.json").read_bytes())["input_source"] == shown
    events = [json.loads(line) for line in (local / "events.jsonl").read_text().splitlines()]
    assert [event["details"]["source"] for event in events if event["eventName"] == "input_loaded"] == [shown]


def test_an_endless_file_of_zeros_is_no_catalog(tmp_path: Path) -> None:
    """A device that never ends is told from its first bytes."""
    ended, peak, log = run_measured("--local", str(tmp_path / "local"), "--products-file", "/dev/zero")
    assert ended == 64, log
    assert "binary data" in log
    assert peak < CEILING_MB


def test_rows_of_the_database_are_held_to_the_same_limits(cloud: Cloud) -> None:
    """Records in `jobselectedproducts` that are large, deep or full of digits are rejected, the others go on."""
    assert cloud.run("init-db").code == 0
    big = "repeat('large ', 2500000)"
    records = [
        """'{"name": "Trail Boot"}'""",
        f"jsonb_build_object('name', 'Larger than may be', 'a', {big}, 'b', {big})",
        *(f"jsonb_build_object('name', 'Large {number}', 'note', {big})" for number in range(6)),
        """('{"name": "Digits", "price": ' || repeat('9', 5000) || '}')::jsonb""",
        "(repeat('[', 2000) || repeat(']', 2000))::jsonb",
        "jsonb_build_object('name', 'Values', 'list', (SELECT jsonb_agg(n) FROM generate_series(1, 200000) n))",
        """'"text"'""",
        """'{"name": "Rain Cape"}'""",
    ]
    for record in records:
        cloud.rows(
            f"WITH p AS (INSERT INTO products (product_data) VALUES ({record}) RETURNING product_id) "
            "INSERT INTO jobselectedproducts (job_id, product_id) SELECT 'job', product_id FROM p RETURNING 1"
        )
    ended, peak, log = run_measured(
        *("--job-id", "job", "--from-job", "--num-questions", "1", "--provider", "offline"), **cloud.environment()
    )
    assert ended == 65, log
    assert "Traceback" not in log
    assert len(cloud.aws.result("job")["products"]) == 9
    reasons = [error["reason"].partition(": ")[2] for error in cloud.aws.result("job")["errors"]]
    assert reasons == ["larger than 16 MB", "nested too deeply", "holds more than 100,000 values", "is not an object"]
    assert peak < CEILING_MB
