"""What a provider's replies depend on besides the prompt, from the configuration alone; no SDK is imported."""

from typing import Any

from query_generator.config import JobConfig
from query_generator.llm.registry import PROVIDERS, address_of


def parameters_of(provider: str, config: JobConfig) -> dict[str, Any]:
    """Name the parameters of every call to a provider, and its address: a stand-in's replies are its own."""
    entry = PROVIDERS[provider]
    address = {"address": address_of(provider, config)} if entry.vendor else {}
    return {**entry.adapter().parameters, **address}
