"""Every vendor and provider that the project knows; other rooms ask here instead of naming one.

A new provider takes a file in this package that defines `ADAPTER`, an entry here, and its settings in
`settings/providers.py`.
Even `--help` loads this module, so it imports nothing that takes long.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from query_generator.llm.vendor import ProviderEntry, Vendor

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from query_generator.llm.adapter import ProviderSettings
    from query_generator.models import QueryType

GEMINI = Vendor(
    "gemini",
    "Gemini",
    "https://generativelanguage.googleapis.com",
    address_field="gemini_api_endpoint",
    key_settings="GEMINI_SECRET_NAME or GEMINI_API_KEY",
    model_settings="--model (GEMINI_MODEL, GEMINI_MARKET_MODEL)",
    default_model="gemini-3.5-flash-lite",
)
OPENAI = Vendor(
    "openai",
    "OpenAI",
    "https://api.openai.com/v1",
    address_field="openai_base_url",
    key_settings="OPENAI_API_KEY",
    model_settings="OPENAI_MODEL (or OPENAI_BASE_URL)",
    # "The most efficient model for focused tasks at high volume", $0.10 and $0.50 a million tokens:
    # https://developers.openai.com/api/docs/models/gpt-6-luna (2026-11); also in the SDK's types/shared/chat_model.py.
    default_model="gpt-6-luna",
    may_lack_key=True,
)
ANTHROPIC = Vendor(
    "anthropic",
    "Anthropic",
    "https://api.anthropic.com",
    address_field="anthropic_base_url",
    key_settings="ANTHROPIC_API_KEY",
    model_settings="ANTHROPIC_MODEL (or ANTHROPIC_BASE_URL)",
    # "For high-volume, latency-sensitive tasks", $0.10 and $0.50 a million tokens for prompts up to 100,000 tokens:
    # https://platform.claude.com/docs/en/models/haiku-5-5/overview (2026-11); also in the SDK's types/model_param.py.
    default_model="claude-haiku-5-5",
)


def _import_gemini_sdk(turn: "AbstractContextManager[None] | None") -> None:
    from query_generator.llm.gemini_sdk import import_sdk_in_background

    import_sdk_in_background(turn)


_GEMINI_MODELS = ("gemini_model", "gemini_market_model")
PROVIDERS = {
    entry.name: entry
    for entry in (
        ProviderEntry(
            "gemini", GEMINI, "gemini", _GEMINI_MODELS, loggers=("google", "grpc"), begin_import=_import_gemini_sdk
        ),
        ProviderEntry("google-genai", GEMINI, "google_genai", _GEMINI_MODELS, loggers=("google_genai",)),
        ProviderEntry("openai", OPENAI, "openai_chat", ("openai_model",), loggers=("openai",)),
        ProviderEntry("anthropic", ANTHROPIC, "anthropic_messages", ("anthropic_model",), loggers=("anthropic",)),
        ProviderEntry("offline", None, "offline", fixed_model="grammar"),
    )
}
VENDORS = {entry.vendor.name: entry.vendor for entry in PROVIDERS.values() if entry.vendor}
DEFAULT_PROVIDER = "gemini"
PROVIDER_WITHOUT_KEY = "offline"


def is_paid(name: str) -> bool:
    """Tell whether a provider asks a vendor, who bills the calls and limits their rate."""
    return PROVIDERS[name].vendor is not None


def vendors_of(providers: Iterable[str]) -> list[Vendor]:
    """Return the vendors whose keys the providers need, each once, in the order of the providers."""
    return list(dict.fromkeys(vendor for name in providers if (vendor := PROVIDERS[name].vendor)))


def address_of(name: str, config: "ProviderSettings") -> str | None:
    """Return the configured address of a service that stands in for the vendor's own; None: there is none."""
    vendor = PROVIDERS[name].vendor
    address: str | None = getattr(config, vendor.address_field) if vendor else None
    return address


def may_be_small(config: "ProviderSettings") -> bool:
    """Return whether all providers ask services that stand in for a vendor's own, and that know any model."""
    return all(
        (vendor := PROVIDERS[name].vendor) and vendor.may_lack_key and address_of(name, config)
        for name in config.providers
    )


def models_of(name: str, config: "ProviderSettings") -> "dict[QueryType, str]":
    """Return the model that a provider asks for each type of question."""
    from query_generator.models import QueryType

    entry = PROVIDERS[name]
    product, *market = [getattr(config, field) for field in entry.model_fields] or [entry.fixed_model]
    return {QueryType.PRODUCT: product, QueryType.MARKET: next(iter(market), None) or product}


def writes_both(name: str, config: "ProviderSettings") -> bool:
    """Return whether one call to a provider may be for both types of questions: it reads prompts, by one model."""
    return is_paid(name) and len(set(models_of(name, config).values())) == 1


def key_in_terms(name: str, query_type: "QueryType") -> str:
    """Return a model's key in a job's terms: the type of question for Gemini, as in the first jobs, else by `name`."""
    entry = PROVIDERS[name]
    if entry.vendor is GEMINI:
        return str(query_type)
    return name if len(entry.model_fields) < 2 else f"{name} {query_type}"


def terms_of_models(config: "ProviderSettings") -> dict[str, str]:
    """Return the models that the questions of a job depend on, by `key_in_terms`."""
    return {
        key_in_terms(name, query_type): model
        for name in config.providers
        if is_paid(name)
        for query_type, model in models_of(name, config).items()
    }


def begin_imports(providers: Iterable[str], turn: "AbstractContextManager[None] | None" = None) -> None:
    """Begin the imports of SDKs that take long, while the job waits for other services.

    Args:
        providers: those that will be asked.
        turn: entered around each import, to wait for other processes.
    """
    for name in providers:
        if begin_import := PROVIDERS[name].begin_import:
            begin_import(turn)
