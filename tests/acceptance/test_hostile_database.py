"""Rows, settings, names and messages that a stranger left in the database: none ends the run with 70, or forges one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from query_generator.store.connect import get_db_connection
from tests.fakes.pg_server import ROLE, PgServer
from tests.support.site import ITEMS, WHOLE, Site, ended, secret_of

PRODUCTS = json.dumps([{"name": "Boot"}, {"name": "云岭茶"}])
FEW = ("--job-id", "job", "--num-questions", "3", "--products-json", PRODUCTS)
SELECTED = ("--job-id", "own", "--num-questions", "3", "--from-job")
HUGE_NUMBER = '{"name": "Boot", "size": 1' + "0" * 5000 + "}"
DEEP = '{"name": "Boot", "parts": ' + "[" * 3000 + "]" * 3000 + "}"


def alter(site: Site, *statements: str) -> None:
    """Change the database as somebody who may do everything."""
    with get_db_connection(site.rds) as connection:
        for sql in statements:
            connection.execute(sql.encode())


def test_a_number_of_5000_digits_is_a_text_like_another(direct: Site) -> None:
    """What Python would not read as a number does not cost the record."""
    assert direct.run("init-db").code == 0
    alter(
        direct,
        f"INSERT INTO products (product_data) VALUES ('{HUGE_NUMBER}')",
        "INSERT INTO jobselectedproducts (job_id, product_id) SELECT 'own', product_id FROM products",
    )
    assert direct.run(*SELECTED).code == 0
    assert direct.run("report", "own").code == 0


@pytest.mark.parametrize("record", [DEEP, "[]", '"text"', "7", "null"])
def test_a_record_that_cannot_be_read_costs_only_itself(direct: Site, record: str) -> None:
    """3,000 levels, or no object at all: rejected with its id, and the others are done."""
    assert direct.run("init-db").code == 0
    alter(
        direct,
        f"INSERT INTO products (product_data) VALUES ('{record}'), ('{{\"name\": \"Lamp\"}}')",
        "INSERT INTO jobselectedproducts (job_id, product_id) SELECT 'own', product_id FROM products",
    )
    job = direct.run(*SELECTED)
    assert job.code == 65, job.log
    assert direct.bill() == 2
    result = direct.aws.result("own")
    assert [product["name"] for product in result["products"]] == ["Lamp"]
    assert [error["stage"] for error in result["errors"]] == ["input"]


@pytest.mark.parametrize(
    ("sql", "table"),
    [
        ("UPDATE batch_operations SET metadata = '[]'", "batch_operations"),
        ("UPDATE jobselectedproducts SET product = '[1]'", ""),
        ("DELETE FROM batch_operations", ""),
    ],
)
def test_what_others_write_into_the_rows_of_a_job_ends_no_run_with_70(direct: Site, sql: str, table: str) -> None:
    """The next run says which table is wrong, or goes on without the row."""
    assert direct.finish().code == 0
    alter(direct, sql)
    job = direct.finish()
    assert job.code == (64 if table else 0), job.log
    assert table in job.error
    assert direct.bill() == ITEMS


def test_a_job_whose_row_is_deleted_in_mid_run_says_so(direct: Site) -> None:
    """64, for the database does not know it any more; what was bought is stored, and the same id goes on from there."""
    process = direct.begin_to_midst()
    alter(direct, "DELETE FROM batch_operations")
    direct.answer()
    lost = ended(process)
    assert lost.code == 64, lost.log
    assert "does not know it" in lost.error
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS


def test_settings_of_the_role_change_nothing(direct: Site) -> None:
    """Whatever a role's defaults are, the session has what the job is written for."""
    settings = {
        "DateStyle": "'German'",
        "IntervalStyle": "'iso_8601'",
        "default_transaction_isolation": "'serializable'",
        "lock_timeout": "'1'",
        "client_encoding": "'LATIN1'",
        "client_min_messages": "'debug5'",
        "TimeZone": "'Pacific/Kiritimati'",
        "transform_null_equals": "'on'",
        "standard_conforming_strings": "'off'",
        "bytea_output": "'escape'",
        "search_path": "pg_temp, public, pg_catalog",
    }
    alter(direct, *(f"ALTER ROLE {ROLE} SET {name} = {text}" for name, text in settings.items()))
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.run("report", "job").code == 0


