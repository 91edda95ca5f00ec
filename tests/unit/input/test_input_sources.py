"""From a source to its products: files, texts and S3 objects."""

import gzip
import io
import json
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from query_generator.errors import ConfigurationError, InputError, PermissionRefusedError, ServiceAwayError
from query_generator.input.sources import (
    InputBrokenOffError,
    InputSource,
    file_source,
    load_input_data,
    s3_source,
    text_source,
)
from query_generator.models import Product, RejectedRecord

CATALOG = json.dumps([{"name": f"Lamp {number}", "brand": "Acme", "text": "x" * 200} for number in range(20)]).encode()


class DroppingBody(io.BytesIO):
    """The body of an S3 reply that fails after `good_bytes`."""

    def __init__(self, data: bytes, good_bytes: int) -> None:
        super().__init__(data[:good_bytes])
        self._whole = len(data) <= good_bytes

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not data and not self._whole:
            raise ReadTimeoutError(endpoint_url="http://s3")
        return data


class FakeS3:
    """Keeps S3's promises for get_object with Range and IfMatch; each reply drops after `bytes_a_reply`."""

    def __init__(self, data: bytes, bytes_a_reply: int = 10**9, error: Exception | None = None) -> None:
        self.data = data
        self.etag = '"1"'
        self.version_id = ""
        self.requests: list[dict[str, str]] = []
        self.bodies: list[DroppingBody] = []
        self._bytes_a_reply = bytes_a_reply
        self._error = error

    def get_object(self, **request: str) -> dict[str, Any]:
        self.requests.append(request)
        if self._error:
            raise self._error
        if request.get("IfMatch", self.etag) != self.etag:
            raise refusal("PreconditionFailed")
        begin = int(request.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        self.bodies.append(DroppingBody(self.data[begin:], self._bytes_a_reply))
        version = {"VersionId": self.version_id} if self.version_id else {}
        return {"Body": self.bodies[-1], "ETag": self.etag, **version}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")


def load(source: InputSource) -> list[Product | RejectedRecord]:
    return list(load_input_data(source)[0])


def names(items: list[Product | RejectedRecord]) -> list[str]:
    return [item.name if isinstance(item, Product) else "-" for item in items]


def test_products_and_rejections_in_order() -> None:
    """Products and rejected records come in the order of the input, each with its position."""
    text = '[{"title": "A"}, {"brand": "x"}, 5, {"a": }, {"name": "B\\u0000"}, {"name": "C", "name": "D"}]'
    items, name = load_input_data(text_source("env:PRODUCTS_JSON", text))
    loaded = list(items)
    assert name == "env:PRODUCTS_JSON"
    assert names(loaded) == ["A", "-", "-", "-", "-", "D"]
    assert [item.position for item in loaded] == [1, 2, 3, 4, 5, 6]
    assert str(loaded[1]) == "record 2: field 'name': missing or empty"


def test_hostile_values() -> None:
    """Values that Python takes but PostgreSQL refuses cost nothing but themselves."""
    text = (
        (
            '{"name": "A", "x": "\\u0000\\ud800", "n": NaN, "big": 1e999, "digits": DIGITS}\n'
            '{"name": "\\ud800"}\n'
            '{"name": "deep", "x": DEEP}\n'
            '{"name": "B"}\n'
        )
        .replace("DIGITS", "9" * 5_000)
        .replace("DEEP", "[" * 100_000 + "]" * 100_000)
    )
    loaded = load(text_source("text", text))
    assert names(loaded) == ["A", "-", "-", "B"]
    assert isinstance(loaded[0], Product)
    stored = json.loads(loaded[0].record_json)
    assert stored == {
        "name": "A",
        "x": "\ufffd\ufffd",
        "n": None,
        "big": None,
        "digits": "9" * 5_000,
    }


def test_text_that_was_not_utf8() -> None:
    """A text with bytes that the environment could not decode is an ordinary rejected record."""
    loaded = load(text_source("env:PRODUCTS_JSON", '[{"name": "A"}, {"name": "\udce9"}]'))
    assert names(loaded) == ["A", "-"]


def test_file(tmp_path: Path) -> None:
    """A file is read, compressed or not, and named as it was given."""
    for name, data in (("a.json", CATALOG), ("b.gz", gzip.compress(CATALOG, mtime=0))):
        path = tmp_path / name
        path.write_bytes(data)
        source = file_source(str(path))
        assert source.name == f"file:{path}"
        assert len(load(source)) == 20


def test_stopping_early_closes_the_file(tmp_path: Path) -> None:
    """Whoever needs only the first products may stop there."""
    path = tmp_path / "a.json"
    path.write_bytes(CATALOG)
    stream = path.open("rb")
    items, _ = load_input_data(InputSource("file", lambda: stream))
    assert next(items).position == 1
    items.close()  # type: ignore[attr-defined]
    assert stream.closed


def test_unreadable_files(tmp_path: Path) -> None:
    """A path without a readable file is named, with the way out."""
    with pytest.raises(InputError, match=r"absent\.json does not exist; check the path"):
        load(file_source(str(tmp_path / "absent.json")))
    with pytest.raises(InputError, match="is a folder"):
        load(file_source(str(tmp_path)))
    with pytest.raises(ConfigurationError, match="cannot be opened: File name too long"):
        load(file_source(str(tmp_path / ("x" * 300))))


def test_a_file_that_cannot_be_opened_now_may_be_later(tmp_path: Path) -> None:
    """When this process may open no more files, the same job id continues another time."""
    (tmp_path / "catalog.json").write_bytes(CATALOG)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(ServiceAwayError, match="Too many open files"):
            load(file_source(str(tmp_path / "catalog.json")))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads standard input and leaves it open."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CATALOG)))
    source = file_source("-")
    assert source.name == "stdin"
    assert len(load(source)) == 20
    assert not sys.stdin.buffer.closed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "it has no records"),
        ('{"products": []}', "it has no records"),
        ("name,brand\n", "it has no records"),
        ('[{"sku": 1}, {"sku": 2}]', "all 2 records are rejected; record 1: field 'name': missing"),
        ('[{"name": "A', "no usable product comes before"),
        ("[nothing]", "not valid JSON"),
        ("", "is empty"),
    ],
)
def test_no_product_at_all(text: str, said: str) -> None:
    """Input without one usable product is an error of the whole input; its first line names the input and the cause."""
    with pytest.raises(InputError, match=said) as raised:
        load(text_source("args:--products-json", text))
    assert "args:--products-json" in str(raised.value).splitlines()[0]
    assert len(str(raised.value).splitlines()) in {1, 3}


