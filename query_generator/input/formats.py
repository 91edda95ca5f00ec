"""Reads the records of a stream of bytes: JSON in its usual shapes, CSV, XML or Excel, recognized by the content."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from query_generator.errors import InputError
from query_generator.input.csv_records import CsvRecords
from query_generator.input.json_records import NumberedRecord
from query_generator.input.json_wrapped import WrappedRecords
from query_generator.input.layouts import is_plain, unfolded, where_in
from query_generator.input.product_fields import is_name_field
from query_generator.input.section_rows import without_headings
from query_generator.input.text_window import InputBrokenOffError, TextWindow
from query_generator.input.xlsx_sheet import ZIP_MAGIC, sheet_as_csv
from query_generator.input.xml_parser import WebPageError
from query_generator.input.xml_records import XmlRecords
from query_generator.models import RejectedRecord

__all__ = ["InputBrokenOffError", "NumberedRecord", "read_records"]

_LOG = logging.getLogger("input")
_OBJECT_ON_ITS_LINE = re.compile(r"^[ \t]*\{", re.MULTILINE)
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\udc80-\udcff]")
_OLE_MAGIC = "\udcd0\udccf\x11"  # bytes D0 CF 11
_NO_TEXT = "binary data, or text in another encoding"
_ACCEPTED = (
    "a JSON array, an object with a list of products, JSON Lines, CSV with a header, XML, all in UTF-8, or .xlsx; "
    "or any of these as .gz"
)


def read_records(stream: BinaryIO, name: str = "the input") -> Iterator[NumberedRecord]:
    """Yield (position from 1, record) one by one; memory does not grow with the stream.

    Accepts a JSON array; an object with one list of objects that have names, or with several of which one has the key
    `products`; an object of products by their ids; JSON Lines, concatenated JSON objects, one object, each also with
    envelopes or pages around the products; CSV with a header that names a field for the product's name; XML with
    elements that are products, such as a feed for Google Merchant; and an Excel file of which one sheet has such a
    header; all also compressed with gzip. A record that cannot be read, or is not an object, is yielded as
    `RejectedRecord`, one that is known to be something else as `NoRecord`, and reading continues.

    Raises:
        InputError: the stream holds nothing that can be read as records, or several lists of products; a list far
            behind the first one is found after that has been yielded.
        InputBrokenOffError: the stream breaks off after the records that were yielded.
    """
    window = TextWindow(stream, name)
    reader = WrappedRecords(window)
    first = reader.peek()
    if first == "[":
        yield from _unfolded(reader.array(), reader)
        reader.finish()
    elif first == "{":
        yield from _unfolded(reader.objects(), reader)
    elif not first:
        found = f"cannot be read: {window.failure}" if window.failure else "is empty"
        raise InputError(f"{name} {found}; give {_ACCEPTED}")
    elif first == "P" and window.text.startswith(ZIP_MAGIC):
        with sheet_as_csv(window) as rows:
            yield from _rows(CsvRecords(rows))
    elif first == "<":
        try:
            yield from XmlRecords(window)
        except WebPageError:
            raise InputError(f"{name} looks like a web page; give {_ACCEPTED}") from None
    else:
        yield from _text_records(window, reader)


def _unfolded(records: Iterator[NumberedRecord], reader: WrappedRecords) -> Iterator[NumberedRecord]:
    """Yield what each element is; where one stands for several records, those after it have higher positions."""
    more = 0
    for numbered in records:
        position, element = numbered
        if not more and isinstance(element, dict) and is_plain(element):
            yield numbered
        elif isinstance(element, dict):
            if not reader.place:
                reader.tell_place(where_in(element))
            more -= 1
            for record in unfolded(element):
                more += 1
                yield position + more, record
                del record
        elif more and isinstance(element, RejectedRecord):
            yield position + more, replace(element, position=position + more)
        else:
            yield position + more, element
        del numbered, element


def _rows(table: CsvRecords) -> Iterator[NumberedRecord]:
    if table.lines_before_header:
        _LOG.info("The header is line %d; the lines above it are left out", table.lines_before_header + 1)
    yield from without_headings(table.header, table)


def _text_records(window: TextWindow, reader: WrappedRecords) -> Iterator[NumberedRecord]:
    reader.drop_blank_lines()
    start = window.text[:4096]
    if _BINARY.search(start.partition("\n")[0]):
        kind = "an old or encrypted Excel file" if start.startswith(_OLE_MAGIC) else _NO_TEXT
        raise InputError(f"{window.name} looks like {kind}; give {_ACCEPTED}")
    table = CsvRecords(window)
    if any(map(is_name_field, table.header)):
        yield from _rows(table)
    elif _OBJECT_ON_ITS_LINE.search(start):
        yield from _unfolded(reader.sequence(), reader)
    else:
        shown = ", ".join(table.header)[:100] or start[:40].strip()
        raise InputError(
            f"{window.name} is neither JSON nor CSV with a column for the product's name "
            f"(such as name or title); it begins: {shown!r}. Give {_ACCEPTED}"
        )
