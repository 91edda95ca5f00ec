"""A changed product keeps the questions that still hold, with their ids, and gets new ones for the others only."""

import json
from dataclasses import replace
from typing import Any

import pytest

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Product
from query_generator.pipeline.load import load_products
from query_generator.questions.order import Order
from query_generator.store.database import Database
from query_generator.store.jobs import switched_off
from query_generator.store.open_work import OpenWork
from query_generator.store.products import selected_products, take_selected
from query_generator.store.results import result_products
from tests.support.catalog import add_row, counts_of, open_job, open_run, product, select_for_job
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation

STATES_WEIGHT = "Is the 2 kg Lamp easy to move about?"
PRESUPPOSES = "How does the dimmer of the Lamp work?"
OF_SHADE = "Which shade material does the Lamp have?"
ALWAYS = "Which bulbs fit the Lamp?"
NEW = ["Is the Lamp safe in a nursery?", "How bright is the Lamp in a large room?", "Does the Lamp flicker on video?"]
OF_LINEN = "How well does the linen of the Lamp hold up?"
OF_SWITCH = "How loud is the foot switch of the Lamp?"
LATER = ["Where can the Lamp be repaired?"]
NO_SHADE: dict[str, Any] = {"shade material": ""}
FIELDS = {"weight": "2 kg", "dimmer": "yes", "shade material": "linen"}


class Writer(ItemProvider):
    """Writes product questions from a list, and as many market questions as are asked for."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self._texts = texts

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write what is asked for."""
        if request.query_type == "market":
            return super().generate(request)
        self.requests.append(request)
        return GenerationReply(self._texts, self.name, self.model)

    def needed(self) -> list[int]:
        """How many product questions were needed at each call."""
        return [request.count for request in self.requests if request.query_type == "product"]


def lamp(description: str = "", price: Any = 1, **attributes: Any) -> list[Product]:
    """The product with some attributes."""
    return [product("Lamp", description=description, price=price, attributes={**FIELDS, **attributes})]


def run(db: Database, products: list[Product], *texts: str) -> Writer:
    """Run the job to its end with a model that writes these texts."""
    ledger, writer = open_job(db, products), Writer(*texts)
    generation(ledger, writer, order=Order(WANTED, reask_limit=0)).run(counts_of(ledger))
    ledger.lease.end()
    return writer


def listed(db: Database) -> dict[str, int]:
    """The product questions of the job's result with their ids, in order."""
    (entry,) = result_products(db, "job")
    return {each["text"]: each["query_id"] for each in entry["questions"] if each["type"] == "product"}


def off(db: Database) -> dict[str, str]:
    """The questions that are switched off, each with its reason."""
    return {row.query_text: row.off_reason for row in db.run("SELECT * FROM queries WHERE is_active IS FALSE")}


@pytest.fixture
def first(db: Database) -> dict[str, int]:
    """A finished job; its questions with their ids."""
    run(db, lamp(), STATES_WEIGHT, PRESUPPOSES, OF_SHADE, ALWAYS)
    return listed(db)


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"price": 3}, {}),
        ({"weight": "3 kg"}, {STATES_WEIGHT: "contradiction"}),
        ({"dimmer": "no"}, {PRESUPPOSES: "false_presupposition"}),
        ({"shade material": ""}, {OF_SHADE: "ungrounded"}),
        ({"weight": "3 kg", "dimmer": "no"}, {STATES_WEIGHT: "contradiction", PRESUPPOSES: "false_presupposition"}),
        ({"description": "A lamp to read by, of brass."}, {}),
    ],
)
def test_what_still_holds_stays_and_only_the_rest_is_bought(
    db: Database, first: dict[str, int], changed: dict[str, Any], reasons: dict[str, str]
) -> None:
    """Kept questions have the ids that they had; others are off, with the reason; new ones come last."""
    assert len(first) == WANTED
    writer = run(db, lamp(**changed), *NEW)
    kept = {text: query_id for text, query_id in first.items() if text not in reasons}
    now = listed(db)
    assert off(db) == reasons
    assert list(now.items())[: len(kept)] == list(kept.items())
    assert list(now)[len(kept) :] == NEW[: len(reasons)]
    assert writer.needed() == ([len(reasons)] if reasons else [])


def test_the_dry_run_quotes_what_is_bought(db: Database, first: dict[str, int]) -> None:
    """It counts the questions that still hold by the same rule, and changes nothing."""
    entries = lamp(weight="3 kg", dimmer="no")
    quoted = {item.query_type: item.existing for item in OpenWork(db, "job").of(entries)}
    assert [question.text for question in quoted[next(iter(quoted))]] == [OF_SHADE, ALWAYS]
    assert off(db) == {}
    assert run(db, entries, *NEW).needed() == [WANTED - len(quoted[next(iter(quoted))])]


def test_what_went_may_come_back_with_its_feature(db: Database, first: dict[str, int]) -> None:
    """What the program switched off is no person's word: when it is written again, its row is switched on again."""
    run(db, lamp(dimmer="no"), *NEW)
    assert off(db) == {PRESUPPOSES: "false_presupposition"}
    run(db, lamp(dimmer="yes", weight="3 kg"), PRESUPPOSES)
    assert listed(db)[PRESUPPOSES] == first[PRESUPPOSES]
    assert off(db) == {STATES_WEIGHT: "contradiction"}


