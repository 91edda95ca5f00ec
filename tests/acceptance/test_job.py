"""The job as a process against Secrets Manager, S3 and DynamoDB (moto), PostgreSQL, and a Gemini stand-in."""

import json
from pathlib import Path

from tests.conftest import API_KEY, Cloud

PRODUCTS = [
    {"name": "Trail Boot", "brand": "Daybird", "category": "Footwear", "price": 109.99},
    {"name": "Summit Harness", "brand": "Gravitator", "description": "<p>Light &amp; strong</p>"},
    {"title": "Apple Juice", "vendor": {"name": "Frutello"}},
]


def test_every_product_gets_its_questions_and_all_places_agree(cloud: Cloud) -> None:
    """A job of three products ends 0 with 25 + 25 distinct questions each, the same in rows, result and events."""
    ended = cloud.run("--job-id", "demo.1", "--products-json", json.dumps(PRODUCTS))
    assert ended.code == 0, ended.log
    rows = cloud.rows("SELECT product_id, query_type, count(DISTINCT query_hash) AS n FROM queries GROUP BY 1, 2")
    assert sorted((row.query_type, row.n) for row in rows) == [("market", 25)] * 3 + [("product", 25)] * 3
    result = cloud.aws.result("demo.1")
    assert result["status"] == "completed"
    assert result["input_source"] == "args:--products-json"
    assert [product["name"] for product in result["products"]] == ["Trail Boot", "Summit Harness", "Apple Juice"]
    for product in result["products"]:
        assert len(set(product["product_questions"])) == len(set(product["market_questions"])) == 25
        assert len(set(product["query_ids"])) == 50
        assert (product["provider"], product["error"]) == ("gemini", None)
    stats = result["execution_stats"]
    assert (stats["products_processed"], stats["total_queries_generated"], stats["queries_saved_to_db"]) == (3, 150, 150)
    assert stats["llm"]["total_requests"] == stats["llm"]["successful_requests"] == len(cloud.gemini.billed) == 6
    events = cloud.aws.events("demo.1")
    names = [event["eventName"] for event in events]
    assert names[:4] == ["job_started", "secrets_initialized", "input_loaded", "products_resolved"]
    assert names[-2:] == ["results_saved", "job_completed"]
    assert events[-1]["details"]["execution_stats"]["queries_saved_to_db"] == 150
    assert all(event["pk"] == "demo.1" and event["sk"] == event["event_timestamp_id"] for event in events)
    assert "150 in PostgreSQL" in ended.out


def test_secrets_are_fetched_twice_whatever_the_number_of_products(cloud: Cloud, tmp_path: Path) -> None:
    """A job makes exactly two Secrets Manager calls, and no secret appears in what it prints."""
    catalog = tmp_path / "products.jsonl"
    catalog.write_text("\n".join(json.dumps({"name": f"Product {number}"}) for number in range(40)))
    ended = cloud.run("--products-file", str(catalog), "--verbose", "--num-questions", "3")
    assert ended.code == 0, ended.log
    assert cloud.aws.calls["GetSecretValue"] == 2
    assert not [name for name in cloud.aws.calls if "Secret" in name and name != "GetSecretValue"]
    for line in (
        "[INIT] Pre-fetching all secrets for caching...",
        "[AI] Fetching Gemini API key from Secrets Manager (first time)",
        "[DB] Fetching RDS configuration from Secrets Manager (first time)",
        "[AI] Using cached Gemini API key for model configuration",
        f"[DB] Using cached RDS credentials, connecting to host: {cloud.rds['host']}",
    ):
        assert line in ended.log
    assert API_KEY not in ended.log + ended.out
    assert cloud.rds["password"] not in ended.log + ended.out
