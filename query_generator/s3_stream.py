"""An S3 object as a stream that survives dropped connections. The client is handed in."""

import io
from typing import Any

from query_generator.errors import FatalError, InputError, PermissionRefusedError, ServiceAwayError

MAX_REOPENINGS = 3
_MISSING = {"NoSuchKey", "NoSuchBucket", "404", "NotFound", "InvalidBucketName", "PermanentRedirect"}
_REFUSED = {
    *("AccessDenied", "403", "Forbidden", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
    *("ExpiredToken", "InvalidToken", "401", "Unauthorized", "AccountProblem", "KMS.AccessDeniedException"),
}


class S3ObjectStream(io.RawIOBase):
    """Reads `s3://bucket/key`; a connection that drops is opened again where it stopped, at most 3 times.

    Raises (when made, and while read):
        InputError: there is no such bucket or key.
        PermissionRefusedError: the credentials are missing, wrong, or not allowed to read the object.
        ServiceAwayError: S3 cannot be reached, keeps failing, or the object was replaced while it was read.
    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._offset = 0
        self._etag = ""
        self._reopenings = 0
        self._body = self._open()

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
    def _url(self) -> str:
        return f"s3://{self._bucket}/{self._key}"

    def _open(self) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        where = {"Bucket": self._bucket, "Key": self._key}
        resume = {"Range": f"bytes={self._offset}-", "IfMatch": self._etag} if self._offset else {}
        try:
            reply = self._client.get_object(**where, **resume)
        except (ClientError, BotoCoreError) as exc:
            raise _translated(exc, self._url) from exc
        self._etag = reply["ETag"]
        return reply["Body"]


def _translated(error: Exception, url: str) -> FatalError:
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            return InputError(f"{url} does not exist ({code}); check the bucket, the key and the region")
        if code in _REFUSED:
            return PermissionRefusedError(f"{url} may not be read ({code}); allow s3:GetObject on it to the job's role")
        if code in {"PreconditionFailed", "412"}:
            return ServiceAwayError(f"{url} was replaced while it was read; run the same job id again")
        return ServiceAwayError(f"{url} cannot be read now: {error}; run the same job id again")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return PermissionRefusedError(f"{url} cannot be read: {error}; give the job a role or AWS credentials")
    if isinstance(error, exceptions.ParamValidationError):
        return InputError(f"{url} is not a valid S3 address: {error}")
    return ServiceAwayError(f"{url} cannot be reached: {error}; run the same job id again")
