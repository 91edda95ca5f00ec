"""The module-level cache of the job's two secrets: each is fetched once a process, whatever the number of threads.

Values come from Secrets Manager, or, where no secret name is set, from GEMINI_API_KEY and DATABASE_URL. A secret's
value is never logged and never part of an error: `masking` is told of each before it is used.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, TypedDict

from query_generator.database_url import SECRET_PARAMETERS, parse_database_url
from query_generator.errors import ConfigurationError, FatalError, PermissionRefusedError
from query_generator.llm.endpoints import check_key_length
from query_generator.llm.registry import GEMINI, VENDORS, vendors_of
from query_generator.masking import hide
from query_generator.secret_texts import RdsConfig, parse_api_key, parse_rds_secret

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from query_generator.config import JobConfig

__all__ = [
    "NeededSecrets",
    "RdsConfig",
    "configure",
    "get_api_key",
    "get_gemini_api_key",
    "get_rds_config",
    "initialize_for",
    "initialize_secrets",
    "refresh_rds_config",
]

_LOG = logging.getLogger("secrets_cache")


class NeededSecrets(TypedDict):
    """What a job needs, as the event `secrets_initialized` tells it: `vendors` are all but Gemini, by name."""

    gemini: bool
    rds: bool
    vendors: list[str]


_lock = threading.Lock()
_config: "JobConfig | None" = None
_client: "SecretsManagerClient | None" = None
_api_key_caches: dict[str, str] = {}
_rds_config_cache: RdsConfig | None = None
_rds_refreshed = False
_rds_refresh_failure: FatalError | None = None


def configure(config: "JobConfig", client: "SecretsManagerClient | None" = None) -> None:
    """Say where the secrets are, and empty the cache. Without this call the environment says it.

    Args:
        config: names of the secrets, or the values that stand in for them.
        client: a Secrets Manager client; made when it is first needed if not given.
    """
    global _config, _client, _rds_config_cache, _rds_refreshed, _rds_refresh_failure
    with _lock:
        _config, _client, _rds_config_cache, _rds_refreshed = config, client, None, False
        _rds_refresh_failure = None
        _api_key_caches.clear()


def initialize_secrets(
    *,
    gemini: bool = True,
    rds: bool = True,
    vendors: Collection[str] = (),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Fetch what the job needs before any other work, so that a missing secret costs nothing.

    Args:
        gemini: the job asks Gemini.
        rds: the database is not the embedded one.
        vendors: others that are asked, by their names in `llm.registry.VENDORS`.
        clock: seconds, for the log line.

    Raises:
        PermissionRefusedError: a secret is missing, or reading it was denied.
        ConfigurationError: a secret is malformed or incomplete, or a key is too short; the field is named.
        ServiceAwayError: Secrets Manager is out of reach.
    """
    started = clock()
    _LOG.info("[INIT] Pre-fetching all secrets for caching...")
    if gemini:
        get_gemini_api_key()
    for vendor in vendors:
        get_api_key(vendor)
    if rds:
        get_rds_config()
    _LOG.info("[INIT] All secrets cached successfully in %.2fs", clock() - started)


def initialize_for(providers: Iterable[str], *, rds: bool) -> NeededSecrets:
    """Fetch what some providers need, by their names in `LLM_PROVIDERS`; returns what that was.

    Raises:
        FatalError: as `initialize_secrets`.
    """
    vendors = vendors_of(providers)
    others = [vendor.name for vendor in vendors if vendor is not GEMINI]
    needed = NeededSecrets(gemini=GEMINI in vendors, rds=rds, vendors=others)
    if vendors or rds:
        initialize_secrets(**needed)
    return needed


def get_gemini_api_key() -> str:
    """Return the Gemini API key; raises what `initialize_secrets` raises."""
    return get_api_key(GEMINI.name)


