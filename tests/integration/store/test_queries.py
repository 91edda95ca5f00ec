"""Questions become rows, each once, in batches, whoever else writes them at the same time."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import quote

import pytest

import batch_job
import secrets_cache
from query_generator.errors import ServiceAwayError, SkippableError
from query_generator.store.connect import get_db_connection, open_database
from query_generator.store.database import Database
from query_generator.store.queries import Query, save_queries_to_rds, save_storable_queries
from secrets_cache import RdsConfig
from tests.support.catalog import ListingDatabase, add_row


def questions(product_id: int, count: int, query_type: str = "product") -> list[tuple[int, str, str]]:
    """Make distinct questions in the documented shape."""
    return [(product_id, f"Is version {number} any good?", query_type) for number in range(count)]


def texts(db: Database) -> dict[int, str]:
    """Stored texts by id."""
    return {row.query_id: row.query_text for row in db.run("SELECT query_id, query_text FROM queries")}


@pytest.mark.parametrize(("batch_size", "sizes"), [(50, [50, 50, 20]), (500, [50, 50, 20]), (45, [45, 45, 30])])
def test_rows_go_in_batches_of_at_most_50(rds: RdsConfig, db: Database, batch_size: int, sizes: list[int]) -> None:
    """120 questions take three inserts, each of at most 50 rows, whatever is asked for."""
    product_id = add_row(db, "{}")
    listing = ListingDatabase(get_db_connection(rds))
    ids = save_queries_to_rds(questions(product_id, 120), listing, batch_size)
    listing.close()
    assert [len(parameters["texts"]) for name, parameters in listing.statements if name == "queries.add"] == sizes
    assert len(set(ids)) == len(texts(db)) == 120


def test_ids_come_in_the_order_of_the_questions(db: Database) -> None:
    """Each id belongs to the question at its place, also when texts, products and types are mixed."""
    rows = [add_row(db, "{}") for _ in range(3)]
    queries = [entry for row in rows for kind in ("product", "market") for entry in questions(row, 20, kind)]
    random.Random(1).shuffle(queries)
    ids = save_queries_to_rds(queries, db)
    stored = {
        row.query_id: row[1:] for row in db.run("SELECT query_id, product_id, query_text, query_type FROM queries")
    }
    assert [stored[query_id] for query_id in ids] == queries


def test_nothing_to_save_is_fine(db: Database) -> None:
    """No questions give no ids."""
    assert save_queries_to_rds([], db) == []


def test_a_stored_question_is_reused(db: Database) -> None:
    """A question saved again, also with other case, spaces or marks, keeps its row, its text and its id."""
    row = add_row(db, "{}")
    (first,) = save_queries_to_rds([Query(row, "Is it warm?", "product", "gemini", "m1", "1")], db)
    spellings = ["Is it warm?", "is IT  warm", "Is it warm？"]
    assert save_queries_to_rds([(row, text, "product") for text in spellings], db) == [first] * 3
    (stored,) = db.run("SELECT query_text, provider, model, prompt_version, is_active FROM queries")
    assert stored == ("Is it warm?", "gemini", "m1", "1", True)


def test_one_text_for_another_product_or_type_is_another_question(db: Database) -> None:
    """The same text is a row of its own for each product and type."""
    rows = [add_row(db, "{}") for _ in range(2)]
    queries = [(row, "Is it warm?", kind) for row in rows for kind in ("product", "market")]
    assert len(set(save_queries_to_rds(queries, db))) == 4


def test_questions_from_before_are_reused(db: Database) -> None:
    """A row without a hash, stored before the migration, is reused; of its duplicates the oldest, unchanged."""
    row = add_row(db, "{}")
    db.run(
        "INSERT INTO queries (product_id, query_text, query_type) SELECT %(row)s, text, 'product' "
        "FROM unnest(ARRAY['Is it warm?', 'is it WARM?', 'Is it light?']) AS text",
        {"row": row},
    )
    before = db.run("SELECT * FROM queries ORDER BY query_id")
    ids = save_queries_to_rds(
        [(row, "Is it dear?", "product"), *((row, old.query_text, "product") for old in before)], db
    )
    assert ids[1:] == [before[0].query_id, before[0].query_id, before[2].query_id]
    assert db.run("SELECT * FROM queries WHERE query_hash IS NULL ORDER BY query_id") == before
    assert len(texts(db)) == 4


def test_two_of_one_in_a_call_are_one_row(db: Database) -> None:
    """A question given twice in one call is stored once, also across batches, and both places get its id."""
    row = add_row(db, "{}")
    ids = save_queries_to_rds(questions(row, 60) + questions(row, 60), db, 7)
    assert ids[:60] == ids[60:]
    assert len(texts(db)) == 60


def test_writers_at_once_share_the_rows(rds: RdsConfig, db: Database) -> None:
    """Many writers with the same questions in different orders neither deadlock nor store one twice."""
    rows = [add_row(db, "{}") for _ in range(4)]
    workers, rounds = 6, 4
    barrier = Barrier(workers)

    def write(worker: int) -> list[dict[tuple[int, str, str], int]]:
        own = open_database(rds)
        saved = []
        for number in range(rounds):
            queries = [(row, f"Is round {number} or {place} fine?", "product") for row in rows for place in range(40)]
            random.Random(worker).shuffle(queries)
            barrier.wait()
            saved.append(dict(zip(queries, save_queries_to_rds(queries, own), strict=True)))
        own.close()
        return saved

    with ThreadPoolExecutor(workers) as pool:
        saved = list(pool.map(write, range(workers)))
    assert all(ids == saved[0] for ids in saved)
    assert len(texts(db)) == rounds * 4 * 40


@pytest.mark.parametrize(
    ("text", "query_type", "known"),
    [
        ("Is \x00 a letter?", "product", True),
        ("Is \ud800 a letter?", "product", True),
        ("Is it warm?", "p" * 51, True),
        ("Is it warm?", "product", False),
    ],
    ids=["NUL", "lone surrogate", "type too long", "no such product"],
)
def test_a_row_that_cannot_be_stored_undoes_its_call_only(
    db: Database, text: str, query_type: str, known: bool
) -> None:
    """One bad row raises an error in one line, nothing of its call is stored, and the next call works."""
    row = add_row(db, "{}")
    bad = (row if known else 999_999, text, query_type)
    with pytest.raises(SkippableError, match="PostgreSQL does not take this row") as caught:
        save_queries_to_rds([*questions(row, 60), bad], db)
    assert "\n" not in str(caught.value)
    assert texts(db) == {}
    assert len(save_queries_to_rds(questions(row, 60), db)) == 60


@pytest.mark.parametrize("bad_places", [[], [0], [59], [7, 8, 31], range(60)])
def test_only_the_rows_that_cannot_be_stored_are_left_out(db: Database, bad_places: Sequence[int]) -> None:
    """Among many rows the bad ones are found, each with its reason, and the others are stored and keep their order."""
    row = add_row(db, "{}")
    queries = [Query(*entry) for entry in questions(row, 60)]
    for place in bad_places:
        queries[place] = queries[place]._replace(query_text=f"Is \x00 or {place} a letter?")
    with db.transaction():
        ids, refused = save_storable_queries(queries, db)
    good = [query.query_text for place, query in enumerate(queries) if place not in bad_places]
    assert [texts(db)[query_id] for query_id in ids if query_id is not None] == good
    assert len(texts(db)) == len(good)
    assert [query for query, _ in refused] == [queries[place] for place in bad_places]
    assert all("NUL" in str(error) for _, error in refused)


def test_a_product_that_is_gone_leaves_the_others_in_place(db: Database) -> None:
    """Questions of a product that somebody has deleted are named, and those of other products are stored."""
    row = add_row(db, "{}")
    lost = Query(999_999, "Is it warm?", "product")
    with db.transaction():
        ids, refused = save_storable_queries([Query(row, "Is it warm?", "product"), lost], db)
    assert (len(ids), [query for query, _ in refused]) == (1, [lost])


def test_transactions_in_each_others_way_are_both_made(rds: RdsConfig, db: Database) -> None:
    """A deadlock costs a repetition of one whole transaction, and nothing of either is lost or made twice."""
    rows = [add_row(db, "{}", brand="0") for _ in range(2)]
    sql = "UPDATE products SET brand_name = brand_name::int + 1 WHERE product_id = %(row)s"
    barrier, tries = Barrier(2), list[int]()

    def change(order: Sequence[int]) -> None:
        own = open_database(rds)

        def work() -> None:
            tries.append(order[0])
            first, second = order
            with own.transaction():
                own.run(sql, {"row": first})
                if tries.count(first) == 1:
                    barrier.wait()
                own.run(sql, {"row": second})

        own.with_reconnect(work)
        own.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(change, [rows, rows[::-1]]))
    assert [row.brand_name for row in db.run("SELECT brand_name FROM products")] == ["2", "2"]
    assert len(tries) == 3


def test_a_lost_connection_is_told_apart(rds: RdsConfig, db: Database) -> None:
    """When the server ends the connection, the error says that the same job id goes on later."""
    row = add_row(db, "{}")
    other = open_database(rds)
    (backend,) = other.run("SELECT pg_backend_pid() AS pid")
    db.run("SELECT pg_terminate_backend(%(pid)s)", {"pid": backend.pid})
    with pytest.raises(ServiceAwayError, match="Run the same job id again"):
        save_queries_to_rds(questions(row, 1), other)
    other.close()


def test_the_documented_call_needs_the_environment_only(
    rds: RdsConfig, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`save_queries_to_rds(queries)` and `get_product_ids_from_job(job_id)` connect by themselves and clean up."""
    for name in ("_config", "_rds_config_cache"):
        monkeypatch.setattr(secrets_cache, name, None)
    monkeypatch.delenv("RDS_SECRET_NAME", raising=False)
    monkeypatch.setenv(
        "DATABASE_URL",
        f"postgresql://{rds['username']}:{quote(rds['password'])}@/{rds['dbname']}?host={rds['host']}&port={rds['port']}",
    )
    monkeypatch.setenv("DB_SSLMODE", "disable")
    row = add_row(db, '{"name": "Boot"}', "Acme")
    db.run("INSERT INTO jobselectedproducts VALUES ('job', %(row)s)", {"row": row})
    (query_id,) = batch_job.save_queries_to_rds([(row, "Is it warm?", "product")])
    assert texts(db) == {query_id: "Is it warm?"}
    assert batch_job.get_product_ids_from_job("job") == {"acme|boot": row}


def test_texts_are_stored_as_they_are(db: Database) -> None:
    """Quotes, backslashes, braces, commas, line breaks, NULL as a word and any script come back unchanged."""
    row = add_row(db, "{}")
    odd = [
        'Is "it" warm?',
        "Is C:\\ fine?",
        "{a,b}?",
        "NULL",
        "",
        "two\nlines\t?",
        "この靴は防水ですか？",
        "' OR 1=1 --",
        "%s",
    ]
    ids = save_queries_to_rds([(row, text, "product") for text in odd], db)
    stored = texts(db)
    assert [stored[query_id] for query_id in ids] == odd
