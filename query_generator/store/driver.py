"""Adapts psycopg: its parameters and its exceptions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from query_generator.errors import PermissionRefusedError, SkippableError
from query_generator.store.connection_errors import DatabaseAwayError, TransactionConflictError, first_line


def array_text(values: list[Any]) -> str:
    """Return a list as the text of a PostgreSQL array; several times faster than psycopg's own conversion."""
    texts = ["" if value is None else str(value) for value in values]
    together = "".join(texts)
    if values and None not in values and '"' not in together and "\\" not in together:
        return '{"' + '","'.join(texts) + '"}'
    quoted = [
        "NULL" if value is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for value, text in zip(values, texts, strict=True)
    ]
    return "{" + ",".join(quoted) + "}"


@contextmanager
def database_errors() -> Iterator[None]:
    """Translate psycopg's exceptions into our errors. After a failover, the former writer counts as away.

    Raises:
        TransactionConflictError: a deadlock or a serialization failure.
        PermissionRefusedError: the role may not do this.
        SkippableError: a value cannot be stored.
        DatabaseAwayError: the connection is lost or unusable.
    """
    import psycopg

    unusable = (psycopg.errors.IdleInTransactionSessionTimeout, psycopg.errors.ReadOnlySqlTransaction)
    try:
        yield
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as exc:
        raise TransactionConflictError(f"PostgreSQL: {first_line(exc)}") from exc
    except psycopg.errors.InsufficientPrivilege as exc:
        raise PermissionRefusedError(f"PostgreSQL: {first_line(exc)}. Grant it to the job's role.") from exc
    except (psycopg.DataError, psycopg.IntegrityError, UnicodeEncodeError) as exc:
        raise SkippableError(f"PostgreSQL does not take this row: {first_line(exc)}") from exc
    except (psycopg.OperationalError, psycopg.InterfaceError, *unusable) as exc:
        raise DatabaseAwayError(f"PostgreSQL: {first_line(exc)}. Run the same job id again when it is back.") from exc
