"""Reads records from JSON text: an array, JSON Lines, concatenated objects, or the array under `products`."""

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
)
from query_generator.input.json_skip import skip_record
from query_generator.input.json_values import DECODER
from query_generator.input.product_fields import is_name_field
from query_generator.input.text_window import CHUNK_BYTES, MOST_BYTES, TextWindow, utf8_length
from query_generator.models import NoRecord, RejectedRecord

NumberedRecord: TypeAlias = tuple[int, dict[str, Any] | RejectedRecord | NoRecord]

MAX_RECORD_BYTES = 16 * 1024 * 1024
TOO_LARGE = f"larger than {MAX_RECORD_BYTES // 1024**2} MB"
NESTED_TOO_DEEPLY = "nested too deeply"
TOO_MANY_VALUES = f"holds more than {MAX_VALUES:,} values"
_LONGEST_TOKEN = len("\\uD83D\\uDE00")
_MAX_BROKEN_CHARACTERS = 1024 * 1024  # in which the end of a broken record is looked for
_MAX_PREAMBLE_CHARACTERS = 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*+")
_SPACE_AND_COMMAS = re.compile(r"[ \t\r\n,]*+")
_SPACE_AND_SIGNS = re.compile(r"[ \t\r\n,:]*+")
_SEPARATORS = re.compile(r"[ \t\r\n,\x1e]*+")
_SPACE_TO_END = re.compile(r"[ \t\r\n]*+\Z")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_KINDS = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}


def utf8_fault(text: str, start: int, end: int) -> str:
    """Return why a part of a window's text is not valid UTF-8; empty if it is valid."""
    broken = None if text.isascii() else _NOT_UTF8.search(text, start, end)
    return f"not valid UTF-8: byte 0x{ord(broken.group()) - 0xDC00:02X}; convert the input to UTF-8" if broken else ""


def is_larger(text: str, start: int, end: int) -> bool:
    """Return whether a part of a window's text is larger than a record may be."""
    return (end - start) * MOST_BYTES > MAX_RECORD_BYTES and utf8_length(text, start, end) > MAX_RECORD_BYTES


def _may_go_on(text: str, error: json.JSONDecodeError) -> bool:
    """Return whether more text may make the record valid, since the error is at the end of the text."""
    at = error.pos + _LONGEST_TOKEN
    return at >= len(text) or bool(_SPACE_TO_END.match(text, at)) or error.msg.startswith("Unterminated string")


class JsonRecords:
    """Reads records from a window one by one. A broken record is yielded as rejected, and reading continues.

    Raises (while iterating):
        InputBrokenOffError: the text ends inside a record or an array, or something follows the array's end.
    """

    def __init__(self, window: TextWindow) -> None:
        self._window = window
        self._at = 0
        self._position = 0

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
        while (sign := self.peek(_SPACE_AND_COMMAS)) != "]":
            if not sign:
                raise self._window.broken_off(len(self._window.text), "the array has no end")
            yield self._record(in_array=True)
        self._at += 1

    def sequence(self) -> Iterator[NumberedRecord]:
        """Yield values one after another, with or without white space and commas between them."""
        while self.peek(_SEPARATORS):
            yield self._record(in_array=False)
        self.finish()

    def finish(self) -> None:
        """Make sure that nothing follows. Raises InputBrokenOffError."""
        if self.peek() or self._window.failure:
            reason = f"{self._window.text[self._at : self._at + 20]!r} follows the end" if self.peek() else "no end"
            raise self._window.broken_off(self._at, reason)

    def enter_products(self) -> bool:
        """Go to the array under the key `products` of the next object; return whether there is one, else stay.

        An object with a field for a product's name before that key is itself a product.
        """
        while True:
            found = _products_array(self._window.text, self._at)
            if found is not None:
                self._at = found or self._at
                return bool(found)
            if self._window.ended or len(self._window.text) - self._at > _MAX_PREAMBLE_CHARACTERS:
                return False
            self._window.slide(self._at)
            self._at = 0

    def leave_products(self) -> None:
        """Read the rest of the object around `products`, and make sure that nothing follows."""
        while (sign := self.peek(_SPACE_AND_SIGNS)) != "}":
            if sign not in {"{", "["}:
                self._scalar()
                continue
            value = self._record(in_array=True)[1]
            if isinstance(value, RejectedRecord) and value.reason.startswith("not valid"):
                raise self._window.broken_off(self._at, "what follows `products` is not valid JSON")
        self._at += 1
        self.finish()

    def _scalar(self) -> None:
        """Read a text, a number or a word."""
        while True:
            text = self._window.text
            _, end, reason = self._decoded(text, self._at)
            if end != NOT_FOUND:
                self._at = end
                return
            if reason or self._window.ended or len(text) - self._at > MAX_RECORD_BYTES:
                raise self._window.broken_off(self._at, reason or "the object around `products` has no end")
            self._window.slide(self._at)
            self._at = 0

    def _record(self, in_array: bool) -> NumberedRecord:
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
                find_end = end_in_array if in_array else end_in_sequence
                fault_end = find_end(text, start, indent, complete)
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
            if not self._window.ended and _may_go_on(text, exc):
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

    def _usable(self, value: Any, start: int, end: int) -> dict[str, Any] | RejectedRecord:
        text = self._window.text
        if is_larger(text, start, end):
            return self._rejected(TOO_LARGE)
        if end - start > MAX_VALUES and holds_too_many_values(text, start):
            return self._rejected(TOO_MANY_VALUES)
        if fault := utf8_fault(text, start, end):
            return self._rejected(fault)
        return value if isinstance(value, dict) else self._rejected(f"is {_KINDS[type(value)]}, not an object")

    def _rejected(self, reason: str) -> RejectedRecord:
        return RejectedRecord(self._position, "", reason)

    def _skip(self, start: int, is_broken: bool) -> None:
        """Pass over the record at `start`; of a broken one at least what is held, so that nothing is read twice."""
        held = self._window.text
        end = skip_record(self._window, start)
        if end == NOT_FOUND:
            raise self._window.broken_off(len(self._window.text), f"record {self._position} has no end")
        self._at = len(held) if is_broken and self._window.text is held else end


def _products_array(text: str, start: int) -> int | None:
    """Return the index of the bracket that opens the array under `products`; 0: none; None: more text is needed."""

    def after_space(at: int) -> int:
        match = _SPACE.match(text, at)
        return match.end() if match else at

    at = after_space(start + 1)
    while at < len(text):
        if text[at] != '"':
            return 0
        try:
            key, at = DECODER.raw_decode(text, at)
            colon = after_space(at)
            at = after_space(colon + 1)
            if text[colon : colon + 1] not in {":", ""} or is_name_field(key):
                return 0
            if key == "products" and text[at : at + 1] in {"[", ""}:
                return at if at < len(text) else None
            _, at = DECODER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            return None
        at = after_space(at)
        if at < len(text) and text[at] != ",":
            return 0
        at = after_space(at + 1)
    return None
