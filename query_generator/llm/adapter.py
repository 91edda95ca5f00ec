"""Makes a provider by its name: what its file defines for that, and what it is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from query_generator.llm.base import CountTokens, Provider
from query_generator.llm.registry import PROVIDERS, address_of, models_of
from query_generator.models import QueryType


class ProviderSettings(Protocol):
    """The part of `JobConfig` that every provider needs, besides the fields that its entry in the registry names."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Names in `LLM_PROVIDERS`."""
        ...

    @property
    def max_concurrency(self) -> int:
        """Most calls in flight at once."""
        ...

    @property
    def connection_pool_size(self) -> int | None:
        """Most connections to a service; None: as many as calls in flight."""
        ...

    @property
    def llm_timeout(self) -> float:
        """Longest wait for a service, in seconds."""
        ...


class CallLimits(TypedDict):
    """What bounds the calls of a provider: connections, seconds for one wait, and seconds for a whole call."""

    pool_size: int
    timeout_seconds: float
    deadline_seconds: float


@dataclass(frozen=True, slots=True)
class Adapter:
    """What a provider's own file defines, as `ADAPTER`.

    Attributes:
        make: makes the provider from key, models by type of question, address (empty: the vendor's own) and limits.
        parameters: set in every call, and part of every key of the cache: after a change all replies are bought again.
        token_counter: makes a function that counts tokens free of charge, from key and address; None: there is none.
    """

    make: Callable[[str, Mapping[QueryType, str], str, CallLimits], Provider]
    parameters: Mapping[str, Any]
    token_counter: Callable[[str, str], CountTokens] | None = None


def provider_by_name(name: str, config: ProviderSettings, api_key_of: Callable[[str], str]) -> Provider:
    """Make the provider of a name in `LLM_PROVIDERS`.

    Args:
        name: of the provider.
        config: of the run.
        api_key_of: returns the key of a vendor by its name.

    Raises:
        ConfigurationError: its key, model or address is not usable, or its SDK is not installed.
        FatalError: as `api_key_of`.
    """
    entry = PROVIDERS[name]
    api_key = api_key_of(entry.vendor.name) if entry.vendor else ""
    return entry.adapter().make(api_key, models_of(name, config), address_of(name, config) or "", limits_of(config))


def limits_of(config: ProviderSettings) -> CallLimits:
    """Return the limits of calls; a whole call may take twice as long as one wait."""
    return CallLimits(
        pool_size=config.connection_pool_size or config.max_concurrency,
        timeout_seconds=config.llm_timeout,
        deadline_seconds=2 * config.llm_timeout,
    )
