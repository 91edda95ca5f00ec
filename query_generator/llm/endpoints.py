"""Where a provider may send its key: checks of keys and addresses before any call."""

import ipaddress
import re
from urllib.parse import urlsplit

from query_generator.errors import ConfigurationError

_HEADER_VALUE = re.compile(r"[!-~]+")


def check_api_key(api_key: str, settings: str) -> None:
    """Refuse what cannot be sent as a key.

    Raises:
        ConfigurationError: it is empty or holds white space or signs outside ASCII; names `settings`, not the key.
    """
    if not _HEADER_VALUE.fullmatch(api_key):
        raise ConfigurationError(
            f"the API key is empty or holds white space or characters that no key has; check the setting {settings}"
        )


def check_address(url: str, setting: str, *, path_allowed: bool, shows_key: bool) -> None:
    """Refuse an address that is no http(s) URL, or that would show a key to the network on its way.

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
