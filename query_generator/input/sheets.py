"""Reads the sheet of an Excel file (.xlsx) as CSV, row by row."""

import csv
import io
import logging
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from importlib import import_module
from itertools import islice
from typing import Any

from query_generator.errors import ConfigurationError, InputError
from query_generator.input.csv_header import MOST_LINES_SEARCHED
from query_generator.input.field_names import is_name_field

ZIP_MAGIC = "PK\x03\x04"
MOST_FILE_BYTES = 512 * 1024 * 1024
MOST_TEXT_BYTES = 64 * 1024 * 1024  # of the texts that all sheets share, unpacked, since they are held in memory
_IN_MEMORY_BYTES = 8 * 1024 * 1024
_SHARED_TEXTS = "xl/sharedStrings.xml"

_LOG = logging.getLogger("input")


class SheetAsCsv(io.RawIOBase):
    """The sheet of an Excel file that has a column for the product's name, as CSV in UTF-8.

    Raises (when made):
        ConfigurationError: openpyxl is not installed.
        InputError: it is no Excel file, or too large, or no sheet or more than one has such a column.
    """

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        super().__init__()
        self._name = name
        try:
            openpyxl = import_module("openpyxl")
        except ImportError as exc:
            raise ConfigurationError(
                f'{name} is an Excel file, for which openpyxl is missing; type: pip install "openpyxl>=3.1"'
            ) from exc
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed in `close`
        try:
            self._copy(chunks)
            self._require_size()
            book = openpyxl.load_workbook(self._file, read_only=True, data_only=True)
            sheet = self._chosen(book.worksheets)
            self._lines = _csv_lines(sheet.iter_rows(values_only=True))
        except InputError:
            self._file.close()
            raise
        except (ValueError, KeyError, TypeError, zipfile.BadZipFile, OSError, EOFError, SyntaxError) as exc:
            self._file.close()
            raise InputError(f"{name} is no Excel file that can be read: {type(exc).__name__}; save it as CSV") from exc
        self._rest = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read some bytes; an error in the file ends the text with an OSError."""
        while not self._rest:
            try:
                line = next(self._lines, None)
            except (ValueError, KeyError, TypeError, zipfile.BadZipFile, SyntaxError) as exc:
                raise OSError(f"the sheet is damaged ({type(exc).__name__})") from exc
            if line is None:
                return 0
            self._rest = line
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the copy of the file."""
        self._file.close()
        super().close()

    def _copy(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self._file.write(chunk)
            if self._file.tell() > MOST_FILE_BYTES:
                raise InputError(f"{self._name} is larger than {MOST_FILE_BYTES // 1024**2} MB; save the sheet as CSV")
        self._file.seek(0)

    def _require_size(self) -> None:
        with zipfile.ZipFile(self._file) as archive:
            texts = sum(entry.file_size for entry in archive.infolist() if entry.filename == _SHARED_TEXTS)
        if texts > MOST_TEXT_BYTES:
            raise InputError(
                f"{self._name}: the texts of this Excel file take {texts // 1024**2} MB, more than "
                f"{MOST_TEXT_BYTES // 1024**2}; save the sheet as CSV"
            )

    def _chosen(self, sheets: Iterable[Any]) -> Any:
        sheets = list(sheets)
        fitting = [sheet for sheet in sheets if _has_names(sheet)]
        if len(fitting) > 1:
            raise InputError(
                f"{self._name} has {len(fitting)} sheets with products: {_titles(fitting)}\n"
                "  to try: leave one of them in the file, or save it as CSV"
            )
        if not fitting:
            raise InputError(
                f"{self._name}: no sheet has a column for the product's name (such as name or title) in its first "
                f"{MOST_LINES_SEARCHED} rows\n  seen: the sheets {_titles(sheets)}"
            )
        if len(sheets) > 1:
            _LOG.info("[INPUT] Reading sheet %r of %d", fitting[0].title, len(sheets))
        return fitting[0]


def _titles(sheets: Iterable[Any]) -> str:
    return ", ".join(repr(sheet.title) for sheet in sheets)


def _has_names(sheet: Any) -> bool:
    rows = islice(sheet.iter_rows(values_only=True), MOST_LINES_SEARCHED)
    return any(isinstance(cell, str) and is_name_field(cell.strip()) for row in rows for cell in row)


def _csv_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_text_of(cell) for cell in row])
        yield line.getvalue().encode("utf-8", "replace")


def _text_of(cell: Any) -> str:
    """Return a cell as text: a whole number without a fraction, a date by ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell)
