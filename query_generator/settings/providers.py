"""Who writes the questions, how fast, for how much money, and with which keys."""

from typing import TYPE_CHECKING, Annotated, Literal

from query_generator.declaration import Between, Group, Help, Option, Setting, declarations
from query_generator.llm.registry import ANTHROPIC, DEFAULT_PROVIDER, GEMINI, OPENAI, PROVIDER_WITHOUT_KEY, PROVIDERS
from query_generator.settings.readings import BUYING, checked_names

if TYPE_CHECKING:
    from pydantic import SecretStr

if TYPE_CHECKING:
    ProviderName = str
else:
    ProviderName = Literal[tuple(PROVIDERS)]


@declarations
class ProviderSettings:
    """Who writes the questions, how fast, for how much money, and with which keys."""

    providers: Annotated[
        tuple[ProviderName, ...],
        Setting(
            Group.WRITER,
            "LLM_PROVIDERS",
            "gemini,openai",
            default=f"{DEFAULT_PROVIDER}, or {PROVIDER_WITHOUT_KEY} with --local and no key",
            read=checked_names,
        ),
        Help("who is asked; each stands in for those before it"),
        Option("--provider", "NAMES", BUYING),
    ]
    routing: Annotated[
        Literal["ordered", "cheapest"],
        Setting(Group.WRITER, "LLM_ROUTING", "cheapest"),
        Help(
            "which of several providers is asked first",
            "`ordered`: they are asked as they are named; `cheapest`: by the price of a typical call.",
        ),
    ] = "ordered"
    gemini_model: Annotated[
        str,
        Setting(Group.WRITER, "GEMINI_MODEL", GEMINI.default_model),
        Help("the model of `gemini` and `google-genai`"),
        Option("--model", "NAME", BUYING),
    ] = GEMINI.default_model
    gemini_market_model: Annotated[
        str | None,
        Setting(Group.WRITER, "GEMINI_MARKET_MODEL", "gemini-3.8-flash", default="that of GEMINI_MODEL"),
        Help("their model for market questions, if another"),
    ] = None
    openai_model: Annotated[
        str, Setting(Group.WRITER, "OPENAI_MODEL", OPENAI.default_model), Help("the model of `openai`")
    ] = OPENAI.default_model
    anthropic_model: Annotated[
        str, Setting(Group.WRITER, "ANTHROPIC_MODEL", ANTHROPIC.default_model), Help("the model of `anthropic`")
    ] = ANTHROPIC.default_model
    max_concurrency: Annotated[
        int,
        Setting(Group.PACE, "MAX_CONCURRENCY", "32"),
        Help("calls in flight at once"),
        Between(1, 1000),
        Option("--max-concurrency", "N", BUYING),
    ] = 32
    connection_pool_size: Annotated[
        int | None,
        Setting(Group.PACE, "CONNECTION_POOL_SIZE", "32", default="the calls in flight"),
        Help("HTTP connections"),
        Between(1, 1000),
    ] = None
    rpm: Annotated[
        int,
        Setting(Group.PACE, "MAX_REQUESTS_PER_MINUTE", "60"),
        Help("calls a minute of the whole job, all runs together", "Not for `offline`."),
        Between(1),
        Option("--rpm", "N", BUYING),
    ] = 60
    tpm: Annotated[
        int | None,
        Setting(Group.PACE, "MAX_TOKENS_PER_MINUTE", "250000", default="none"),
        Help("tokens a minute of the whole job, prompts and replies"),
        Between(1),
        Option("--tpm", "N", BUYING),
    ] = None
    rpd: Annotated[
        int | None,
        Setting(Group.PACE, "MAX_REQUESTS_PER_DAY", "10000", default="none"),
        Help("calls a day of the whole job", "Days end at midnight Pacific time, as Google's do."),
        Between(1),
        Option("--rpd", "N", BUYING),
    ] = None
    max_cost: Annotated[
        float | None,
        Setting(Group.PACE, "MAX_COST_USD", "5.00", default="none"),
        Help(
            "what the whole job may cost",
            "A hard cap, summed over all runs and children of the job. The price of every model that is asked has to "
            "be known.",
        ),
        Between(above=0, unit="US dollars"),
        Option("--max-cost", "USD", BUYING),
    ] = None
    prices_file: Annotated[
        str | None,
        Setting(Group.PACE, "PRICES_FILE", "prices.json"),
        Help("a JSON file with prices of models that go before the table of this project"),
    ] = None
    gemini_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "GEMINI_SECRET_NAME", "query-generator/gemini"),
        Help(
            "name of the secret with the key of Gemini, in Secrets Manager",
            "The key as plain text, or JSON with `api_key` or `GEMINI_API_KEY`.",
        ),
    ] = None
    gemini_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "GEMINI_API_KEY", "a key of the Gemini API", secret=True),
        Help(
            "the key itself; used where GEMINI_SECRET_NAME is not set",
            "A key of fewer than 8 characters is refused (64) where it would go to the vendor itself.",
        ),
    ] = None
    gemini_api_endpoint: Annotated[
        str | None,
        Setting(Group.KEYS, "GEMINI_API_ENDPOINT", "http://127.0.0.1:8080", default="Google's"),
        Help("scheme and host of a Gemini-compatible service", "Plain http on loopback only."),
    ] = None
    openai_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "OPENAI_SECRET_NAME", "query-generator/openai"),
        Help(
            "name of the secret with the key of OpenAI; read only if `openai` is asked",
            "The key as plain text, or JSON with `api_key` or `OPENAI_API_KEY`.",
        ),
    ] = None
    openai_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "OPENAI_API_KEY", "a key of the OpenAI API", secret=True),
        Help(
            "the key itself; used where OPENAI_SECRET_NAME is not set",
            "With OPENAI_BASE_URL there may be none. Too short a key is refused as for Gemini.",
        ),
    ] = None
    openai_base_url: Annotated[
        str | None,
        Setting(Group.KEYS, "OPENAI_BASE_URL", "http://127.0.0.1:11434/v1", default="the vendor's"),
        Help(
            "another service that speaks as OpenAI's does, with its version", "Plain http with a key on loopback only."
        ),
    ] = None
    anthropic_secret_name: Annotated[
        str | None,
        Setting(Group.KEYS, "ANTHROPIC_SECRET_NAME", "query-generator/anthropic"),
        Help(
            "name of the secret with the key of Anthropic; read only if `anthropic` is asked",
            "The key as plain text, or JSON with `api_key` or `ANTHROPIC_API_KEY`.",
        ),
    ] = None
    anthropic_api_key: Annotated[
        "SecretStr | None",
        Setting(Group.KEYS, "ANTHROPIC_API_KEY", "a key of the Anthropic API", secret=True),
        Help(
            "the key itself; used where ANTHROPIC_SECRET_NAME is not set", "Too short a key is refused as for Gemini."
        ),
    ] = None
    anthropic_base_url: Annotated[
        str | None,
        Setting(Group.KEYS, "ANTHROPIC_BASE_URL", "https://anthropic.example.internal", default="the vendor's"),
        Help("another service that speaks as Anthropic's does", "Plain http with a key on loopback only."),
    ] = None
