"""Reads records from JSON text: an array, JSON Lines, concatenated objects, or the array under `products`."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from query_generator.input.json_scan import NOT_FOUND, end_in_array, end_in_sequence, indentation
from query_generator.input.product_fields import is_name_field
from query_generator.input.text_window import TextWindow
from query_generator.models import RejectedRecord

NumberedRecord: TypeAlias = tuple[int, dict[str, Any] | RejectedRecord]

MAX_RECORD_CHARACTERS = 16 * 1024 * 1024
TOO_LARGE = f"larger than {MAX_RECORD_CHARACTERS // 1024**2} MB"
MAX_NUMBER_DIGITS = 300  # a longer integer is not a quantity, and Python's int() refuses more than 4,300 digits
_LONGEST_TOKEN = len("\\uD83D\\uDE00")
_MAX_PREAMBLE_CHARACTERS = 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*+")
_SPACE_TO_END = re.compile(r"[ \t\r\n]*+\Z")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_STRING_REST = re.compile(r'[^"\\\n]*+(?:\\.[^"\\\n]*+)*+')
_LARGE_TOKEN = re.compile(r'"|[{\[]++|[}\]]|[,\n]')
_KINDS = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number", type(None): "null"}


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_NUMBER_DIGITS else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_constant: str) -> None:
    return None


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_finite, parse_constant=_no_number)


def utf8_fault(text: str, start: int, end: int) -> str:
    """Return why a part of a window's text is not valid UTF-8; empty if it is valid."""
    broken = None if text.isascii() else _NOT_UTF8.search(text, start, end)
    return f"not valid UTF-8: byte 0x{ord(broken.group()) - 0xDC00:02X}; convert the input to UTF-8" if broken else ""


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
            self._window.slide(self._at)
            self._at = 0

    def array(self) -> Iterator[NumberedRecord]:
        """Yield the elements of the array whose opening bracket is next, and read its closing bracket."""
        self._at += 1
        while (sign := self.peek()) != "]":
            if not sign:
                raise self._window.broken_off(len(self._window.text), "the array has no end")
            if sign == ",":
                self._at += 1
                continue
            yield self._record(in_array=True)
        self._at += 1

    def sequence(self) -> Iterator[NumberedRecord]:
        """Yield values one after another, with or without white space and commas between them."""
        separators = re.compile(r"[ \t\r\n,\x1e]*+")
        while self.peek(separators):
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
        while (sign := self.peek()) != "}":
            if sign in {",", ":"}:
                self._at += 1
                continue
            value = self._record(in_array=True)[1] if sign in {"{", "["} else self._scalar()
            if isinstance(value, RejectedRecord) and value.reason.startswith("not valid"):
                raise self._window.broken_off(self._at, "what follows `products` is not valid JSON")
        self._at += 1
        self.finish()

    def _scalar(self) -> Any:
        while True:
            try:
                value, end = _DECODER.raw_decode(self._window.text, self._at)
            except json.JSONDecodeError as exc:
                if self._window.ended or len(self._window.text) - self._at > MAX_RECORD_CHARACTERS:
                    raise self._window.broken_off(self._at, "the object around `products` has no end") from exc
            else:
                if end < len(self._window.text) or self._window.ended:
                    self._at = end
                    return value
            self._window.slide(self._at)
            self._at = 0

    def _record(self, in_array: bool) -> NumberedRecord:
        self._position += 1
        indent: int | None = None
        while True:
            text, start = self._window.text, self._at
            reason = ""
            try:
                value, end = _DECODER.raw_decode(text, start)
            except json.JSONDecodeError as exc:
                if self._window.ended or not _may_go_on(text, exc):
                    line = text.count("\n", start, exc.pos) + 1
                    column = exc.pos - max(text.rfind("\n", start, exc.pos), start - 1)
                    reason = f"not valid JSON: {exc.msg} (line {line} column {column} of the record)"
            except RecursionError:
                reason = "nested too deeply"
            else:
                if text[start] in '{["' or end < len(text) or self._window.ended:
                    self._at = end
                    return self._position, self._usable(value, start, end)
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
            if len(text) - start > MAX_RECORD_CHARACTERS:
                self._skip_large()
                return self._position, self._rejected(TOO_LARGE)
            self._window.slide(start)
            self._at = 0

    def _usable(self, value: Any, start: int, end: int) -> dict[str, Any] | RejectedRecord:
        if end - start > MAX_RECORD_CHARACTERS:
            return self._rejected(TOO_LARGE)
        if fault := utf8_fault(self._window.text, start, end):
            return self._rejected(fault)
        return value if isinstance(value, dict) else self._rejected(f"is {_KINDS[type(value)]}, not an object")

    def _rejected(self, reason: str) -> RejectedRecord:
        return RejectedRecord(self._position, "", reason)

    def _skip_large(self) -> None:
        """Skip a record without holding it in memory."""
        depth = 0
        in_string = False
        while True:
            text = self._window.text
            at = self._at
            while match := (_STRING_REST if in_string else _LARGE_TOKEN).search(text, at):
                at = match.end()
                if in_string:
                    if at == len(text) or text[at : at + 1] == "\\":
                        break
                    in_string, at = False, at + (text[at] == '"')
                    if not depth:
                        self._at = at
                        return
                    continue
                sign = match.group()
                in_string = sign == '"'
                depth += len(sign) if sign[0] in "{[" else -(sign in "}]")
                if depth <= 0 and not in_string:
                    self._at = at if sign in "}]" and depth == 0 else match.start()
                    return
            else:
                at = len(text)
            if self._window.ended:
                raise self._window.broken_off(len(text), f"record {self._position} has no end")
            self._window.slide(at)
            self._at = 0


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
            key, at = _DECODER.raw_decode(text, at)
            colon = after_space(at)
            at = after_space(colon + 1)
            if text[colon : colon + 1] not in {":", ""} or is_name_field(key):
                return 0
            if key == "products" and text[at : at + 1] in {"[", ""}:
                return at if at < len(text) else None
            _, at = _DECODER.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError):
            return None
        at = after_space(at)
        if at < len(text) and text[at] != ",":
            return 0
        at = after_space(at + 1)
    return None