@pytest.mark.parametrize(("mark", "byte"), [("", 31), ("\ufeff", 34)], ids=["plain", "with a BOM"])
def test_broken_off_after_good_products(mark: str, byte: int) -> None:
    """Input that breaks off gives its good products first, and then names the byte, counted from the file's first."""
    items, _ = load_input_data(text_source("text", mark + '[{"name": "A"}, {"name": "B"}, {"na'))
    assert [next(items).position, next(items).position] == [1, 2]
    with pytest.raises(InputBrokenOffError, match=f"byte {byte} "):
        next(items)


def test_s3_object() -> None:
    """An S3 object is read in one request and its body is closed."""
    client = FakeS3(gzip.compress(CATALOG, mtime=0))
    source = s3_source(client, "bucket", "a/key.json.gz")
    assert source.name == "s3://bucket/a/key.json.gz"
    assert len(load(source)) == 20
    assert client.requests == [{"Bucket": "bucket", "Key": "a/key.json.gz"}]
    assert client.bodies[0].closed


def test_a_version_that_is_asked_for_is_read_and_named() -> None:
    """The version is part of the source's name, so that another one is another input."""
    client = FakeS3(CATALOG)
    client.version_id = "v7"
    source = s3_source(client, "b", "k", "v7")
    assert len(load(source)) == 20
    assert client.requests == [{"Bucket": "b", "Key": "k", "VersionId": "v7"}]
    assert (source.name, source.version()) == ("s3://b/k?versionId=v7", "version v7")


@pytest.mark.parametrize(("version_id", "version"), [("", 'ETag "1"'), ("null", 'ETag "1"'), ("v7", "version v7")])
def test_the_version_that_was_read_is_named(version_id: str, version: str) -> None:
    """By its id where the bucket keeps versions; "null" is no id, since the next object written takes its place."""
    client = FakeS3(CATALOG)
    client.version_id = version_id
    source = s3_source(client, "b", "k")
    assert len(load(source)) == 20
    assert source.version() == version


def test_a_version_that_a_job_began_with_is_read_again() -> None:
    """Whatever was written to the key since: the request names the version."""
    client = FakeS3(CATALOG)
    client.version_id = "v7"
    source = s3_source(client, "b", "k")
    assert source.at_version is not None
    assert len(load(source.at_version("version v7"))) == 20
    assert client.requests == [{"Bucket": "b", "Key": "k", "VersionId": "v7"}]


def test_dropped_connection_goes_on() -> None:
    """A connection that drops is opened again at the byte where it stopped, on the same version of the object."""
    client = FakeS3(CATALOG, bytes_a_reply=len(CATALOG) // 4 + 1)
    assert len(load(s3_source(client, "b", "k"))) == 20
    assert len(client.requests) == 4
    assert client.requests[1] == {
        "Bucket": "b",
        "Key": "k",
        "Range": f"bytes={len(CATALOG) // 4 + 1}-",
        "IfMatch": '"1"',
    }
    assert all(body.closed for body in client.bodies)


def test_connection_that_keeps_dropping() -> None:
    """After 3 new connections the service counts as away."""
    client = FakeS3(CATALOG, bytes_a_reply=100)
    with pytest.raises(ServiceAwayError, match="stopped at byte 400 after 3 new connections"):
        load(s3_source(client, "b", "k"))


def test_object_replaced_while_read() -> None:
    """An object that is replaced while it is read is never mixed with its other version."""
    client = FakeS3(CATALOG, bytes_a_reply=100)
    stream = s3_source(client, "b", "k").open()
    client.etag = '"2"'
    with stream as body, pytest.raises(ServiceAwayError, match="PreconditionFailed"):
        body.read(1_000)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refusal("NoSuchKey"), InputError),
        (refusal("NoSuchBucket"), InputError),
        (refusal("404"), InputError),
        (refusal("AccessDenied"), PermissionRefusedError),
        (refusal("403"), PermissionRefusedError),
        (refusal("ExpiredToken"), PermissionRefusedError),
        (NoCredentialsError(), PermissionRefusedError),
        (refusal("InternalError"), ServiceAwayError),
        (refusal("SlowDown"), ServiceAwayError),
        (EndpointConnectionError(endpoint_url="http://s3"), ServiceAwayError),
    ],
)
def test_s3_refusals(error: Exception, expected: type[Exception]) -> None:
    """What S3 answers decides between wrong input, a missing permission and a service that is away."""
    with pytest.raises(expected, match="s3://b/k"):
        load(s3_source(FakeS3(b"", error=error), "b", "k"))
