"""How buckets, access points and objects of S3 are named. Pure."""

import re
from typing import NamedTuple
from urllib.parse import unquote_plus

_ACCOUNT = r"[0-9]{12}"
_POINT = r"[A-Za-z0-9.-]{1,63}"
ACCESS_POINT = (  # also multi-region (without a region), of S3 Object Lambda, and on Outposts
    rf"arn:aws[a-z-]*:(?:s3|s3-object-lambda):[a-z0-9-]*:{_ACCOUNT}:accesspoint[:/]{_POINT}"
    rf"|arn:aws[a-z-]*:s3-outposts:[a-z0-9-]+:{_ACCOUNT}:outpost[:/]{_POINT}[:/]accesspoint[:/]{_POINT}"
)
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?"  # wider than for new buckets: old ones are still there
_BUCKET = re.compile(f"{_NAME}|{ACCESS_POINT}")
_ADDRESS = re.compile(rf"s3://({ACCESS_POINT}|[^/]+)/(.+)", re.DOTALL)
_VERSION = re.compile(r"\?versionId=([^&?\s]+)")


class S3Address(NamedTuple):
    """An object; `version` is empty for its latest one."""

    bucket: str
    key: str
    version: str


def is_bucket(text: str) -> bool:
    """Return whether a text can be the name of a bucket, or the ARN of an access point."""
    return _BUCKET.fullmatch(text) is not None


def object_at(text: str) -> S3Address:
    """Read `s3://BUCKET/KEY`, with `?versionId=…` if need be; raises ValueError if it is none."""
    match = _ADDRESS.fullmatch(text)
    if not match or not is_bucket(match[1]):
        raise ValueError("not an S3 address")
    return object_in(match[1], match[2])


def object_in(bucket: str, key: str) -> S3Address:
    """Return the object with a key, which may end with `?versionId=…`."""
    place = key.rfind("?versionId=")
    version = _VERSION.fullmatch(key, place) if place > 0 else None
    return S3Address(bucket, key[:place], version[1]) if version else S3Address(bucket, key, "")


def decoded_key(key: str) -> str:
    """Return a key as it was before an event of S3 wrote it, with `+` for a blank and `%28` for a bracket."""
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        return key
