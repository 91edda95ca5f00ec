"""What the texts of secrets say: an API key, or how to reach PostgreSQL. Pure; no error repeats what a secret holds."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from query_generator.errors import ConfigurationError
from query_generator.llm.vendor import Vendor

if TYPE_CHECKING:
    from query_generator.config import JobConfig

_RIGHT_KEY = 'right is the key alone, or {"api_key": "the key"}'
_RIGHT_LOGIN = (
    'right is, for example: {"host": "db.example.internal", "port": 5432, "username": "the user", '
    '"password": "the password", "dbname": "the database"}'
)
_HOST = re.compile(r"[\w.:,%-]+|/[^@]*")  # a name, an address, or the folder of a socket


class RdsConfig(TypedDict):
    """How to reach PostgreSQL. `parameters` are further ones of libpq, which come before those of the project;
    `schema` is where tables of the job's own are.
    """

    host: str
    port: int
    username: str
    password: str
    dbname: str
    sslmode: str
    parameters: NotRequired[dict[str, str]]
    schema: NotRequired[str]


def parse_api_key(text: str, secret_name: str, vendor: Vendor) -> str:
    """Read the key from plain text, or from JSON with `api_key` or, for example, `GEMINI_API_KEY`.

    Raises:
        ConfigurationError: empty, or JSON without either field.
    """
    key: object = text.strip()
    if text.lstrip().startswith(("{", "[", '"')):
        fields = _json_object(text, secret_name, _RIGHT_KEY)
        own_field = vendor.key_field.upper()
        key = fields.get("api_key") or fields.get(own_field)
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError(
                f"secret '{secret_name}': field 'api_key' (or '{own_field}') is missing or empty; store the key there"
            )
    if not isinstance(key, str) or not key.strip():
        raise ConfigurationError(f"secret '{secret_name}': it is empty; store the {vendor.title} API key in it")
    if not key.strip().isascii() or not key.strip().isprintable() or " " in key.strip():
        raise ConfigurationError(
            f"secret '{secret_name}': it does not hold a {vendor.title} API key (one word of ASCII text); "
            "store the key alone"
        )
    return key.strip()


def parse_rds_secret(text: str, config: "JobConfig") -> RdsConfig:
    """Read the standard RDS JSON; one managed by RDS lacks host, port and dbname, which DB_HOST, DB_PORT, DB_NAME say.

    Raises:
        ConfigurationError: not JSON, or a field is missing or wrong.
    """
    name = str(config.rds_secret_name)
    fields = _json_object(text, name, _RIGHT_LOGIN)
    settings: dict[str, tuple[object, str]] = {
        "host": (fields.get("host") or config.db_host, "DB_HOST"),
        "username": (fields.get("username"), ""),
        "password": (fields.get("password"), ""),
        "dbname": (fields.get("dbname") or config.db_name, "DB_NAME"),
    }
    lacking = [
        f"'{field}'" + (f" (or {variable})" if variable else "")
        for field, (value, variable) in settings.items()
        if not isinstance(value, str) or not value
    ]
    if lacking:
        raise ConfigurationError(f"secret '{name}': field {', '.join(lacking)} is missing or not text; {_RIGHT_LOGIN}")
    found = {field: str(value) for field, (value, _) in settings.items()}
    for field, value in found.items():
        if problem := _text_problem(value) or (field == "host" and _host_problem(value)):
            variable = "" if fields.get(field) else f" (from {settings[field][1]})"
            raise ConfigurationError(f"secret '{name}': field '{field}'{variable} {problem}")
    port = fields["port"] if fields.get("port") is not None else config.db_port or 5432
    if not _is_port(port):
        raise ConfigurationError(f"secret '{name}': field 'port' is not a port number (1 to 65535, for example 5432)")
    return RdsConfig(
        host=found["host"],
        port=int(str(port)),
        username=found["username"],
        password=found["password"],
        dbname=found["dbname"],
        sslmode=config.db_sslmode,
    )


def _text_problem(value: str) -> str:
    """Say what is wrong with a text as an editor or a copy leaves it; empty if nothing is."""
    if value != value.strip():
        return "begins or ends with a blank or a line break; store it without"
    if any(sign < " " or sign == "\x7f" for sign in value):
        return "holds a line break or another control character; store it without"
    return ""


def _host_problem(host: str) -> str:
    """Say what is wrong with the name of a host, or the names between commas; empty if nothing is."""
    if "://" in host:
        return "is an address; give the host's name alone, for example db.example.internal"
    if any(re.fullmatch(r"[^:]*:[0-9]*|\[.*\]:[0-9]*", one) for one in host.split(",")):
        return "holds a port; give the name alone, and the port in the field 'port' or DB_PORT"
    if not _HOST.fullmatch(host):
        return "is no host name, for example db.example.internal"
    return ""


def _is_port(value: object) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", str(value)) is not None and 0 < int(str(value)) < 65536


def _json_object(text: str, secret_name: str, right: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"secret '{secret_name}': it is not valid JSON; {right}") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"secret '{secret_name}': it is not a JSON object; {right}")
    return value
