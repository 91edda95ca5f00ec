"""`--max-cost` as a process: a hard cap of the whole job."""

import json

from tests.conftest import Cloud

PRODUCTS = json.dumps([{"name": f"Trail Boot {number}", "brand": "Daybird"} for number in range(1, 21)])
A_CALL = 0.0013  # US dollars, about, for 25 questions of the stand-in


def test_a_job_ends_at_its_cap_and_goes_on_with_a_higher_one(cloud: Cloud) -> None:
    """The cap is never passed, what it bought is saved, the end says what is left, and a higher cap buys just that."""
    arguments = ("--job-id", "capped", "--products-json", PRODUCTS, "--max-concurrency", "4", "--max-cost")
    first = cloud.run(*arguments, f"{12 * A_CALL}")
    assert first.code == 69, first.log
    assert "items are left and would cost about" in first.log
    assert "a higher --max-cost" in first.log
    result = cloud.aws.result("capped")
    assert 8 * A_CALL < result["execution_stats"]["llm"]["cost_usd"] <= 12 * A_CALL
    bought = cloud.gemini.billed.total()
    assert len([product for product in result["products"] if product["query_ids"]]) >= bought // 2
    second = cloud.run(*arguments, "1")
    assert second.code == 0, second.log
    assert cloud.gemini.billed.total() == 40
    assert "(gemini 0.0" in second.out


def test_a_cap_without_a_price_starts_nothing(cloud: Cloud) -> None:
    """A model whose price nobody knows is refused with 64 under a cap, until the user gives the price."""
    ended = cloud.run("--products-json", PRODUCTS, "--max-cost", "1", "--model", "gemini-unheard-of")
    assert ended.code == 64
    assert "PRICES_FILE" in ended.log
    assert cloud.aws.calls["GetSecretValue"] == 0
