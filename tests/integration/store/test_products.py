"""Which row of `products` a record becomes."""

import json
import random
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from query_generator.input.sources import load_input_data, text_source
from query_generator.models import Product
from query_generator.pipeline.load import CHUNK
from query_generator.store import products as store
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.database import Database
from query_generator.store.products import (
    get_product_ids_from_job,
    link_products,
    read_selected_products,
    selected_products,
)
from secrets_cache import RdsConfig
from tests.support.catalog import ListingDatabase, add_row, load, open_job, open_run, product, products, select_for_job


def link(db: Database, entries: Sequence[Product], job_id: str = "job", load_id: str = "") -> list[int]:
    """Link products and return the ids of those that were not repeated."""
    linked, _ = link_products(db, job_id, load_id or str(uuid.uuid4()), entries)
    return [entry.product_id for entry in linked]


def record_of(db: Database, product_id: int, job_id: str = "job") -> object:
    """What the job was told about a product, where that differs from `products.product_data`."""
    sql = "SELECT record FROM jobselectedproducts WHERE job_id = %(job)s AND product_id = %(id)s"
    (row,) = db.run(sql, {"job": job_id, "id": product_id})
    return row.record


def data_of(db: Database) -> dict[int, object]:
    """`product_data` by id."""
    return {row.product_id: row.product_data for row in db.run("SELECT product_id, product_data FROM products")}


def test_selected_products_are_found_by_composite_key(db: Database) -> None:
    """Products selected for a job come back under brand and name, wherever older rows keep the brand."""
    boot = add_row(db, '{"title": "  Trail   BOOT "}', "Acme")
    pipe = add_row(db, '{"name": "A|B", "brand": "C"}')
    twin = add_row(db, '{"name": "trail boot", "brand": "ACME"}')
    useless = add_row(db, '{"colour": "red"}')
    other = add_row(db, '{"name": "Other"}')
    select_for_job(db, [boot, pipe, twin, useless])
    select_for_job(db, [other], "other job")
    assert get_product_ids_from_job("job", db) == {"acme|trail boot": boot, "c|a\\|b": pipe}
    assert get_product_ids_from_job("job", db, ["acme|trail boot", "no|such"]) == {"acme|trail boot": boot}
    assert get_product_ids_from_job("other job", db) == {"|other": other}
    assert get_product_ids_from_job("no such job", db) == {}


