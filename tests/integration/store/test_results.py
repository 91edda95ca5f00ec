"""The result of a job is what the ledger says, however large, and the same each time it is made."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from query_generator.errors import ConfigurationError
from query_generator.models import Generated, RejectedRecord
from query_generator.report.summary import publish_result, summary
from query_generator.store import results
from query_generator.store.database import Database
from query_generator.store.items import ErrorStage, Item, ItemState, Outcome
from query_generator.store.ledger import Ledger
from query_generator.store.objects import FolderObjects
from query_generator.store.products import link_products
from query_generator.store.queries import save_queries_to_rds
from query_generator.store.results import errors_json, result_json
from tests.support.catalog import add_row, load, open_job, open_run, product, products, save

HEAD = {"job_id": "job", "status": "completed", "number": 1.5, "nothing": None}


def finish(ledger: Ledger, item: Item, texts: Sequence[str], error: str | None = None) -> tuple[int, ...]:
    """End an item with these questions, as a run does."""
    generated = Generated(list(texts), Counter(duplicate=2, empty=1), "scripted", "model-1", 10, 5)
    with ledger.db.transaction():
        ids = tuple(save_queries_to_rds([(item.product_id, text, item.query_type) for text in texts], ledger.db))
        state = ItemState.FAILED if error else ItemState.SUCCEEDED
        stage = ErrorStage.GENERATE if error else None
        save(ledger, Outcome(item, generated, state, 1, error_stage=stage, error=error, query_ids=ids))
    return ids


def whole(chunks: Iterator[bytes]) -> dict[str, Any]:
    """A streamed document, read."""
    document: dict[str, Any] = json.loads(b"".join(chunks))
    return document


@pytest.fixture
def ledger(db: Database) -> Ledger:
    """A job of seven products: five done, one with a failed item, one not begun, and two rejected records."""
    ledger = open_job(db, products(7))
    for item in ledger.queue.claim(12):
        words = ("zoom", "grip", "aim")
        error = "no answer" if (item.product.name, item.query_type) == ("Product 4", "market") else None
        finish(ledger, item, [f"Is {word} of {item.product.name} {item.query_type}?" for word in words], error)
    rejected = [RejectedRecord(9, "name", "missing", "k"), RejectedRecord(8, "", "the input breaks off")]
    ledger.queue.add(link_products, [], rejected, None)
    return ledger


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


def test_the_report_can_be_made_again(ledger: Ledger, tmp_path: Path) -> None:
    """Writing the result again gives an equal object apart from its time, and numbers that agree with its entries."""
    objects = FolderObjects(tmp_path)
    made = []
    for _ in range(2):
        report = publish_result(ledger.db, objects, "job", "query/")
        made.append(json.loads((tmp_path / "query/job/results.json").read_text()))
        made[-1].pop("generated_at")
    assert made[0] == made[1]
    result = made[0]
    stats = result["execution_stats"]
    questions = sum(len(entry["query_ids"]) for entry in result["products"])
    assert stats["total_queries_generated"] == stats["queries_saved_to_db"] == questions == 36
    assert (result["status"], stats["products_processed"], report.exit_code) == ("interrupted", 6, 65)
    assert [Path(address).name for address in report.addresses] == ["results.json", "errors.json"]
    assert "1 failed items, 2 rejected records" in summary(report)
    assert "market: no answer" in summary(report)


def test_mended_errors_leave_no_stale_file(ledger: Ledger, tmp_path: Path) -> None:
    """When a later run mends what had failed, errors.json is written again, empty."""
    publish_result(ledger.db, FolderObjects(tmp_path), "job", "")
    load(open_run(ledger.db), products(7))
    ledger.db.run("UPDATE job_items SET state = 'succeeded', error = NULL")
    report = publish_result(ledger.db, FolderObjects(tmp_path), "job", "")
    assert (report.status, report.exit_code) == ("completed", 0)
    assert json.loads((tmp_path / "job/errors.json").read_text())["errors"] == []


def test_an_unknown_job_has_no_report(db: Database, tmp_path: Path) -> None:
    """A report of a job that the database does not know is refused by its name, and nothing is written."""
    with pytest.raises(ConfigurationError, match="job nosuch: the database does not know it"):
        publish_result(db, FolderObjects(tmp_path), "nosuch", "")
    assert list(tmp_path.iterdir()) == []
