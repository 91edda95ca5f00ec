"""An S3 object as a stream that survives dropped connections."""

import io
import logging
from typing import Any

from query_generator.aws import aws_errors
from query_generator.errors import InputError, PermissionRefusedError, ServiceAwayError
from query_generator.one_line import one_line
from query_generator.s3_address import decoded_key

_LOG = logging.getLogger("sources")

MAX_REOPENINGS = 3
REPLACEABLE = "null"  # the version id of an object written without versioning, which the next write may replace


class S3ObjectStream(io.RawIOBase):
    """Reads `s3://bucket/key`; if the connection drops, reading resumes on a new one, at most 3 times.

    Raises (on opening and on reading):
        InputError: there is no such bucket or key.
        PermissionRefusedError: the credentials are missing, wrong, or not allowed to read the object.
        ServiceAwayError: S3 cannot be reached, keeps failing, or the object was replaced while it was read.
    """

    def __init__(self, client: Any, bucket: str, key: str, version_id: str = "") -> None:
        """Open the object, by default its latest version."""
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._offset = 0
        self._etag = ""
        self._version_id = version_id
        self._reopenings = 0
        self._body = self._open_as_given_or_decoded()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        from botocore.exceptions import BotoCoreError

        while True:
            try:
                data: bytes = self._body.read(len(buffer))
            except (BotoCoreError, OSError) as exc:
                if self._reopenings == MAX_REOPENINGS:
                    raise ServiceAwayError(
                        f"{self._url} stopped at byte {self._offset} after {MAX_REOPENINGS} new connections: {exc}; "
                        "run the same job id again"
                    ) from exc
                self._reopenings += 1
                self._body.close()
                self._body = self._open()
            else:
                self._offset += len(data)
                buffer[: len(data)] = data
                return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    @property
    def version(self) -> str:
        """The version that is read: `version ID` in a bucket with versioning, else `ETag …`."""
        return f"version {self._version_id}" if self._version_id else f"ETag {self._etag}"

    @property
    def _url(self) -> str:
        return one_line(f"s3://{self._bucket}/{self._key}")

    def _open_as_given_or_decoded(self) -> Any:
        """Open the key as it was given; if there is no such object, as it was before an event of S3 wrote it."""
        try:
            return self._open()
        except (InputError, PermissionRefusedError) as exc:
            given, decoded = self._url, decoded_key(self._key)
            if decoded == self._key:
                raise
            self._key = decoded
            try:
                body = self._open()
            except (InputError, PermissionRefusedError) as also:
                raise type(exc)(f"{exc} {self._url}, as events of S3 would mean it, was tried as well.") from also
            _LOG.warning("[INPUT] %s is not there: reading %s, which is how events of S3 mean it", given, self._url)
            return body

    def _open(self) -> Any:
        where = {"Bucket": self._bucket, "Key": self._key}
        if self._version_id:
            where["VersionId"] = self._version_id
        resume = {"Range": f"bytes={self._offset}-", "IfMatch": self._etag} if self._offset else {}
        with aws_errors(f"reading {self._url}", missing=InputError):
            reply = self._client.get_object(**where, **resume)
        if not reply.get("ETag"):
            raise ServiceAwayError(
                f"{self._url}: what answered is not S3, since it gives no ETag: a proxy or a portal; "
                "run the same job id again when S3 can be reached"
            )
        self._etag = reply["ETag"]
        version_id = reply.get("VersionId", "")
        self._version_id = "" if version_id == REPLACEABLE else version_id
        return reply["Body"]
