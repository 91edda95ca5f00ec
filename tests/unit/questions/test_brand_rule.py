"""Whether a question names the product that it is asked for, on labelled questions."""

import json
from pathlib import Path
from typing import Any

import pytest

from query_generator.models import Product
from query_generator.questions.names import OwnNames

LABELLED = Path(__file__).with_name("labelled")
SETS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LABELLED.glob("brand_leaks_*.json"))]
CASES: list[dict[str, Any]] = [case for cases in SETS for case in cases]


def names_of(case: dict[str, Any]) -> OwnNames:
    attributes = tuple((name, value) for name, value in case["attributes"])
    texts = {key: case[key] for key in ("name", "brand", "category", "description")}
    return OwnNames(Product(**texts, attributes=attributes))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['brand']}: {case['name'][:30]}")
def test_no_leak_passes(case: dict[str, Any]) -> None:
    """Each question that names brand, product or an alias of either is found, in any spelling, case and script."""
    own = names_of(case)
    assert [question for question in case["traps"] if not own.found(question)] == []


def test_false_alarms_are_rare() -> None:
    """At most one clean question of a hundred is taken for a leak."""
    clean = [(names_of(case), question) for case in CASES for question in case["clean"]]
    alarms = [question for own, question in clean if own.found(question)]
    assert len(alarms) <= len(clean) / 100, alarms


def test_what_is_found_stands_in_the_question() -> None:
    """What is reported is a part of the question, and masking takes all of it out."""
    for case in CASES:
        own = names_of(case)
        for question in case["traps"]:
            found = own.found(question)
            assert found in question
            assert "_" in own.masked(question)
            assert not own.found(own.masked(question))


@pytest.mark.parametrize(
    ("question", "masked"),
    [
        ("Is the Sony WH-1000XM5 good for flights?", "Is the _ good for flights?"),
        ("Are Sony's headphones good?", "Are _ headphones good?"),
        ("Which headphones are good for flights?", "Which headphones are good for flights?"),
        ("ソニーのヘッドホンは快適ですか?", "_のヘッドホンは快適ですか?"),
    ],
)
def test_a_masked_question_holds_no_name(question: str, masked: str) -> None:
    """Questions are compared without names, which would decide how alike they are."""
    own = OwnNames(Product(name="Sony WH-1000XM5 Wireless Headphones", brand="Sony"))
    assert own.masked(question) == masked


def test_a_product_without_any_name_of_its_own_is_never_named() -> None:
    """Where brand and title are common words for what the product is, market questions may use them."""
    own = OwnNames(Product(name="Cat Food", brand="Generic", category="Pet food"))
    assert not own.found("Which cat food is best for kittens?")
    assert own.masked("Which cat food is best?") == "Which _ is best?"
