"""Where the products come from, and the way from there to products: source → records → products."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from query_generator.aws import s3_client
from query_generator.errors import InputError
from query_generator.input.formats import InputBrokenOffError, NumberedRecord, read_records
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.input.s3_stream import S3ObjectStream
from query_generator.models import Product, RejectedRecord

if TYPE_CHECKING:
    from query_generator.config import JobConfig

__all__ = ["InputBrokenOffError", "InputSource", "file_source", "load_input_data", "s3_source", "text_source"]


@dataclass(frozen=True)
class InputSource:
    """A place that holds products. `open` begins a new reading of it, closed by leaving the `with` block.

    `version` tells which version the last reading was of, as `version …` or `ETag …`, empty where there are none;
    `at_version` gives a source that reads the version of that name.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]] = field(repr=False)
    version: Callable[[], str] = field(default=lambda: "", repr=False)
    at_version: "Callable[[str], InputSource] | None" = field(default=None, repr=False)


def text_source(name: str, text: str) -> InputSource:
    """Products in a text, such as an environment variable; `name` says which."""
    return InputSource(name, lambda: io.BytesIO(text.encode("utf-8", "surrogatepass")))


def file_source(path: str) -> InputSource:
    """Products in a file; `-` is standard input. Opening raises InputError where there is no readable file."""
    if path == "-":
        return InputSource("stdin", lambda: nullcontext(sys.stdin.buffer))
    return InputSource(f"file:{path}", lambda: _open_file(path))


def s3_source(client: Any, bucket: str, key: str) -> InputSource:
    """Products in an S3 object, read with a boto3 S3 client; opening and reading raise as `S3ObjectStream` does."""
    return _s3_source(client, bucket, key, "")


def _s3_source(client: Any, bucket: str, key: str, wanted: str) -> InputSource:
    read = [wanted]

    def open_object() -> BinaryIO:
        stream = S3ObjectStream(client, bucket, key, wanted.removeprefix("version "))
        read[0] = stream.version
        return io.BufferedReader(stream)

    return InputSource(
        f"s3://{bucket}/{key}",
        open_object,
        version=lambda: read[0],
        at_version=lambda version: _s3_source(client, bucket, key, version),
    )


def configured_sources(config: "JobConfig") -> list[InputSource]:
    """Return the sources that were given, in the documented order: the first is to be used."""
    sources: list[InputSource] = []
    if config.products_json:
        sources.append(text_source("env:PRODUCTS_JSON", config.products_json.get_secret_value()))
    if config.input_s3:
        bucket, _, key = config.input_s3.removeprefix("s3://").partition("/")
        sources.append(s3_source(s3_client(config.aws_region), bucket, key))
    elif config.input_s3_bucket and config.input_s3_key:
        sources.append(s3_source(s3_client(config.aws_region), config.input_s3_bucket, config.input_s3_key))
    if config.products_file:
        sources.append(file_source(config.products_file))
    if config.products_argument:
        sources.append(text_source("args:--products-json", config.products_argument.get_secret_value()))
    return sources


def load_input_data(source: InputSource) -> tuple[Iterator[Product | RejectedRecord], str]:
    """The products of a source, in order, with the rejected records among them; and the name of the source.

    Nothing is opened before the first item is asked for, and nothing is held but the current record.

    Raises (while iterating):
        InputError: the source cannot be opened or parsed, or it ended without one usable product.
        InputBrokenOffError: the input broke off after the products that were yielded.
        PermissionRefusedError, ServiceAwayError: from S3.
    """
    return _products(source), source.name


def _products(source: InputSource) -> Iterator[Product | RejectedRecord]:
    usable = 0
    rejected: list[RejectedRecord] = []
    rejected_count = 0
    with source.open() as stream:
        try:
            for record in read_records(stream, source.name):
                item = _product(record)
                if isinstance(item, Product):
                    usable += 1
                else:
                    rejected_count += 1
                    rejected = rejected or [item]
                yield item
        except InputBrokenOffError as exc:
            if usable:
                raise
            raise InputError(f"{exc}; no usable product comes before that") from exc
    if not usable:
        found = f"all {rejected_count} records are rejected; {rejected[0]}" if rejected else "it has no records"
        raise InputError(f"{source.name} holds no usable product: {found}")


def _product(numbered: NumberedRecord) -> Product | RejectedRecord:
    position, record = numbered
    if isinstance(record, RejectedRecord):
        return record
    try:
        return product_from_record(record, position)
    except RejectedRecordError as exc:
        return RejectedRecord(position, exc.field, exc.reason, exc.product_key)


def _open_file(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except FileNotFoundError as exc:
        raise InputError(f"file {path} does not exist; check the path given with --products-file") from exc
    except IsADirectoryError as exc:
        raise InputError(f"{path} is a folder; give the path of a file") from exc
    except PermissionError as exc:
        raise InputError(f"file {path} may not be read by this user; change its permissions") from exc
    except OSError as exc:
        raise InputError(f"file {path} cannot be opened: {exc.strerror}") from exc
