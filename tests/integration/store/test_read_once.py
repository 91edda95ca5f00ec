"""A record is read once: the database gives back the product that was read, and its raw record says the same."""

import json
import random
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from query_generator.models import Product, RejectedRecord
from query_generator.pipeline.load import load_products
from query_generator.store.database import Database
from query_generator.store.open_work import OpenWork, can_be_read, missing_migrations, products_of_job
from query_generator.store.products import link_products, selected_products, take_selected
from query_generator.store.schema import migrate
from tests.support.catalog import add_row, counts_of, load, open_job, open_run, product, save, select_for_job
from tests.support.earlier_tables import back_to_version_1, back_to_version_2
from tests.support.outcomes import done
from tests.support.records import RECORDS, read, shuffled

CATALOG: list[dict[str, Any]] = [
    {"name": "Jug", "attributes": {"volume": "1 l", "material": "glass", "colour": "red"}, "price": 1e16},
    {"name": "Cup", "description": {"en": "A cup.", "a": "Eine Tasse."}, "tags": {"b": {"value": 3, "unit": "cm"}}},
    {
        "name": "Odd",
        "description": "nul\u0000 and half \ud83d",
        "size": -0.0,
        "specifications": {"w": 1e300, "a": 1e-9},
    },
]


def entries(records: list[dict[str, Any]] = CATALOG) -> list[Product]:
    """The products of some records."""
    return [product(position=place, **record) for place, record in enumerate(records, start=1)]


def finish(db: Database, job_id: str = "job") -> None:
    """Do all items of a job whose input is loaded."""
    ledger = open_run(db, job_id)
    items = ledger.queue.claim(1000)
    save(ledger, *[done(item, 1, 2, 3) for item in items])
    ledger.lease.end()


def load_rows(db: Database) -> int:
    """Read the products selected for the job as `--from-job` does; returns how many items are open then."""
    ledger = open_run(db)
    assert ledger.record.begin_load()
    load_products(ledger, selected_products(db, "job"), take_selected)
    ledger.record.end_load("from-job")
    ledger.lease.end()
    return counts_of(ledger).open_items


