"""What a run may do: the terms of its job and its input. The dry run applies the same rules as the run."""

from enum import Enum, auto
from typing import Any

from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, InputError, OtherTermsError
from query_generator.llm.base import FIRST_PROMPT_VERSION
from query_generator.llm.registry import may_be_small, terms_of_models, writes_both
from query_generator.models import QueryType
from query_generator.questions.countries import country_of
from query_generator.questions.order import Order
from query_generator.questions.personas import load_personas, name_of, shipped_personas
from query_generator.questions.plan import PlanSettings
from query_generator.questions.prompts import PROMPT_VERSION, PROMPTS_WITHOUT_LOCALE, prompt_versions
from query_generator.questions.small_model import SMALL_VERSIONS
from query_generator.store.jobs import JobMetadata

FROM_JOB = "from-job"
LASTING_TERMS = ("market_scope", "variant_scope")
"""Those that `--refresh` does not change: the items of a job are put into the ledger by them."""


class Reading(Enum):
    """Where the products of a run come from."""

    GIVEN = auto()  # the source that was given
    SELECTED = auto()  # the rows that are selected for the job in the database
    NOTHING = auto()  # nothing is read: the whole input is in the ledger already


def order_of(config: JobConfig, metadata: JobMetadata) -> Order:
    """Return what a run orders for each item. A job keeps the version of prompts that it began with.

    Args:
        config: the configuration of the run; `--refresh` allows the newest version.
        metadata: what is recorded of the job; empty before its first run.

    Raises:
        ConfigurationError: the job began with a version of prompts that is not known here, or the file of personas
            cannot be used.
    """
    began = {} if config.refresh else metadata.terms
    version = began.get("prompt_version", PROMPT_VERSION)
    small_version = began.get("small_version", SMALL_VERSIONS[0] if began else SMALL_VERSIONS[-1])
    for known, one in ((prompt_versions(), version), (SMALL_VERSIONS, small_version)):
        if one not in known:
            raise ConfigurationError(
                f"job {config.job_id} began with prompts of version {one}, which this version of the program does not "
                "know; run it with the newer program, or with --refresh"
            )
    locale = "" if config.locale == "auto" else config.locale
    if locale and version in PROMPTS_WITHOUT_LOCALE:
        raise ConfigurationError(
            f"job {config.job_id} began with prompts of version {version}, which know no locale; leave --locale out, "
            "or add --refresh"
        )
    shared_types = _shared_types(config)
    if shared_types and version in PROMPTS_WITHOUT_LOCALE:
        raise ConfigurationError(
            f"job {config.job_id} began with prompts of version {version}, which ask for each product alone; leave "
            "--market-scope and VARIANT_SCOPE out, or add --refresh"
        )
    personas = load_personas(config.personas_file) if config.personas_file else shipped_personas()
    return Order(
        config.num_questions,
        version,
        PlanSettings(config.unbranded_share, personas, country_of(locale)),
        config.ask_factor,
        config.reask_limit,
        config.small_model,
        may_be_small(config) and version != FIRST_PROMPT_VERSION,
        locale,
        shared_types,
        bool(shared_types) and all(writes_both(name, config) for name in config.providers),
        small_version,
    )


def _shared_types(config: JobConfig) -> frozenset[QueryType]:
    by_type = {
        QueryType.MARKET: config.market_scope == "category",
        QueryType.PRODUCT: config.variant_scope == "family",
    }
    return frozenset(query_type for query_type, is_shared in by_type.items() if is_shared)


def terms_of(config: JobConfig, order: Order) -> dict[str, Any]:
    """Return what the questions of a job depend on; the first run fixes it."""
    terms = {
        "num_questions": order.num_questions,
        "providers": list(config.providers),
        "models": terms_of_models(config),
        "prompt_version": order.prompt_version,
    }
    if order.prompt_version == FIRST_PROMPT_VERSION:
        return terms
    terms["small_version"] = order.small_version
    terms |= {"unbranded_share": order.plan.unbranded_share, "personas": name_of(order.plan.personas)}
    if order.prompt_version in PROMPTS_WITHOUT_LOCALE:
        return terms
    scopes = {"market_scope": config.market_scope, "variant_scope": config.variant_scope}
    return terms | {"locale": order.locale or "auto"} | scopes


def has_other_terms(config: JobConfig, order: Order, metadata: JobMetadata) -> bool:
    """Return whether the run's terms differ from those that its job began with, which `--refresh` allows.

    Args:
        config: the configuration of the run.
        order: of the run.
        metadata: what is recorded of the job; a term that is not recorded yet does not count as different.

    Raises:
        OtherTermsError: the terms differ and `--refresh` was not given.
    """
    changed = {
        name: f"{name} was {metadata.terms[name]}, is {value}"
        for name, value in terms_of(config, order).items()
        if metadata.terms.get(name, value) != value
    }
    lasting = [said for name, said in changed.items() if name in LASTING_TERMS]
    if lasting or (changed and not config.refresh):
        raise OtherTermsError(
            f"job {config.job_id} began on other terms: {'; '.join(lasting or changed.values())}. "
            f"Use the first ones, {'or a new --job-id' if lasting else 'a new --job-id, or --refresh'}."
        )
    return bool(changed)


def reading_of(config: JobConfig, *, has_source: bool, is_known: bool, metadata: JobMetadata) -> Reading:
    """Decide what a run reads.

    Args:
        config: the configuration of the run.
        has_source: whether a file, an object or a text with products was given.
        is_known: whether the database has the job, or products selected for it.
        metadata: what is recorded of the job; empty before its first run.

    Raises:
        InputError: there is nothing to read, and no such job.
        ConfigurationError: an earlier run was stopped while it read a source that is not given now.
    """
    if has_source:
        return Reading.GIVEN
    if not is_known:
        raise InputError(
            f"job {config.job_id}: no products were given and the database knows none for it; "
            "give --products-file, --input-s3, --products-json or PRODUCTS_JSON"
        )
    source = metadata.input_source or FROM_JOB
    if config.from_job or source == FROM_JOB:
        return Reading.SELECTED
    if not metadata.input_complete:
        raise ConfigurationError(
            f"job {config.job_id}: an earlier run was stopped while it read {source}; give it again"
        )
    return Reading.NOTHING


def lasting_source(name: str, reading: Reading, metadata: JobMetadata) -> str:
    """Return the name to record as the job's source; reading the job's own rows again does not change it."""
    if reading is Reading.SELECTED and metadata.input_complete:
        return metadata.input_source
    return name
