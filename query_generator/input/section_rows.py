"""Tells the headings of sections in a table, such as `RICE,,,` above the sorts of rice, from products. Pure but for a
line in the log.

A product may have nothing but a name as well. So a heading is taken for one only where that is certain: the table has
prices and at least three columns, none of them of variants; its first row is a heading; and a heading has its name
alone, in capitals or with a colon at its end, while the row below it has a name in another case, a price and a third
cell. Of other rows that hold a name alone the log tells the number.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from query_generator.input.continuations import has_columns_of_variants
from query_generator.input.field_names import is_name_field, is_price_field
from query_generator.input.json_records import NumberedRecord
from query_generator.input.plain_text import is_absent
from query_generator.input.text_window import InputBrokenOffError
from query_generator.models import NoRecord

SECTION_ROW = NoRecord("section row")
FEWEST_COLUMNS = 3
MOST_HEADINGS = 3  # above each other, as of a section and its first part
_LOG = logging.getLogger("input")


def without_headings(header: Iterable[str], rows: Iterable[NumberedRecord]) -> Iterator[NumberedRecord]:
    """Yield the rows of a table, headings of sections as `NoRecord`; at most three rows wait for the one below.

    Raises:
        InputError, InputBrokenOffError: from the rows; what waits is yielded before the latter.
    """
    columns = [name for name in header if name.strip()]
    may_have_sections = len(columns) >= FEWEST_COLUMNS and any(map(is_price_field, columns))
    if not may_have_sections or has_columns_of_variants(columns):
        yield from rows
        return
    held: list[NumberedRecord] = []
    has_sections: bool | None = None
    names_alone = 0
    try:
        for numbered in rows:
            is_alone = _has_name_alone(numbered)
            names_alone += is_alone
            if is_alone and has_sections is not False and len(held) < MOST_HEADINGS and _is_heading(numbered):
                held.append(numbered)
                continue
            are_headings = bool(held) and _is_product(numbered)
            if are_headings:
                names_alone -= len(held)
                held = [(position, SECTION_ROW) for position, _ in held]
            has_sections = are_headings if has_sections is None else has_sections
            yield from held
            held = []
            yield numbered
            del numbered  # so that nothing keeps a large one while the next is read
    except InputBrokenOffError:
        yield from held
        raise
    yield from held
    if names_alone:
        _LOG.info("[INPUT] %d rows hold nothing but a name; they are read as products", names_alone)


def _has_name_alone(numbered: NumberedRecord) -> bool:
    record = numbered[1]
    filled = ""
    for name, value in record.items() if isinstance(record, dict) else ():
        if value and not is_absent(value):
            if filled:
                return False
            filled = name
    return is_name_field(filled)


def _is_heading(numbered: NumberedRecord) -> bool:
    record = numbered[1]
    name = _name_of(record) if isinstance(record, dict) else ""
    return (name.isupper() and not any(map(str.isdigit, name))) or name.endswith(":")


def _is_product(numbered: NumberedRecord) -> bool:
    record = numbered[1]
    if not isinstance(record, dict):
        return False
    filled = [name for name, value in record.items() if value and not is_absent(value)]
    name = _name_of(record)
    is_told_apart = bool(name) and not name.isupper() and not name.endswith(":")
    return is_told_apart and len(filled) >= FEWEST_COLUMNS and any(map(is_price_field, filled))


def _name_of(record: dict[str, Any]) -> str:
    return next((str(value).strip() for name, value in record.items() if is_name_field(name) and value), "")
