"""Copies the questions that an earlier job has stored into the cache."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from query_generator.cache.entries import Entry
from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError
from query_generator.input.product_fields import RejectedRecordError
from query_generator.llm.base import GenerationReply, GenerationRequest, Usage
from query_generator.llm.registry import PROVIDERS, key_in_terms, models_of
from query_generator.models import QueryType
from query_generator.questions.prompts import PROMPT_VERSION, build_prompt
from query_generator.store.answers import answers_of
from query_generator.store.canonical import stored_product
from query_generator.store.database import Database
from query_generator.store.jobs import read_job


def take_over(db: Database, config: JobConfig, cache: ResponseCache) -> Counter[str]:
    """Put the stored questions of a job, finished or not, into the cache as the replies to its requests.

    Only questions from the current prompt version can be used, since other prompts are not asked again. The model is
    the one that the job has recorded as its setting.

    Returns:
        The number of items by what became of them: `kept`, `there already`, or left out for `another prompt version`,
        `too few questions`, `an unusable record` or `an unknown provider`.

    Raises:
        ConfigurationError: there is no such job.
    """
    job = read_job(db, config.job_id)
    if job is None:
        raise ConfigurationError(f"job {config.job_id}: the database does not know it; check --job-id")
    return Counter(
        _keep(row, job.metadata.terms, config, cache) for row in answers_of(db, config.job_id, PROMPT_VERSION)
    )


def _keep(row: Any, terms: Mapping[str, Any], config: JobConfig, cache: ResponseCache) -> str:
    wanted = int(terms["num_questions"])
    if not row.current:
        return "another prompt version"
    if len(row.texts) < wanted:
        return "too few questions"
    if row.provider not in PROVIDERS:
        return "an unknown provider"
    try:
        product = stored_product(row)
    except RejectedRecordError:
        return "an unusable record"
    query_type = QueryType(row.query_type)
    recorded = terms.get("models", {}).get(key_in_terms(row.provider, query_type))
    model = recorded or models_of(row.provider, config)[query_type]
    request = GenerationRequest(product, query_type, wanted, build_prompt(product, query_type, wanted))
    usage = Usage(row.prompt_tokens, row.output_tokens)
    reply = GenerationReply(tuple(row.texts), row.provider, row.model or model, usage)
    return "kept" if cache.add(request, Entry(reply, time.time()), model) else "there already"
