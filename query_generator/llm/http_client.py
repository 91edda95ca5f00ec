"""The HTTP client for an SDK over httpx: its connections, its time-outs, and which replies are errors."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from query_generator.errors import ConfigurationError
from query_generator.llm.endpoints import is_loopback
from query_generator.llm.http_deadline import DeadlineTransport
from query_generator.llm.http_errors import ErrorStatus
from query_generator.masking import hide

KEEP_ALIVE_SECONDS = 60.0


def make_client(
    url: str, api_key: str, *, pool_size: int, timeout_seconds: float, deadline_seconds: float
) -> httpx2.Client:
    """Make a client for calls to one service, for many threads, with at most `pool_size` connections.

    `timeout_seconds` bounds the wait for a connection and for each read, `deadline_seconds` a whole call. A reply with
    any status but 200, redirects included, is raised as `ErrorStatus`. The proxy variables of the environment, such as
    `HTTPS_PROXY`, are respected, except on loopback.

    Raises:
        ConfigurationError: the proxy that the environment names cannot be used.
    """
    hide({api_key})
    try:
        transport = DeadlineTransport(
            deadline_seconds,
            limits=httpx2.Limits(
                max_connections=pool_size,
                max_keepalive_connections=pool_size,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
            ),
            proxy=_proxy_for(url),
        )
    except (ImportError, ValueError) as exc:
        raise ConfigurationError(
            f"the proxy for {urlsplit(url).hostname} is of a kind that cannot be used; set HTTPS_PROXY to http://host:port"
        ) from exc
    # trust_env holds for the client alone, since a ~/.netrc could add a password; the transport reads SSL_CERT_FILE.
    return httpx2.Client(
        transport=transport,
        timeout=timeout_seconds,
        headers={"Accept-Encoding": "identity"},  # replies are short, and a packed one can be a bomb
        trust_env=False,
        event_hooks={"response": [_raise_unless_ok]},
    )


def _raise_unless_ok(response: httpx2.Response) -> None:
    """Raise before the SDK makes an exception that quotes the body: a service may repeat the key there."""
    if response.status_code != 200:
        raise ErrorStatus(response.status_code, dict(response.headers), response.read())


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
