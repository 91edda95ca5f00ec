"""Imports of the vendors' SDKs, any of which an image may lack."""

from collections.abc import Iterator
from contextlib import contextmanager

from query_generator.errors import ConfigurationError


@contextmanager
def sdk_of(provider: str, package: str) -> Iterator[None]:
    """Import a provider's SDK inside.

    Raises:
        ConfigurationError: the package is not installed; the message names the provider and what to do.
    """
    try:
        yield
    except ImportError as exc:
        raise ConfigurationError(
            f"the provider '{provider}' needs the package {package}, which cannot be imported here ({exc.name});"
            f" add {package} to the image, or name another provider (--provider, LLM_PROVIDERS)"
        ) from exc
