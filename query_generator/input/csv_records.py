"""Reads records from CSV text with a header line; the delimiter is the one that the header uses most."""

import csv
import logging
from collections.abc import Iterator
from itertools import combinations, zip_longest

from query_generator.input.csv_header import is_header_again
from query_generator.input.csv_lines import CsvLines
from query_generator.input.field_names import is_price_field
from query_generator.input.json_records import NumberedRecord, utf8_fault
from query_generator.input.text_window import TextWindow
from query_generator.models import NoRecord, RejectedRecord

MOST_PRICES = 6  # columns of prices
CENTS = 2  # digits
_LOG = logging.getLogger("input")


def _with_decimal_commas(header: list[str], row: list[str]) -> list[str]:
    """Return a row with `12,50` in one cell, if it fits the header with that at its prices and in no other way.

    A row is too long by as many cells as it has such commas; each part of one must be digits, the second of two.
    """
    surplus = len(row) - len(header)
    prices = [number for number, name in enumerate(header) if is_price_field(name)]
    fitting = []
    for chosen in combinations(prices, surplus) if 0 < surplus <= len(prices) <= MOST_PRICES else ():
        cells, rest = [], list(row)
        for number in range(len(header)):
            cell = rest.pop(0)
            if number in chosen:
                whole, cents = cell.strip(), rest.pop(0).strip()
                cell = f"{whole},{cents}" if whole.isdigit() and len(cents) == CENTS and cents.isdigit() else ""
            cells.append(cell)
        if all(cells[number] for number in chosen):
            fitting.append(cells)
    return fitting[0] if len(fitting) == 1 else row


class CsvRecords:
    """Reads rows as records, numbered from 1 after the header. Rows without any value are skipped.

    A row with unbalanced quotes is rejected, and reading continues at the next line that makes a whole row. `header` is
    the row that names the columns, the first one if none names a product's name; it is empty if that is not valid CSV.
    A row that is a header again is yielded as `NoRecord`, and the rows below it are read by it.

    Raises (while iterating):
        InputBrokenOffError: the text ends inside quotes, or the stream could not be read to its end.
    """

    def __init__(self, window: TextWindow) -> None:
        self._window = window
        self._lines = CsvLines(window)
        self.header = self._lines.header()
        self.lines_before_header = self._lines.lines_before_header
        self._follow(self.header)

    def __iter__(self) -> Iterator[NumberedRecord]:
        position = 0
        unfinished: list[NumberedRecord] = []
        searching = False
        while True:
            try:
                row = self._lines.next_row()
            except csv.Error as exc:
                cut_short = self._lines.exhausted
                if not searching or self._lines.cells_in_first_line() >= len(self.header):
                    position += 1
                    unfinished.append((position, RejectedRecord(position, "", f"not valid CSV: {exc}")))
                    if not cut_short:
                        yield from unfinished
                        unfinished = []
                self._lines.go_back_to_second_line()
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
            cells = row if self._names.isdisjoint(row) else [cell.strip("\ufeff \t") for cell in row]
            if cells is not row and is_header_again(self._stripped, cells):
                if cells != self._stripped:
                    _LOG.info("Row %d is another header; the rows below it are read by it", position)
                    self._follow(cells)
                yield position, NoRecord("repeated header")
                continue
            yield position, self._record(position, row)
        if unfinished or self._window.failure:
            where = f"row {position} has no end" if unfinished else "the last row may be cut"
            raise self._window.broken_off(len(self._window.text), where)

    def _follow(self, header: list[str]) -> None:
        self.header = header
        self._stripped = [cell.strip("\ufeff \t") for cell in header]
        self._names = {cell for cell in (*header, *self._stripped) if cell}
        self._lines.columns = len(header)

    def _record(self, position: int, row: list[str]) -> dict[str, object] | RejectedRecord:
        if any(row[len(self.header) :]):
            row = _with_decimal_commas(self._stripped, row)
        if any(row[len(self.header) :]):
            return RejectedRecord(position, "", f"has {len(row)} cells, but the header has {len(self.header)}")
        if fault := utf8_fault(self._window.text, *self._lines.row):
            return RejectedRecord(position, "", fault)
        record: dict[str, object] = {}
        for number, (name, cell) in enumerate(zip_longest(self.header, row[: len(self.header)]), start=1):
            if cell is not None and not record.get(column := name.strip() or f"column {number}"):
                record[column] = cell
        row.clear()  # so that nothing but the record keeps its cells while that is worked on
        self._lines.forget_row()
        return record
