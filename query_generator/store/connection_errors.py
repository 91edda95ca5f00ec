"""The errors for a connection to PostgreSQL that is refused or lost. Pure."""

from typing import NamedTuple

from query_generator.errors import ConfigurationError, PermissionRefusedError, QueryGeneratorError, ServiceAwayError
from query_generator.masking import masked
from query_generator.one_line import one_line

LONGEST_MESSAGE = 500  # characters of a server's message that ours repeat
LONGEST_READ = 20 * LONGEST_MESSAGE  # of it that are looked at


class DatabaseAwayError(ServiceAwayError):
    """The server is out of reach, or the connection is lost. `waited` is for how many seconds it was silent before."""

    waited = 0.0


class TransactionConflictError(DatabaseAwayError):
    """Two transactions conflicted, or one held a lock for too long: the whole transaction may be retried at once."""


class Refusal(NamedTuple):
    """Words by which the reason for a refused connection is recognized, since libpq gives no SQLSTATE for it."""

    words: tuple[str, ...]
    error: type[QueryGeneratorError]
    way_out: str


# The first that fits; libpq may tell of two attempts, with TLS and without.
_REFUSALS = (
    Refusal(
        ("too many connections", "too many clients", "connection slots are reserved"),
        DatabaseAwayError,
        "Run the same job id again when others have ended.",
    ),
    Refusal(
        ("authentication failed", "no password supplied", "requires a valid client certificate"),
        PermissionRefusedError,
        "Check user and password in RDS_SECRET_NAME or DATABASE_URL.",
    ),
    Refusal(
        ("certificate verify failed",),
        ConfigurationError,
        "It has expired, or no authority in the file that PGSSLROOTCERT names has signed it.",
    ),
    Refusal(
        ("does not match host name",),
        ConfigurationError,
        "Use the host name that the certificate is for in RDS_SECRET_NAME, DB_HOST or DATABASE_URL.",
    ),
    Refusal(
        (
            "connection is bad: invalid ",
            "invalid integer value",
            "invalid connection option",
            "definition of service",
            "service file",
        ),
        ConfigurationError,
        "Correct the parameters of DATABASE_URL.",
    ),
    Refusal(
        ("unrecognized configuration parameter", "invalid value for parameter", "command-line argument"),
        ConfigurationError,
        "Correct `options` in DATABASE_URL or PGOPTIONS.",
    ),
    Refusal(
        ("authentication method requirement", "channel binding", "private key file", "invalid sslcertmode value"),
        ConfigurationError,
        "Correct the parameters of DATABASE_URL that begin with ssl, require_auth or channel_binding.",
    ),
    Refusal(
        ("root certificate", "certificate file"),
        ConfigurationError,
        "PGSSLROOTCERT or `sslrootcert` of DATABASE_URL names the file of authorities, for RDS global-bundle.pem.",
    ),
    Refusal(
        ("no encryption",),
        PermissionRefusedError,
        "Check user and password in RDS_SECRET_NAME or DATABASE_URL, and DB_SSLMODE if the server wants TLS.",
    ),
    Refusal(
        ("does not support SSL", "sslmode"),
        ConfigurationError,
        "Check DB_SSLMODE, and that the address is PostgreSQL's own.",
    ),
    Refusal(("unexpected eof", "SYSCALL"), DatabaseAwayError, "Run the same job id again when it can be reached."),
    Refusal(("SSL error",), ConfigurationError, "Server and job have no TLS version or cipher in common."),
    Refusal(
        ("no pg_hba.conf entry", "role ", "permission denied"),
        PermissionRefusedError,
        "Check user and password in RDS_SECRET_NAME or DATABASE_URL.",
    ),
    Refusal(
        ("does not exist", "not supported", "unsupported"),
        ConfigurationError,
        "Check the address and the database's name in RDS_SECRET_NAME, DB_NAME or DATABASE_URL.",
    ),
)


def connect_error(where: str, message: str) -> QueryGeneratorError:
    """Return the error for a refused or failed connection; `where` names the server, `message` is libpq's."""
    for refusal in _REFUSALS:
        if any(words in message for words in refusal.words):
            return refusal.error(f"{where}: {first_line(message)}. {refusal.way_out}")
    return DatabaseAwayError(f"{where}: {first_line(message)}. Run the same job id again when it can be reached.")


def first_line(message: object) -> str:
    """Return a message without secrets, and only then without its lines of detail, which may repeat a row, and cut."""
    line = one_line((masked(str(message)[:LONGEST_READ]).splitlines() or [""])[0])
    return line if len(line) <= LONGEST_MESSAGE else f"{line[:LONGEST_MESSAGE]}…"


def not_kept(table: str) -> ConfigurationError:
    """Return the error for a row that is not there as it was written."""
    return ConfigurationError(
        f"PostgreSQL, table {table}: a row is not there as it was written: somebody has deleted it, or a trigger, rule "
        "or policy of the table drops, changes or hides it. Remove that, or exempt the job's role from it."
    )
