"""The cache filled from a catalog and from an earlier job, on a real database."""

from pathlib import Path

import pytest

from query_generator.cache.setup import ResponseCache
from query_generator.commands.cache_import import take_over
from query_generator.commands.cache_warm import warm
from query_generator.config import JobConfig, load_config
from query_generator.errors import ConfigurationError
from query_generator.input.sources import file_source, load_input_data
from query_generator.llm.registry import models_of
from query_generator.models import QueryType
from query_generator.questions.ask import ask
from query_generator.questions.order import Order
from query_generator.stopping import StopSignal
from query_generator.store.database import Database
from query_generator.store.ledger import Ledger
from tests.support.catalog import open_job, product, products
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, run_job
from tests.support.paths import ROOT


class Gemini(ItemProvider):
    """Has the name of a vendor, so that a configuration knows its models."""

    name = "gemini"
    model = "gemini-3.5-flash-lite"


@pytest.fixture
def config(tmp_path: Path) -> JobConfig:
    """A cache in a folder and nothing in memory."""
    environ = {"CACHE_URL": str(tmp_path / "cache"), "CACHE_MEMORY_MB": "0", "NUM_QUESTIONS": str(WANTED)}
    return load_config({"verb": "function", "providers": "gemini", "job_id": "job"}, environ)


def calls_of(ledger: Ledger, config: JobConfig) -> int:
    """Ask for all items of a job through the cache; how many calls were made."""
    inner = Gemini()
    provider = ResponseCache(config).around(inner, StopSignal())
    for item in ledger.queue.claim(100):
        assert len(ask(item.product, item.query_type, Order(WANTED), provider).questions) == WANTED
    return len(inner.requests)


def test_a_job_finds_all_that_was_warmed(db: Database, config: JobConfig) -> None:
    """A job that reads its products from the database asks exactly what warming has bought, in any order of fields."""
    records = list(load_input_data(file_source(str(ROOT / "examples" / "products.json")))[0])
    entries = [*records, product("Odd", zz=1, attributes={"wide": "1 m", "a": "b", "ü": {"y": 1, "x": 2}}, position=99)]
    provider = Gemini()
    warm(config, entries, ResponseCache(config).around(provider, StopSignal()), StopSignal())
    assert len(provider.requests) == 2 * len(entries)
    assert calls_of(open_job(db, entries), config) == 0


def test_an_earlier_job_fills_the_cache(db: Database, config: JobConfig) -> None:
    """The questions of a job answer another job with the same products, settings and prompt version; others do not."""
    run_job(db, products(3), Gemini())
    db.run("UPDATE queries SET prompt_version = 'older' WHERE product_id = 2 AND query_type = 'market'")
    assert take_over(db, config, ResponseCache(config)) == {"kept": 5, "another prompt version": 1}
    assert take_over(db, config, ResponseCache(config)) == {"there already": 5, "another prompt version": 1}
    assert calls_of(open_job(db, products(3), "second"), config) == 1


def test_the_recorded_model_counts(db: Database, config: JobConfig) -> None:
    """What one model has answered is not given for another one's answer."""
    run_job(db, products(1), Gemini())
    db.run('UPDATE batch_operations SET metadata = metadata || \'{"models": {"product": "gemini-3.5-flash"}}\'')
    assert take_over(db, config, ResponseCache(config)) == {"kept": 2}
    assert models_of("gemini", config)[QueryType.PRODUCT] == "gemini-3.5-flash-lite"
    assert calls_of(open_job(db, products(1), "second"), config) == 1


def test_an_unknown_job_is_told(db: Database, config: JobConfig) -> None:
    """A slip in the job id ends with a clear line."""
    with pytest.raises(ConfigurationError, match="--job-id"):
        take_over(db, config, ResponseCache(config))
