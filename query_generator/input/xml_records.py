"""Reads records from XML: the elements that are products, one by one, such as the items of Google Merchant feeds."""

from collections import deque
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from query_generator.errors import InputError
from query_generator.input.field_names import is_name_field
from query_generator.input.json_records import (
    MAX_RECORD_BYTES,
    NESTED_TOO_DEEPLY,
    TOO_LARGE,
    TOO_MANY_VALUES,
    NumberedRecord,
)
from query_generator.input.json_scan import MAX_VALUES
from query_generator.input.text_window import TextWindow
from query_generator.input.xml_parser import XmlParser
from query_generator.input.xml_place import MODEL_AND_SELLER, MOST_SAMPLE_BYTES, tag_of_products
from query_generator.input.xml_values import Element, kind_of
from query_generator.models import RejectedRecord

_MAX_TAG_BYTES = 4 * 1024 * 1024  # which the parser holds until it ends, with all attributes
_MAX_LEVELS = 100  # within a record
_MOST_CATEGORIES = 100_000
_MOST_PARENTS = 10
_CATEGORY = "category"


class XmlRecords:
    """Reads records from XML; what surrounds them is left out, but for the categories that they name by ids.

    Where elements of that kind lie within each other the outermost is the record. One that is too large is yielded as
    rejected, and reading continues.

    Raises (while iterating):
        InputError: there are no products in it, it is a web page, or its DOCTYPE is refused.
        InputBrokenOffError: it is no valid XML from some point on, or the stream could not be read to its end.
    """

    def __init__(self, window: TextWindow) -> None:
        self._window = window
        self._parser = XmlParser(window.name, self._start, self._end, self._text)
        self._done: deque[dict[str, Any] | str] = deque()
        self._open: list[Element] = []
        self._tag = ""
        self._blank = 0  # bytes before the first tag
        self._level = 0  # within a record
        self._fault = ""
        self._size = self._values = 0
        self._categories: dict[str, tuple[str, str]] = {}
        self._category: Element | None = None

    def __iter__(self) -> Iterator[NumberedRecord]:
        chunks = self._window.chunks()
        sample: list[bytes] = []
        held = 0
        while held < MOST_SAMPLE_BYTES and (chunk := next(chunks, b"")):
            sample.append(chunk)
            held += len(chunk)
        if sample:
            self._blank = len(sample[0]) - len(sample[0].lstrip())
            sample[0] = sample[0].lstrip()
        self._tag = tag_of_products(b"".join(sample), self._window.name)
        position = 0
        failure: Exception | None = None
        while failure is None:
            chunk = sample.pop(0) if sample else next(chunks, b"")
            failure = self._failure_of(chunk)
            while self._done:
                position += 1
                record = self._done.popleft()
                yield position, RejectedRecord(position, "", record) if isinstance(record, str) else record
                del record
            if not chunk:
                break
        if failure or self._window.failure:
            reason = str(failure or "it has no end")
            raise self._window.broken_off_at_byte(self._blank + self._parser.offset, reason)

    def _failure_of(self, chunk: bytes) -> Exception | None:
        try:
            if chunk:
                self._parser.feed(chunk)
            else:
                self._parser.close()
        except (expat.ExpatError, InputError, ValueError, LookupError) as exc:
            return exc
        is_large = self._parser.waiting > _MAX_TAG_BYTES
        return InputError(f"a tag or comment is larger than {_MAX_TAG_BYTES // 1024**2} MB") if is_large else None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._level and kind_of(tag) != self._tag:
            if kind_of(tag) == _CATEGORY and len(self._categories) < _MOST_CATEGORIES:
                self._category = Element(tag, attributes)
            return
        self._level += 1
        self._values += 1 + len(attributes)
        self._size += len(tag) + sum(len(name) + len(value) for name, value in attributes.items())
        self._check()
        if not self._fault:
            self._open.append(Element(tag, attributes))

    def _text(self, text: str) -> None:
        if self._level:
            self._size += len(text)
            self._check()
            if not self._fault:
                self._open[-1].add_text(text)
        elif self._category and len(self._category.texts) < _MOST_PARENTS:
            self._category.add_text(text[:1000])

    def _end(self) -> None:
        if not self._level:
            self._keep_category()
            return
        self._level -= 1
        if not self._fault:
            element = self._open.pop()
            if self._open:
                self._open[-1].add(element)
            else:
                self._done.append(self._completed(element.record()))
        elif not self._level:
            self._done.append(self._fault)
        if not self._level:
            self._fault, self._size, self._values = "", 0, 0

    def _check(self) -> None:
        reasons = (
            (self._size > MAX_RECORD_BYTES, TOO_LARGE),
            (self._values > MAX_VALUES, TOO_MANY_VALUES),
            (self._level > _MAX_LEVELS, NESTED_TOO_DEEPLY),
        )
        if not self._fault and (found := next((reason for is_so, reason in reasons if is_so), "")):
            self._fault = found
            self._open.clear()

    def _keep_category(self) -> None:
        if self._category:
            attributes, text = self._category.attributes, "".join(self._category.texts).strip()
            if (number := attributes.get("id")) and text:
                self._categories[number] = (text, attributes.get("parentId", ""))
            self._category = None

    def _completed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return an offer of Yandex's format (YML) with its category's name, and a name made of its parts."""
        number, path = record.get("categoryId"), list[str]()
        while isinstance(number, str) and number in self._categories and len(path) < _MOST_PARENTS:
            text, number = self._categories[number]
            path.insert(0, text)
        if path:
            record.setdefault(_CATEGORY, " > ".join(path))
        if record.keys() >= MODEL_AND_SELLER and not any(map(is_name_field, record)):
            parts = (record.get(key) for key in ("typePrefix", "vendor", "model"))
            record["name"] = " ".join(part for part in parts if isinstance(part, str) and part)
        return record
