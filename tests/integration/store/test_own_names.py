"""Tables of ours bear names that nobody else has; those of earlier versions are renamed, those of others left alone."""

from collections.abc import Iterator

import pytest

from query_generator.store.connect import open_database
from query_generator.store.connection_errors import TransactionConflictError
from query_generator.store.database import Database
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.support.catalog import counts_of, open_job, product
from tests.support.earlier_tables import back_to_common_names
from tests.support.ended_process import ended

SINCE = ["0010_own_names", "0013_large_ids", "0014_facets", "0015_rewritten", "0016_refresh", "0017_shared_sets"]
COMMON = ("runs", "quotas", "budgets", "rejected_records", "event_outbox", "schema_migrations")
OF_OTHERS = "SELECT relname FROM pg_class WHERE relname = ANY(%(names)s::text[]) ORDER BY 1"
FOREIGN = """
CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
INSERT INTO schema_migrations VALUES ('20240101');
CREATE TABLE runs (id serial PRIMARY KEY, started_at date);
INSERT INTO runs (started_at) VALUES ('2024-01-01');
CREATE INDEX runs_job ON runs (started_at);
CREATE TABLE quotas (tenant text, day_calls text);
CREATE VIEW budgets AS SELECT 1 AS run_id;
CREATE TABLE rejected_records (x xml);
CREATE TABLE event_outbox (event_id text);
CREATE TABLE queries_once (x int);
"""
SAME_COLUMNS = """
CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at TIMESTAMPTZ DEFAULT now());
INSERT INTO schema_migrations SELECT n, 'theirs ' || n FROM generate_series(1, 99) AS n;
"""


@pytest.fixture
def empty(rds: RdsConfig) -> Iterator[Database]:
    """A database without any table."""
    database = open_database(rds)
    yield database
    database.close()


def named(db: Database) -> list[str]:
    """Which relations have the common names."""
    return [row.relname for row in db.run(OF_OTHERS, {"names": list(COMMON)})]


@pytest.mark.parametrize("foreign", [FOREIGN, SAME_COLUMNS])
def test_tables_of_others_with_common_names_are_left_alone(empty: Database, foreign: str) -> None:
    """Another program's `schema_migrations` and `runs` neither hinder the job nor change."""
    empty.run(foreign)
    before = {name: empty.run(f"SELECT * FROM {name}") for name in named(empty)}
    migrate(empty)
    ledger = open_job(empty, [product("Boot")])
    assert len(ledger.queue.claim(2)) == 2
    assert {name: empty.run(f"SELECT * FROM {name}") for name in named(empty)} == before
    assert migrate(empty) == []


def test_a_fresh_database_gets_no_common_name(db: Database) -> None:
    """Everything that is made beside the documented tables and `job_items` begins with `query_generator_`."""
    rows = db.run(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i', 'S')"
        r" AND relname NOT LIKE 'query\_generator\_%' ORDER BY 1"
    )
    documented = ("products_", "queries_", "jobselectedproducts_", "batch_operations_", "job_items_")
    assert [row.relname for row in rows if not f"{row.relname}_".startswith(documented)] == []


def test_an_earlier_installation_goes_on_where_it_was(db: Database) -> None:
    """Its job, items and rejected records are there under the new names, no old name is left, and work goes on."""
    first = open_job(db, [product("Boot"), product("Shoe")])
    first.queue.claim(1)
    first.lease.end()
    before = counts_of(first)
    back_to_common_names(db)
    assert named(db) == sorted(COMMON)
    assert migrate(db) == SINCE
    assert named(db) == []
    assert migrate(db) == []
    again = open_job(db, [product("Boot"), product("Shoe")])
    assert counts_of(again) == before
    assert len(again.queue.claim(10)) == 4
    assert db.run("SELECT count(*) AS n FROM batch_operations")[0].n == 1
    kept = db.run("SELECT indexname FROM pg_indexes WHERE indexname = 'batch_operations_job'")
    assert kept == []


def test_a_run_of_an_earlier_version_is_waited_for(db: Database) -> None:
    """While it is at work nothing is renamed; once its process or its lease is over, its items are taken over."""
    first = open_job(db, [product("Boot")])
    first.queue.claim(2)
    back_to_common_names(db)
    with pytest.raises(TransactionConflictError, match=r"1 run\(s\) of an earlier version are at work"):
        migrate(db)
    assert named(db) == sorted(COMMON)
    db.run("UPDATE runs SET process = %(gone)s", {"gone": ended()})
    assert migrate(db) == SINCE
    again = open_job(db, [product("Boot")])
    again.lease.take_over()
    assert len(again.queue.claim(10)) == 2


def test_an_earlier_installation_in_another_schema_is_found(db: Database) -> None:
    """A stranger's `runs` that comes first in the search path is not taken for ours."""
    open_job(db, [product("Boot")]).lease.end()
    back_to_common_names(db)
    db.run("CREATE SCHEMA other; CREATE TABLE other.runs (id int); CREATE TABLE other.schema_migrations (id text)")
    db.run("SET search_path = other, public")
    assert migrate(db) == SINCE
    assert len(open_job(db, [product("Boot")]).queue.claim(2)) == 2
    assert named(db) == ["runs", "schema_migrations"]


def test_rows_of_other_operations_stay_as_they_are(empty: Database) -> None:
    """Several rows of a job, of this or another type, are no hindrance; ours is one more, and theirs do not change."""
    empty.run(
        "CREATE TABLE batch_operations (id uuid PRIMARY KEY, job_id text, operation_type text NOT NULL,"
        " status text NOT NULL, total_items int NOT NULL, processed_items int, successful_items int, failed_items int,"
        " error_message text, metadata jsonb, created_at timestamptz DEFAULT now(), updated_at timestamptz,"
        " completed_at timestamptz);"
        " INSERT INTO batch_operations SELECT gen_random_uuid(), 'job', kind, 'completed', 7, 7, 7, 0, NULL, '[1]'"
        " FROM unnest(ARRAY['enhance', 'enhance', 'query_generation', 'query_generation']) AS k (kind)"
    )
    theirs = "SELECT id, job_id, operation_type, status, total_items, metadata, updated_at FROM batch_operations"
    before = empty.run(f"{theirs} ORDER BY id")
    migrate(empty)
    ledger = open_job(empty, [product("Boot")])
    assert counts_of(ledger).items == 2
    assert empty.run(f"{theirs} WHERE query_generator IS NULL ORDER BY id") == before
    assert empty.one("ledger.job", job_id="job").status == "pending"
