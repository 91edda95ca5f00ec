"""Sequences behind their rows are told before anything is bought, or when it happens, with what to type."""

import json

import pytest

from tests.support.documented_tables import IDENTITY, change, tables
from tests.support.site import CONCURRENCY, ITEMS, PRODUCTS, QUESTIONS, Site, ended

FEW = PRODUCTS[:8]
ARGUMENTS = ("--job-id", "job", "--num-questions", "3", "--products-json", json.dumps(FEW))


@pytest.mark.parametrize("key", ["SERIAL PRIMARY KEY", IDENTITY.replace("ALWAYS", "BY DEFAULT"), "own"])
@pytest.mark.parametrize("table", ["products", "queries"])
def test_a_sequence_behind_its_rows_is_told_with_what_to_type(direct: Site, table: str, key: str) -> None:
    """After a restored dump nothing is bought; typed as told, the same job id has everything."""
    column = {"products": "product_id", "queries": "query_id"}[table]
    kind = "" if key.startswith("SERIAL") else "integer"
    if key == "own":
        change(direct, "CREATE SEQUENCE numbers; " + tables(key="DEFAULT nextval('numbers') PRIMARY KEY"), as_role=True)
    else:
        change(
            direct, tables(key=key).replace("integer SERIAL", "SERIAL") if not kind else tables(key=key), as_role=True
        )
    assert direct.run("init-db").code == 0
    rows = {
        "products": "INSERT INTO products (product_id, product_data) SELECT n, '{}' FROM generate_series(3, 40) n",
        "queries": "INSERT INTO queries (query_id, query_text, query_type) SELECT n, 'Why?', 'market'"
        " FROM generate_series(3, 40) n",
    }
    change(direct, rows[table], as_role=False)
    job = direct.run(*ARGUMENTS)
    assert job.code == 64, job.log
    last = job.error
    assert f"(SELECT max({column}) FROM {table}));" in last
    assert direct.bill() == 0
    change(direct, last[last.index("SELECT setval") :].rstrip(), as_role=True)
    again = direct.run(*ARGUMENTS)
    assert again.code == 0, again.log
    assert direct.bill() == 2 * len(FEW)


def test_a_number_that_is_taken_in_mid_run_is_told_as_well(direct: Site) -> None:
    """Rows that somebody adds with numbers ahead cost the calls in flight at most."""
    process = direct.begin_to_midst()
    change(
        direct,
        "INSERT INTO queries (query_id, query_text, query_type)"
        " SELECT last_value + n, 'Why?', 'other' FROM queries_query_id_seq, generate_series(3, 4000) n",
        as_role=False,
    )
    direct.answer()
    job = ended(process)
    assert job.code == 64, job.log
    last = job.error
    assert "queries_query_id_seq is behind the rows" in last
    change(direct, last[last.index("SELECT setval") :], as_role=True)
    again = direct.finish()
    assert again.code == 0, again.log
    assert direct.rows("SELECT count(*) AS n FROM queries WHERE query_type <> 'other'")[0].n == ITEMS * QUESTIONS
    assert direct.bill() <= ITEMS + 2 * CONCURRENCY


def test_a_row_far_ahead_is_no_hindrance(direct: Site) -> None:
    """A row that somebody has numbered by hand, and the other half of two writers' numbers, are in nobody's way."""
    change(direct, tables(), as_role=True)
    assert direct.run("init-db").code == 0
    change(
        direct,
        "ALTER TABLE queries ALTER query_id SET INCREMENT BY 2;"
        "INSERT INTO queries (query_id, query_text, query_type) OVERRIDING SYSTEM VALUE"
        " SELECT n, 'Why?', 'other' FROM generate_series(2, 400, 2) n;"
        "INSERT INTO products (product_id, product_data) OVERRIDING SYSTEM VALUE VALUES (2000000000, '{}')",
        as_role=False,
    )
    job = direct.run(*ARGUMENTS)
    assert job.code == 0, job.log
