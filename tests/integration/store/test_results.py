"""The result of a job is what the ledger says, however large, and the same each time it is made."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from query_generator.store import results
from query_generator.store.database import Database
from query_generator.store.ledger import Ledger
from query_generator.store.results import errors_json, result_json
from tests.support.catalog import add_row, open_job, product, products
from tests.support.finished import finish, seven_products

HEAD = {"job_id": "job", "status": "completed", "number": 1.5, "nothing": None}


def whole(chunks: Iterator[bytes]) -> dict[str, Any]:
    """A streamed document, read."""
    document: dict[str, Any] = json.loads(b"".join(chunks))
    return document


@pytest.fixture
def ledger(db: Database) -> Ledger:
    """A job of seven products: five done, one with a failed item, one not begun, and two rejected records."""
    return seven_products(db)


def test_the_result_is_what_the_ledger_says(ledger: Ledger) -> None:
    """The head comes first as given, then every product in the order of the input with its questions and their ids."""
    document = whole(result_json(ledger.db, "job", HEAD))
    assert list(document) == [*HEAD, "products", "errors"]
    assert HEAD.items() <= document.items()
    entries = document["products"]
    assert [entry["name"] for entry in entries] == [f"Product {number}" for number in range(1, 8)]
    rows = ledger.db.run("SELECT product_id, query_type, query_ids FROM job_items")
    ids = {(row.product_id, row.query_type): row.query_ids for row in rows}
    texts = {row.query_id: row.query_text for row in ledger.db.run("SELECT query_id, query_text FROM queries")}
    for entry in entries:
        kinds = [ids[entry["product_id"], kind] for kind in ("product", "market")]
        assert entry["query_ids"] == kinds[0] + kinds[1]
        assert entry["product_questions"] == [texts[query_id] for query_id in kinds[0]]
        assert entry["market_questions"] == [texts[query_id] for query_id in kinds[1]]
    done, failed, open_ = entries[0], entries[3], entries[6]
    assert done["product_questions"] == [f"Is {word} of Product 1 product?" for word in ("zoom", "grip", "aim")]
    assert (done["product_key"], done["brand"], done["provider"], done["model"], done["rejected"], done["error"]) == (
        "acme|product 1",
        "Acme",
        "scripted",
        "model-1",
        6,
        None,
    )
    assert (failed["error"], len(failed["market_questions"])) == ("market: no answer", 3)
    assert (open_["query_ids"], open_["provider"], open_["error"]) == ([], None, None)


def test_errors_name_product_stage_and_reason(ledger: Ledger) -> None:
    """Rejected records in their order and then failed items are in results.json and errors.json alike."""
    expected = [
        {"product_key": "", "stage": "input", "reason": "record 8: the input breaks off"},
        {"product_key": "k", "stage": "input", "reason": "record 9: field 'name': missing"},
        {"product_key": "acme|product 4", "stage": "generate", "reason": "market: no answer"},
    ]
    assert whole(result_json(ledger.db, "job", HEAD))["errors"] == expected
    assert whole(errors_json(ledger.db, "job", HEAD)) == {**HEAD, "errors": expected}


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_lose_and_repeat_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """The result is the same whatever the size of the pages it is read by."""
    items = ledger.db.run("UPDATE job_items SET state = 'failed', error_stage = 'generate', error = 'x' RETURNING 1")
    at_once = b"".join(result_json(ledger.db, "job", HEAD))
    monkeypatch.setattr(results, "PAGE_SIZE", size)
    assert b"".join(result_json(ledger.db, "job", HEAD)) == at_once
    assert len(json.loads(at_once)["errors"]) == len(items) + 2


def test_the_result_comes_in_pieces(ledger: Ledger) -> None:
    """The document is made product by product, never as a whole."""
    assert max(len(chunk) for chunk in result_json(ledger.db, "job", HEAD)) < 2000


def test_texts_in_any_script_stay_as_they_are(db: Database) -> None:
    """Names and questions in any script are written as UTF-8, readable as they are."""
    ledger = open_job(db, [product('靴 "Ø" \\ 👟', "Ñandú|Ácme")])
    first, second = ledger.queue.claim(2)
    finish(ledger, first, ["この靴は防水ですか？", "هل هو مقاوم للماء؟"])
    finish(ledger, second, ["¿Cuál es el mejor calzado “Ø”?"])
    text = b"".join(result_json(db, "job", HEAD)).decode()
    (entry,) = json.loads(text)["products"]
    assert (entry["name"], entry["product_key"]) == ('靴 "Ø" \\ 👟', 'ñandú\\|ácme|靴 "ø" \\\\ 👟')
    assert entry["product_questions"] == ["この靴は防水ですか？", "هل هو مقاوم للماء؟"]
    assert "¿Cuál es el mejor calzado “Ø”?" in text


def test_a_product_is_shown_as_the_job_was_told(db: Database) -> None:
    """Name and brand are those of the job's own record, and a brand that only the table knows is shown too."""
    told = product("BOOT Deluxe", "Acme")
    add_row(db, '{"name": "boot deluxe"}', "acme", told.product_hash)
    column = add_row(db, '{"title": "Cap"}', "Column Brand")
    ledger = open_job(db, [told])
    db.run("INSERT INTO jobselectedproducts (job_id, product_id) VALUES ('other', %(id)s)", {"id": column})
    shown = whole(result_json(ledger.db, "job", HEAD))["products"]
    assert [(entry["name"], entry["brand"]) for entry in shown] == [("BOOT Deluxe", "Acme")]
    claimed = open_job(db, [product("Cap", "Column Brand", product_id=column)], "third")
    (entry,) = whole(result_json(claimed.db, "third", HEAD))["products"]
    assert (entry["product_id"], entry["brand"]) == (column, "Column Brand")


def test_skipped_products_are_not_in_the_result(db: Database) -> None:
    """A product that was skipped has no entry, and a job without entries is a whole document."""
    ledger = open_job(db, products(2))
    db.run("UPDATE job_items SET state = 'skipped'")
    assert whole(result_json(ledger.db, "job", HEAD)) == {**HEAD, "products": [], "errors": []}
    assert whole(result_json(ledger.db, "no such job", HEAD)) == {**HEAD, "products": [], "errors": []}
