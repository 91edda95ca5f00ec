"""What a person did to the questions of a product stays as they left it, whatever jobs come after."""

from typing import Any

import pytest

from query_generator.errors import ConfigurationError
from query_generator.llm.base import FIRST_PROMPT_VERSION, GenerationReply, GenerationRequest
from query_generator.models import Product
from query_generator.questions.near_copies import NearCopies
from query_generator.questions.order import Order
from query_generator.store.database import Database
from query_generator.store.open_work import OpenWork
from query_generator.store.results import result_products
from tests.support.catalog import counts_of, open_job, product
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation, items

WRITTEN = (
    "How heavy is the Lamp?",
    "Is the Lamp dimmable?",
    "Where was the Lamp made?",
    "Does the Lamp get hot?",
    "How long is the cable of the Lamp?",
    "What is the weight of the Lamp?",
    "Which bulbs fit the Lamp?",
    "Can the Lamp stand outdoors?",
    "Who designed the Lamp?",
)
OFF, ALSO_OFF, REWRITTEN = WRITTEN[0], WRITTEN[2], WRITTEN[1]
ADDED, NEW_TEXT = "Does the Lamp hum at night?", "Can the Lamp be dimmed by a phone?"
LAMP = ("Lamp", "product")


class Repeating(ItemProvider):
    """Writes the same questions each time, about the product's type alone."""

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write all that it knows, as a list or for the first group."""
        self.requests.append(request)
        self._on_call(request)
        texts = WRITTEN if request.query_type == "product" else [f"Market: {text}" for text in WRITTEN]
        return GenerationReply(tuple(texts), self.name, self.model)


def lamp(price: int) -> list[Product]:
    """A product whose price has changed."""
    return [product("Lamp", price=price)]


def run(db: Database, price: int, provider: ItemProvider, job_id: str = "job", version: str = "") -> list[int]:
    """Run a job to its end; return how many questions were needed at each call for the product's own ones."""
    ledger = open_job(db, lamp(price), job_id)
    order = Order(WANTED, version, reask_limit=1) if version else None
    generation(ledger, provider, order=order).run(counts_of(ledger))
    ledger.lease.end()
    return [request.count for request in provider.requests if request.query_type == "product"]


def interfere(db: Database) -> dict[str, Any]:
    """Switch two questions off, rewrite another, and add one, as a person does; return the rows as they left them."""
    db.run("UPDATE queries SET is_active = FALSE WHERE query_text = ANY (%(texts)s)", {"texts": [OFF, ALSO_OFF]})
    db.run("UPDATE queries SET query_text = %(new)s WHERE query_text = %(old)s", {"new": NEW_TEXT, "old": REWRITTEN})
    db.run(
        "INSERT INTO queries (product_id, query_text, query_type)"
        " SELECT product_id, %(text)s, 'product' FROM products LIMIT 1",
        {"text": ADDED},
    )
    return persons_rows(db)


def persons_rows(db: Database) -> dict[str, Any]:
    """The rows that a person touched, by text."""
    rows = db.run(
        "SELECT * FROM queries WHERE query_text = ANY (%(texts)s)",
        {"texts": [OFF, ALSO_OFF, REWRITTEN, NEW_TEXT, ADDED]},
    )
    return {row.query_text: row for row in rows}


def listed(db: Database, job_id: str = "job") -> list[str]:
    """The product questions in a job's result."""
    (entry,) = result_products(db, job_id)
    return list(entry["product_questions"])


def quoted(db: Database, price: int, job_id: str = "job") -> list[int]:
    """How many questions of the product's own a dry run says would be needed."""
    return [
        WANTED - len(item.existing) for item in OpenWork(db, job_id).of(lamp(price)) if item.query_type == "product"
    ]


