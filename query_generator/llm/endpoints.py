"""Checks of keys and addresses before any call: what can be a key, and where it may be sent."""

import ipaddress
import re
from urllib.parse import urlsplit

from query_generator.errors import ConfigurationError
from query_generator.llm.vendor import Vendor

SHORTEST_KEY = 8  # characters; no vendor has shorter keys, but a service on this machine takes any
_HEADER_VALUE = re.compile(r"[!-~]+")


def check_key_length(api_key: str, vendor: Vendor, address: str, source: str) -> None:
    """Refuse a key that is too short to be one of the vendor's, where it would be sent to the vendor.

    Args:
        api_key: the key.
        vendor: whose key it should be.
        address: of a service that stands in; empty for the vendor's own.
        source: the secret or setting that holds the key, for the error, which does not show the key.

    Raises:
        ConfigurationError: the key has fewer than 8 characters.
    """
    if len(api_key) < SHORTEST_KEY and _is_own(address, vendor):
        raise ConfigurationError(
            f"{source}: the key is shorter than {SHORTEST_KEY} characters, so it is none of "
            f"{vendor.own_address}; give the whole key"
        )


def _is_own(address: str, vendor: Vendor) -> bool:
    own = urlsplit(vendor.own_address).hostname or ""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False  # reported by `check_address`
    return not address or host == own or host.endswith(f".{own}")


def check_api_key(api_key: str, settings: str, name: str = "API key") -> None:
    """Refuse text that cannot be sent as a key.

    Args:
        api_key: the key.
        settings: the settings that hold it, for the error, which does not show the key.
        name: what the error calls it.

    Raises:
        ConfigurationError: it is empty, or holds white space or characters outside ASCII.
    """
    if not _HEADER_VALUE.fullmatch(api_key):
        raise ConfigurationError(
            f"the {name} is empty or holds white space or characters that no key has; check the setting {settings}"
        )


def check_address(url: str, setting: str, *, path_allowed: bool, shows_key: bool) -> None:
    """Refuse an address that is not an http(s) URL, or that would expose a key to the network.

    Raises:
        ConfigurationError: names `setting`; with `shows_key`, plain http is refused except on loopback.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as exc:
        raise ConfigurationError(f"{setting} is no URL; give scheme and host, https://host") from exc
    if not host or "@" in parts.netloc or parts.query or parts.fragment or parts.scheme not in ("http", "https"):
        raise ConfigurationError(f"{setting} must be an address such as https://host, without user, query or fragment")
    if parts.path not in ("", "/") and not path_allowed:
        raise ConfigurationError(f"{setting} must be scheme and host alone, such as https://host")
    if parts.scheme == "http" and shows_key and not is_loopback(host):
        raise ConfigurationError(
            f"{setting}: plain http to '{host}' would show the key; use https (http only on loopback)"
        )


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