@given(records=st.lists(RECORDS, max_size=20), order=st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_comes_back_is_what_was_read(db: Database, records: list[dict[str, Any]], order: random.Random) -> None:
    """A product comes back as it was read, and its record, read from jsonb, is the same content."""
    read_now = [made for record in records if isinstance(made := read(record), Product)]
    given = [replace(made, position=place) for place, made in enumerate(read_now, start=1)]
    job_id = str(uuid.uuid4())
    linked, _ = link_products(db, job_id, str(uuid.uuid4()), given)
    back = {entry.product_id: entry for entry in selected_products(db, job_id) if isinstance(entry, Product)}
    assert back == {entry.product_id: replace(entry.product, product_id=entry.product_id) for entry in linked}
    db.run("UPDATE jobselectedproducts SET product = NULL")
    again = [entry for entry in selected_products(db, job_id) if isinstance(entry, Product)]
    assert {entry.product_id: entry.content_hash for entry in again} == {
        product_id: entry.content_hash for product_id, entry in back.items()
    }


@pytest.mark.parametrize("seed", range(3))
def test_a_finished_job_has_nothing_to_do_whatever_the_order_of_keys(db: Database, seed: int) -> None:
    """The same records, in any order of keys, and the rows of the job itself open nothing, run or dry run."""
    open_job(db, entries()).lease.end()
    finish(db)
    again = entries([shuffled(record, random.Random(seed)) for record in CATALOG])
    rows = [entry for entry in selected_products(db, "job") if isinstance(entry, Product)]
    assert list(OpenWork(db, "job").of(again)) == []
    assert list(OpenWork(db, "job", are_rows=True).of(rows)) == []
    assert counts_of(open_job(db, again)).open_items == 0


def test_the_first_run_after_the_upgrade_buys_nothing(db: Database) -> None:
    """Items of a job from before, with hashes of version 1, are not opened; a dry run says so, too."""
    open_job(db, entries()).lease.end()
    finish(db)
    back_to_version_1(db)
    assert can_be_read(missing_migrations(db))
    rows = [entry for entry in products_of_job(db, "job") if isinstance(entry, Product)]
    assert list(OpenWork(db, "job").of(entries())) == list(OpenWork(db, "job", are_rows=True).of(rows)) == []
    assert migrate(db)[:2] == ["0008_canonical_products", "0009_quota_clock"]
    assert list(OpenWork(db, "job").of(entries())) == []
    assert counts_of(open_job(db, entries())).open_items == 0
    changed = entries([{**CATALOG[0], "price": 3}, *CATALOG[1:]])
    assert counts_of(open_job(db, changed)).open_items == 2


def test_the_first_run_with_another_way_of_reading_buys_nothing(db: Database) -> None:
    """Items of a job whose products were read in another way are not opened, though names may be read otherwise now.

    What has changed in its record since is opened.
    """
    open_job(db, entries()).lease.end()
    finish(db)
    back_to_version_2(db)
    rows = [entry for entry in products_of_job(db, "job") if isinstance(entry, Product)]
    assert can_be_read(missing_migrations(db))
    assert list(OpenWork(db, "job", are_rows=True).of(rows)) == []
    assert migrate(db) == ["0012_reading_version_3"]
    db.run("UPDATE products SET product_data = product_data || '{\"price\": 3}' WHERE product_data ->> 'name' = 'Cup'")
    assert load_rows(db) == 2
    finish(db)
    assert counts_of(open_job(db, entries([CATALOG[0], {**CATALOG[1], "price": 3}, CATALOG[2]]))).open_items == 0


def test_the_statements_know_the_version_of_the_hash(db: Database) -> None:
    """Products that were just read are not read again, since the statements name today's version."""
    open_job(db, entries()).lease.end()
    assert db.rows("products.unread_page", job_id="job", after=0, size=10, bytes=10_000) == []
    assert {row.record for row in db.rows("products.selected_page", job_id="job", after=0, size=10, bytes=10_000)} == {
        None
    }


def test_a_job_that_was_not_finished_goes_on_after_the_upgrade(db: Database) -> None:
    """Open items of a job from before are worked on without its input being given again."""
    open_job(db, entries()).lease.end()
    back_to_version_1(db)
    migrate(db)
    ledger = open_run(db)
    assert {item.product.name for item in ledger.queue.claim(100)} == {"Jug", "Cup", "Odd"}


def test_a_row_that_its_owner_changes_is_read_again(db: Database) -> None:
    """What others selected is read from their rows; a change there opens the items of that product, and no others."""
    boot, cap = [add_row(db, json.dumps({"name": name, "attributes": {"size": 1}})) for name in ("Boot", "Cap")]
    select_for_job(db, [boot, cap])
    assert load_rows(db) == 4
    finish(db)
    assert load_rows(db) == 0
    db.run(f'UPDATE products SET product_data = \'{{"name": "Cap", "price": 3}}\' WHERE product_id = {cap}')
    rows = [entry for entry in products_of_job(db, "job") if isinstance(entry, Product)]
    assert [item.product.price for item in OpenWork(db, "job", are_rows=True).of(rows)] == ["3", "3"]
    assert load_rows(db) == 2
    assert {item.product.price for item in open_run(db).queue.claim(10)} == {"3"}


def test_rows_that_are_one_product_by_name_stay_two(db: Database) -> None:
    """Two rows of one brand and name that others selected are two products, each with its questions."""
    select_for_job(db, [add_row(db, '{"name": "Boot"}') for _ in range(2)])
    assert load_rows(db) == 4
    finish(db)
    assert load_rows(db) == 0


def test_a_reading_of_the_rows_keeps_what_the_input_had_rejected(db: Database) -> None:
    """Records that were rejected when the job was loaded are still told after `--from-job`."""
    open_job(db, [*entries(), RejectedRecord(9, "name", "missing or empty")]).lease.end()
    ledger = open_run(db)
    assert ledger.record.begin_load()
    ledger.record.end_load("test", keep_rejected=True)
    assert counts_of(ledger).rejected_records == 1
    load(open_run(db), entries())
    assert counts_of(open_run(db)).rejected_records == 0
