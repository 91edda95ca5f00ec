"""Results are written whole or not at all, in bounded memory, and under another key when theirs cannot be written."""

import json
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

import batch_job
from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError, ServiceAwayError
from query_generator.store.objects import PART_BYTES, Chunks, FolderObjects, S3Objects, save_to_s3
from tests.fakes.aws_server import BUCKET, CREDENTIALS, REGION, AwsServer
from tests.support.paths import ROOT

MEGABYTE = 1024 * 1024
UPLOAD_PROGRAM = """
import sys, tracemalloc
from query_generator.aws import s3_client
from query_generator.store.objects import S3Objects, save_to_s3
objects = S3Objects(s3_client(), sys.argv[1])
save_to_s3({"warm": "up"}, "warm-up", objects=objects, prefix="")
def chunks():
    for number in range(64 * 16):
        yield b"%04d" % number * 16383
tracemalloc.start()
print(save_to_s3(chunks, "big", objects=objects, prefix=""))
print(tracemalloc.get_traced_memory()[1])
"""


def now() -> datetime:
    """A fixed time."""
    return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def body(aws: AwsServer, key: str) -> Any:
    """An object of the bucket, read from JSON."""
    return json.loads(aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


def keys(aws: AwsServer) -> list[str]:
    """Keys in the bucket."""
    return [entry["Key"] for entry in aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def impatient(url: str) -> S3Objects:
    """The bucket at an address, with one try for each call."""
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    settings = Config(retries={"total_max_attempts": 1}, connect_timeout=2)
    return S3Objects(session.client("s3", endpoint_url=url, config=settings), BUCKET)


def breaking_off(size: int) -> Chunks:
    """A stream that fails after so many bytes."""

    def chunks() -> Iterator[bytes]:
        yield b"x" * size
        raise ServiceAwayError("the database is gone")

    return chunks


def test_a_result_is_written_under_its_job(aws: AwsServer) -> None:
    """A result is JSON in UTF-8 at `{prefix}{job_id}/results.json`, and writing it again replaces it."""
    objects = S3Objects(aws.client("s3"), BUCKET)
    for number in (1, 2):
        address = save_to_s3({"number": number, "text": "靴 – é"}, "job.1", objects=objects, prefix="query/")
    assert address == f"s3://{BUCKET}/query/job.1/results.json"
    assert body(aws, "query/job.1/results.json") == {"number": 2, "text": "靴 – é"}
    head = aws.client("s3").head_object(Bucket=BUCKET, Key="query/job.1/results.json")
    assert head["ContentType"] == "application/json"
    assert keys(aws) == ["query/job.1/results.json"]


def test_the_documented_call_needs_the_environment_only(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """`save_to_s3(data, job_id)` writes to the bucket and prefix of the environment, or names what is missing."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)
    for name in ("OUTPUT_S3_BUCKET", "OUTPUT_S3_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="OUTPUT_S3_BUCKET"):
        batch_job.save_to_s3({"a": 1}, "job")
    monkeypatch.setenv("OUTPUT_S3_BUCKET", BUCKET)
    monkeypatch.setenv("OUTPUT_S3_PREFIX", "other/")
    assert batch_job.save_to_s3({"a": 1}, "job") == f"s3://{BUCKET}/other/job/results.json"
    assert body(aws, "other/job/results.json") == {"a": 1}


def test_a_large_result_is_streamed_in_parts(aws: AwsServer) -> None:
    """64 MB go up in parts of 8 MB, of which no more than the one that is read and the one that is sent are held."""
    ended = subprocess.run(
        [sys.executable, "-c", UPLOAD_PROGRAM, BUCKET],
        cwd=ROOT,
        env={**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url},
        capture_output=True,
        text=True,
        check=True,
    )
    address, peak = ended.stdout.split()
    assert address == f"s3://{BUCKET}/big/results.json"
    assert int(peak) < 2.75 * PART_BYTES  # the two take 2.3 with what botocore needs; a third part would be 3
    assert aws.calls[f"PUT /{BUCKET}/big/results.json"] == 8
    written = aws.client("s3").get_object(Bucket=BUCKET, Key="big/results.json")["Body"].read()
    assert written == b"".join(b"%04d" % number * 16383 for number in range(64 * 16))  # none ends with a part


def test_a_result_in_one_piece_is_written_whole(aws: AwsServer) -> None:
    """A piece that is larger than a part is cut into parts, and nothing of it is lost."""
    result = {"text": "".join(f"{number:07}" for number in range(20 * MEGABYTE // 7))}
    save_to_s3(result, "job", objects=S3Objects(aws.client("s3"), BUCKET), prefix="")
    assert body(aws, "job/results.json") == result


def test_a_key_that_fails_has_a_backup(aws: AwsServer, caplog: pytest.LogCaptureFixture) -> None:
    """If the result's key cannot be written, the whole result goes to the documented backup key, with a warning."""
    aws.fail(f"PUT /{BUCKET}/query/job/", 403)
    objects = S3Objects(aws.client("s3"), BUCKET)
    address = save_to_s3(lambda: iter([b'{"a"', b": 1}"]), "job", objects=objects, prefix="query/", now=now)
    assert re.fullmatch(rf"s3://{BUCKET}/query/backup_[0-9a-f]{{8}}_20260102T030405Z\.json", address)
    assert body(aws, address.removeprefix(f"s3://{BUCKET}/")) == {"a": 1}
    assert "[BATCH WARNING]" in caplog.text
    assert f"s3://{BUCKET}/query/job/results.json" in caplog.text


def test_when_both_keys_fail_the_cause_decides(aws: AwsServer) -> None:
    """If no key can be written, a refusal, a missing bucket, a failing and a silent S3 are told apart."""
    data = {"a": 1}
    missing = S3Objects(aws.client("s3"), "no-such-bucket")
    with pytest.raises(ConfigurationError, match=r"s3://no-such-bucket/query/backup_.*NoSuchBucket"):
        save_to_s3(data, "job", objects=missing, prefix="query/")
    aws.fail(f"PUT /{BUCKET}", 403)
    with pytest.raises(PermissionRefusedError, match=f"s3://{BUCKET}/query/backup_"):
        save_to_s3(data, "job", objects=impatient(aws.url), prefix="query/")
    aws.fail(f"PUT /{BUCKET}", 503)
    for url in (aws.url, "http://127.0.0.1:9"):
        with pytest.raises(ServiceAwayError, match=f"s3://{BUCKET}/query/backup_"):
            save_to_s3(data, "job", objects=impatient(url), prefix="query/")
    assert keys(aws) == []


@pytest.mark.parametrize("size", [10, 20 * MEGABYTE], ids=["small", "large"])
def test_a_result_that_breaks_off_leaves_nothing(aws: AwsServer, size: int) -> None:
    """When the source of a result fails, S3 keeps the former object and no unfinished upload."""
    objects = S3Objects(aws.client("s3"), BUCKET)
    save_to_s3({"old": True}, "job", objects=objects, prefix="")
    with pytest.raises(ServiceAwayError, match="the database is gone"):
        save_to_s3(breaking_off(size), "job", objects=objects, prefix="")
    assert body(aws, "job/results.json") == {"old": True}
    assert keys(aws) == ["job/results.json"]
    assert "Uploads" not in aws.client("s3").list_multipart_uploads(Bucket=BUCKET)


def test_a_folder_keeps_the_old_object_until_the_new_one_is_whole(tmp_path: Path) -> None:
    """In a folder a reader sees the old object or the new one, and a result that breaks off leaves no trace."""
    objects = FolderObjects(tmp_path)
    path = Path(save_to_s3({"old": True}, "job", objects=objects, prefix="query/"))
    assert path == tmp_path / "query" / "job" / "results.json"
    seen = []

    def chunks() -> Iterator[bytes]:
        yield b'{"new": '
        seen.append(path.read_bytes())
        yield b"true}"

    save_to_s3(chunks, "job", objects=objects, prefix="query/")
    assert (seen, path.read_bytes()) == ([b'{"old": true}'], b'{"new": true}')
    with pytest.raises(ServiceAwayError):
        save_to_s3(breaking_off(10), "job", objects=objects, prefix="query/")
    assert path.read_bytes() == b'{"new": true}'
    assert [entry for entry in tmp_path.rglob("*") if entry.is_file()] == [path]


def test_two_that_write_one_object_in_a_folder_do_not_mix(tmp_path: Path) -> None:
    """A report that is made while a run writes the same result leaves one whole result."""
    objects = FolderObjects(tmp_path)
    begun, ended = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"slow " * 1000
        begun.set()
        ended.wait(30)
        yield b"end"

    writer = threading.Thread(target=objects.put, args=("key", slow))
    writer.start()
    begun.wait(30)
    objects.put("key", lambda: iter([b"quick"]))
    assert (tmp_path / "key").read_bytes() == b"quick"
    ended.set()
    writer.join()
    assert (tmp_path / "key").read_bytes() == b"slow " * 1000 + b"end"


@pytest.mark.parametrize("key", ["job/results.json", "a/../../job/results.json", "../elsewhere/results.json"])
def test_nothing_is_written_outside_the_folder(tmp_path: Path, key: str) -> None:
    """A link that somebody has put into the folder, or a key that leads out of it, is refused and named."""
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    (folder / "job").symlink_to(elsewhere)
    with pytest.raises(ConfigurationError, match=r"results\.json: a link or '\.\.' in it leads out of"):
        FolderObjects(folder).put(key, lambda: iter([b"{}"]))
    assert list(elsewhere.iterdir()) == []


def test_a_link_in_place_of_an_object_is_replaced(tmp_path: Path) -> None:
    """What a link points to stays as it is; the folder itself may be one."""
    folder, target = tmp_path / "folder", tmp_path / "target"
    (tmp_path / "real" / "job").mkdir(parents=True)
    folder.symlink_to(tmp_path / "real")
    target.write_text("mine")
    (folder / "job" / "results.json").symlink_to(target)
    FolderObjects(folder).put("job/results.json", lambda: iter([b"{}"]))
    assert (target.read_text(), (folder / "job" / "results.json").read_bytes()) == ("mine", b"{}")


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    """A folder that is a link to itself leads nowhere: a matter of configuration, not an unexpected error."""
    (tmp_path / "job").symlink_to("job")
    for folder, key in ((tmp_path, "job/results.json"), (tmp_path / "job", "results.json")):
        with pytest.raises(ConfigurationError, match=r"job/results\.json"):
            FolderObjects(folder).put(key, lambda: iter([b"{}"]))


def test_a_folder_whose_name_is_no_text_is_told_in_escapes(tmp_path: Path) -> None:
    """The address of a result can be stored and shown whatever the folder is called."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/n\xffn"))
    address = FolderObjects(folder).put("job/results.json", lambda: iter([b"{}"]))
    assert (folder / "job/results.json").read_bytes() == b"{}"
    assert address == f"{tmp_path}/n\\udcffn/job/results.json"


def test_a_disk_without_room_is_away_for_a_while(tmp_path: Path) -> None:
    """A file that does not fit is tried again by the same job id, and leaves no half of it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(ServiceAwayError, match=r"results\.json: .* make room .* the same job id"):
            FolderObjects(tmp_path).put("job/results.json", lambda: iter([b"x" * 1000]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "job").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A folder that cannot be used is a matter of configuration, and the path is in the message."""
    (tmp_path / "job").write_text("a file where a folder should be")
    with pytest.raises(FatalError, match=r"job/results\.json") as caught:
        FolderObjects(tmp_path).put("job/results.json", lambda: iter([b"{}"]))
    assert isinstance(caught.value, ConfigurationError)
