"""Least privilege in the database: the rights of the paper are enough for every command."""

import json
import re
from collections.abc import Iterator

import pytest

from query_generator.store.connect import get_db_connection
from tests.conftest import Ended
from tests.fakes.pg_server import FIRST_PASSWORD, PgServer
from tests.support.paths import ROOT
from tests.support.site import PRODUCTS, Site, secret_of

LIMITED = "only_the_job"
FIRST = json.dumps([*PRODUCTS[:4], {"brand": "nameless"}])
SECOND = json.dumps([*PRODUCTS[2:6], {"brand": "nameless"}, {"brand": "nameless, too"}])
ARGUMENTS = ("--num-questions", "3", "--max-cost", "1")
GRANTS = re.findall(r"^GRANT .*;$", (ROOT / "docs/reference/database.md").read_text(), re.MULTILINE)


def grant(site: Site, *statements: str) -> None:
    """Give the rights of the paper to the limited role."""
    with get_db_connection(site.rds) as admin:
        for statement in statements:
            sql = statement.replace("catalog", site.rds["dbname"]).replace(" TO job;", f" TO {LIMITED}")
            admin.execute(sql.encode())


@pytest.fixture
def limited(direct: Site, server: PgServer) -> Iterator[Site]:
    """The standard set-up, whose login is a role that owns nothing."""
    with get_db_connection(direct.rds) as admin:
        admin.execute(f"CREATE ROLE {LIMITED} LOGIN PASSWORD '{FIRST_PASSWORD.replace(chr(39), chr(39) * 2)}'".encode())
        admin.execute(f"REVOKE ALL ON DATABASE {direct.rds['dbname']} FROM PUBLIC".encode())
    yield direct
    with get_db_connection(direct.rds) as admin:
        admin.execute(f"DROP OWNED BY {LIMITED}".encode())
        admin.execute(f"DROP ROLE {LIMITED}".encode())


def log_in(site: Site, role: str) -> None:
    """Let the secret have another user."""
    site.put_secret(secret_of({**site.server.config, "username": role}, site.port))


def expect(ended: Ended, *codes: int) -> None:
    """Expect one of these exit codes."""
    assert ended.code in codes, ended.log


def test_a_role_with_the_rights_of_the_paper_does_every_command_but_init_db(limited: Site) -> None:
    """Jobs with all that writes: rejected records, other input, refilled items, a cap; and what looks at them."""
    expect(limited.run("init-db"), 0)
    log_in(limited, LIMITED)
    expect(limited.run("--job-id", "job", *ARGUMENTS, "--products-json", FIRST), 77)
    grant(limited, *GRANTS)
    expect(limited.run("init-db"), 0)
    expect(limited.run("--job-id", "job", *ARGUMENTS, "--products-json", FIRST), 65)
    expect(limited.run("--job-id", "job", *ARGUMENTS, "--products-json", SECOND), 65)
    expect(limited.run("--job-id", "job", "--refresh", "--num-questions", "4"), 65)
    select = "INSERT INTO jobselectedproducts (job_id, product_id) SELECT 'own', product_id FROM products RETURNING 1"
    assert limited.rows(select)
    expect(limited.run("--job-id", "own", *ARGUMENTS, "--from-job", "--skip-existing"), 0)
    expect(limited.run("--job-id", "job", "--num-questions", "4", "--dry-run"), 0)
    expect(limited.run("report", "job"), 0, 65)
    expect(limited.run("cache", "stats"), 0)
    assert limited.rows("SELECT FROM query_generator_event_outbox") == []
    assert limited.event_counts()["job_completed"] == 2


def test_the_paper_names_every_table(limited: Site) -> None:
    """A table that a migration adds needs its line."""
    expect(limited.run("init-db"), 0)
    tables = {row.tablename for row in limited.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    named = {name for grant in GRANTS for name in re.split(r"[ ,]+", grant.partition(" ON ")[2].partition(" TO ")[0])}
    assert tables <= named


def test_without_tables_a_role_that_may_not_make_them_is_told_of_init_db(limited: Site) -> None:
    """77, with what is to be done, before anything is bought."""
    grant(limited, *(line for line in GRANTS if "DATABASE" in line or "SCHEMA" in line))
    log_in(limited, LIMITED)
    with get_db_connection(limited.rds) as connection:
        connection.execute(b"REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # before 15 everybody may
    for verb in (("init-db",), ("--job-id", "job", *ARGUMENTS, "--products-json", FIRST)):
        refused = limited.run(*verb)
        expect(refused, 77)
        assert "run `init-db` once" in refused.error
    assert limited.bill() == 0
