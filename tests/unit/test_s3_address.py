"""How buckets, access points and objects are named, in the job and in what submits it."""

import re

import pytest

from infrastructure.options import BUCKET as SUBMITTED_BUCKET
from query_generator.s3_address import decoded_key, is_bucket, object_at, object_in

POINTS = [
    "arn:aws:s3:us-east-1:123456789012:accesspoint/products",
    "arn:aws:s3:us-east-1:123456789012:accesspoint:products",
    "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/products",
    "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
    "arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/transformed",
    "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01ac5d28a6a232904/accesspoint/reports",
    "arn:aws:s3-outposts:us-west-2:123456789012:outpost:op-01ac5d28a6a232904:accesspoint:reports",
]
NAMES = ["my-bucket", "my.bucket", "abc", "point-3x7k-s3alias", "bucket--usw2-az1--x-s3"]


@pytest.mark.parametrize("bucket", [*POINTS, *NAMES])
def test_a_bucket_is_a_name_or_an_access_point(bucket: str) -> None:
    """Each kind of access point is taken wherever a bucket is, with any key after it, by the job and by the script."""
    assert is_bucket(bucket)
    assert re.fullmatch(SUBMITTED_BUCKET, bucket)
    for key in ("k", "a/b.json", "a//b", "/a", "arn:aws:s3:::b/k", "a b?c#d"):
        assert object_at(f"s3://{bucket}/{key}") == (bucket, key, "")


@pytest.mark.parametrize(
    "text",
    [
        *("s3://my-bucket", "my-bucket/", "my-bucket/in", "https://my-bucket.s3.amazonaws.com", "my bucket", "_b", ""),
        *(" my-bucket", "my-bucket\n", "arn:aws:s3:::my-bucket", "arn:aws:s3:us-east-1:1234:accesspoint/products"),
        *("arn:aws:s3:us-east-1:123456789012:accesspoint/", "arn:aws:sns:us-east-1:123456789012:accesspoint/a", "-b-"),
    ],
)
def test_what_is_no_bucket_is_known_before_aws_is_asked(text: str) -> None:
    """An address, a path, an ARN of something else, or a blank too many."""
    assert not is_bucket(text)
    assert not re.fullmatch(SUBMITTED_BUCKET, text)


@pytest.mark.parametrize(
    "text", ["s3://", "s3://my-bucket", "s3:///k", "s3://my-bucket/", "s3://my bucket/k", "my-bucket/k"]
)
def test_what_is_no_address_is_a_value_error(text: str) -> None:
    """There is no object without a bucket and a key."""
    with pytest.raises(ValueError, match="not an S3 address"):
        object_at(text)


def test_a_version_may_end_an_address() -> None:
    """`?versionId=` at the end names a version; a question mark elsewhere is part of the key."""
    assert object_at("s3://my-bucket/a/b.json?versionId=3sL4kqtJl") == ("my-bucket", "a/b.json", "3sL4kqtJl")
    assert object_in("my-bucket", "b.json?versionId=null") == ("my-bucket", "b.json", "null")
    for key in ("what?.json", "a?versionId=", "a?versionId=1&x=2", "?versionId=1", "a?versionId=1/b c"):
        assert object_in("my-bucket", key) == ("my-bucket", key, "")


def test_a_key_as_events_write_it() -> None:
    """`+` is a blank and `%XX` a byte of UTF-8; what cannot be read so stays as it is."""
    assert decoded_key("my+file%281%29.json") == "my file(1).json"
    assert decoded_key("in/%E9%9E%8B.csv") == "in/鞋.csv"
    assert decoded_key("plain.json") == "plain.json"
    assert decoded_key("100%.json") == "100%.json"
    assert decoded_key("%FF.json") == "%FF.json"
