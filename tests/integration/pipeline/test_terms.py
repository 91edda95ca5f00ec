"""What the questions of a job depend on is fixed by its first run, and changed only when asked for."""

import uuid
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from query_generator.config import JobConfig, load_config
from query_generator.errors import ConfigurationError
from query_generator.pipeline.admission import has_other_terms, order_of, terms_of
from query_generator.store.database import Database
from query_generator.store.jobs import TERMS, JobMetadata, read_metadata
from query_generator.store.lease import Lease
from query_generator.store.ledger import Ledger
from tests.support.catalog import open_job, products, save
from tests.support.orders import asked
from tests.support.outcomes import done, failed, store


def new_run(db: Database, job_id: str = "job") -> Ledger:
    """A run that has not opened its job yet."""
    return Ledger(db, job_id, Lease(db, job_id, str(uuid.uuid4()), 30.0))


def config_of(num_questions: int = 4, *, refresh: bool = False, more: Mapping[str, str] | None = None) -> JobConfig:
    """The settings of a run."""
    environ = {"NUM_QUESTIONS": str(num_questions), "REFRESH": str(refresh), **(more or {})}
    return load_config({"verb": "function", "providers": "offline", "job_id": "job"}, environ)


def fresh_terms(config: JobConfig) -> dict[str, Any]:
    """The terms of a new job."""
    return terms_of(config, order_of(config, JobMetadata()))


def begin(ledger: Ledger, config: JobConfig) -> dict[str, Any]:
    """Open the job as a run with these settings does; returns what is noted of it."""
    order = order_of(config, read_metadata(ledger.db, ledger.job_id))
    ledger.record.open(terms_of(config, order), partial(has_other_terms, config, order))
    noted: dict[str, Any] = ledger.db.one("ledger.job", job_id=ledger.job_id).metadata
    return noted


def states(db: Database) -> list[Any]:
    """States of all items, in the order of the input."""
    rows = db.run("SELECT state FROM job_items ORDER BY position, product_id, query_type DESC")
    return [row.state for row in rows]


def test_the_first_run_fixes_the_terms(db: Database) -> None:
    """A later run on other terms is refused with both values named; on the same terms it goes on."""
    began = begin(new_run(db), config_of())
    with pytest.raises(ConfigurationError, match=r"num_questions was 4, is 5.*--job-id.*--refresh"):
        begin(new_run(db), config_of(5))
    assert db.run("SELECT count(*) AS n FROM query_generator_runs")[0].n == 1
    assert begin(new_run(db), config_of()) == began == fresh_terms(config_of())


def test_every_term_is_remembered(db: Database) -> None:
    """What is noted of a job is what it is compared with: none of its terms is forgotten on the way."""
    config = config_of()
    begin(new_run(db), config)
    terms = terms_of(config, order_of(config, JobMetadata()))
    assert read_metadata(db, "job").terms == terms
    assert tuple(terms) == TERMS


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("LOCALE", "de-AT", "locale"),
        ("MARKET_UNBRANDED_SHARE", "0.2", "unbranded_share"),
        ("PERSONAS_FILE", "personas.json", "personas"),
    ],
)
def test_a_set_is_not_finished_in_another_way_than_it_was_begun(
    db: Database, tmp_path: Path, variable: str, value: str, name: str
) -> None:
    """Half of a set in another language, with another share, or asked by others, is no set."""
    if name == "personas":
        value = str(tmp_path / value)
        Path(value).write_text('[{"name": "student", "description": "has little money"}]')
    begin(new_run(db), config_of())
    with pytest.raises(ConfigurationError, match=rf"{name} was .*, is .*--refresh"):
        begin(new_run(db), config_of(more={variable: value}))
    assert read_metadata(db, "job").terms[name] != value
    begin(new_run(db), config_of(refresh=True, more={variable: value}))
    begin(new_run(db), config_of(more={variable: value}))


def test_refresh_takes_other_terms_and_asks_for_what_they_leave_short(db: Database) -> None:
    """With refresh, items with too few questions for the new terms and failed ones are open; full ones stay done."""
    ledger = open_job(db, products(2), terms=fresh_terms(config_of()))
    full, short, *rest = ledger.queue.claim(4)
    ids = store(ledger, short, "Is it warm?", "Is it light?")
    save(ledger, done(full, 1, 2, 3), done(short, *ids), *[failed(item) for item in rest])
    again = new_run(db)
    other = config_of(3, refresh=True)
    assert begin(again, other).items() >= fresh_terms(other).items()
    assert states(db) == ["succeeded", "pending", "pending", "pending"]
    item = again.queue.claim(1)[0]
    assert (item.existing, item.answered) == (asked("Is it warm?", "Is it light?"), 0)
    with pytest.raises(ConfigurationError, match="num_questions was 3, is 4"):
        begin(new_run(db), config_of())


def test_refresh_on_the_same_terms_buys_nothing(db: Database) -> None:
    """Refresh allows a change; where nothing has changed, what is done stays done."""
    ledger = open_job(db, products(1), terms=fresh_terms(config_of()))
    first, second = ledger.queue.claim(2)
    save(ledger, done(first, 1), failed(second))
    begin(new_run(db), config_of(refresh=True))
    assert states(db) == ["succeeded", "failed"]


def test_an_operation_of_somebody_else_on_the_same_job_stays_theirs(db: Database) -> None:
    """A row of `batch_operations` made by another tool keeps what it says; the terms are in a row of ours."""
    db.run(
        "INSERT INTO batch_operations (job_id, operation_type, status, metadata) VALUES "
        "('noted', 'enhance', 'pending', '{\"user\": 7}'), ('bare', 'enhance', 'pending', NULL)"
    )
    config = config_of()
    assert begin(new_run(db, "noted"), config) == fresh_terms(config)
    assert begin(new_run(db, "bare"), config) == fresh_terms(config)
    theirs = db.run("SELECT job_id, metadata FROM batch_operations WHERE operation_type = 'enhance' ORDER BY 1")
    assert theirs == [("bare", None), ("noted", {"user": 7})]
