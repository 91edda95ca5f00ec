"""What the texts of secrets say: an API key, or how to reach PostgreSQL. Pure; no error repeats what a secret holds."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from query_generator.errors import ConfigurationError
from query_generator.llm.vendor import Vendor

if TYPE_CHECKING:
    from query_generator.config import JobConfig

_HOST = re.compile(r"[\w.:,%\[\]-]+|/[^@]*")  # a name, an address, or the folder of a socket


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
        fields = _json_object(text, secret_name)
        own_field = vendor.key_field.upper()
        key = fields.get("api_key") or fields.get(own_field)
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError(f"secret '{secret_name}': field 'api_key' (or '{own_field}') is missing or empty")
    if not isinstance(key, str) or not key.strip():
        raise ConfigurationError(f"secret '{secret_name}': it is empty; store the {vendor.title} API key in it")
    if not key.strip().isascii() or not key.strip().isprintable() or " " in key.strip():
        raise ConfigurationError(
            f"secret '{secret_name}': it does not hold a {vendor.title} API key (one word of ASCII text)"
        )
    return key.strip()


def parse_rds_secret(text: str, config: "JobConfig") -> RdsConfig:
    """Read the standard RDS JSON; one managed by RDS lacks host, port and dbname, which DB_HOST, DB_PORT, DB_NAME say.

    Raises:
        ConfigurationError: not JSON, or a field is missing or wrong.
    """
    name = str(config.rds_secret_name)
    fields = _json_object(text, name)
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
        raise ConfigurationError(f"secret '{name}': field {', '.join(lacking)} is missing or not text")
    if not _HOST.fullmatch(str(settings["host"][0])):
        raise ConfigurationError(f"secret '{name}': field 'host' is no host name")
    port = fields.get("port") or config.db_port or 5432
    if not _is_port(port):
        raise ConfigurationError(f"secret '{name}': field 'port' is not a port number")
    return RdsConfig(
        host=str(settings["host"][0]),
        port=int(str(port)),
        username=str(settings["username"][0]),
        password=str(settings["password"][0]),
        dbname=str(settings["dbname"][0]),
        sslmode=config.db_sslmode,
    )


def _is_port(value: object) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", str(value)) is not None and 0 < int(str(value)) < 65536


def _json_object(text: str, secret_name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(f"secret '{secret_name}': it is not valid JSON") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"secret '{secret_name}': it is not a JSON object")
    return value
