"""Whole jobs on products whose texts give orders to a model that obeys, and on hostile replies."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from query_generator.models import Product
from query_generator.questions.checks import standardize
from tests.conftest import Cloud
from tests.fakes.gemini_faults import Fault, FaultRule
from tests.fakes.gemini_replies import wanted
from tests.support.question_sets import ALL_PARTS, FIELDS, hostile, rows, set_products

QUESTIONS = 6
REJECTED = 1  # a product whose name holds a terminal sequence
HARMLESS = {"surplus", "near_copy", "duplicate"}  # reasons to drop a good text


class Job:
    """A job on some products, by a model that writes well, and at each call the texts of the product besides.

    Args:
        cloud: where it runs.
        products: each with its texts.
    """

    def __init__(self, cloud: Cloud, products: Sequence[tuple[Product, Sequence[str]]]) -> None:
        self._texts = {_key(product.name): texts for product, texts in products}
        self.planted = 0
        cloud.gemini.set_faults(rules=[FaultRule(Fault.GOOD)])
        cloud.gemini.planted = self._obeyed
        catalog = "\n".join(json.dumps(_record(product)) for product, _ in products)
        options = ("--products-file", "-", "--job-id", "job", "--num-questions", str(QUESTIONS))
        self.ended = cloud.run(*options, stdin=catalog, REASK_LIMIT="5")
        self.result = cloud.aws.result("job")
        self.rows = cloud.rows("SELECT query_text FROM queries")

    def _obeyed(self, prompt: str) -> Sequence[str]:
        texts = self._texts[_key(wanted(prompt)[2])]
        self.planted += len(texts)
        return texts

    def assert_whole(self, rejected: int = 0) -> None:
        """Every product that was not rejected has all its questions, of both types, and none is stored besides."""
        assert self.ended.code == (65 if rejected else 0), self.ended.log
        assert [error["stage"] for error in self.result["errors"]] == ["input"] * rejected
        for product in self.result["products"]:
            assert len(set(product["product_questions"])) == len(set(product["market_questions"])) == QUESTIONS
        assert len(self.rows) == 2 * QUESTIONS * len(self.result["products"])
        assert len(self.result["products"]) == len(self._texts) - rejected

    def assert_counted(self, cloud: Cloud) -> None:
        """What was planted is counted by the reasons why it was dropped, the same everywhere."""
        stats = self.result["execution_stats"]
        dropped: Mapping[str, int] = stats["dropped_reasons"]
        assert sum(count for reason, count in dropped.items() if reason not in HARMLESS) >= self.planted > 0
        assert sum(dropped.values()) == sum(product["rejected"] for product in self.result["products"])
        assert set(stats["dropped_examples"]) >= set(dropped) - HARMLESS
        assert cloud.aws.events("job")[-1]["details"]["dropped"] == dropped
        assert all(f"{count} {reason.replace('_', ' ')}" in self.ended.out for reason, count in dropped.items())

    def assert_nowhere(self, product: Mapping[str, Any], marks: Sequence[str]) -> None:
        """No question of a product holds one of its texts, or one of the marks in any case."""
        texts = [question["text"] for question in product["questions"]]
        texts += [*product["product_questions"], *product["market_questions"]]
        assert not set(texts) & set(map(standardize, self._texts[_key(product["name"])]))
        beginnings = [re.compile(rf"(?<![a-z]){re.escape(mark)}") for mark in marks]  # no "script" in "subscription"
        assert not [text for text in texts for mark in beginnings if mark.search(text.casefold())]


def _key(name: str) -> str:
    """Return the code in a name whose end may be an order, or the whole name."""
    code = re.search(r"\bN\d+\b", name)
    return code[0] if code else name


def _record(product: Product) -> dict[str, Any]:
    fields = {
        name: getattr(product, name) for name in ("name", "brand", "category", "description", "price", "currency")
    }
    return {**fields, "attributes": dict(product.attributes)}


def test_what_product_texts_order_is_not_stored(cloud: Cloud) -> None:
    """Of 300 products name, category, description or an attribute gives orders to the model, closes the data block,
    plants an address or another brand or asks for the prompt, and the model obeys at each call. A name with a terminal
    sequence is rejected; all other products have their questions, nothing that was planted is among them, and what
    was dropped is counted by its reason.
    """
    boot = set_products()["boot"]
    cases = [(case, field) for case in rows("payloads") for field in FIELDS]
    cases += zip(rows("payloads", "later"), cycle(FIELDS))
    products, marks = [], {}
    for number, ((payload, obeyed, words), field) in enumerate(cases, 100):
        product = replace(boot, name=f"{boot.name} N{number}", content_hash="")
        products.append((hostile(product, field, payload), obeyed))
        marks[_key(product.name)] = words
    assert len(products) >= 300
    job = Job(cloud, products)
    job.assert_whole(rejected=REJECTED)
    job.assert_counted(cloud)
    for entry in job.result["products"]:
        job.assert_nowhere(entry, marks[_key(entry["name"])])


def test_nothing_of_hostile_replies_is_stored(cloud: Cloud) -> None:
    """Scripts, addresses, numbers, formulas, terminal sequences, hidden text and talk of an assistant among the good
    questions of a reply: these are stored, all products have theirs, and the others are counted by their reasons.
    """
    texts: dict[str, list[str]] = {}
    for key, text in rows("hostile_replies", *ALL_PARTS):
        texts.setdefault(key, []).append(text)
    assert sum(map(len, texts.values())) >= 250
    job = Job(cloud, [(set_products()[key], some) for key, some in texts.items()])
    job.assert_whole()
    job.assert_counted(cloud)
    for product in job.result["products"]:
        job.assert_nowhere(product, ())
