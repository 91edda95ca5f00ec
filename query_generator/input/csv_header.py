"""Finds the header of a table: below titles, notes and rows of labels, and again where files were joined."""

import csv
import re
from typing import NamedTuple

from query_generator.input.field_names import is_name_field

MOST_LINES_SEARCHED = 20
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"?')
_TOLD = re.compile(r"sep=(.)\r?\n?$", re.IGNORECASE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_.:#@\[\]-]*")


class HeaderPlace(NamedTuple):
    """Where the header begins in the text, how many lines are before it, and what separates its cells."""

    start: int
    lines_before: int
    delimiter: str


def sniff_delimiter(header: str) -> str:
    """Return the delimiter that the header holds most often outside quotes; a comma if there is none."""
    return max(_DELIMITERS, key=_QUOTED.sub("", header).count)


def find_header(text: str, line_end: str) -> HeaderPlace:
    """Return the place of the first row that names the product's name, or of the row of field names right below it.

    If no row does, the place is the first line.
    """
    lines = [line + line_end for line in text.split(line_end, MOST_LINES_SEARCHED)[:MOST_LINES_SEARCHED]]
    start, told = 0, ""
    for number, line in enumerate(lines):
        if line.lstrip()[:1] in ("{", "["):
            break
        if number == 0 and (match := _TOLD.match(line)):
            told = match.group(1)
        delimiter = told or sniff_delimiter(line)
        if any(map(is_name_field, _cells(lines[number:], delimiter))):
            below = start + len(line)
            for next_number, next_line in enumerate(lines[number + 1 :], start=number + 1):
                if next_line.strip():
                    next_delimiter = told or sniff_delimiter(next_line)
                    if _is_field_names(_cells([next_line], next_delimiter)):
                        return HeaderPlace(below, next_number, next_delimiter)
                    break
                below += len(next_line)
            return HeaderPlace(start, number, delimiter)
        start += len(line)
    return HeaderPlace(0, 0, sniff_delimiter(lines[0]))


def is_header_again(header: list[str], row: list[str]) -> bool:
    """Return whether a row of a table is a header once more: the same, in another order or with some other columns."""
    if row == header:
        return True
    known = set(header)
    shared = [cell for cell in row if cell and cell in known]
    filled = [cell for cell in row if cell]
    return len(shared) >= max(2, len(filled) / 2) and any(map(is_name_field, filled))


def _cells(lines: list[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _is_field_names(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return len(filled) > 1 and all(map(_IDENTIFIER.fullmatch, filled)) and any(map(is_name_field, filled))
