"""Reads records from JSON text: an array, the members of an object, JSON Lines, or concatenated objects."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from query_generator.input.json_scan import (
    MAX_VALUES,
    NOT_FOUND,
    end_in_array,
    end_in_sequence,
    holds_too_many_values,
    indentation,
    may_go_on,
)
from query_generator.input.json_skip import skip_record
from query_generator.input.json_values import DECODER
from query_generator.input.layout_keys import is_header
from query_generator.input.layouts import with_id
from query_generator.input.text_window import CHUNK_BYTES, MOST_BYTES, TextWindow, utf8_length
from query_generator.models import NoRecord, RejectedRecord

NumberedRecord: TypeAlias = tuple[int, dict[str, Any] | RejectedRecord | NoRecord]

MAX_RECORD_BYTES = 16 * 1024 * 1024
TOO_LARGE = f"larger than {MAX_RECORD_BYTES // 1024**2} MB"
NESTED_TOO_DEEPLY = "nested too deeply"
NOT_AN_OBJECT = "not an object"
TOO_MANY_VALUES = f"holds more than {MAX_VALUES:,} values"
_MAX_BROKEN_CHARACTERS = 1024 * 1024  # in which the end of a broken record is looked for
_SPACE = re.compile(r"[ \t\r\n]*+")
SPACE_AND_COMMAS = re.compile(r"[ \t\r\n,]*+")
SEPARATORS = re.compile(r"[ \t\r\n,\x1e]*+")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_KINDS = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}


def utf8_fault(text: str, start: int, end: int) -> str:
    """Return why a part of a window's text is not valid UTF-8; empty if it is valid."""
    broken = None if text.isascii() else _NOT_UTF8.search(text, start, end)
    return f"not valid UTF-8: byte 0x{ord(broken.group()) - 0xDC00:02X}; convert the input to UTF-8" if broken else ""


def is_larger(text: str, start: int, end: int) -> bool:
    """Return whether a part of a window's text is larger than a record may be."""
    return (end - start) * MOST_BYTES > MAX_RECORD_BYTES and utf8_length(text, start, end) > MAX_RECORD_BYTES


