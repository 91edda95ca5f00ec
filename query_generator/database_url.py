"""What DATABASE_URL says: an address as libpq's users write it. Pure; no error repeats what it holds but names."""

import difflib
import re
from urllib.parse import unquote, urlsplit

from query_generator.errors import ConfigurationError
from query_generator.secret_texts import RdsConfig

EXAMPLE = "for example postgresql://user:password@host:5432/dbname"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
OF_ADDRESS = frozenset({"host", "port", "user", "password", "dbname", "sslmode"})
# What libpq 18 knows beside those; what an older one lacks, it says.
PARAMETERS = frozenset(
    {
        *("service", "servicefile", "passfile", "hostaddr", "connect_timeout", "client_encoding", "options"),
        *("application_name", "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval"),
        *("keepalives_count", "tcp_user_timeout", "sslnegotiation", "sslcompression", "sslcert", "sslkey"),
        *("sslkeylogfile", "sslpassword", "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir", "sslsni"),
        *("requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "min_protocol_version"),
        *("max_protocol_version", "gssencmode", "krbsrvname", "gsslib", "gssdelegation", "channel_binding"),
        *("require_auth", "target_session_attrs", "load_balance_hosts", "scram_client_key", "scram_server_key"),
        *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    }
)
SECRET_PARAMETERS = frozenset({"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:/]*)(?::(?P<port>[0-9]*))?")
_NAME = re.compile(r"[A-Za-z_]{2,40}")


def parse_database_url(url: str, sslmode: str) -> RdsConfig:
    """Read `postgresql://user:password@host:port/dbname?parameter=value`, with several hosts, or of a service.

    Parameters that are not of the address are kept as `parameters`, for libpq.

    Raises:
        ConfigurationError: not such an address, or a parameter that libpq does not know. The message does not repeat
            the address, since it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise ConfigurationError(f"DATABASE_URL: not an address; {EXAMPLE}") from None
    if "@" in parts.path + parts.query + parts.fragment:
        raise ConfigurationError(
            "DATABASE_URL: there is an @ after the host; in a password `/`, `?`, `#` and `@` are written as "
            "%2F, %3F, %23 and %40, for example postgresql://user:pass%40word@host:5432/dbname"
        )
    login, _, addresses = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    hosts, ports = _hosts(addresses)
    given = _parameters(parts.query) if _is_plain(parts.scheme, parts.fragment) else None
    if given is None:
        raise _malformed()
    host, port = given.pop("host", hosts), given.pop("port", ports)
    user, password = given.pop("user", unquote(user)), given.pop("password", unquote(password))
    dbname, mode = given.pop("dbname", unquote(parts.path.lstrip("/"))), given.pop("sslmode", "")
    by_service = "service" in given
    if not by_service and not ((host or given.get("hostaddr")) and user and dbname):
        raise _malformed()
    if port and not all(_is_port(one) or (not one and "," in port) for one in port.split(",")):
        raise _malformed()
    _require_usable(given)
    if mode and mode not in SSL_MODES:
        raise ConfigurationError(
            f"DATABASE_URL: its sslmode is none of {', '.join(SSL_MODES)}; "
            "for example postgresql://user:password@host:5432/dbname?sslmode=verify-full"
        )
    if "," in port:
        given["port"] = port
    found = RdsConfig(
        host=host,
        port=0 if by_service and not port else int(port.partition(",")[0] or 5432),
        username=user,
        password=password,
        dbname=dbname,
        sslmode=mode or ("" if by_service else sslmode),
    )
    if given:
        found["parameters"] = given
    return found


def _malformed() -> ConfigurationError:
    return ConfigurationError(f"DATABASE_URL: scheme, user, host, port or database name is missing or wrong; {EXAMPLE}")


def _is_plain(scheme: str, fragment: str) -> bool:
    return scheme in ("postgresql", "postgres") and not fragment


def _hosts(addresses: str) -> tuple[str, str]:
    """Return the hosts and the ports, each with commas between them; no port where none is given."""
    found = [_HOST.fullmatch(address) for address in addresses.split(",")]
    if not all(found):
        raise _malformed()
    names = [unquote(match["name"]).strip("[]") for match in found if match]
    ports = [match["port"] or "" for match in found if match]
    return ",".join(names), ",".join(ports) if any(ports) else ""


def _parameters(query: str) -> dict[str, str] | None:
    """Return the parameters, or None if they are not written as such.

    Raises:
        ConfigurationError: libpq does not know one.
    """
    given: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, is_pair, value = pair.partition("=")
        if not is_pair or not _NAME.fullmatch(name):
            return None
        if (name, value) == ("ssl", "true"):  # as libpq reads what JDBC's users write
            name, value = "sslmode", "require"
        if name not in PARAMETERS | OF_ADDRESS:
            near = difflib.get_close_matches(name, PARAMETERS | OF_ADDRESS, 1)
            raise ConfigurationError(
                f"DATABASE_URL: '{name}' is no parameter of libpq that a job can use"
                + (f"; do you mean '{near[0]}'?" if near else "; leave it out")
            )
        given[name] = unquote(value)
    return given


def _require_usable(given: dict[str, str]) -> None:
    encoding = re.sub(r"[^a-z0-9]", "", given.get("client_encoding", "UTF8").lower())
    if encoding not in ("utf8", "unicode", "auto"):
        raise ConfigurationError("DATABASE_URL: its client_encoding has to be UTF8; leave it out")
    given.pop("client_encoding", None)


def _is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65536
