"""Connections to PostgreSQL, made with the secret."""

from typing import TYPE_CHECKING, Any

from query_generator.errors import ConfigurationError, PermissionRefusedError
from query_generator.store.connection_errors import connect_error
from query_generator.store.database import Database
from query_generator.store.reconnect import ReconnectPolicy

if TYPE_CHECKING:
    from query_generator.store.connection import WatchedConnection
    from secrets_cache import RdsConfig

APPLICATION_NAME = "query-generator"
CONNECT_SECONDS = 10
# A server that vanishes without a word is found out after 11 s of silence, or 10 s with data that is not taken.
KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def get_db_connection(config: "RdsConfig | None" = None) -> "WatchedConnection":
    """Connect to PostgreSQL with the cached secret, and check the connection.

    Args:
        config: where to connect to; by default what `secrets_cache.get_rds_config` says.

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
        return WatchedConnection.connect(
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
            **KEEPALIVE,
        )
    except psycopg.Error as exc:
        raise connect_error(f"PostgreSQL at {config['host']}:{config['port']}", str(exc).strip()) from None
    except UnicodeEncodeError:
        raise ConfigurationError("PostgreSQL: the user, password or database name is no valid text") from None


def connect_with_rotation() -> "WatchedConnection":
    """Connect with the cached secret; a refused login fetches the secret once more, and is tried again if it is new.

    Raises:
        FatalError: as `get_db_connection`; PermissionRefusedError when the secret is still the refused one.
    """
    import secrets_cache

    config = secrets_cache.get_rds_config()
    try:
        return get_db_connection(config)
    except PermissionRefusedError as exc:
        return get_db_connection(secrets_cache.refresh_rds_config(config, exc))


def open_database(config: "RdsConfig | None" = None, policy: ReconnectPolicy | None = None) -> Database:
    """Connect; raises what `get_db_connection` raises.

    Args:
        config: where to connect to; by default what the cached secret says, which is then followed when it rotates.
        policy: how long to wait when the connection is lost later.
    """
    connect = connect_with_rotation if config is None else lambda: get_db_connection(config)
    return Database(connect(), connect, policy)
