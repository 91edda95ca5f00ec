"""The documented functions, to be called by hand: arguments that are left out come from the environment.

SDKs and pydantic are imported only when a function that needs them is called.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from query_generator.aws import s3_client
from query_generator.errors import ConfigurationError, InputError, UnusableReplyError
from query_generator.input import sources
from query_generator.input.product_fields import product_from_record
from query_generator.llm.base import Provider
from query_generator.models import Product, QueryType, Question, RejectedRecord
from query_generator.questions.ask import ask
from query_generator.questions.order import Known, Order
from query_generator.store import objects as store_objects
from query_generator.store import products
from query_generator.store import queries as store_queries
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.database import Database

if TYPE_CHECKING:
    from query_generator.config import JobConfig

__all__ = [
    "environment_config",
    "generate_questions",
    "get_db_connection",
    "get_product_ids_from_job",
    "load_input_data",
    "save_queries_to_rds",
    "save_to_s3",
]

_LOG = logging.getLogger("api")


def environment_config() -> "JobConfig":
    """Read the configuration of this process from its environment.

    Only the values that are set are checked; each function reports the settings that it lacks.

    Raises:
        ConfigurationError: a value is wrong.
    """
    from query_generator.config import load_config

    return load_config({"verb": "function"}, os.environ)


def load_input_data(source: sources.InputSource | None = None) -> tuple[Iterator[Product | RejectedRecord], str]:
    """Read the products of a source, by default the first one that the environment names.

    Returns and raises the same as `input.sources.load_input_data`.

    Raises:
        InputError: the environment names no source.
    """
    if source is None:
        configured = sources.configured_sources(environment_config())
        if not configured:
            raise InputError("no products: set PRODUCTS_JSON, or INPUT_S3_BUCKET and INPUT_S3_KEY")
        source = configured[0]
    return sources.load_input_data(source)


def get_product_ids_from_job(
    job_id: str, db: Database | None = None, keys: Sequence[str] | None = None
) -> dict[str, int]:
    """Return the ids of the products selected for a job, as `store.products.get_product_ids_from_job` does.

    Without `db` it opens a connection and closes it afterwards.
    """
    if db is not None:
        return products.get_product_ids_from_job(job_id, db, keys)
    with closing(open_database()) as opened:
        return products.get_product_ids_from_job(job_id, opened, keys)


def generate_questions(
    product_info: Mapping[str, Any], num_questions: int = 25, provider: Provider | None = None
) -> dict[str, list[str]]:
    """Generate the questions for one product: one call for each type, and at most two more if questions are missing.

    Args:
        product_info: a catalog record; docs/reference/input.md lists the field names.
        num_questions: how many questions of each type.
        provider: the provider to call; by default the one that the environment configures.

    Returns:
        A dict with the keys `product_questions` and `market_questions`, each a list of at most `num_questions` texts.

    Raises:
        SkippableError: the record is not a usable product, or the model refuses it.
        RetryableError: the provider fails for a transient reason.
        FatalError: the provider cannot be used.
    """
    product = product_from_record(dict(product_info), 1)
    asked = provider or _configured_provider()
    order = Order(num_questions)
    questions: dict[str, list[str]] = {}
    for query_type in QueryType:
        made: list[Question] = []
        dropped: Counter[str] = Counter()
        for call in range(1, order.calls + 1):
            result = ask(product, query_type, order, asked, Known(made, dropped, answered=call - 1))
            made += result.questions
            dropped += result.dropped
            is_of_no_use = isinstance(result.error, UnusableReplyError)
            if result.error and not (is_of_no_use and call == 1):
                if not made:
                    raise result.error
                break
        if len(made) < num_questions:
            _LOG.warning("[AI] only %d %s questions for %s", len(made), query_type, product.name)
        questions[f"{query_type}_questions"] = [question.text for question in made]
    return questions


def _configured_provider() -> Provider:
    from query_generator.pipeline.providers import make_provider
    from query_generator.stopping import StopSignal

    return make_provider(environment_config(), StopSignal())[0]


def save_queries_to_rds(
    queries: Sequence[tuple[int, str, str] | store_queries.Query],
    db: Database | None = None,
    batch_size: int = store_queries.BATCH_SIZE,
) -> list[int]:
    """Store questions, as `store.queries.save_queries_to_rds` does.

    Without `db` it opens a connection and closes it afterwards.
    """
    if db is not None:
        return store_queries.save_queries_to_rds(queries, db, batch_size)
    with closing(open_database()) as opened:
        return store_queries.save_queries_to_rds(queries, opened, batch_size)


def save_to_s3(
    data: Mapping[str, Any] | store_objects.Chunks,
    job_id: str,
    name: str = "results.json",
    objects: store_objects.ObjectStore | None = None,
    prefix: str | None = None,
) -> str:
    """Write an object of a job, as `store.objects.save_to_s3` does; by default to OUTPUT_S3_BUCKET and its prefix.

    Raises:
        ConfigurationError: OUTPUT_S3_BUCKET is not set.
    """
    if objects is None or prefix is None:
        config = environment_config()
        prefix = config.output_s3_prefix if prefix is None else prefix
        objects = objects or _configured_objects(config)
    return store_objects.save_to_s3(data, job_id, name, objects=objects, prefix=prefix)


def _configured_objects(config: "JobConfig") -> store_objects.ObjectStore:
    if not config.output_s3_bucket:
        raise ConfigurationError("missing: OUTPUT_S3_BUCKET (for example my-bucket)")
    return store_objects.S3Objects(s3_client(config.aws_region), config.output_s3_bucket)
