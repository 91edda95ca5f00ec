"""What a run may do: the terms of its job, and the input that it has. The dry run asks the same as the run."""

from enum import Enum, auto
from typing import Any

from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError, InputError
from query_generator.llm.registry import terms_of_models
from query_generator.questions.prompts import PROMPT_VERSION
from query_generator.store.jobs import JobMetadata

FROM_JOB = "from-job"


class Reading(Enum):
    """Where the products of a run come from."""

    GIVEN = auto()  # from the source that was given
    SELECTED = auto()  # from the rows that are selected for the job in the database
    NOTHING = auto()  # all of the input is in the ledger already


def terms_of(config: JobConfig) -> dict[str, Any]:
    """What the questions of a job depend on, and its first run fixes."""
    return {
        "num_questions": config.num_questions,
        "providers": list(config.providers),
        "models": terms_of_models(config),
        "prompt_version": PROMPT_VERSION,
    }


def has_other_terms(config: JobConfig, metadata: JobMetadata) -> bool:
    """Tell whether a run has other terms than its job began with, as `--refresh` allows.

    Args:
        config: of the run.
        metadata: of the job; terms that are not noted yet do not differ.

    Raises:
        ConfigurationError: the terms differ, and `--refresh` is not given.
    """
    changed = [
        f"{name} was {metadata.terms[name]}, is {value}"
        for name, value in terms_of(config).items()
        if metadata.terms.get(name, value) != value
    ]
    if changed and not config.refresh:
        raise ConfigurationError(
            f"job {config.job_id} began on other terms: {'; '.join(changed)}. "
            "Use the first ones, a new --job-id, or --refresh."
        )
    return bool(changed)


def reading_of(config: JobConfig, *, has_source: bool, is_known: bool, metadata: JobMetadata) -> Reading:
    """Tell what a run reads.

    Args:
        config: of the run.
        has_source: it was given a file, an object or a text with products.
        is_known: the database has the job, or products selected for it.
        metadata: of the job; empty before its first run.

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
    """Name the source that the job has after a reading; rows that the job has from elsewhere do not change it."""
    if reading is Reading.SELECTED and metadata.input_complete:
        return metadata.input_source
    return name
