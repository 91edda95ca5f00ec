"""Copies the questions that an earlier job has stored into the cache."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from query_generator.cache.entries import Entry
from query_generator.cache.setup import ResponseCache
from query_generator.config import JobConfig
from query_generator.errors import ConfigurationError
from query_generator.input.product_fields import RejectedRecordError
from query_generator.llm.base import GenerationReply, Usage
from query_generator.llm.registry import PROVIDERS, key_in_terms, models_of
from query_generator.models import QueryType
from query_generator.pipeline.admission import order_of
from query_generator.questions.order import Order, next_request
from query_generator.store.answers import answers_of
from query_generator.store.canonical import stored_product
from query_generator.store.database import Database
from query_generator.store.jobs import JobMetadata, read_job
from query_generator.store.queries import stored_questions


def take_over(db: Database, config: JobConfig, cache: ResponseCache) -> Counter[str]:
    """Put the stored questions of a job, finished or not, into the cache as the replies to its requests.

    Only questions from the prompt version of new jobs can be used, since other prompts are not asked for again. The
    model is the one that the job has recorded as its setting.

    Returns:
        The number of items by what became of them: `kept`, `there already`, or left out for `another prompt version`,
        `too few questions`, `an unusable record` or `an unknown provider`.

    Raises:
        ConfigurationError: there is no such job.
    """
    job = read_job(db, config.job_id)
    if job is None:
        raise ConfigurationError(f"job {config.job_id}: the database does not know it; check --job-id")
    wanted = int(job.metadata.terms["num_questions"])
    order = replace(order_of(config, JobMetadata()), num_questions=wanted)
    return Counter(
        _keep(row, order, job.metadata.terms, config, cache)
        for row in answers_of(db, config.job_id, order.prompt_version)
    )


def _keep(row: Any, order: Order, terms: Mapping[str, Any], config: JobConfig, cache: ResponseCache) -> str:
    if not row.current:
        return "another prompt version"
    if len(row.questions) < order.num_questions:
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
    request = next_request(product, query_type, order)
    if request is None:
        return "too few questions"
    questions = stored_questions(row.questions)
    keys = {group.facets: group.key for group in request.groups}
    usage = Usage(row.prompt_tokens, row.output_tokens)
    reply = GenerationReply(
        tuple(question.text for question in questions),
        row.provider,
        row.model or model,
        usage,
        keys=tuple(keys.get(question.facets, "") if question.facets else "" for question in questions),
    )
    return "kept" if cache.add(request, Entry(reply, time.time()), model) else "there already"
