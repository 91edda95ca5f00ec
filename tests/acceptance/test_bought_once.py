"""A finished job that is started again buys nothing, whatever way it is started."""

import json
import random
import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from query_generator.local.postgres import _find_binaries
from query_generator.store.connect import open_database
from tests.conftest import Cloud
from tests.fakes.aws_server import BUCKET, RDS_SECRET
from tests.support.earlier_tables import back_to_version_1
from tests.support.records import shuffled

CATALOG: list[dict[str, Any]] = [
    {"name": "Jug", "brand": "Daybird", "attributes": {"volume": "1 l", "material": "glass", "colour": "red"}},
    {
        "name": "Cup",
        "description": {"text": "A cup.", "care": "Wash by hand."},
        "price": {"value": 3, "currency": "EUR"},
    },
    {"name": "", "brand": "Nameless"},
    {"name": "Bowl", "specifications": [{"name": "Size", "value": 20}, {"name": "Depth", "value": 1e16}]},
    {"name": "bowl", "price": 4},
]
JOB = "once"


class FinishedJob:
    """A job that was run to its end from a file."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self.cloud = cloud
        self.catalog = folder / "catalog.json"
        self.catalog.write_text(json.dumps(CATALOG))
        self.ended = cloud.run("--products-file", str(self.catalog), "--job-id", JOB, NUM_QUESTIONS="3")
        assert self.ended.code == 65, self.ended.log  # for the record without a name
        assert cloud.gemini.calls.total() == 6
        cloud.gemini.calls.clear()
        self.result = self.read()
        self.log = ""

    def read(self) -> tuple[Any, Any]:
        """What the result says of products and errors."""
        body = self.cloud.aws.client("s3").get_object(Bucket=BUCKET, Key=f"query/{JOB}/results.json")["Body"].read()
        result = json.loads(body)
        return result["products"], result["errors"]

    def again(self, *arguments: str, **more: str) -> dict[str, object]:
        """Start it again, as a dry run and in earnest; what that has found, bought and changed."""
        settings = {"NUM_QUESTIONS": "3", **more}
        looked = self.cloud.run(*arguments, "--job-id", JOB, "--dry-run", **settings)
        ended = self.cloud.run(*arguments, "--job-id", JOB, **settings)
        self.log = looked.log + ended.log
        return {
            "code": ended.code,
            "open": re.findall(r"open +(\d+) items", looked.out),
            "bought": self.cloud.gemini.calls.total(),
            "result is the same": self.read() == self.result,
        }


def done(code: int = 65) -> dict[str, object]:
    """What a finished job finds, buys and changes; 65 tells of its rejected record."""
    return {"code": code, "open": ["0"], "bought": 0, "result is the same": True}


@pytest.fixture
def job(cloud: Cloud, tmp_path: Path) -> FinishedJob:
    """A finished job."""
    return FinishedJob(cloud, tmp_path)


def test_with_any_input_it_had_or_none(job: FinishedJob, tmp_path: Path) -> None:
    """The job's own rows, no source, the same file, and its records with their keys in another order."""
    assert job.again("--from-job") == done(), job.log
    assert job.again() == done(), job.log
    assert job.again("--products-file", str(job.catalog)) == done(), job.log
    other = tmp_path / "other.jsonl"
    other.write_text("\n".join(json.dumps(shuffled(record, random.Random(7))) for record in CATALOG))
    assert job.again("--products-file", str(other)) == done(), job.log
    assert job.again("--from-job") == done(), job.log


def test_as_children_of_an_array(job: FinishedJob) -> None:
    """An array of the same job finds it done, each child for itself; what was rejected stays told."""
    for index in range(2):
        batch = {"AWS_BATCH_JOB_ID": f"array:{index}", "AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
        code = 65 if index == 0 else 0  # the child that read the input tells of its rejected record
        found = job.again("--products-file", str(job.catalog), AWS_BATCH_JOB_ARRAY_SIZE="2", **batch)
        assert found == done(code), job.log


def test_after_a_dump_and_restore(job: FinishedJob, tmp_path: Path) -> None:
    """A database that was dumped and restored elsewhere knows the job as the first one did."""
    rds, dump = job.cloud.rds, str(tmp_path / "dump")
    where = ["--host", rds["host"], "--port", str(rds["port"]), "--username", rds["username"]]
    restored = rds["dbname"] + "_restored"
    binaries = _find_binaries()
    subprocess.run([binaries / "pg_dump", *where, "-Fc", "-f", dump, rds["dbname"]], check=True)
    subprocess.run([binaries / "createdb", *where, restored], check=True)
    try:
        subprocess.run([binaries / "pg_restore", *where, "-d", restored, dump], check=True)
        secret = json.dumps({**rds, "dbname": restored})
        job.cloud.aws.client("secretsmanager").put_secret_value(SecretId=RDS_SECRET, SecretString=secret)
        assert job.again("--products-file", str(job.catalog)) == done(), job.log
        assert job.again("--from-job") == done(), job.log
    finally:
        subprocess.run([binaries / "dropdb", *where, "--force", restored], check=True)


def test_after_an_upgrade(job: FinishedJob) -> None:
    """Tables of a version that knew hashes by the order of keys: the dry run knows, and the first run buys nothing."""
    for arguments in (("--products-file", str(job.catalog)), ("--from-job",)):
        with closing(open_database(job.cloud.rds)) as db:
            back_to_version_1(db)
        assert job.again(*arguments) == done(), job.log
