"""Vendors' SDKs, which an image may leave out."""

from collections.abc import Iterator
from contextlib import contextmanager

from query_generator.errors import ConfigurationError


@contextmanager
def sdk_of(provider: str, package: str) -> Iterator[None]:
    """Import inside it.

    Raises:
        ConfigurationError: the package is not installed; names the provider and the way out.
    """
    try:
        yield
    except ImportError as exc:
        raise ConfigurationError(
            f"the provider '{provider}' needs the package {package}, which cannot be imported here ({exc.name});"
            f" add {package} to the image, or name another provider (--provider, LLM_PROVIDERS)"
        ) from exc
