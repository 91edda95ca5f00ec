"""Every SQLSTATE of PostgreSQL has a meaning, and only one that may be retried is retried."""

import pytest
from psycopg.errors import _sqlcodes

from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError, SkippableError
from query_generator.masking import hide
from query_generator.store.connection_errors import LONGEST_MESSAGE, DatabaseAwayError, TransactionConflictError
from query_generator.store.sqlstates import Meaning, meaning_of, server_error


def error_of(sqlstate: str, *, takes_rows: bool = False) -> Exception:
    """The error for this SQLSTATE."""
    return server_error(meaning_of(sqlstate), "table queries (queries.add)", "broken", takes_rows=takes_rows)


def test_every_error_of_the_server_has_an_exit_code_of_ours() -> None:
    """64, 75 or 77, never 70; without a row to blame it names the tables and a way out."""
    for sqlstate in _sqlcodes:
        error = error_of(sqlstate)
        assert isinstance(error, FatalError)
        assert error.exit_code in (64, 75, 77)
        assert str(error).startswith("PostgreSQL, table queries (queries.add): broken. ")


@pytest.mark.parametrize(
    ("sqlstate", "error"),
    [
        *(
            (state, DatabaseAwayError)
            for state in ("08006", "25006", "25P03", "53100", "53300", "57P01", "58030", "XX000")
        ),
        *((state, TransactionConflictError) for state in ("40001", "40P01", "55P03", "57014", "55006")),
        *((state, PermissionRefusedError) for state in ("42501", "28000", "28P01", "0LP01")),
        *(
            (state, ConfigurationError)
            for state in ("3F000", "3D000", "42P01", "42703", "42804", "42P10", "428C9", "0A000")
        ),
        *((state, ConfigurationError) for state in ("55000", "57P04", "XX001", "XX002", "ZZZZZ")),
    ],
)
def test_what_an_error_means_decides_what_the_run_does(sqlstate: str, error: type[FatalError]) -> None:
    """Away: reconnect; a conflict: repeat; the tables' shape: 64; a right: 77."""
    assert type(error_of(sqlstate)) is error


@pytest.mark.parametrize("sqlstate", ["22001", "22P02", "23502", "23503", "23505", "23514", "44000", "54000", "P0001"])
def test_a_refused_row_costs_only_itself(sqlstate: str) -> None:
    """But where no row of an input or a reply is stored, it is the table's fault."""
    assert type(error_of(sqlstate, takes_rows=True)) is SkippableError
    assert type(error_of(sqlstate)) is ConfigurationError


def test_a_hostile_message_is_one_short_line() -> None:
    """No message of the server forges a line, moves the cursor, or fills the log."""
    error = server_error(Meaning.SCHEMA, "x", "red \x1b[31m\r[BATCH] forged\n" + "x" * 10_000_000, takes_rows=False)
    assert "\n" not in str(error)
    assert str(error).isprintable()
    long = server_error(Meaning.SCHEMA, "x", "é" * 10_000_000, takes_rows=False)
    assert len(str(long)) < LONGEST_MESSAGE + 200


def test_a_secret_is_masked_before_a_message_is_cut() -> None:
    """Half a password at the end of what is shown of a message would pass every mask."""
    password = "correct-horse-battery-9"
    hide({password})
    error = server_error(Meaning.SCHEMA, "x", "é" * (LONGEST_MESSAGE - 8) + password, takes_rows=False)
    assert "correct" not in str(error)