def get_api_key(vendor_name: str) -> str:
    """Return a vendor's API key, empty for a service that stands in for the vendor's own and needs none.

    Args:
        vendor_name: one of `llm.registry.VENDORS`.

    Raises:
        FatalError: as `initialize_secrets`.
    """
    vendor = VENDORS[vendor_name]
    with _lock:
        if vendor_name in _api_key_caches:
            _LOG.info("[AI] Using cached %s API key for model configuration", vendor.title)
            return _api_key_caches[vendor_name]
        config = _current_config()
        secret_name, value = getattr(config, vendor.secret_field), getattr(config, vendor.key_field)
        address = getattr(config, vendor.address_field) or ""
        if secret_name:
            _LOG.info("[AI] Fetching %s API key from Secrets Manager (first time)", vendor.title)
            source, key = f"secret '{secret_name}'", parse_api_key(_fetch(secret_name), secret_name, vendor)
        elif value:
            source, key = vendor.key_field.upper(), value.get_secret_value().strip()
        elif vendor.may_lack_key and address:
            source, key = vendor.key_field.upper(), ""
        else:
            raise ConfigurationError(f"missing: {vendor.secret_field.upper()} or {vendor.key_field.upper()}")
        check_key_length(key, vendor, address, source)
        hide({key})
        _api_key_caches[vendor_name] = key
        return key


def get_rds_config() -> RdsConfig:
    """Return how to reach the database; raises what `initialize_secrets` raises."""
    global _rds_config_cache
    with _lock:
        if _rds_config_cache is not None:
            _LOG.info("[DB] Using cached RDS credentials, connecting to host: %s", _rds_config_cache["host"])
            return _rds_config_cache
        config = _current_config()
        if config.rds_secret_name:
            _LOG.info("[DB] Fetching RDS configuration from Secrets Manager (first time)")
            found = parse_rds_secret(_fetch(config.rds_secret_name), config)
        elif config.database_url:
            found = parse_database_url(config.database_url.get_secret_value(), config.db_sslmode)
        else:
            raise ConfigurationError("missing: RDS_SECRET_NAME or DATABASE_URL")
        if config.db_schema:
            found["schema"] = config.db_schema
        parameters = found.get("parameters", {})
        hide({found["password"], *(parameters[name] for name in SECRET_PARAMETERS & parameters.keys())})
        _rds_config_cache = found
        return found


def refresh_rds_config(refused: RdsConfig, refusal: PermissionRefusedError) -> RdsConfig:
    """Fetch the RDS secret once more after a refused login: it may have been rotated.

    Args:
        refused: what was refused. If another thread has fetched a newer one meanwhile, that one is returned.
        refusal: how it was refused.

    Raises:
        PermissionRefusedError: the secret is the same as before, was fetched again already, or is none.
        FatalError: it could not be fetched; every thread that asks is told so, and Secrets Manager was asked once.
    """
    global _rds_config_cache, _rds_refreshed, _rds_refresh_failure
    with _lock:
        if _rds_config_cache is not None and _rds_config_cache != refused:
            return _rds_config_cache
        config = _current_config()
        if not config.rds_secret_name or _rds_refreshed:
            raise _rds_refresh_failure or refusal
        _LOG.warning("[DB] The login was refused; fetching RDS configuration from Secrets Manager once more")
        _rds_refreshed = True
        try:
            fresh = parse_rds_secret(_fetch(config.rds_secret_name), config)
        except FatalError as exc:
            _rds_refresh_failure = exc
            raise
        hide({fresh["password"]})
        if config.db_schema:
            fresh["schema"] = config.db_schema
        if fresh == refused:
            raise PermissionRefusedError(f"{refusal} The secret has not changed since it was first read.") from refusal
        _rds_config_cache = fresh
        return fresh


def _current_config() -> "JobConfig":
    global _config
    if _config is None:
        from query_generator.api import environment_config

        _config = environment_config()
    return _config


def _fetch(name: str) -> str:
    global _client
    from query_generator.aws import aws_errors, secrets_client

    if _client is None:
        _client = secrets_client(_current_config().aws_region)
    with aws_errors(f"secret '{name}'", missing=PermissionRefusedError):
        answer = _client.get_secret_value(SecretId=name)
    if "SecretString" not in answer:
        raise ConfigurationError(f"secret '{name}': it is binary; store it as text")
    return answer["SecretString"]