def test_the_same_words_do_not_come_back_at_once(db: Database, first: dict[str, int]) -> None:
    """A model that writes again what has just gone, in the same words or others, does not bring it back."""
    writer = run(db, lamp(**NO_SHADE), OF_SHADE, "What shade material has the Lamp?", *NEW)
    assert writer.needed() == [1]
    assert off(db) == {OF_SHADE: "ungrounded"}
    assert list(listed(db))[-1] == NEW[0]


def test_a_rewritten_question_is_left_alone_even_if_it_is_wrong_now(db: Database, first: dict[str, int]) -> None:
    """A person's word is final: the program does not switch off what they wrote."""
    mine = "Is the 2 kg Lamp too heavy for a shelf?"
    db.run("UPDATE queries SET query_text = %(new)s WHERE query_text = %(old)s", {"new": mine, "old": STATES_WEIGHT})
    run(db, lamp(weight="3 kg"), *NEW)
    assert off(db) == {}
    assert listed(db)[mine] == first[STATES_WEIGHT]


def test_a_run_that_is_stopped_leaves_the_choice_to_the_next(db: Database, first: dict[str, int]) -> None:
    """Nothing is switched off before the questions in its place are stored."""
    ledger = open_job(db, lamp(weight="3 kg"))
    ledger.queue.claim(2)
    ledger.lease.end()
    assert off(db) == {}
    assert run(db, lamp(weight="3 kg"), *NEW).needed() == [1]
    assert off(db) == {STATES_WEIGHT: "contradiction"}
    assert len(listed(db)) == WANTED


def test_the_result_tells_how_many_went(db: Database, first: dict[str, int]) -> None:
    """By reason, for the products of the job."""
    run(db, lamp(weight="3 kg", dimmer="no"), *NEW)
    assert switched_off(db, "job") == {"contradiction": 1, "false_presupposition": 1}
    assert switched_off(db, "another") == {}


@pytest.mark.parametrize(
    ("changed", "question"),
    [(NO_SHADE, OF_LINEN), ({"description": "A lamp."}, OF_SWITCH), ({"price": ""}, "Is the Lamp worth 1 euro?")],
)
def test_what_only_the_earlier_fields_told_takes_its_questions_along(
    db: Database, changed: dict[str, Any], question: str
) -> None:
    """A value, a feature of the description, a price: no field answered the question, and none tells of it now."""
    switch = "A lamp with a foot switch."
    run(db, [replace(lamp(switch)[0], currency="EUR", content_hash="")], question, ALWAYS, *NEW)
    assert off(db) == {}
    kept = {text: query_id for text, query_id in listed(db).items() if text != question}
    now = [replace(lamp(**({"description": switch} | changed))[0], currency="EUR", content_hash="")]
    assert run(db, now, *LATER).needed() == [1]
    assert off(db) == {question: "ungrounded"}
    assert listed(db) == {**kept, LATER[0]: listed(db)[LATER[0]]}


def test_a_product_that_changes_twice_is_compared_with_what_its_questions_were_written_for(
    db: Database, first: dict[str, int]
) -> None:
    """A change that no run has worked on does not hide the one before it; one that was worked on is over."""
    db.run(
        "UPDATE queries SET query_text = %(new)s, text_md5 = md5(%(new)s) WHERE query_text = %(old)s",
        {"new": OF_LINEN, "old": ALWAYS},
    )
    open_job(db, lamp("New.", **NO_SHADE)).lease.end()
    run(db, lamp("Newer.", **NO_SHADE), *NEW)
    assert off(db) == {OF_LINEN: "ungrounded", OF_SHADE: "ungrounded"}
    run(db, lamp("Newest.", **NO_SHADE), *LATER)
    assert off(db) == {OF_LINEN: "ungrounded", OF_SHADE: "ungrounded"}


def test_a_change_of_the_row_is_one_of_the_product(db: Database) -> None:
    """Products that the database has are compared with what they were as well."""
    record = {"name": "Lamp", "brand": "Acme", "attributes": {"shade": "linen", **FIELDS}}
    product_id = add_row(db, json.dumps(record), "Acme")
    select_for_job(db, [product_id])

    def run_selected(*texts: str) -> None:
        ledger = open_run(db)
        assert ledger.record.begin_load()
        load_products(ledger, selected_products(db, "job"), take_selected)
        ledger.record.end_load("from-job")
        generation(ledger, Writer(*texts), order=Order(WANTED, reask_limit=0)).run(counts_of(ledger))
        ledger.lease.end()

    run_selected(OF_LINEN, *NEW)
    record["attributes"] = {"weight": "2 kg"}
    db.run("UPDATE products SET product_data = %(data)s::jsonb", {"data": json.dumps(record)})
    run_selected(*LATER)
    assert off(db) == {OF_LINEN: "ungrounded"}
    assert list(listed(db)) == [*NEW, *LATER]
