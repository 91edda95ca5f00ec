"""The tables are made and migrated without harm to what is there."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from query_generator.errors import PermissionRefusedError
from query_generator.store import sql
from query_generator.store.connect import open_database
from query_generator.store.database import Database
from query_generator.store.queries import save_queries_to_rds
from query_generator.store.schema import migrate
from secrets_cache import RdsConfig
from tests.support.catalog import open_job, product

MIGRATIONS = sorted(path.stem for path in (Path(sql.__file__).parent / "migrations").glob("*.sql"))
DOCUMENTED_TABLES = """
CREATE TABLE products (
    product_id SERIAL PRIMARY KEY,
    product_data JSONB NOT NULL,
    brand_name VARCHAR(255),
    product_hash VARCHAR(64) UNIQUE
);
CREATE TABLE queries (
    query_id SERIAL PRIMARY KEY,
    product_id INTEGER REFERENCES products(product_id),
    query_text TEXT NOT NULL,
    query_type VARCHAR(50) NOT NULL,
    is_active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE jobselectedproducts (
    job_id VARCHAR(255) NOT NULL,
    product_id INTEGER REFERENCES products(product_id),
    selected_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (job_id, product_id)
);
CREATE TABLE batch_operations (
    id UUID PRIMARY KEY,
    user_id UUID,
    vault_id UUID,
    operation_type TEXT NOT NULL,
    status TEXT NOT NULL,
    total_items INTEGER NOT NULL,
    processed_items INTEGER DEFAULT 0,
    successful_items INTEGER DEFAULT 0,
    failed_items INTEGER DEFAULT 0,
    error_message TEXT,
    metadata JSONB DEFAULT '{}',
    created_at TIMESTAMPTZ DEFAULT NOW(),
    updated_at TIMESTAMPTZ DEFAULT NOW(),
    completed_at TIMESTAMPTZ
);
"""
ROWS = """
INSERT INTO products (product_data, brand_name, product_hash) VALUES
    ('{"name": "Boot"}', 'Acme', 'abc'), ('{"name": "Boot"}', NULL, NULL), ('[]', NULL, NULL), ('"text"', '', NULL);
INSERT INTO queries (product_id, query_text, query_type, is_active, created_at) VALUES
    (1, 'Is the boot warm?', 'product', TRUE, '2024-01-01'), (1, 'Is the boot warm?', 'product', NULL, NULL),
    (NULL, 'Which boot is best?', 'market', FALSE, NULL), (2, '', 'other', NULL, NULL);
INSERT INTO jobselectedproducts (job_id, product_id, selected_at) VALUES ('old', 1, NULL), ('old', 2, '2024-01-01');
INSERT INTO batch_operations (id, operation_type, status, total_items, metadata) VALUES
    (gen_random_uuid(), 'enhance', 'completed', 3, NULL), (gen_random_uuid(), 'enhance', 'failed', 1, '{"a": 1}');
"""
CONTENTS = {
    "products": "SELECT product_id, product_data, brand_name, product_hash FROM products ORDER BY 1",
    "queries": "SELECT query_id, product_id, query_text, query_type, is_active, created_at FROM queries ORDER BY 1",
    "jobselectedproducts": "SELECT job_id, product_id, selected_at FROM jobselectedproducts ORDER BY 1, 2",
    "batch_operations": "SELECT id, user_id, vault_id, operation_type, status, total_items, processed_items, metadata, "
    "created_at, updated_at, completed_at FROM batch_operations ORDER BY 1",
}
COLUMNS = "SELECT column_name, is_nullable FROM information_schema.columns WHERE table_name = %(table)s"


@pytest.fixture
def empty(rds: RdsConfig) -> Iterator[Database]:
    """A database without any table."""
    database = open_database(rds)
    yield database
    database.close()


@pytest.fixture
def documented(empty: Database) -> Database:
    """A database with the documented tables and rows in them."""
    empty.run(DOCUMENTED_TABLES)
    empty.run(ROWS)
    return empty


@pytest.fixture
def role(empty: Database) -> Iterator[str]:
    """A role that owns nothing."""
    name = f"role_{uuid.uuid4().hex[:12]}"
    empty.run(f"CREATE ROLE {name} LOGIN")
    yield name
    empty.run(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_an_empty_database_gets_all_tables_once(empty: Database) -> None:
    """The first call on an empty database makes every table, a later one does nothing."""
    assert migrate(empty) == MIGRATIONS
    assert migrate(empty) == []
    open_job(empty, [product("Boot")])
    assert [row.version for row in empty.rows("schema.versions")] == [int(name[:4]) for name in MIGRATIONS]


def test_documented_tables_keep_every_row(documented: Database) -> None:
    """Rows of the documented tables, duplicates and NULLs included, are the same before and after, twice."""
    before = {table: documented.run(sql) for table, sql in CONTENTS.items()}
    old_columns = {row.column_name for table in CONTENTS for row in documented.run(COLUMNS, {"table": table})}
    assert migrate(documented) == MIGRATIONS
    assert migrate(documented) == []
    assert {table: documented.run(sql) for table, sql in CONTENTS.items()} == before
    added = {
        row.column_name: row.is_nullable
        for table in CONTENTS
        for row in documented.run(COLUMNS, {"table": table})
        if row.column_name not in old_columns
    }
    assert set(added.values()) == {"YES"}


def test_documented_tables_serve_a_job(documented: Database) -> None:
    """A job runs on migrated tables: it is tracked, finds its products, and stores questions."""
    migrate(documented)
    ledger = open_job(documented, [product("Boot", "Acme", product_id=1)])
    assert [item.product_id for item in ledger.queue.claim(2)] == [1, 1]
    assert len(save_queries_to_rds([(1, "Is the boot light?", "product")], documented)) == 1
    job = documented.one("ledger.job", job_id="job")
    assert job.status == "pending"


def test_migrations_at_once_apply_each_step_once(rds: RdsConfig) -> None:
    """Processes that start at once on an empty database share the work without an error."""
    barrier = Barrier(6)

    def start(_: int) -> list[str]:
        database = open_database(rds)
        barrier.wait()
        try:
            return migrate(database)
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        applied = list(pool.map(start, range(6)))
    assert sorted(applied) == [[], [], [], [], [], MIGRATIONS]


def test_a_role_without_rights_is_told_so(empty: Database, rds: RdsConfig, role: str) -> None:
    """A role that may not create tables gets a permission error, and nothing is left half-made."""
    empty.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # before 15 everybody may
    limited = open_database(rds)
    limited.run(f"SET ROLE {role}")
    try:
        with pytest.raises(PermissionRefusedError, match=r"permission denied for schema public\. Grant it to the job"):
            migrate(limited)
    finally:
        limited.close()
    assert not empty.one("schema.has_versions").found


def test_a_role_that_may_only_use_the_tables_can_run_jobs(empty: Database, rds: RdsConfig, role: str) -> None:
    """Once the tables are there, a role without the right to create any passes the check of every start."""
    migrate(empty)
    empty.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}")
    empty.run(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}")
    limited = open_database(rds)
    limited.run(f"SET ROLE {role}")
    try:
        assert migrate(limited) == []
        ledger = open_job(limited, [product("Boot")])
        assert len(ledger.queue.claim(10)) == 2
    finally:
        limited.close()
