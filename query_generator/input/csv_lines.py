"""Rows of CSV text, read line by line from a window that holds no more than the current row."""

import csv
import re
from collections.abc import Iterator

from query_generator.input.csv_header import find_header
from query_generator.input.json_records import MAX_RECORD_BYTES, TOO_LARGE, TOO_MANY_VALUES, is_larger
from query_generator.input.json_scan import MAX_VALUES, NOT_FOUND
from query_generator.input.text_window import CHUNK_BYTES, MOST_BYTES, TextWindow

MAX_HEADER_CHARACTERS = CHUNK_BYTES // MOST_BYTES  # so that the window holds all of it from the start
_AGAIN_CHARACTERS = 2 * MAX_RECORD_BYTES
_LONE_RETURN = re.compile(r"[^\r\n]*\r(?!\n)")
_BLANK_LINES = re.compile(r"[\r\n]*+")
_BLANK = ("", "\r", "\n")
_WHOLLY_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_NOT_CLOSED = "a quote is not closed"


class CsvLines:
    """Rows from the beginning of a window's text. A row that is no valid CSV, or too large, raises csv.Error.

    After such a row reading goes on behind it, or from its second line. How much is read a second time is limited by
    what has been read, so that the time does not grow faster than the text.
    """

    def __init__(self, window: TextWindow) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
        self._window = window
        self._line_end = "\r" if _LONE_RETURN.match(window.text) else "\n"
        place = find_header(window.text[:MAX_HEADER_CHARACTERS], self._line_end)
        self.lines_before_header, self._delimiter = place.lines_before, place.delimiter
        self.columns = 0
        sign = re.escape(self._delimiter)
        self._padding = re.compile(rf'(?<=[^"]")[ \t]+(?={sign}|\r?\n?\Z)|(?:(?<={sign})|^)[ \t]+(?="(?!"))')
        self._is_padded = False
        self._separator = re.compile(rf'"[^"]*+("?)|{re.escape(self._delimiter)}')
        self._most = MAX_RECORD_BYTES
        self._again = _AGAIN_CHARACTERS
        self._row = self._second = self._at = self._counted = place.start
        self._cells = self._counted_cells = 1
        self._in_quotes = False
        self._reader = self._new_reader()

    @property
    def row(self) -> tuple[int, int]:
        """The indexes in the window's text between which the current row stands."""
        return self._row, self._at

    @property
    def exhausted(self) -> bool:
        """Whether the text has been read to its end."""
        return self._window.ended and self._at == len(self._window.text)

    def header(self) -> list[str]:
        """Return the first row that is not empty; empty if that is not valid CSV."""
        self._most = MAX_HEADER_CHARACTERS
        try:
            header = self.next_row() or []
            self._is_padded = sum(cell != cell.strip(" ") for cell in header) > len(header) / 2
            return header
        except csv.Error:
            return []
        finally:
            self._most = MAX_RECORD_BYTES

    def next_row(self) -> list[str] | None:
        """Return the next row that is not empty, None at the end. Raises csv.Error."""
        self._again += self._at - self._row
        if self._window.text[self._at : self._at + 1] in _BLANK:
            self._skip_blank_lines()
        self._row = self._second = self._counted = self._at
        self._cells = self._counted_cells = 1
        self._in_quotes = False
        row = self._whole_line() if self._delimiter == "\t" and self.columns else None
        row = row or next(self._reader, None)
        if self._at - self._row > CHUNK_BYTES:
            self._reader = self._new_reader()  # the old one keeps a buffer for the largest cell
            if is_larger(self._window.text, self._row, self._at):
                raise csv.Error(TOO_LARGE)
        return row

    def forget_row(self) -> None:
        """Drop the text of the current row if it is a large one."""
        if self._at - self._row > CHUNK_BYTES:
            self._again += self._at - self._row
            self._window.slide(self._at)
            self._row = self._second = self._at = 0

    def cells_in_first_line(self) -> int:
        """Return about how many cells the first line of the current row has."""
        return self._window.text.count(self._delimiter, self._row, self._second) + 1

    def go_back_to_second_line(self) -> None:
        """Read on from the second line of the current row."""
        if self._second == NOT_FOUND:
            self._skip_line()
            self._row = self._at = self._second
        self._again += (self._second - self._row) - (self._at - self._second)
        self._row = self._at = self._second
        self._reader = self._new_reader()

    def _whole_line(self) -> list[str]:
        """Return the cells of the next line if it is a row by itself, as most files with tabs do not quote."""
        end = self._window.text.find(self._line_end, self._at) + 1 or self._end_of_line(self._at)
        line = self._window.text[self._at : end]
        if line.count("\t") != self.columns - 1 or end - self._at > CHUNK_BYTES:
            return []
        cells = line.rstrip("\r\n").split("\t")
        if '"' not in line:
            self._second = self._at = end
            return cells
        if cells[-1].startswith('"') and not _WHOLLY_QUOTED.fullmatch(cells[-1]):
            return self._quoted_row() or cells
        self._row, self._second, self._at = self._at, end, end
        return [cell[1:-1].replace('""', '"') if _WHOLLY_QUOTED.fullmatch(cell) else cell for cell in cells]

    def _quoted_row(self) -> list[str] | None:
        """Return the row if its last cell, that opens a quote, goes on in the next lines; else go behind the line."""
        row = None
        try:
            row = next(self._reader, None)
        except csv.Error:
            if self._second == len(self._window.text):
                raise
        if row is not None and len(row) == self.columns:
            return row
        self._again -= self._at - self._second
        self._at = self._second
        self._reader = self._new_reader()
        return None

    def _end_of_line(self, start: int) -> int:
        """Return where the line ends, reading on if its end is not held."""
        while (end := self._window.text.find(self._line_end, start) + 1) == 0:
            if self._window.ended or len(self._window.text) - start > CHUNK_BYTES:
                return len(self._window.text)
            self._window.slide(start)
            start = self._row = self._second = self._at = self._counted = 0
        return end

    def _new_reader(self) -> Iterator[list[str]]:
        return csv.reader(self, delimiter=self._delimiter, strict=True)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Return the next line of the current row, for the CSV reader."""
        if self._at > self._row and self._again <= 0:
            raise csv.Error(_NOT_CLOSED)
        end = self._window.text.find(self._line_end, self._at) + 1 or self._line_end_index()
        start, self._at = self._at, end
        if start == self._row:
            self._second = end
        if end - self._row > self._most:
            raise csv.Error(TOO_LARGE if start == self._row else _NOT_CLOSED)
        self._cells += self._window.text.count(self._delimiter, start, end)
        if self._cells > MAX_VALUES:
            self._count_cells()
        line = self._window.text[start:end]
        return self._padding.sub("", line) if self._is_padded else line

    def _line_end_index(self) -> int:
        while (end := self._window.text.find(self._line_end, self._at) + 1) == 0:
            held = len(self._window.text)
            if self._window.ended:
                if self._at == held or self._window.failure:
                    self._at = held
                    raise StopIteration
                return held
            if held - self._row > self._most:
                if self._at > self._row:
                    raise csv.Error(_NOT_CLOSED)
                self._second = NOT_FOUND
                raise csv.Error(TOO_LARGE)
            self._window.slide(self._row)
            self._at -= self._row
            self._second -= self._row
            self._counted -= self._row
            self._row = 0
        return end

    def _count_cells(self) -> None:
        """Count the cells up to here, without the delimiters within quotes. Raises csv.Error."""
        text = self._window.text
        if self._in_quotes and (end_of_quote := text.find('"', self._counted, self._at)) != NOT_FOUND:
            self._counted, self._in_quotes = end_of_quote + 1, False
        if not self._in_quotes:
            for match in self._separator.finditer(text, self._counted, self._at):
                self._counted_cells += match.group() == self._delimiter
                self._in_quotes = match.group(1) == ""
                if self._counted_cells > MAX_VALUES:
                    raise csv.Error(TOO_MANY_VALUES)
        self._counted, self._cells = self._at, self._counted_cells

    def _skip_blank_lines(self) -> None:
        while blank := _BLANK_LINES.match(self._window.text, self._at):
            self._at = blank.end()
            if self._at < len(self._window.text) or self._window.ended:
                break
            self._window.slide(self._at)
            self._at = 0

    def _skip_line(self) -> None:
        """Skip the rest of the line that is longer than the window."""
        end = 0
        while end == 0 and not self._window.ended:
            self._window.slide(len(self._window.text))
            end = self._window.text.find(self._line_end) + 1
        self._second = end or len(self._window.text)
