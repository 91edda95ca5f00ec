"""With DB_SCHEMA the tables of the job's own are in that schema, and the documented ones where they are found."""

from collections.abc import Callable, Iterator

import pytest

from query_generator.errors import ConfigurationError
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.support.catalog import counts_of, open_job, product
from tests.support.earlier_tables import back_to_common_names

DOCUMENTED = {"products", "queries", "jobselectedproducts", "batch_operations"}
Open = Callable[[str], Database]


@pytest.fixture
def connect(rds: RdsConfig) -> Iterator[Open]:
    """Opens connections with a schema of the job's own, or without one."""
    opened: list[Database] = []

    def connect(schema: str) -> Database:
        opened.append(open_database({**rds, "schema": schema}))
        return opened[-1]

    yield connect
    for db in opened:
        db.close()


def tables(db: Database) -> dict[str, set[str]]:
    """The tables by schema."""
    rows = db.run("SELECT schemaname, array_agg(tablename::text) AS names FROM pg_tables GROUP BY 1")
    return {row.schemaname: set(row.names) for row in rows}


def test_own_tables_stand_in_it(connect: Open) -> None:
    """It is made; nothing of ours but the documented tables is anywhere else, and a job runs."""
    db = connect("Own_1")
    migrate(db)
    assert tables(db)["public"] == DOCUMENTED
    assert "job_items" in tables(db)["Own_1"]
    again = connect("Own_1")
    assert migrate(again) == []
    assert len(open_job(again, [product("Boot")]).queue.claim(2)) == 2
    assert migrate(connect("")) != []  # for a program without it there are no tables of ours


@pytest.mark.parametrize("schema", ["", "own"])
def test_documented_tables_are_used_where_they_are(connect: Open, schema: str) -> None:
    """A table that the search path finds is not made a second time in another schema that comes first."""
    db = connect("")
    db.run("CREATE SCHEMA first; CREATE TABLE products (product_id bigserial PRIMARY KEY, product_data jsonb,"
           " brand_name text, product_hash text UNIQUE)")  # fmt: skip
    db.run("ALTER DATABASE " + db.run("SELECT current_database() AS name")[0].name + " SET search_path = first, public")
    other = connect(schema)
    migrate(other)
    open_job(other, [product("Boot")])
    assert db.run("SELECT count(*) AS n FROM public.products")[0].n == 1
    assert all("products" not in names for name, names in tables(db).items() if name != "public")


@pytest.mark.parametrize("names", ["own", "common"])
def test_jobs_until_now_are_not_forgotten(connect: Open, names: str) -> None:
    """Where tables of ours are found in another schema, the job stops and nothing is made or renamed."""
    before = connect("")
    migrate(before)
    ledger = open_job(before, [product("Boot")])
    counts = counts_of(ledger)
    ledger.lease.end()
    if names == "common":
        back_to_common_names(before)
    with pytest.raises(
        ConfigurationError, match="DB_SCHEMA is own, but the tables of the jobs until now are in public"
    ):
        migrate(connect("own"))
    assert "own" not in tables(before)
    migrate(before)
    assert counts_of(open_job(before, [product("Boot")])) == counts
