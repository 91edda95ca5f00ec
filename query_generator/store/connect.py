"""Opens connections to PostgreSQL with the cached secret."""

from typing import TYPE_CHECKING, Any

from query_generator.errors import ConfigurationError, PermissionRefusedError
from query_generator.store.connection_errors import connect_error, first_line
from query_generator.store.database import Database
from query_generator.store.driver import database_errors, plain_number, readable_json
from query_generator.store.reconnect import LOCK_SECONDS, SILENCE_SECONDS, ReconnectPolicy
from query_generator.store.sql import statement

if TYPE_CHECKING:
    from psycopg.abc import Buffer

    from query_generator.store.connection import WatchedConnection
    from secrets_cache import RdsConfig

APPLICATION_NAME = "query-generator"
CONNECT_SECONDS = 10
STATEMENT_SECONDS = 900  # ends what a client left behind that has vanished; a client that waits ends it before
# A server that vanishes silently is noticed after 11 s without an answer, or 10 s with unacknowledged data.
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def get_db_connection(config: "RdsConfig | None" = None, lock_seconds: float = LOCK_SECONDS) -> "WatchedConnection":
    """Connect to PostgreSQL.

    Args:
        config: the server and the login; by default what `secrets_cache.get_rds_config` returns.
        lock_seconds: for how long a statement waits for a lock of another session.

    Returns:
        A psycopg connection in autocommit mode with named-tuple rows.

    Raises:
        PermissionRefusedError: user or password was refused.
        ConfigurationError: the database or a TLS setting does not exist.
        DatabaseAwayError: the server is out of reach.
    """
    if config is None:
        from secrets_cache import get_rds_config

        config = get_rds_config()
    import psycopg
    from psycopg.rows import namedtuple_row

    from query_generator.store.connection import WatchedConnection

    try:
        connection = WatchedConnection.connect(
            **_keywords(config), autocommit=True, row_factory=namedtuple_row, prepare_threshold=None
        )
    except psycopg.ProgrammingError as exc:
        raise ConfigurationError(f"DATABASE_URL: {first_line(exc)}. Correct its parameters.") from None
    except psycopg.Error as exc:
        raise connect_error(f"PostgreSQL at {config['host']}:{config['port']}", str(exc).strip()) from None
    except UnicodeEncodeError:
        raise ConfigurationError(
            "PostgreSQL: the user, password or database name is not valid text; "
            "correct it in the secret or in DATABASE_URL"
        ) from None
    _set_up(connection, lock_seconds, config.get("schema", ""))
    return connection


def _keywords(config: "RdsConfig") -> dict[str, Any]:
    """Return the parameters for libpq: those that are given, and ours where none is. Empty ones are libpq's to find."""
    given = dict(config.get("parameters", {}))
    name = given.pop("application_name", "")
    address = {
        "host": config["host"],
        "port": config["port"],
        "user": config["username"],
        "password": config["password"],
        "dbname": config["dbname"],
        "sslmode": config["sslmode"],
    }
    return {
        **KEEPALIVE,
        "connect_timeout": CONNECT_SECONDS,
        **{key: value for key, value in address.items() if value},
        **given,
        "application_name": f"{APPLICATION_NAME} ({name})" if name else APPLICATION_NAME,
        "client_encoding": "UTF8",
    }


def _set_up(connection: "WatchedConnection", lock_seconds: float, schema: str) -> None:
    """Set what the server is to do on this connection; not as options of the start, which poolers refuse."""
    from psycopg.adapt import Loader
    from psycopg.types.json import set_json_loads

    class NumericLoader(Loader):
        def load(self, data: "Buffer") -> int | float:
            return plain_number(data)

    set_json_loads(readable_json, connection)
    connection.adapters.register_loader("numeric", NumericLoader)
    connection.doing, connection.role = "session.begin", connection.info.user
    parameters = {"lock": f"{1000 * lock_seconds:.0f}", "statement": str(1000 * STATEMENT_SECONDS), "schema": schema}
    try:
        with database_errors(connection):
            connection.execute(statement("session.begin").encode(), parameters)
    except BaseException:
        connection.close()
        raise
    connection.silence_seconds = SILENCE_SECONDS


def connect_with_rotation(lock_seconds: float = LOCK_SECONDS) -> "WatchedConnection":
    """Connect with the cached secret; if the login is refused, fetch the secret again and retry if it has changed.

    Raises:
        FatalError: what `get_db_connection` raises; PermissionRefusedError if the secret has not changed.
    """
    import secrets_cache

    config = secrets_cache.get_rds_config()
    try:
        return get_db_connection(config, lock_seconds)
    except PermissionRefusedError as exc:
        return get_db_connection(secrets_cache.refresh_rds_config(config, exc), lock_seconds)


def open_database(config: "RdsConfig | None" = None, policy: ReconnectPolicy | None = None) -> Database:
    """Connect. Raises what `get_db_connection` raises.

    Args:
        config: the server and the login; by default those of the cached secret, fetched again after a rotation.
        policy: how long to wait if the connection is lost later.
    """
    policy = policy or ReconnectPolicy()
    lock_seconds = policy.lock_seconds

    def connect() -> "WatchedConnection":
        return get_db_connection(config, lock_seconds) if config else connect_with_rotation(lock_seconds)

    return Database(connect(), connect, policy)