@pytest.mark.parametrize("version", [FIRST_PROMPT_VERSION, ""])
def test_three_refreshes_leave_everything_as_the_person_left_it(db: Database, version: str) -> None:
    """Nothing that was switched off comes back, in no other words either; what was added or rewritten counts.

    Jobs of the first prompt version, which have no plan, keep to it as well.
    """
    assert run(db, 1, Repeating(), version=version) == [WANTED]
    rows = interfere(db)
    assert set(rows) == {OFF, ALSO_OFF, NEW_TEXT, ADDED}
    for price, needed in ((2, [WANTED - 3]), (3, []), (4, [])):
        assert run(db, price, Repeating(), version=version) == needed
        assert persons_rows(db) == rows
        assert {NEW_TEXT, ADDED} <= set(listed(db))
        assert len(items(db)[LAMP].query_ids) == WANTED
        assert len(listed(db)) == len(set(listed(db))) == WANTED
        texts = [row.query_text for row in db.run("SELECT query_text FROM queries WHERE query_type = 'product'")]
        off = NearCopies(known=[OFF, ALSO_OFF])
        assert {text for text in texts if off.copy_of(text)} == {OFF, ALSO_OFF}
    assert db.run("SELECT count(*) AS n FROM queries WHERE query_text = %(text)s", {"text": REWRITTEN})[0].n == 0


def test_another_job_keeps_to_it_as_well(db: Database) -> None:
    """The word holds for the product, not for the job that wrote the question, and for both of its types."""
    run(db, 1, Repeating())
    rows = interfere(db)
    run(db, 1, Repeating(), "another")
    assert persons_rows(db) == rows
    assert db.run("SELECT count(*) AS n FROM queries WHERE query_text = %(text)s", {"text": REWRITTEN})[0].n == 0


def test_what_is_switched_off_while_its_item_waits_is_asked_for_anew(db: Database) -> None:
    """A question of an item that is still open counts for nothing once it is off, and leaves the result."""
    ledger = open_job(db, lamp(1))
    short = ItemProvider({LAMP: [3, ConfigurationError("the model is gone")]})
    with pytest.raises(ConfigurationError):
        generation(ledger, short).run(counts_of(ledger))
    ledger.lease.end()
    first = items(db)[LAMP].questions[0]
    db.run("UPDATE queries SET is_active = FALSE WHERE query_text = %(text)s", {"text": first})
    assert run(db, 1, Repeating())[0] == WANTED - 2
    assert first not in listed(db)
    assert len(listed(db)) == WANTED


def test_what_is_switched_off_during_the_call_does_not_count(db: Database) -> None:
    """A person who is faster than the model is not overruled: the question is dropped, and another one bought."""
    run(db, 1, Repeating())
    done: list[bool] = []

    def switch_off(request: GenerationRequest) -> None:
        if request.query_type == "product" and not done:
            db.run("UPDATE queries SET is_active = FALSE WHERE query_text = %(text)s", {"text": OFF})
            done.append(True)

    needed = run(db, 1, Repeating(on_call=switch_off), "another")
    assert needed == [WANTED, 1]
    assert OFF not in listed(db, "another")
    assert len(listed(db, "another")) == WANTED
    (item,) = db.run("SELECT dropped FROM job_items WHERE job_id = 'another' AND query_type = 'product'")
    assert item.dropped["switched_off"] == 1
    assert persons_rows(db)[OFF].is_active is False


def test_questions_of_another_program_are_no_persons(db: Database) -> None:
    """Rows that stood in the table before the first of ours are left alone, and the job buys its questions."""
    open_job(db, lamp(1)).lease.end()
    db.run(
        "INSERT INTO queries (product_id, query_text, query_type)"
        " SELECT product_id, 'Is it old?', 'product' FROM products"
    )
    assert run(db, 1, Repeating())[0] == WANTED
    assert "Is it old?" not in listed(db)


@pytest.mark.parametrize(("price", "job_id"), [(2, "job"), (1, "another"), (2, "another")])
def test_the_dry_run_counts_what_people_added_and_rewrote(db: Database, price: int, job_id: str) -> None:
    """Of a changed product and of another job: it quotes the questions that the run then asks for."""
    run(db, 1, Repeating())
    interfere(db)
    expected = quoted(db, price, job_id)
    assert expected[0] < WANTED
    assert run(db, price, Repeating(), job_id)[0] == expected[0]


def test_the_dry_run_counts_what_people_added_to_an_open_item(db: Database) -> None:
    """Also before a run has seen it, and for a product that has changed since the item was loaded."""
    run(db, 1, Repeating())
    interfere(db)
    open_job(db, lamp(2)).lease.end()
    expected = quoted(db, 2)
    assert expected == quoted(db, 3) == [WANTED - 3]
    assert run(db, 2, Repeating()) == expected