class JsonRecords:
    """Reads records from a window one by one. A broken record is yielded as rejected, and reading continues.

    Raises (while iterating):
        InputBrokenOffError: the text ends inside a record or an array, or something follows the array's end.
    """

    def __init__(self, window: TextWindow) -> None:
        self._window = window
        self._at = 0
        self._position = 0
        self._columns: list[str] = []

    def peek(self, skipped: re.Pattern[str] = _SPACE) -> str:
        """Return the next character that is not skipped, by default white space; empty at the end of the text."""
        while True:
            match = skipped.match(self._window.text, self._at)
            at = match.end() if match else self._at
            if at < len(self._window.text):
                self._at = at
                return self._window.text[at]
            if self._window.ended:
                return ""
            self._window.slide(at)
            self._at = 0

    def drop_blank_lines(self) -> None:
        """Drop the blank lines before the next character, once `peek` has found it."""
        text = self._window.text
        start = max(text.rfind("\n", 0, self._at), text.rfind("\r", 0, self._at)) + 1
        self._window.slide(start)
        self._at -= start

    def array(self) -> Iterator[NumberedRecord]:
        """Yield the elements of the array whose opening bracket is next, and read its closing bracket."""
        self._at += 1
        while (sign := self.peek(SPACE_AND_COMMAS)) != "]":
            if not sign:
                raise self._window.broken_off(len(self._window.text), "the array has no end")
            yield self._record(closer="]")
        self._at += 1

    def sequence(self) -> Iterator[NumberedRecord]:
        """Yield values one after another, with or without white space and commas between them."""
        while self.peek(SEPARATORS):
            yield self._record()
        self.finish()

    def finish(self) -> None:
        """Make sure that nothing follows. Raises InputBrokenOffError."""
        if self.peek() or self._window.failure:
            reason = f"{self._window.text[self._at : self._at + 20]!r} follows the end" if self.peek() else "no end"
            raise self._window.broken_off(self._at, reason)

    def members(self) -> Iterator[NumberedRecord]:
        """Yield the members of the object whose opening brace is next, each with its key as `id` unless it has an id.

        What is neither an object nor broken is yielded as no record.
        """
        self._at += 1
        while self.peek(SPACE_AND_COMMAS) != "}":
            yield self._member()
        self._at += 1

    def _member(self) -> NumberedRecord:
        key = self.key()
        is_value = self.peek() not in {"{", "["}
        position, record = self._record(closer="}")
        if isinstance(record, dict):
            return position, with_id(key, record)
        if is_value and isinstance(record, RejectedRecord) and not record.reason.startswith("not valid"):
            return position, NoRecord("value beside products")
        return position, record

    def key(self) -> str:
        """Read a key and the colon after it. Raises InputBrokenOffError."""
        if self.peek() != '"':
            raise self._window.broken_off(self._at, "the object has no end, or a key without quotes")
        key: str = self.scalar()
        if self.peek() != ":":
            raise self._window.broken_off(self._at, "a key has no colon")
        self._at += 1
        self.peek()
        return key

    def scalar(self) -> Any:
        """Read a text, a number or a word. Raises InputBrokenOffError."""
        while True:
            text = self._window.text
            value, end, reason = self._decoded(text, self._at)
            if end != NOT_FOUND:
                self._at = end
                return value
            if reason or self._window.ended or len(text) - self._at > MAX_RECORD_BYTES:
                raise self._window.broken_off(self._at, reason or "the object around the products has no end")
            self._window.slide(self._at)
            self._at = 0

    def _record(self, closer: str = "") -> NumberedRecord:
        self._position += 1
        indent: int | None = None
        reason = ""
        while True:
            text, start = self._window.text, self._at
            if indent is not None and holds_too_many_values(text, start):
                self._skip(start, is_broken=bool(reason))
                return self._position, self._rejected(TOO_MANY_VALUES)
            value, end, reason = self._decoded(text, start)
            if end != NOT_FOUND:
                self._at = end
                record = self._usable(value, start, end)
                if end - start > CHUNK_BYTES:
                    self._window.slide(end)
                    self._at = 0
                return self._position, record
            complete = self._window.ended
            indent = indentation(text, start) if indent is None else indent
            if reason:
                if closer:
                    fault_end = end_in_array(text, start, indent, complete, closer)
                else:
                    fault_end = end_in_sequence(text, start, indent, complete)
                if fault_end != NOT_FOUND:
                    self._at = fault_end
                    return self._position, self._rejected(utf8_fault(text, start, fault_end) or reason)
            if complete:
                raise self._window.broken_off(start, f"record {self._position} begins here and has no end")
            if len(text) - start > (_MAX_BROKEN_CHARACTERS if reason else MAX_RECORD_BYTES):
                self._skip(start, is_broken=bool(reason))
                return self._position, self._rejected(reason or TOO_LARGE)
            self._window.slide(start)
            self._at = 0

    def _decoded(self, text: str, start: int) -> tuple[Any, int, str]:
        """Return the value at `start` and its end. Without an end, why it is broken; empty if more text may mend it."""
        try:
            value, end = DECODER.raw_decode(text, start)
        except json.JSONDecodeError as exc:
            if not self._window.ended and may_go_on(text, exc):
                return None, NOT_FOUND, ""
            line = text.count("\n", start, exc.pos) + 1
            column = exc.pos - max(text.rfind("\n", start, exc.pos), start - 1)
            return None, NOT_FOUND, f"not valid JSON: {exc.msg} (line {line} column {column} of the record)"
        except RecursionError:
            return None, NOT_FOUND, NESTED_TOO_DEEPLY
        except MemoryError:
            return None, NOT_FOUND, "takes too much memory"
        is_whole = text[start] in '{["' or end < len(text) or self._window.ended
        return value, end if is_whole else NOT_FOUND, ""

    def _usable(self, value: Any, start: int, end: int) -> dict[str, Any] | RejectedRecord | NoRecord:
        text = self._window.text
        if is_larger(text, start, end):
            return self._rejected(TOO_LARGE)
        if end - start > MAX_VALUES and holds_too_many_values(text, start):
            return self._rejected(TOO_MANY_VALUES)
        if fault := utf8_fault(text, start, end):
            return self._rejected(fault)
        if isinstance(value, list) and (self._columns or is_header(value)):
            return self._row(value)
        return value if isinstance(value, dict) else self._rejected(f"is {_KINDS[type(value)]}, {NOT_AN_OBJECT}")

    def _row(self, cells: list[Any]) -> dict[str, Any] | RejectedRecord | NoRecord:
        """Return a row of a table of lists; the first of them is the header."""
        if not self._columns:
            self._columns = cells
            return NoRecord("header row")
        if len(cells) > len(self._columns):
            return self._rejected(f"has {len(cells)} cells, but the header has {len(self._columns)}")
        return dict(zip(self._columns, cells, strict=False))

    def _rejected(self, reason: str) -> RejectedRecord:
        return RejectedRecord(self._position, "", reason)

    def _skip(self, start: int, is_broken: bool) -> None:
        """Pass over the record at `start`; of a broken one at least what is held, so that nothing is read twice."""
        held = self._window.text
        end = skip_record(self._window, start)
        if end == NOT_FOUND:
            raise self._window.broken_off(len(self._window.text), f"record {self._position} has no end")
        self._at = len(held) if is_broken and self._window.text is held else end
