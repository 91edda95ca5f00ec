"""MARKET_SCOPE and VARIANT_SCOPE as a user meets them: the quote, the bill, the result, and the job that goes on."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.conftest import Cloud

LAMPS = [{"name": f"Trail Lamp {n}", "brand": f"Daybird{n}", "category": "Lamps", "price": n} for n in range(1, 9)]
KETTLES = [{"name": f"Fell Kettle {n}", "brand": "Fell", "category": "Kettles", "price": n} for n in range(1, 5)]
COLORS = ("black", "white", "red", "blue", "green", "grey")
TEES = [
    {"name": f"Nimbus Tee {color}", "brand": "Nimbus", "category": "Shirts", "color": color, "material": "cotton"}
    for color in COLORS
]


def arguments(job_id: str, products: list[dict[str, Any]], *more: str) -> tuple[str, ...]:
    """Ten questions of each type for some products."""
    return ("--job-id", job_id, "--num-questions", "10", "--products-json", json.dumps(products), *more)


def market(result: dict[str, Any], category: str) -> list[set[str]]:
    """The unbranded market questions of each product of a category."""
    return [
        {entry["text"] for entry in product["questions"] if entry["type"] == "market" and not entry["branded"]}
        for product in result["products"]
        if product["category"] == category
    ]


@pytest.mark.parametrize("share", ["0.7", "1"])
def test_a_category_is_paid_for_once(cloud: Cloud, share: str) -> None:
    """A call for each category and each product, as quoted; each complete; the same job again buys nothing."""
    least = 2 + 12
    given = arguments("shared", [*LAMPS, *KETTLES], "--market-scope", "category", "--unbranded-share", share)
    quoted = cloud.run(*given, "--dry-run")
    assert quoted.code == 0, quoted.log
    assert "shared     2 sets of market questions to be bought, which 12 products take from" in quoted.out
    told = re.search(r": (\d+) calls, ", quoted.out)
    assert told
    assert int(told[1]) == least
    ended = cloud.run(*given)
    assert ended.code == 0, ended.log
    result = cloud.aws.result("shared")
    paid = result["execution_stats"]["llm"]["total_requests"]
    assert least <= paid <= least + 12  # a second call where a model has repeated itself
    assert {(len(p["product_questions"]), len(p["market_questions"])) for p in result["products"]} == {(10, 10)}
    for category, count in (("Lamps", 8), ("Kettles", 4)):
        sets = market(result, category)
        assert len(sets) == count
        assert len(set.intersection(*sets)) >= 0.7 * len(sets[0])
    sums = result["execution_stats"]["shared_sets"]["market"]
    assert (sums["sets"], sums["items"]) == (2, 12)
    assert re.search(r"shared     2 sets of market questions, bought by \d+ calls: 12 products took \d+", ended.out)
    assert cloud.run(*given).code == 0
    assert cloud.gemini.calls.total() == paid


def test_variants_are_paid_for_once(cloud: Cloud) -> None:
    """By the variable; the questions of each variant are its own rows, and about no colour."""
    given = arguments("family", TEES)
    assert cloud.run(*given, VARIANT_SCOPE="family").code == 0
    result = cloud.aws.result("family")
    assert result["execution_stats"]["shared_sets"]["product"]["sets"] == 1
    lists = [product["product_questions"] for product in result["products"]]
    assert {len(questions) for questions in lists} == {10}
    texts = Counter(text for questions in lists for text in questions)
    assert sum(count == len(TEES) for count in texts.values()) >= 9
    assert not [text for text in texts if any(color in text.split() for color in COLORS)]
    ids = [query_id for product in result["products"] for query_id in product["query_ids"]]
    assert len(ids) == len(set(ids))


def test_a_job_keeps_the_scope_that_it_began_with(cloud: Cloud) -> None:
    """Other scopes, also with --refresh, are refused before anything is bought, with the way out."""
    given = arguments("kept", LAMPS[:3])
    assert cloud.run(*given, "--market-scope", "category").code == 0
    paid = cloud.gemini.calls.total()
    for more in ((), ("--refresh",)):
        ended = cloud.run(*given, *more)
        assert ended.code == 64
        assert "market_scope was category, is product" in ended.log
        assert "a new --job-id" in ended.log
    assert cloud.gemini.calls.total() == paid


def test_a_scope_that_is_none_is_named(cloud: Cloud) -> None:
    """With what it may be."""
    ended = cloud.run(*arguments("wrong", LAMPS[:1]), "--market-scope", "brand")
    assert ended.code == 64
    assert "category" in ended.log
    assert "MARKET_SCOPE" in ended.log or "--market-scope" in ended.log
