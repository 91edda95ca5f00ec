"""Reads records from CSV text with a header line; the delimiter is the one that the header uses most."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from itertools import zip_longest

from query_generator.input.json_records import MAX_RECORD_CHARACTERS, TOO_LARGE, NumberedRecord, utf8_fault
from query_generator.input.text_window import TextWindow
from query_generator.models import RejectedRecord

_DELIMITERS = ",;\t|"
_LONE_RETURN = re.compile(r"[^\r\n]*\r(?!\n)")
_QUOTED = re.compile(r'"[^"]*"?')


def sniff_delimiter(header: str) -> str:
    """Return the delimiter that the header holds most often outside quotes; a comma if there is none."""
    return max(_DELIMITERS, key=_QUOTED.sub("", header).count)


class _Lines:
    """The lines of a window with their line ends. Lines can be given back; a line over the limit is cut."""

    def __init__(self, window: TextWindow) -> None:
        self._window = window
        self._at = 0
        self.line_end = "\r" if _LONE_RETURN.match(window.text) else "\n"
        self._returned: deque[str] = deque()
        self._size = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._next_line()
        self.taken.append(line)
        self._size += len(line)
        if self._size > MAX_RECORD_CHARACTERS:
            raise csv.Error(TOO_LARGE if len(self.taken) == 1 else "a quote is not closed")
        return line

    @property
    def exhausted(self) -> bool:
        return self._window.ended and not self._returned and self._at == len(self._window.text)

    def start_row(self) -> None:
        self.taken = []
        self._size = 0

    def give_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))

    def _next_line(self) -> str:
        while (end := self._window.text.find(self.line_end, self._at) + 1) == 0:
            if self._window.ended:
                line, self._at = self._window.text[self._at :], len(self._window.text)
                if not line or self._window.failure:
                    raise StopIteration
                return line
            if len(self._window.text) - self._at > MAX_RECORD_CHARACTERS:
                return self._cut_line()
            self._window.slide(self._at)
            self._at = 0
        line, self._at = self._window.text[self._at : end], end
        return line

    def _cut_line(self) -> str:
        line = self._window.text[self._at : self._at + MAX_RECORD_CHARACTERS + 1]
        end = 0
        while end == 0 and not self._window.ended:
            self._window.slide(len(self._window.text))
            end = self._window.text.find(self.line_end) + 1
        self._at = end or len(self._window.text)
        return line


class CsvRecords:
    """Reads rows as records, numbered from 1 after the header. Rows without any value are skipped.

    A row with unbalanced quotes is rejected, and reading continues at the next line that makes a whole row. `header` is
    the first row; it is empty if that is not valid CSV.

    Raises (while iterating):
        InputBrokenOffError: the text ends inside quotes, or the stream could not be read to its end.
    """

    def __init__(self, window: TextWindow) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_CHARACTERS))
        self._window = window
        self._lines = _Lines(window)
        self._delimiter = sniff_delimiter(window.text.lstrip().partition(self._lines.line_end)[0])
        try:
            self.header = next(filter(None, csv.reader(self._lines, delimiter=self._delimiter, strict=True)), [])
        except csv.Error:
            self.header = []

    def __iter__(self) -> Iterator[NumberedRecord]:
        position = 0
        unfinished: list[NumberedRecord] = []
        searching = False
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        while True:
            self._lines.start_row()
            try:
                row = next(reader, None)
            except csv.Error as exc:
                first, *later = self._lines.taken
                cut_short = self._lines.exhausted
                if not searching or first.count(self._delimiter) >= len(self.header) - 1:
                    position += 1
                    unfinished.append((position, RejectedRecord(position, "", f"not valid CSV: {exc}")))
                    if not cut_short:
                        yield from unfinished
                        unfinished = []
                self._lines.give_back(later)
                reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
                searching = True
                continue
            if row is None:
                break
            if not any(row) or (searching and len(row) != len(self.header)):
                continue
            searching = False
            yield from unfinished
            unfinished = []
            position += 1
            yield position, self._record(position, row)
        if unfinished or self._window.failure:
            where = f"row {position} has no end" if unfinished else "the last row may be cut"
            raise self._window.broken_off(len(self._window.text), where)

    def _record(self, position: int, row: list[str]) -> dict[str, object] | RejectedRecord:
        if any(row[len(self.header) :]):
            return RejectedRecord(position, "", f"has {len(row)} cells, but the header has {len(self.header)}")
        for line in self._lines.taken:
            if fault := utf8_fault(line, 0, len(line)):
                return RejectedRecord(position, "", fault)
        record: dict[str, object] = {}
        for number, (name, cell) in enumerate(zip_longest(self.header, row[: len(self.header)]), start=1):
            if cell is not None and not record.get(column := name.strip() or f"column {number}"):
                record[column] = cell
        return record
