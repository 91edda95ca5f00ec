"""What a dry run finds open in a job, without a trace of itself."""

import pytest

from query_generator.errors import SkippableError
from query_generator.models import Product, QueryType
from query_generator.store.connection_errors import DatabaseAwayError
from query_generator.store.database import Database
from query_generator.store.open_work import OpenWork, experience_of, missing_migrations
from tests.support.catalog import counts_of, open_job, open_run, product, products
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation, run_job

ALL = [(f"Product {number}", kind) for number in (1, 2, 3) for kind in QueryType]


def opened(work: OpenWork, entries: list[Product]) -> list[tuple[str, QueryType]]:
    """Names and types of what is open."""
    return [(item.product.name, item.query_type) for item in work.of(entries)]


def test_everything_is_open_in_a_job_that_is_new(db: Database) -> None:
    """A new job needs a call for each product and type, with tables or without."""
    assert opened(OpenWork(None, "job"), products(3)) == opened(OpenWork(db, "job"), products(3)) == ALL


def test_only_what_is_left_is_open_in_a_known_job(db: Database) -> None:
    """What is done or refused for good is left out; a product that is new or has changed is open."""
    run_job(db, products(3), ItemProvider({("Product 2", "market"): [SkippableError("refused")]}))
    assert opened(OpenWork(db, "job"), products(3)) == []
    changed = product("Product 3", position=3, description="New")
    entries = [*products(2), changed, *products(4)[3:]]
    assert opened(OpenWork(db, "job"), entries) == [
        (name, kind) for name in ("Product 3", "Product 4") for kind in QueryType
    ]


def test_an_item_that_is_half_done_asks_for_the_rest(db: Database) -> None:
    """The questions that are there already are left out of the next prompt, as the run does it."""
    ledger = open_job(db, products(1))
    loop = generation(ledger, ItemProvider({("Product 1", "product"): [1, DatabaseAwayError("gone")]}))
    with pytest.raises(DatabaseAwayError):
        loop.run(counts_of(ledger))
    ledger.lease.end()
    work = {item.query_type: len(item.existing) for item in OpenWork(db, "job").of(products(1))}
    assert work[QueryType.PRODUCT] == 1


def test_products_with_enough_questions_are_left_out_where_that_is_asked(db: Database) -> None:
    """With --skip-existing a product that has its questions costs nothing in another job."""
    run_job(db, products(2), ItemProvider())
    entries = products(3)
    assert opened(OpenWork(db, "other", enough_at=WANTED), entries) == ALL[4:]
    assert opened(OpenWork(db, "other", enough_at=WANTED + 1), entries) == ALL
    assert opened(OpenWork(db, "job", refill_to=WANTED + 1), entries) == ALL
    assert opened(OpenWork(db, "job", refill_to=WANTED), entries) == ALL[4:]


def test_tables_of_before_facets_and_refreshes_are_read_as_well(db: Database) -> None:
    """A dry run comes before the migrations; what the tables do not tell yet is not known of any question."""
    run_job(db, products(2), ItemProvider({("Product 1", "product"): [1, SkippableError("refused")]}))
    changed = [products(1)[0], product("Product 2", position=2, description="New")]
    work = OpenWork(db, "job", retry_failed=True)
    before = {(item.product.name, item.query_type): len(item.existing) for item in work.of(changed)}
    assert before == {("Product 1", "product"): 1, ("Product 2", "product"): WANTED, ("Product 2", "market"): WANTED}
    columns = ("intent", "stage", "style", "persona", "branded", "locale", "grounded_in", "text_md5", "off_reason")
    db.run(f"ALTER TABLE queries {', '.join(f'DROP COLUMN {column}' for column in columns)}")
    db.run("ALTER TABLE job_items DROP COLUMN changed")
    after = {(item.product.name, item.query_type): item.existing for item in work.of(changed)}
    assert {key: len(existing) for key, existing in after.items()} == before
    assert {question.facets for existing in after.values() for question in existing} == {None}


def test_earlier_replies_tell_how_long_the_next_will_be(db: Database) -> None:
    """Tokens for each question that was written, also for those too many, and the share of second calls."""
    script = {(f"Product {number}", "product"): [2, 2] for number in range(1, 11)}
    run_job(db, products(20), ItemProvider(script))
    for job in ("job", "other"):
        experience = experience_of(db, job, "scripted", "model-1")
        assert experience is not None
        assert experience.items == 40
        assert experience.tokens_a_question == pytest.approx(50 * 5 / (30 * 5 + 10 * (2 + 2)))
        assert experience.second_calls == pytest.approx(10 / 40)
    assert experience_of(db, "job", "scripted", "model-2") is None


def test_a_database_that_is_read_cannot_be_written(db: Database) -> None:
    """The connection of a dry run refuses every write, so that nothing can be written by mistake."""
    assert missing_migrations(db) == []
    db.rows("quote.read_only")
    with pytest.raises(DatabaseAwayError, match="read-only"):
        open_run(db)
