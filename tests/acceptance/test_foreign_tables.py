"""Tables that are not as `init-db` makes them: the run says which before it buys anything, and never ends 70."""

import json

import pytest

from query_generator.store.connect import get_db_connection
from tests.fakes.pg_server import ROLE
from tests.support.site import CONCURRENCY, ITEMS, PRODUCTS, WHOLE, Site, ended

WANTED = 3
FEW = PRODUCTS[:8]
ARGUMENTS = ("--job-id", "job", "--num-questions", str(WANTED), "--products-json", json.dumps(FEW))

DROPS = "RETURN NULL"
RAISES = "RAISE 'not today'"
REHASHES = "NEW.query_hash := 'another'; RETURN NEW"
HIDES = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY"


def trigger(table: str, body: str, event: str = "INSERT") -> str:
    """A trigger before each row."""
    return (
        f"CREATE FUNCTION hostile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$; "
        f"CREATE TRIGGER hostile BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION hostile()"
    )


def as_view(table: str, more: str = "") -> str:
    """A view in the place of a table."""
    view = f"CREATE VIEW {table} AS SELECT * FROM kept {more}; GRANT ALL ON {table} TO {ROLE}"
    return f"ALTER TABLE {table} RENAME TO kept; {view}"


STRUCTURE: dict[str, tuple[str, int, str]] = {
    "no schema": (f"ALTER ROLE {ROLE} SET search_path = nowhere", 64, "schema"),
    "no table": ("DROP TABLE queries", 64, "queries"),
    "no column": ("ALTER TABLE queries DROP COLUMN query_hash", 64, "queries"),
    "no column of the ledger": ("ALTER TABLE job_items DROP COLUMN dropped", 64, "job_items"),
    "no column of the products": ("ALTER TABLE products DROP COLUMN product_data CASCADE", 64, "products"),
    "another type": ("ALTER TABLE queries ALTER COLUMN query_text TYPE bytea USING ''", 64, "queries"),
    "ids of another type": (
        "ALTER TABLE queries DROP COLUMN query_id; ALTER TABLE queries ADD query_id uuid DEFAULT gen_random_uuid()",
        64,
        "queries",
    ),
    "an enumeration": (
        "CREATE TYPE kind AS ENUM ('product', 'market'); "
        "ALTER TABLE queries ALTER query_type TYPE kind USING query_type::kind",
        64,
        "queries",
    ),
    "no unique index": ("DROP INDEX query_generator_queries_once", 64, "queries"),
    "a view": (as_view("queries", "ORDER BY query_id LIMIT 5"), 64, "queries"),
    "a view of the ledger": (as_view("job_items", "ORDER BY 1 LIMIT 5"), 64, "job_items"),
    "a rule": ("CREATE RULE none AS ON INSERT TO queries DO INSTEAD NOTHING", 64, "queries"),
    "a generated column": (
        "ALTER TABLE queries DROP COLUMN query_hash CASCADE, "
        "ADD query_hash text GENERATED ALWAYS AS (md5(query_text)) STORED; "
        "CREATE UNIQUE INDEX again ON queries (product_id, query_type, query_hash)",
        64,
        "queries",
    ),
    "a column that must be filled": ("ALTER TABLE queries ADD tenant integer NOT NULL", 64, "queries"),
    "questions dropped": (trigger("queries", DROPS), 64, "queries"),
    "questions with another hash": (trigger("queries", REHASHES), 64, "queries"),
    "products dropped": (trigger("products", DROPS), 64, "products"),
    "items dropped": (trigger("job_items", DROPS), 64, "job_items"),
    "items never changed": (trigger("job_items", DROPS, "UPDATE"), 64, "job_items"),
    "the job dropped": (trigger("batch_operations", DROPS), 64, "batch_operations"),
    "the run dropped": (trigger("query_generator_runs", DROPS), 64, "query_generator_runs"),
    "items refused": (trigger("job_items", RAISES), 64, "job_items: all of the 8 record(s)"),
    "no number left": (
        "ALTER SEQUENCE queries_query_id_seq MAXVALUE 7 RESTART 7; SELECT nextval('queries_query_id_seq')",
        64,
        "queries",
    ),
    "products taken by nobody": (trigger("jobselectedproducts", DROPS), 64, "jobselectedproducts"),
    "products refused": (trigger("products", RAISES), 64, "products"),
    "the job refused": (trigger("batch_operations", RAISES), 64, "batch_operations"),
    "questions hidden": (HIDES.format("queries"), 77, "queries"),
    "products hidden": (
        HIDES.format("products") + "; CREATE POLICY p ON products FOR INSERT WITH CHECK (TRUE)",
        77,
        "products",
    ),
    "items hidden": (
        HIDES.format("job_items") + "; CREATE POLICY p ON job_items FOR INSERT WITH CHECK (TRUE)",
        77,
        "job_items",
    ),
    "no right to insert": (f"REVOKE INSERT ON queries FROM {ROLE}", 77, "queries"),
    "no right to a sequence": (
        "ALTER SEQUENCE queries_query_id_seq OWNED BY NONE; ALTER SEQUENCE queries_query_id_seq OWNER TO CURRENT_USER",
        77,
        "queries",
    ),
    "no right to log in": (f"REVOKE CONNECT ON DATABASE {{0}} FROM PUBLIC, {ROLE}", 77, "RDS_SECRET_NAME"),
    "only reading": (f"ALTER ROLE {ROLE} SET default_transaction_read_only = on", 75, "writer"),
    "no connection left": (f"ALTER ROLE {ROLE} CONNECTION LIMIT 0", 75, "too many connections"),
    "a full disk": (trigger("queries", "RAISE 'No space left on device' USING ERRCODE = '53100'"), 75, "queries"),
}


