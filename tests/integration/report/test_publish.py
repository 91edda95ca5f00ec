"""A report is made from the ledger, as often as one likes, and says how the job stands."""

import json
from pathlib import Path

import pytest

from query_generator.errors import ConfigurationError
from query_generator.report.summary import publish_result, summary
from query_generator.store.database import Database
from query_generator.store.ledger import Ledger
from query_generator.store.objects import FolderObjects
from tests.support.catalog import load, open_run, products
from tests.support.finished import seven_products


@pytest.fixture
def ledger(db: Database) -> Ledger:
    """A job of seven products: five done, one with a failed item, one not begun, and two rejected records."""
    return seven_products(db)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("", "interrupted"),
        ("UPDATE job_items SET state = 'failed' WHERE state = 'pending'", "completed_with_errors"),
        ("UPDATE job_items SET state = 'succeeded'", "completed_with_errors"),
        ("UPDATE job_items SET state = 'succeeded'; DELETE FROM query_generator_rejected_records", "completed"),
    ],
    ids=["an open item", "failed items", "rejected records", "all done"],
)
def test_the_status_says_what_is_left(ledger: Ledger, tmp_path: Path, change: str, status: str) -> None:
    """An open item makes it interrupted, whatever else there is; then each error counts, of an item as of a record."""
    if change:
        ledger.db.run(change)
    report = publish_result(ledger.db, FolderObjects(tmp_path), "job", "")
    assert (report.status, json.loads((tmp_path / "job/results.json").read_text())["status"]) == (status, status)


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


def test_the_result_tells_what_pages_lack(ledger: Ledger, tmp_path: Path) -> None:
    """Unanswered product questions count by need; those that were never matched, or whose field is known, do not."""
    ledger.db.run("UPDATE queries SET query_text = 'How heavy is it?' WHERE query_text LIKE 'Is zoom %'")
    assert publish_result(ledger.db, FolderObjects(tmp_path), "job", "").lacking == ()
    ledger.db.run(
        "UPDATE queries SET grounded_in = CASE WHEN query_text LIKE 'Is grip %' THEN '{weight}' ELSE '{}' END::text[]"
    )
    report = publish_result(ledger.db, FolderObjects(tmp_path), "job", "")
    result = json.loads((tmp_path / "job/results.json").read_text())
    (category,) = result["execution_stats"]["attributes_lacking"]
    (lack,) = category["attributes"]
    assert (lack["attribute"], lack["products"], lack["questions"]) == ("weight", 6, 6)
    assert category["questions"] == sum(
        question["type"] == "product" and not question["grounded_in"]
        for entry in result["products"]
        for question in entry["questions"]
    )
    assert "lacking    weight of 6 in" in summary(report)


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
