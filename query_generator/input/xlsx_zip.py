"""Checks an Excel file before it is parsed: what it would unpack to, and that it is one."""

import re
import zipfile
from typing import IO, BinaryIO

from query_generator.errors import InputError

MB = 1024 * 1024
MAX_PARTS = 10_000
MAX_SHEETS_BYTES = 1024 * MB  # of all sheets, which are read row by row
MAX_TEXTS_BYTES = 64 * MB  # of the table of texts, which is held as a whole, as are the others
MAX_OTHER_BYTES = MB  # they take a hundred times as much
MAX_RATIO = 200  # unpacked to packed, of a part that is larger than the first of these
_LARGE_BYTES = 4 * MB
MAX_ROWS = 1_048_576  # of a sheet in Excel
MAX_TEXTS_HELD = 160 * MB
_BYTES_OF_A_TEXT = 200  # that it takes besides its characters while the table is read
_HEAD_BYTES = 64 * 1024
_SHEETS = "xl/worksheets/"
_TEXTS = "xl/sharedstrings.xml"
_TYPES = "[Content_Types].xml"
_NOT_READ = (
    "xl/drawings/",
    "xl/charts/",
    "xl/media/",
    "xl/comments",
    "xl/pivot",
    "xl/calcchain",
    "xl/tables/",
    "customxml/",
)
_HELD_PART = re.compile(rb"<(?:\w+:)?(?:Override|Default)\b[^>]*(?:styles|sharedStrings|sheet\.main)\+xml[^>]*>")
_USUAL_PLACE = re.compile(rb"/xl/(?:styles|sharedstrings|workbook)\.xml[\"']", re.I)
_LONGEST_TAG = 8
_SAVE_AS = "save it as .xlsx or CSV"


def check_xlsx(file: BinaryIO, name: str) -> None:
    """Raise InputError if a file is no Excel file, or one that is small packed and huge unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            _check_parts(archive.infolist(), name)
            held = _HELD_PART.findall(archive.read(_TYPES)) if _TYPES in archive.namelist() else []
            if not all(map(_USUAL_PLACE.search, held)):
                raise InputError(f"{name} has its styles or texts at unusual places; save it anew, or the sheet as CSV")
            for part in archive.infolist():
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(_HEAD_BYTES):
                            raise InputError(
                                f"{name}: {part.filename} has a DOCTYPE, which no Excel file has; save the sheet as CSV"
                            )
                if part.file_size > _LARGE_BYTES or part.filename.lower() == _TEXTS:
                    with archive.open(part) as stream:
                        _check_contents(stream, part.filename.lower(), name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, RuntimeError) as exc:
        raise InputError(
            f"{name} is binary data, a zip archive that is damaged or encrypted: {exc}; {_SAVE_AS} again"
        ) from exc


def _check_parts(parts: list[zipfile.ZipInfo], name: str) -> None:
    names = {part.filename.lower() for part in parts}
    if "xl/workbook.bin" in names:
        raise InputError(f"{name} is an Excel file in binary form (.xlsb); {_SAVE_AS}")
    if "xl/workbook.xml" not in names:
        raise InputError(f"{name} is a zip archive that is no Excel file; unpack it, and give the catalog in it")
    if len(parts) > MAX_PARTS:
        raise InputError(f"{name} is an Excel file of more than {MAX_PARTS:,} parts; save the sheet as CSV")
    sheets = texts = others = 0
    for part in parts:
        lower = part.filename.lower()
        if part.file_size > _LARGE_BYTES and part.file_size > MAX_RATIO * part.compress_size:
            raise InputError(
                f"{name}: {part.filename} unpacks to more than {MAX_RATIO} times its size, {part.file_size // MB} MB; "
                f"remove empty formatted rows, or {_SAVE_AS.partition(' or ')[0]} anew"
            )
        if lower.startswith(_SHEETS):
            sheets += part.file_size
        elif lower == _TEXTS:
            texts += part.file_size
        elif lower.endswith((".xml", ".rels")) and not lower.startswith(_NOT_READ):
            others += part.file_size
    for size, most, what in (
        (sheets, MAX_SHEETS_BYTES, "sheets"),
        (texts, MAX_TEXTS_BYTES, "texts"),
        (others, MAX_OTHER_BYTES, "styles and other parts"),
    ):
        if size > most:
            raise InputError(f"{name}: its {what} unpack to more than {most // MB} MB; save the sheet as CSV")


def _check_contents(stream: IO[bytes], part: str, name: str) -> None:
    """Make sure that no row of a sheet is too large to be held, nor are all rows and texts together."""
    texts = rows = size = row_start = 0
    held = b""
    while chunk := stream.read(MB):
        data = held + chunk
        texts += data.count(b"<si") - held.count(b"<si")
        rows += data.count(b"<row") - held.count(b"<row")
        held = data[-_LONGEST_TAG:]
        size += len(chunk)
        if (last := data.rfind(b"</row>")) >= 0:
            row_start = size - len(data) + last
        if part.startswith(_SHEETS) and (size - row_start > _LARGE_BYTES or rows > MAX_ROWS or b"<!" in data):
            raise InputError(
                f"{name}: {part} has a row larger than {_LARGE_BYTES // MB} MB, more than {MAX_ROWS:,} rows, or "
                "comments; save the sheet as CSV"
            )
    if part == _TEXTS and texts * _BYTES_OF_A_TEXT + size > MAX_TEXTS_HELD:
        raise InputError(f"{name} holds {texts:,} different texts, too many at once; save the sheet as CSV")
