"""The sources of products, and the way from a source to records to products."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from query_generator.aws import s3_client
from query_generator.errors import InputError, file_error
from query_generator.input.families import Families, Numbered
from query_generator.input.field_names import LONGEST_NAME
from query_generator.input.formats import InputBrokenOffError, read_records
from query_generator.input.json_records import NOT_AN_OBJECT
from query_generator.input.layout_keys import has_name
from query_generator.input.layout_words import NO_OBJECTS, no_names
from query_generator.input.product_fields import RejectedRecordError, product_from_record
from query_generator.input.read_sums import ReadSums
from query_generator.input.s3_stream import S3ObjectStream
from query_generator.models import Product, RejectedRecord
from query_generator.one_line import one_line
from query_generator.s3_address import object_at, object_in
from query_generator.unexpected import unexpected_as

if TYPE_CHECKING:
    from query_generator.config import JobConfig

__all__ = ["InputBrokenOffError", "InputSource", "file_source", "load_input_data", "s3_source", "text_source"]


MOST_KINDS_SHOWN = 5
_LOG = logging.getLogger("sources")


@dataclass(frozen=True)
class InputSource:
    """A source of products. `open` begins a new reading, which ends with the `with` block.

    `version` returns the version that was read last, as `version …` or `ETag …`; empty if the source has none.
    `at_version` returns a source that reads a certain version; None if the source has no versions.
    """

    name: str
    open: Callable[[], AbstractContextManager[BinaryIO]] = field(repr=False)
    version: Callable[[], str] = field(default=lambda: "", repr=False)
    at_version: "Callable[[str], InputSource] | None" = field(default=None, repr=False)


def text_source(name: str, text: str) -> InputSource:
    """Return a source of the products in a text, such as an environment variable."""
    return InputSource(name, lambda: io.BytesIO(text.encode("utf-8", "surrogatepass")))


def file_source(path: str) -> InputSource:
    """Return a source of the products in a file; `-` is standard input. Opening it may raise InputError."""
    if path == "-":
        return InputSource("stdin", _open_standard_input)
    return InputSource(f"file:{one_line(path)}", lambda: _open_file(path))


def s3_source(client: Any, bucket: str, key: str, version_id: str = "") -> InputSource:
    """Return a source of the products in an S3 object; opening and reading raise what `S3ObjectStream` raises."""
    name = one_line(f"s3://{bucket}/{key}" + (f"?versionId={version_id}" if version_id else ""))
    return _s3_source(name, partial(S3ObjectStream, client, bucket, key), f"version {version_id}" if version_id else "")


def _s3_source(name: str, stream_of: Callable[[str], S3ObjectStream], wanted: str) -> InputSource:
    read = [wanted]

    def open_object() -> BinaryIO:
        stream = stream_of(wanted.removeprefix("version "))
        read[0] = stream.version
        return io.BufferedReader(stream)

    return InputSource(name, open_object, lambda: read[0], partial(_s3_source, name, stream_of))


def configured_sources(config: "JobConfig") -> list[InputSource]:
    """Return the configured sources in the documented order; the first one is used."""
    sources: list[InputSource] = []
    if config.products_json:
        sources.append(text_source("env:PRODUCTS_JSON", config.products_json.get_secret_value()))
    if config.input_s3:
        sources.append(s3_source(s3_client(config.aws_region), *object_at(config.input_s3)))
    elif config.input_s3_bucket and config.input_s3_key:
        named = object_in(config.input_s3_bucket, config.input_s3_key)
        sources.append(s3_source(s3_client(config.aws_region), *named))
    if config.products_file:
        sources.append(file_source(config.products_file))
    if config.products_argument:
        sources.append(text_source("args:--products-json", config.products_argument.get_secret_value()))
    return sources


def load_input_data(
    source: InputSource, sums: ReadSums | None = None
) -> tuple[Iterator[Product | RejectedRecord], str]:
    """Return the products and rejected records of a source, in about its order, and the name of the source.

    The source is opened when the first entry is read. Only the current record is held in memory, and where variants
    come as rows of their own a bounded number of products that wait for theirs. What is read is counted in `sums`.

    Raises (while iterating):
        InputError: the source cannot be opened or parsed, or holds no usable product.
        InputBrokenOffError: the input broke off after some usable products.
        PermissionRefusedError, ServiceAwayError: from S3, or from a disk that fails.
    """
    return _products(source, sums or ReadSums()), source.name


def _products(source: InputSource, sums: ReadSums) -> Iterator[Product | RejectedRecord]:
    usable = 0
    rejected: list[RejectedRecord] = []
    rejected_count = 0
    keys_without_name: list[str] = []
    with source.open() as stream:
        try:
            for item in _entries(stream, source.name, sums, keys_without_name):
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
        found = "it has no records"
        if rejected:
            found = f"all {rejected_count} records are rejected; {rejected[0]}"
        elif sums.others:
            found += f" of products, only {', '.join(sorted(sums.others)[:MOST_KINDS_SHOWN])}"
        if keys_without_name:
            found += f"\n{no_names(keys_without_name)}"
        elif rejected and rejected[0].reason.endswith(NOT_AN_OBJECT):
            found += f"\n{NO_OBJECTS}"
        raise InputError(f"{source.name} holds no usable product: {found}")


def _entries(
    stream: BinaryIO, name: str, sums: ReadSums, keys_without_name: list[str]
) -> Iterator[Product | RejectedRecord]:
    with unexpected_as(lambda reason: InputBrokenOffError(f"{name} cannot be read further: {reason}"), OSError):
        # map keeps no record while its product is worked on
        yield from map(partial(_product, keys_without_name), Families(read_records(stream, name), sums))


def _product(keys_without_name: list[str], numbered: Numbered) -> Product | RejectedRecord:
    """Return the product or why there is none; the keys of the first record without a name are kept."""
    position, record = numbered
    if isinstance(record, RejectedRecord):
        return record
    try:
        return product_from_record(record, position)
    except RejectedRecordError as exc:
        if not keys_without_name and not has_name(record):
            keys_without_name.extend(name[:LONGEST_NAME] for name in record)
        return RejectedRecord(position, exc.field, exc.reason, exc.product_key)


def _open_standard_input() -> AbstractContextManager[BinaryIO]:
    if sys.stdin is None:
        raise InputError("standard input is closed; give the products there, or the path of a file")
    return nullcontext(sys.stdin.buffer)


def _open_file(path: str) -> BinaryIO:
    shown = one_line(path)
    try:
        if Path(path).is_fifo():
            _LOG.info("[INPUT] %s is a pipe: waiting for a program that writes to it", shown)
        return Path(path).open("rb")
    except FileNotFoundError as exc:
        raise InputError(f"file {shown} does not exist; check the path given with --products-file") from exc
    except IsADirectoryError as exc:
        raise InputError(f"{shown} is a folder; give the path of a file") from exc
    except PermissionError as exc:
        raise InputError(f"file {shown} may not be read by this user; change its permissions") from exc
    except OSError as exc:
        raise file_error(f"file {shown} cannot be opened", exc, "give the path of another file") from exc