WIDER = {
    "bigint": "ALTER TABLE queries ALTER product_id TYPE bigint, ALTER query_id TYPE bigint; "
    "ALTER TABLE jobselectedproducts ALTER product_id TYPE bigint; ALTER TABLE products ALTER product_id TYPE bigint",
    "numeric": "ALTER TABLE queries ALTER query_id TYPE numeric; "
    "ALTER TABLE batch_operations ALTER total_items TYPE numeric; "
    "ALTER TABLE job_items ALTER query_ids TYPE numeric[], ALTER attempts TYPE numeric, ALTER answered TYPE numeric",
    "text": "ALTER TABLE queries ALTER query_type TYPE text; ALTER TABLE products ALTER brand_name TYPE text; "
    "ALTER TABLE batch_operations ALTER id TYPE text USING id::text, ALTER job_id TYPE text",
}


def alter(site: Site, sql: str) -> None:
    """Change the database as somebody who may do everything, but leave the tables the role's."""
    with get_db_connection(site.rds) as connection:
        connection.execute(sql.replace("{0}", site.rds["dbname"]).encode())


@pytest.mark.parametrize("what", STRUCTURE)
def test_a_foreign_shape_is_named_before_anything_is_bought(direct: Site, what: str) -> None:
    """Each ends with its code, the table's name and a way out; no traceback, and no call was made."""
    sql, code, words = STRUCTURE[what]
    assert direct.run("init-db").code == 0
    alter(direct, sql)
    job = direct.run(*ARGUMENTS, DATABASE_RECONNECT_SECONDS="0")
    alter(direct, f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")
    assert job.code == code, job.log
    assert words in job.error, job.log
    assert "Traceback" not in job.log
    assert direct.bill() == 0


@pytest.mark.parametrize("what", WIDER)
def test_columns_of_a_wider_type_serve_as_well(direct: Site, what: str) -> None:
    """What holds all that ours hold is no fault."""
    assert direct.run("init-db").code == 0
    alter(direct, WIDER[what])
    for arguments in (ARGUMENTS, ("report", "job"), ARGUMENTS):
        job = direct.run(*arguments)
        assert job.code == 0, job.log
    assert direct.bill() == 2 * len(FEW)


def spoil(site: Site, body: str) -> None:
    """Let a trigger on the questions do something from now on."""
    alter(site, trigger("queries", body))


def mend(site: Site) -> None:
    """Take the trigger away."""
    alter(site, "DROP TRIGGER hostile ON queries")


def test_a_trigger_that_refuses_every_question_stops_the_buying(direct: Site) -> None:
    """After five items in a row 64 with its reason; without the trigger the same id has everything, each row once."""
    assert direct.run("init-db").code == 0
    spoil(direct, RAISES)
    refused = direct.finish()
    assert refused.code == 64, refused.log
    last = refused.error
    assert "queries" in last
    assert "not today" in last
    lost = direct.bill()
    assert lost <= 5 + 3 * CONCURRENCY
    mend(direct)
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() == ITEMS + lost


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("RAISE 'disk full' USING ERRCODE = '53100'", 75, "disk full"),
        ("RAISE 'canceled' USING ERRCODE = '57014'", 75, "canceled"),
        ("RAISE 'unknown' USING ERRCODE = 'ZZ123'", 64, "unknown"),
        ("RAISE 'no right' USING ERRCODE = '42501'", 77, "no right"),
        (f"RAISE E'{'x' * 900}\n[BATCH] forged \033[31m' USING ERRCODE = '55000'", 64, "xxx…"),
        (DROPS, 64, "queries"),
        (REHASHES, 64, "queries"),
    ],
    ids=lambda value: value[6:30] if isinstance(value, str) and value.startswith("RAISE") else "",
)
def test_what_goes_wrong_in_mid_run_costs_calls_in_flight_at_most(
    direct: Site, body: str, code: int, words: str
) -> None:
    """Whatever the server says it ends the run with a code of ours; put right, the same id stores each item once."""
    process = direct.begin_to_midst(DATABASE_RECONNECT_SECONDS="0")
    spoil(direct, body)
    direct.answer()
    spoilt = ended(process)
    assert spoilt.code == code, spoilt.log
    assert words in spoilt.error
    assert "Traceback" not in spoilt.log
    assert "\n[BATCH] forged" not in spoilt.log
    mend(direct)
    job = direct.finish()
    assert job.code == 0, job.log
    assert direct.account() == WHOLE
    assert direct.bill() <= ITEMS + CONCURRENCY
