"""The only door to PostgreSQL: connections, transactions, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from query_generator.errors import (
    ConfigurationError,
    PermissionRefusedError,
    QueryGeneratorError,
    ServiceAwayError,
    SkippableError,
)
from query_generator.store.sql import statement

if TYPE_CHECKING:
    from psycopg import Connection

    from secrets_cache import RdsConfig

APPLICATION_NAME = "query-generator"
CONNECT_SECONDS = 10


class Database:
    """One connection; statements are called by their name in `store/sql`. Not for use by two threads at once."""

    def __init__(self, connection: "Connection[Any]") -> None:
        self._connection = connection
        self._in_transaction = False

    def rows(self, name: str, /, **parameters: object) -> list[Any]:
        """Run a statement and return its rows as named tuples; a statement without rows returns none.

        Raises:
            SkippableError: a value does not fit the column, or a row that it refers to is gone.
            ServiceAwayError: the connection is lost, or the server shuts down.
            PermissionRefusedError: the role may not do this.
        """
        return self.run(statement(name), parameters)

    def one(self, name: str, /, **parameters: object) -> Any:
        """Run a statement that returns exactly one row."""
        (row,) = self.rows(name, **parameters)
        return row

    def run(self, sql: str, parameters: dict[str, object] | None = None) -> list[Any]:
        """Run SQL text, as `rows` does; several statements at once when there are no parameters."""
        with _database_errors():
            cursor = self._connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it. Inside another transaction it is a part of that one."""
        if self._in_transaction:
            yield
            return
        self._in_transaction = True
        try:
            with _database_errors(), self._connection.transaction():
                yield
        finally:
            self._in_transaction = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def get_db_connection(config: "RdsConfig | None" = None) -> "Connection[Any]":
    """Connect to PostgreSQL with the cached secret, and check the connection.

    Args:
        config: where to connect to; by default what `secrets_cache.get_rds_config` says.

    Returns:
        A psycopg connection in autocommit mode with named-tuple rows.

    Raises:
        PermissionRefusedError: user or password was refused.
        ConfigurationError: the database or a TLS setting does not exist.
        ServiceAwayError: the server is out of reach.
    """
    if config is None:
        from secrets_cache import get_rds_config

        config = get_rds_config()
    import psycopg
    from psycopg.rows import namedtuple_row

    try:
        return psycopg.connect(
            host=config["host"],
            port=config["port"],
            user=config["username"],
            password=config["password"],
            dbname=config["dbname"],
            sslmode=config["sslmode"],
            application_name=APPLICATION_NAME,
            connect_timeout=CONNECT_SECONDS,
            client_encoding="UTF8",
            autocommit=True,
            row_factory=namedtuple_row,
            prepare_threshold=None,
        )
    except psycopg.Error as exc:
        where = f"PostgreSQL at {config['host']}:{config['port']}"
        raise _connect_error(where, str(exc).strip()) from None
    except UnicodeEncodeError:
        raise ConfigurationError("PostgreSQL: the user, password or database name is no valid text") from None


def open_database(config: "RdsConfig | None" = None) -> Database:
    """Connect; raises what `get_db_connection` raises."""
    return Database(get_db_connection(config))


@contextmanager
def given_or_opened(db: Database | None) -> Iterator[Database]:
    """Use the database that was given, or one of `get_db_connection` that is closed afterwards."""
    if db is not None:
        yield db
        return
    opened = open_database()
    try:
        yield opened
    finally:
        opened.close()


class Refusal(NamedTuple):
    """Words in the server's answer to a connection that tell why it was refused; libpq gives no SQLSTATE there."""

    words: tuple[str, ...]
    error: type[QueryGeneratorError]
    way_out: str


_REFUSALS = (
    Refusal(
        ("too many connections",),
        ServiceAwayError,
        "Run the same job id again when others have ended.",
    ),
    Refusal(
        ("authentication failed", "no pg_hba.conf entry", "no password supplied", "role ", "permission denied"),
        PermissionRefusedError,
        "Check user and password in RDS_SECRET_NAME or DATABASE_URL.",
    ),
    Refusal(
        (
            *("does not exist", "invalid sslmode", "does not support SSL"),
            *("root certificate", "certificate verify failed", "does not match host name"),
        ),
        ConfigurationError,
        "Check the database's name and DB_SSLMODE; PGSSLROOTCERT names the CA file.",
    ),
)


def _connect_error(where: str, message: str) -> QueryGeneratorError:
    for refusal in _REFUSALS:
        if any(words in message for words in refusal.words):
            return refusal.error(f"{where}: {_first_line(message)}. {refusal.way_out}")
    return ServiceAwayError(f"{where}: {_first_line(message)}. Run the same job id again when it can be reached.")


def _first_line(message: object) -> str:
    """What the server says, without the lines of detail, which may repeat a whole row."""
    return str(message).partition("\n")[0]


@contextmanager
def _database_errors() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.errors.InsufficientPrivilege as exc:
        raise PermissionRefusedError(f"PostgreSQL: {_first_line(exc)}. Grant it to the job's role.") from exc
    except (psycopg.DataError, psycopg.IntegrityError, UnicodeEncodeError) as exc:
        raise SkippableError(f"PostgreSQL does not take this row: {_first_line(exc)}") from exc
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise ServiceAwayError(f"PostgreSQL: {_first_line(exc)}. Run the same job id again when it is back.") from exc