def test_selected_products_are_read_by_pages(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job with more products than a page holds is read whole, in the order of the ids, each at its position."""
    monkeypatch.setattr(store, "PAGE_SIZE", 3)
    add_row(db, '{"name": "Not selected"}')
    entries = dict(zip(link(db, products(10)), products(10), strict=True))
    assert list(selected_products(db, "job")) == [
        replace(entries[product_id], product_id=product_id) for product_id in sorted(entries)
    ]
    assert list(get_product_ids_from_job("job", db).values()) == sorted(entries)


def test_records_are_read_by_pages_of_some_bytes(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that others selected are read whole, however large each is, and a page ends after some bytes."""
    monkeypatch.setattr(store, "PAGE_BYTES", 3_000)
    noise = [random.Random(number).randbytes(1_000).hex() for number in range(7)]
    rows = [add_row(db, f'{{"name": "Boot {number}", "note": "{text}"}}') for number, text in enumerate(noise)]
    select_for_job(db, rows)
    listing = ListingDatabase(db._connection)
    assert [entry.position for entry in selected_products(listing, "job")] == rows
    assert len(listing.names()) == 5
    read_selected_products(listing, "job")
    assert [entry.position for entry in selected_products(db, "job")] == rows
    assert db.run("SELECT count(*) AS n FROM jobselectedproducts WHERE product IS NULL")[0].n == 0


def test_a_row_without_a_usable_name_is_rejected_by_its_id(db: Database) -> None:
    """A selected row that holds no product is named as rejected, and the others go on."""
    useless, boot = add_row(db, "[1]"), add_row(db, '{"name": "Boot"}')
    select_for_job(db, [useless, boot])
    rejected, found = selected_products(db, "job")
    assert (rejected.position, found.position) == (useless, boot)
    assert not isinstance(rejected, Product)


@pytest.mark.parametrize("brand_in_data", [True, False])
def test_a_claimed_id_is_believed_where_brand_and_name_agree(db: Database, brand_in_data: bool) -> None:
    """`product_id` names its row when that row has the record's brand and name, however they are written."""
    row = add_row(db, '{"name": "boot", "brand": "ACME"}' if brand_in_data else '{"name": "boot"}', "ACME")
    assert link(db, [product(" Boot ", "Acme", product_id=row)]) == [row]
    assert len(data_of(db)) == 1


@pytest.mark.parametrize(("name", "brand"), [("Sandal", "Acme"), ("Boot", "Other"), ("Boot", "")])
def test_a_claimed_id_of_another_product_is_not_believed(db: Database, name: str, brand: str) -> None:
    """A `product_id` whose row has another brand or name, or that does not exist, leads to a row of its own."""
    row = add_row(db, '{"name": "Boot"}', "Acme")
    (linked,) = link(db, [product(name, brand, product_id=row)])
    (unknown,) = link(db, [product("Cap", product_id=2_000_000_000)])
    assert row not in (linked, unknown)
    assert data_of(db)[row] == {"name": "Boot"}


def test_a_claim_holds_against_a_wrong_claim_of_the_same_id(db: Database) -> None:
    """Of two records that claim one row, the one with its brand and name gets it, in either order."""
    row = add_row(db, '{"name": "Boot", "brand": "Acme"}')
    right, wrong = product("Boot", product_id=row), product("Sandal", position=2, product_id=row)
    assert link(db, [right, wrong], "one")[0] == row
    assert link(db, [wrong, right], "two")[1] == row


@pytest.mark.parametrize("field", ["id", "sku", "productId", "external_id", "gtin"])
def test_other_ids_are_never_matched(db: Database, field: str) -> None:
    """Only a field of exactly the name `product_id` may mean a row; every other id is kept in the record."""
    row = add_row(db, '{"name": "Boot", "brand": "Acme", "id": 1}')
    entry = product("Boot", "Acme", 1, **{field: row})
    (linked,) = link(db, [entry])
    assert linked != row
    assert data_of(db)[linked] == {"name": "Boot", "brand": "Acme", field: row}


def test_the_claim_wins_then_the_selection_then_the_hash(db: Database) -> None:
    """A record is the row that it claims, else the one selected for the job, else the one with its hash."""
    entry = product("Boot")
    hashed = add_row(db, '{"name": "Boot", "brand": "Acme"}', None, entry.product_hash)
    selected = add_row(db, '{"name": "Boot", "brand": "Acme"}')
    claimed = add_row(db, '{"name": "Boot", "brand": "Acme"}')
    select_for_job(db, [selected], "with selection")
    assert link(db, [product("Boot", product_id=claimed)], "with selection") == [claimed]
    assert get_product_ids_from_job("with selection", db) == {entry.key: selected}
    select_for_job(db, [selected], "selected only")
    get_product_ids_from_job("selected only", db)
    assert link(db, [entry], "selected only") == [selected]
    assert link(db, [entry], "neither") == [hashed]
    assert len(data_of(db)) == 3


def test_a_new_product_is_added_and_linked_once(db: Database) -> None:
    """An unknown product becomes one row with its record, brand and hash, whatever the number of jobs."""
    entry = product("Böot 靴", "Ácme", price=3)
    (row,) = link(db, [entry])
    assert link(db, [entry], "other job") == [row]
    (stored,) = db.run("SELECT product_data, brand_name, product_hash, product_key FROM products")
    assert stored == (json.loads(entry.record_json), "Ácme", entry.product_hash, entry.key)
    assert record_of(db, row) is None
    links = db.run("SELECT job_id, product_id FROM jobselectedproducts ORDER BY job_id")
    assert links == [("job", row), ("other job", row)]


def test_a_known_row_keeps_its_data_and_the_job_its_record(db: Database) -> None:
    """A record that says more than the row leaves `product_data` as it is, and the job works on the record."""
    entry = product("Boot", colour="red")
    row = add_row(db, '{"name": "boot"}', "Acme", entry.product_hash)
    ledger = open_job(db, [entry])
    assert data_of(db) == {row: {"name": "boot"}}
    assert record_of(db, row) == {"name": "Boot", "brand": "Acme", "colour": "red"}
    assert ledger.queue.claim(1)[0].product == replace(entry, product_id=row)


def test_repeated_records_are_left_out_within_a_load(db: Database) -> None:
    """A record that repeats brand and name is left out, in the same chunk and in a later one, and the first stays."""
    load_id = str(uuid.uuid4())
    first, again = product("Boot", price=1), product(" BOOT", "acme", 2, price=2)
    linked, repeated = link_products(db, "job", load_id, [first, again, product("Cap", position=3)])
    assert [entry.product.name for entry in linked] == ["Boot", "Cap"]
    assert repeated == [again]
    later = product("boot", "ACME", 9, price=3)
    assert link_products(db, "job", load_id, [later]) == ([], [later])
    assert data_of(db)[linked[0].product_id] == json.loads(first.record_json)
    assert record_of(db, linked[0].product_id) is None


def test_a_second_load_reads_the_same_products_again(db: Database) -> None:
    """The same catalog read by a later run is no repetition: every product is linked, at its new place."""
    ids = link(db, products(5))
    again = [product(f"Product {number}", position=10 - number) for number in range(1, 6)]
    assert link(db, again) == ids
    positions = db.run("SELECT product_id, position FROM jobselectedproducts ORDER BY position")
    assert positions == list(zip(reversed(ids), range(5, 10), strict=True))


def test_rows_that_are_one_product_by_name_are_each_linked_when_named(db: Database) -> None:
    """Two rows with one brand and name that are both named by id are two products, in one chunk as in two."""
    rows = [add_row(db, '{"name": "Boot", "brand": "Acme"}') for _ in range(2)]
    entries = [product("Boot", position=place, product_id=row) for place, row in enumerate(rows, start=1)]
    assert link(db, entries, "one chunk") == rows
    load_id = str(uuid.uuid4())
    assert [link(db, [entry], "two chunks", load_id) for entry in entries] == [[rows[0]], [rows[1]]]


def test_a_row_that_was_renamed_is_linked_once(db: Database) -> None:
    """Records of a row's old and new name, found by hash and by key, do not stop the load."""
    row = add_row(db, '{"name": "New Boot", "brand": "Acme"}', None, product("Old Boot").product_hash)
    select_for_job(db, [row])
    get_product_ids_from_job("job", db)
    linked, repeated = link_products(
        db, "job", str(uuid.uuid4()), [product("Old Boot"), product("New Boot", position=2)]
    )
    assert [entry.product_id for entry in linked] == [row]
    assert len(repeated) == 1


def test_records_that_postgresql_cannot_hold_are_stored_readable(db: Database) -> None:
    """NUL, lone surrogates and NaN in a record are replaced, and the product is stored."""
    text = (
        '[{"name": "Boot", "note\\u0000": "a\\u0000b\\ud800c", "size": NaN, "many": [1e999, {"\\ud800": "\\u0000"}]}]'
    )
    entries, _ = load_input_data(text_source("test", text))
    open_job(db, [entry for entry in entries if isinstance(entry, Product)])
    (data,) = data_of(db).values()
    assert data == {"name": "Boot", "note�": "a�b�c", "size": None, "many": [None, {"�": "�"}]}


def test_a_chunk_takes_as_many_statements_as_one_product(rds: RdsConfig, db: Database) -> None:
    """Products are looked up and stored set-wise: the number of statements does not grow with the chunk."""
    claimed = [add_row(db, f'{{"name": "Claimed {number}", "brand": "Acme"}}') for number in range(CHUNK)]
    listing = ListingDatabase(get_db_connection(rds))

    def statements(size: int) -> list[str]:
        entries = [product(f"Claimed {number}", product_id=claimed[number], position=number) for number in range(size)]
        entries += [product(f"New {number}", position=CHUNK + number) for number in range(size)]
        ledger = open_run(listing, f"job of {size}")
        listing.statements.clear()
        load(ledger, entries)
        return listing.names()

    few, many = statements(1), statements(CHUNK // 2)
    listing.close()
    assert many == few
    assert len(few) < 20


def test_jobs_that_load_one_catalog_at_once_agree_on_its_rows(rds: RdsConfig, db: Database) -> None:
    """Jobs that start at once with the same products, old and new, in any order share one row for each."""
    db.run("INSERT INTO products (product_data) SELECT '{}' FROM generate_series(1, 20000); ANALYZE products")
    old = {f"Old {n}": add_row(db, f'{{"name": "Old {n}", "brand": "Acme"}}') for n in range(300)}
    workers = 6
    barrier = Barrier(workers)

    def load(worker: int) -> dict[str, int]:
        entries = [product(name, product_id=row) for name, row in old.items()]
        entries += [product(f"New {number}") for number in range(100)]
        random.Random(worker).shuffle(entries)
        own = open_database(rds)
        barrier.wait()
        try:
            open_job(own, entries, f"job {worker}")
            return get_product_ids_from_job(f"job {worker}", own)
        finally:
            own.close()

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(load, range(workers)))
    assert all(ids == found[0] for ids in found)
    assert len(data_of(db)) - 20_000 == len(found[0]) == 400
