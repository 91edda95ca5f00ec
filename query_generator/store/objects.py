"""The stores that results are written to: S3, or a folder."""

import io
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from query_generator.aws import aws_errors, told_by
from query_generator.aws_codes import Outcome, meaning_of
from query_generator.errors import ConfigurationError, FatalError, file_error
from query_generator.one_line import one_line

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client

_LOG = logging.getLogger("objects")

PART_BYTES = 8 * 1024 * 1024
_OF_THE_OBJECT = frozenset(
    {"NoSuchKey", "404", "InvalidObjectState", "InvalidRange", "InvalidRequest", "MethodNotAllowed"}
)
Chunks = Callable[[], Iterator[bytes]]


class ObjectStore(Protocol):
    """Keeps objects under keys."""

    def put(self, key: str, chunks: Chunks) -> str:
        """Write an object, streamed from `chunks()`; return its address.

        Raises:
            FatalError: the object could not be written; no partial object is left.
        """
        ...


class S3Objects:
    """An S3 bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, chunks: Chunks) -> str:
        """Upload in parts of 8 MiB, each retried by botocore."""
        from boto3.s3.transfer import TransferConfig

        address = f"s3://{self._bucket}/{key}"
        with aws_errors(f"writing {address}"):
            self._client.upload_fileobj(
                io.BufferedReader(_ChunkReader(chunks()), PART_BYTES),
                self._bucket,
                key,
                ExtraArgs={"ContentType": "application/json"},
                Config=TransferConfig(
                    multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
                ),
            )
        return address

    def check(self, key: str) -> None:
        """Ask for an object, which need not be there: the answer tells of a bucket that results could not go to.

        A role that may only write is refused the object, but not told that the bucket is missing or elsewhere.

        Raises:
            FatalError: there is no such bucket, it is in another region, or the credentials are of no use.
        """
        from botocore.exceptions import ClientError

        with aws_errors(f"looking at the bucket {self._bucket}"):
            try:
                self._client.get_object(Bucket=self._bucket, Key=key, Range="bytes=0-0")["Body"].close()
            except ClientError as exc:
                told = told_by(exc)
                of_the_object = told[0] in _OF_THE_OBJECT or told[0].startswith("KMS")
                if not of_the_object and meaning_of(*told).outcome is not Outcome.FORBIDDEN:
                    raise


class FolderObjects:
    """A folder, in place of a bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, chunks: Chunks) -> str:
        """Write a file atomically: a reader sees the old object or the new one.

        Raises:
            ConfigurationError: the file could not be written, or a link leads out of the folder.
            ServiceAwayError: the disk is full or broken.
        """
        path = self._folder / key
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(self._folder)):
                raise ConfigurationError(f"writing {path}: a link or '..' in it leads out of {self._folder}; remove it")
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with part.open("xb") as file:
                    file.writelines(chunks())
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        except OSError as exc:
            raise file_error(f"writing {path}", exc, "give another folder with --local DIR") from exc
        return one_line(str(path))


class _ChunkReader(io.RawIOBase):
    """A readable file made of chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a part of the buffer; 0 at the end."""
        target = memoryview(buffer).cast("B")
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def save_to_s3(
    data: Mapping[str, Any] | Chunks,
    job_id: str,
    name: str = "results.json",
    *,
    objects: ObjectStore,
    prefix: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> str:
    """Write an object of a job; if its key cannot be written, try the documented backup key.

    Args:
        data: a JSON object, or a function that returns the bytes in chunks.
        job_id: the id of the job.
        name: the key is `{prefix}{job_id}/{name}`, the backup key `{prefix}backup_{8 hex}_{timestamp}.json`.
        objects: the store to write to.
        prefix: what the keys begin with.
        now: returns the time for the backup key.

    Returns:
        The address of the object: `s3://bucket/key`, or a path.

    Raises:
        FatalError: neither key could be written.
    """
    chunks = data if callable(data) else lambda: iter([json.dumps(dict(data), ensure_ascii=False).encode()])
    try:
        return objects.put(f"{prefix}{job_id}/{name}", chunks)
    except FatalError as exc:
        backup = f"{prefix}backup_{secrets.token_hex(4)}_{now():%Y%m%dT%H%M%SZ}.json"
        _LOG.warning("[BATCH WARNING] %s; trying %s", exc, backup)
        return objects.put(backup, chunks)