@pytest.mark.parametrize(
    "trap",
    [
        "CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'trap' $$",
        "CREATE FUNCTION public.starts_with(varchar, text) RETURNS bool LANGUAGE sql AS $$ SELECT TRUE $$",
        "CREATE FUNCTION public.same(varchar, varchar) RETURNS bool LANGUAGE sql AS $$ SELECT TRUE $$; "
        "CREATE OPERATOR public.= (leftarg = varchar, rightarg = varchar, function = public.same)",
    ],
)
def test_a_stranger_does_not_work_with_the_rights_of_the_job(direct: Site, trap: str) -> None:
    """What would be taken for PostgreSQL's own is refused; made by a role that may do everything anyway, it is not."""
    assert direct.run("init-db").code == 0
    alter(direct, "CREATE ROLE stranger", "GRANT CREATE ON SCHEMA public TO stranger", f"SET ROLE stranger; {trap}")
    try:
        job = direct.run(*FEW)
        assert job.code == 64, job.log
        assert "of role stranger" in job.error
        assert direct.bill() == 0
    finally:
        alter(direct, "DROP OWNED BY stranger", "DROP ROLE stranger")
    alter(direct, trap.replace("'trap'", "pg_catalog.lower($1::text)"))
    if "lower" in trap:
        assert direct.run(*FEW).code == 0


def test_notices_are_not_read(direct: Site) -> None:
    """A trigger that sends megabytes of notices for each row costs no memory and no line of the log."""
    assert direct.run("init-db").code == 0
    body = "RAISE NOTICE '%', repeat('forged ', 1000000); RETURN NEW"
    alter(
        direct,
        f"CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$",
        "CREATE TRIGGER loud BEFORE INSERT ON queries FOR EACH ROW EXECUTE FUNCTION loud()",
    )
    job = direct.finish()
    assert job.code == 0, job.log
    assert "forged" not in job.log


@pytest.fixture
def other(direct: Site, server: PgServer, request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The login of a database of another encoding, to which the secret leads."""
    login = {**server.admin, "dbname": "other"}
    alter(direct, f"CREATE DATABASE other OWNER {ROLE} ENCODING {request.param} LOCALE 'C' TEMPLATE template0")
    direct.put_secret({**secret_of(server.config, server.config["port"]), "dbname": "other"})
    yield login
    alter(direct, "DROP DATABASE other WITH (FORCE)")


@pytest.mark.parametrize("other", ["LATIN1"], indirect=True)
def test_a_database_that_cannot_hold_every_text_is_refused(direct: Site, other: dict[str, Any]) -> None:
    """Questions that it could not store would be bought: 64 before that."""
    job = direct.run(*FEW)
    assert job.code == 64, job.log
    assert f"encoding of the database {other['dbname']} is LATIN1" in job.error
    assert direct.bill() == 0


@pytest.mark.parametrize("other", ["SQL_ASCII"], indirect=True)
def test_bytes_that_are_no_text_are_told(direct: Site, other: dict[str, Any]) -> None:
    """A database that looks at no encoding serves a job, until another program has left other bytes there: 64."""
    assert direct.run(*FEW).code == 0
    with get_db_connection(other) as connection:  # type: ignore[arg-type]
        connection.execute(b"UPDATE jobselectedproducts SET record = NULL, product = NULL")
        connection.execute(rb"UPDATE products SET brand_name = E'caf\351', product_key = NULL")
    spoilt = direct.run(*FEW[:4], "--from-job")
    assert spoilt.code == 64, spoilt.log
    assert "encoding" in spoilt.error
