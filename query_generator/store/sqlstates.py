"""What PostgreSQL's errors mean for a run, by SQLSTATE. Pure."""

from enum import Enum

from query_generator.errors import ConfigurationError, PermissionRefusedError, QueryGeneratorError, SkippableError
from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError, first_line


class Meaning(Enum):
    """What an error means; the value is the way out that its message ends with."""

    AWAY = "Run the same job id again when it is back."
    READ_ONLY = "It may be a replica: use the address of the writer, and run the same job id again."
    FULL = "Run the same job id again when the server has room."
    CONFLICT = "Run the same job id again."
    LOCKED = "Another session holds a lock on it: end that session, and run the same job id again."
    SLOW = "It took too long, or a person cancelled it; run the same job id again."
    ROW = "Correct what the table holds, or what was added to it: a constraint, a trigger, a rule."
    SCHEMA = "The tables are not as `init-db` makes them: run `init-db` with a role that may change them."
    DAMAGED = "The server's data are damaged: repair or restore them."
    PERMISSION = "Grant it to the job's role, as docs/reference/database.md says."


# By SQLSTATE or its class, the first two characters. What is not here is a matter of the schema.
MEANINGS = {
    "08": Meaning.AWAY,
    "0L": Meaning.PERMISSION,
    "0P": Meaning.PERMISSION,
    "21": Meaning.ROW,
    "22": Meaning.ROW,
    "23": Meaning.ROW,
    "25006": Meaning.READ_ONLY,  # after a failover, the former writer
    "25P03": Meaning.AWAY,  # the server has closed a connection that was idle in a transaction
    "25P04": Meaning.AWAY,
    "28": Meaning.PERMISSION,
    "2F": Meaning.ROW,
    "38": Meaning.ROW,
    "39": Meaning.ROW,
    "40": Meaning.CONFLICT,
    "42501": Meaning.PERMISSION,
    "44": Meaning.ROW,
    "53": Meaning.FULL,
    "54000": Meaning.ROW,  # too long for an index
    "55006": Meaning.LOCKED,
    "55P03": Meaning.LOCKED,
    "57": Meaning.AWAY,
    "57014": Meaning.SLOW,
    "57P04": Meaning.SCHEMA,  # the database was dropped
    "58": Meaning.AWAY,
    "72": Meaning.CONFLICT,
    "F0": Meaning.AWAY,
    "HV00N": Meaning.AWAY,  # the server behind a foreign table
    "P0": Meaning.ROW,
    "XX": Meaning.AWAY,
    "XX001": Meaning.DAMAGED,
    "XX002": Meaning.DAMAGED,
}
_ERRORS: dict[Meaning, type[QueryGeneratorError]] = {
    Meaning.AWAY: DatabaseAwayError,
    Meaning.READ_ONLY: DatabaseAwayError,
    Meaning.FULL: DatabaseAwayError,
    Meaning.CONFLICT: TransactionConflictError,
    Meaning.LOCKED: TransactionConflictError,
    Meaning.SLOW: TransactionConflictError,
    Meaning.PERMISSION: PermissionRefusedError,
}


def meaning_of(sqlstate: str) -> Meaning:
    """Return what an error with this SQLSTATE means."""
    return MEANINGS.get(sqlstate) or MEANINGS.get(sqlstate[:2], Meaning.SCHEMA)


def server_error(meaning: Meaning, where: str, message: object, *, takes_rows: bool) -> QueryGeneratorError:
    """Return the error to raise.

    Args:
        meaning: what it means.
        where: the statement and its tables.
        message: the server's.
        takes_rows: whether rows of the input or of a reply are being stored: then one that is refused costs only
            itself.
    """
    if meaning is Meaning.ROW and takes_rows:
        return SkippableError(f"PostgreSQL does not take this row: {first_line(message)}")
    error = _ERRORS.get(meaning, ConfigurationError)
    return error(f"PostgreSQL, {where}: {first_line(message)}. {meaning.value}")


def too_slow_for_role(where: str, message: object, role: str) -> ConfigurationError:
    """Return the error for a statement that a time limit of the server ended which the session did not set."""
    return ConfigurationError(
        f"PostgreSQL, {where}: {first_line(message)}: statement_timeout of the role, the database or a pooler is too "
        f'short for a job. Type, as an administrator: ALTER ROLE "{role}" SET statement_timeout = 900000;'
    )
