"""Reads Excel files (.xlsx): the one sheet with products, row by row, as CSV text."""

import csv
import io
import logging
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from query_generator.errors import InputError, file_error
from query_generator.input.csv_header import MOST_LINES_SEARCHED
from query_generator.input.field_names import is_name_field
from query_generator.input.text_window import TextWindow
from query_generator.input.xlsx_cells import cell_text
from query_generator.input.xlsx_zip import MAX_ROWS, MB, check_xlsx
from query_generator.one_line import one_line

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_LOG = logging.getLogger("input")
MAX_PACKED_BYTES = 256 * MB
_BLOCK_CHARACTERS = 64 * 1024
ZIP_MAGIC = "PK\x03\x04"
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError, TypeError, AttributeError, SyntaxError),
    *(NotImplementedError, RuntimeError, ArithmeticError, OSError),
)


@contextmanager
def sheet_as_csv(window: TextWindow) -> Iterator[TextWindow]:
    """Give a window on the rows of the sheet with products, as CSV; damage within the rows is a failure of that.

    Raises:
        InputError: it is no Excel file, holds no sheet with products or several, or is small packed and huge unpacked;
            or the package that reads Excel files is not installed.
    """
    with _spooled(window) as file:
        warnings.filterwarnings("ignore", module="openpyxl")  # about styles and extensions that are left out
        check_xlsx(file, window.name)
        try:
            from openpyxl import load_workbook
        except ImportError as exc:
            raise InputError(
                f"{window.name} is an Excel file, for which the package openpyxl is missing here: "
                "pip install openpyxl, or save the sheet as CSV"
            ) from exc
        try:
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            title, header, rows = _rows_of_products(book, window.name)
        except _BROKEN as exc:
            raise InputError(
                f"{window.name} cannot be read as an Excel file: {type(exc).__name__}: {one_line(str(exc))[:200]}; "
                "save the sheet as CSV"
            ) from exc
        _LOG.info("[INPUT] products are in the sheet %s", one_line(title))
        yield TextWindow(cast(BinaryIO, _CsvText(rows, header)), f"{window.name}, sheet {one_line(title)}")


@contextmanager
def _spooled(window: TextWindow) -> Iterator[BinaryIO]:
    """Give a file of what a window reads, since a zip archive is read from its end."""
    try:
        with tempfile.TemporaryFile() as file:
            for chunk in window.chunks():
                file.write(chunk)
                if file.tell() > MAX_PACKED_BYTES:
                    raise InputError(
                        f"{window.name} is an Excel file larger than {MAX_PACKED_BYTES // MB} MB; save the sheet as CSV"
                    )
            if window.failure:
                raise InputError(f"{window.name} cannot be read: {window.failure}")
            file.flush()
            yield file
    except OSError as exc:
        raise file_error(
            f"{window.name} cannot be kept in the folder {tempfile.gettempdir()}", exc, "name another one in TMPDIR"
        ) from exc


def _rows_of_products(book: "Workbook", name: str) -> tuple[str, int, Iterator[list[str]]]:
    """Return the title, the header's index and the rows of the one sheet with a column for the product's name."""
    found: list[tuple[str, int, Any]] = []
    empty: list[tuple[str, int, Any]] = []
    seen: list[str] = []
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # which programs write wrong
        if sheet.sheet_state == "visible":
            first = list(islice(_rows(sheet), MOST_LINES_SEARCHED + 1))
            header = next(
                (at for at, row in enumerate(first[:MOST_LINES_SEARCHED]) if any(map(is_name_field, row))), -1
            )
            below = first[header + 1 :]
            if header >= 0:
                (found if any(map(any, below)) else empty).append((sheet.title, header, sheet))
            filled = next(filter(any, first), [])
            seen.append(f"{sheet.title}: {', '.join(filter(None, filled))}"[:100])
    if len(found) > 1:
        titles = ", ".join(one_line(title) for title, *_ in found)
        raise InputError(f"{name} has several sheets with products: {titles}. Save the one that is meant as a file")
    if not found and not empty:
        shown = one_line("; ".join(seen))[:300] or "no sheet"
        raise InputError(
            f"{name} has no sheet with a column for the product's name (such as name or title) "
            f"in its first {MOST_LINES_SEARCHED} rows; seen: {shown}"
        )
    title, header, sheet = (found or empty)[0]
    return title, header, _rows(sheet)


def _rows(sheet: Any) -> Iterator[list[str]]:
    """Yield the texts of the rows, without empty cells at their ends; also a row without any."""
    for row in islice(sheet.iter_rows(), MAX_ROWS):
        texts = [cell_text(cell.value, cell.number_format) if cell.value is not None else "" for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


class _CsvText(io.RawIOBase):
    """The rows as CSV text. Whatever damage the sheet has is an OSError, as of a stream that breaks off.

    Line breaks in the cells of the first rows, up to the header, are blanks.
    """

    def __init__(self, rows: Iterator[list[str]], header: int) -> None:
        self._blocks = self._written(rows, header)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._rest = self._rest or next(self._blocks, b"")
        data, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)

    def _written(self, rows: Iterator[list[str]], header: int) -> Iterator[bytes]:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        failure: Exception | None = None
        try:
            for at, row in enumerate(rows):
                writer.writerow((row if at > header else [" ".join(cell.split()) for cell in row]) or [""])
                if text.tell() > _BLOCK_CHARACTERS:
                    yield text.getvalue().encode("utf-8", "surrogatepass")
                    text.seek(0)
                    text.truncate()
        except _BROKEN as exc:
            failure = exc
        yield text.getvalue().encode("utf-8", "surrogatepass")
        if failure:
            raise OSError(f"the sheet is damaged: {type(failure).__name__}: {failure}") from failure
