"""Adapts psycopg: its parameters and its exceptions."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from query_generator.errors import ConfigurationError
from query_generator.store.connection_errors import DatabaseAwayError, first_line
from query_generator.store.sql import tables_of
from query_generator.store.sqlstates import Meaning, meaning_of, server_error, too_slow_for_role

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import Buffer

OWN_LIMIT_SECONDS = 600.0  # the session's own statement_timeout is longer; a shorter one is not ours
LONGEST_INTEGER = 40  # digits
_AT_ONCE = ("40001", "40P01")  # conflicts that another try mends


def array_text(values: list[Any]) -> str:
    """Return a list as the text of a PostgreSQL array; several times faster than psycopg's own conversion."""
    texts = ["" if value is None else str(value) for value in values]
    if values and None not in values and not any('"' in text or "\\" in text for text in texts):
        return '{"' + '","'.join(texts) + '"}'
    quoted = [
        "NULL" if value is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value, text in zip(values, texts, strict=True)
    ]
    return "{" + ",".join(quoted) + "}"


class Waiting(Protocol):
    """What errors tell of a connection; see `WatchedConnection`."""

    doing: str
    role: str
    silence: float
    takes_rows: bool


@contextmanager
def database_errors(connection: Waiting) -> Iterator[None]:
    """Translate psycopg's exceptions into our errors.

    Raises:
        TransactionConflictError: a deadlock, a serialization failure, or a lock or statement that took too long.
        PermissionRefusedError: the role may not do this.
        SkippableError: a value cannot be stored.
        ConfigurationError: the tables are not ours, or not as they should be, or statements get too little time.
        DatabaseAwayError: the connection is lost or unusable.
    """
    import psycopg

    try:
        yield
    except UnicodeEncodeError as exc:
        raise server_error(Meaning.ROW, connection.doing, exc, takes_rows=connection.takes_rows) from exc
    except psycopg.Error as exc:
        if exc.sqlstate == "57014" and "statement timeout" in str(exc) and connection.silence < OWN_LIMIT_SECONDS:
            raise too_slow_for_role(_where(exc, connection.doing), exc, connection.role) from exc
        error = server_error(_meaning_of(exc), _where(exc, connection.doing), exc, takes_rows=connection.takes_rows)
        if isinstance(error, DatabaseAwayError) and exc.sqlstate not in _AT_ONCE:
            error.waited = connection.silence
        raise error from exc


def readable_json(text: str | bytes) -> Any:
    """Return a JSON value; one that Python cannot read becomes a text, which no record or metadata is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # numbers of thousands of digits, hundreds of levels
        return "JSON that cannot be read"


def plain_number(text: "Buffer") -> int | float:
    """Return the value of a `numeric`, which no column of ours is: a whole number, such as an id, or a float."""
    number = bytes(text)
    return int(number) if len(number) < LONGEST_INTEGER and number.removeprefix(b"-").isdigit() else float(number)


@contextmanager
def reading(connection: Waiting) -> Iterator[None]:
    """Translate what psycopg raises over values that are not what the server said, or no text in UTF-8.

    Raises:
        ConfigurationError: the server's answer cannot be read.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, NotImplementedError) as exc:
        raise ConfigurationError(
            f"PostgreSQL, {_places(connection.doing)}: the answer cannot be read ({type(exc).__name__}: "
            f"{first_line(exc)}). The tables hold what is no text in UTF-8, or the server is no PostgreSQL: "
            "correct the rows, or the address."
        ) from exc


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE behind one of our errors; empty if the server did not raise it."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def refused_column(error: BaseException) -> str:
    """Return the column that the server named with its refusal; empty if it named none."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "column_name", None) or ""


def lacks_partition(error: BaseException) -> bool:
    """Return whether a row was refused because there is no partition for it, which PostgreSQL calls a check."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return sqlstate_of(error) == "23514" and getattr(diagnosis, "constraint_name", None) is None


def _meaning_of(exc: "psycopg.Error") -> Meaning:
    import psycopg

    if exc.sqlstate:
        return meaning_of(exc.sqlstate)
    return Meaning.ROW if isinstance(exc, psycopg.DataError) else Meaning.AWAY


def _where(exc: "psycopg.Error", doing: str) -> str:
    """Name the table that the server names, else those of the statement."""
    named = exc.diag.table_name
    return f"table {named} ({doing})" if named else _places(doing)


def _places(doing: str) -> str:
    tables = tables_of(doing)
    return f"{'table ' if len(tables) == 1 else 'tables '}{', '.join(tables)} ({doing})" if tables else doing
