"""Questions that are bought once for a category or a family: one purchase, every product complete, whatever happens."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from query_generator.errors import FatalError, RetryableError, SkippableError, UnusableReplyError
from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Product, QueryType
from query_generator.questions.order import Order
from query_generator.questions.sharing import scopes_of
from query_generator.store.database import Database
from query_generator.store.jobs import dropped_texts
from query_generator.store.lease import Lease
from query_generator.store.ledger import Ledger
from query_generator.store.shared_sets import SharedSums, shared_sums
from tests.support.catalog import counts_of, load, open_run, product
from tests.support.item_provider import ItemProvider
from tests.support.loop import WANTED, generation, items, states

BY_CATEGORY = Order(WANTED, reask_limit=1, shared_types=frozenset({QueryType.MARKET}))
BY_FAMILY = Order(WANTED, reask_limit=1, shared_types=frozenset({QueryType.PRODUCT}))
UNBRANDED = 3  # of four market questions
LAMPS, KETTLES = "Lamps", "Kettles"


def catalog(category: str, count: int, first: int = 1) -> list[Product]:
    """Products of one category, whose names tell their numbers."""
    return [product(f"{category[:-1]} {n}", f"Brand{n}", n, category=category) for n in range(first, first + count)]


def opened(db: Database, entries: Sequence[Product], order: Order = BY_CATEGORY, *, seconds: float = 30.0) -> Ledger:
    """A run of the job, with its products in the ledger."""
    ledger = open_run(db, seconds=seconds)
    load(ledger, entries, scopes_of=partial(scopes_of, order=order))
    ledger.sets.elect()
    return ledger


def worked(ledger: Ledger, provider: ItemProvider, order: Order = BY_CATEGORY, threads: int = 3) -> ItemProvider:
    """The run to its end."""
    try:
        generation(ledger, provider, order=order, threads=threads).run(counts_of(ledger))
    finally:
        ledger.lease.end()
    return provider


def run(
    db: Database, entries: Sequence[Product], order: Order = BY_CATEGORY, script: dict[Any, Any] | None = None
) -> ItemProvider:
    """Run the job to its end."""
    return worked(opened(db, entries, order), ItemProvider(script), order)


def asked(provider: ItemProvider) -> Counter[str]:
    """How often each product or category was asked about, in market questions."""
    return Counter(subject for subject, kind in provider.asked() if kind == "market")


def market(db: Database) -> dict[str, list[str]]:
    """The market questions of each product."""
    return {name: row.questions for (name, kind), row in items(db).items() if kind == "market"}


def shared_by_all(db: Database) -> set[str]:
    """The market questions that all products of the job have."""
    return set.intersection(*map(set, market(db).values()))


def test_unbranded_market_questions_are_bought_once_a_category(db: Database) -> None:
    """Each product has its full list; the unbranded ones are those of its category, the branded ones its own."""
    provider = run(db, [*catalog(LAMPS, 3), *catalog(KETTLES, 2)])
    assert states(db) == {"succeeded": 10}
    assert asked(provider) == {LAMPS: 1, KETTLES: 1} | {f"Lamp {n}": 1 for n in (1, 2, 3)} | {
        f"Kettle {n}": 1 for n in (1, 2)
    }
    assert [request.count for request in provider.requests if not request.product.name] == [UNBRANDED, UNBRANDED]
    lists = market(db)
    assert all(len(questions) == len(set(questions)) == WANTED for questions in lists.values())
    assert len(set(lists["Lamp 1"]) & set(lists["Lamp 3"])) == UNBRANDED
    rows = db.run("SELECT branded, count(*) AS n FROM queries WHERE query_type = 'market' GROUP BY branded ORDER BY 1")
    assert [(row.branded, row.n) for row in rows] == [(False, 5 * UNBRANDED), (True, 5)]
    assert shared_sums(db, "job") == {"market": SharedSums(2, 2, 5, 5 * UNBRANDED)}


def test_a_category_of_one_product_and_one_without_category_are_asked_about_themselves(db: Database) -> None:
    """A set for one would cost a call more."""
    provider = run(db, [*catalog(LAMPS, 1), product("Thing", "Brand9", 9)])
    assert asked(provider) == {"Lamp 1": 1, "Thing": 1}
    assert states(db) == {"succeeded": 4}
    assert shared_sums(db, "job") == {}


def test_products_of_one_category_are_claimed_together(db: Database) -> None:
    """Sets first; then, whatever the order of the input, what is cached of one product serves the next."""
    mixed = [entry for pair in zip(catalog(LAMPS, 4), catalog(KETTLES, 4, 5), strict=True) for entry in pair]
    ledger = opened(db, mixed)
    claimed = ledger.queue.claim(100)
    assert [item.buys_set for item in claimed] == [True] * 2 + [False] * 8
    categories = [item.product.category for item in claimed[2:]]
    assert categories == sorted(categories, key=categories.index)
    assert set(categories) == {LAMPS, KETTLES}


def test_items_that_take_from_a_set_are_not_claimed_before_it_is_there(db: Database) -> None:
    """Neither by this run nor by another one: one item of each category buys the set, the others wait."""
    ledger = opened(db, catalog(LAMPS, 5))
    other = open_run(db)
    claimed = [*ledger.queue.claim(100), *other.queue.claim(100)]
    assert Counter(item.query_type for item in claimed) == {QueryType.PRODUCT: 5, QueryType.MARKET: 1}
    assert [item.buys_set for item in claimed if item.query_type is QueryType.MARKET] == [True]


def test_what_a_question_of_a_set_says_of_a_product_is_checked_for_that_product(db: Database) -> None:
    """A question that names the brand of one product is no unbranded question of its; the gap is asked for."""
    naming = "Are Brand2 lamps worth the money?"

    class Naming(ItemProvider):
        def generate(self, request: GenerationRequest) -> GenerationReply:
            reply = super().generate(request)
            if request.product.name:
                return reply
            return GenerationReply((naming, *reply.texts[1:]), reply.provider, reply.model, keys=reply.keys)

    worked(opened(db, catalog(LAMPS, 3)), Naming())
    lists = market(db)
    assert all(len(questions) == WANTED for questions in lists.values())
    assert [name for name, questions in sorted(lists.items()) if naming in questions] == ["Lamp 1", "Lamp 3"]
    assert dropped_texts(db, "job")["brand_leak"] == 1


def test_a_set_that_came_short_is_asked_for_again_before_it_is_used(db: Database) -> None:
    """As an item is, up to its limit of calls."""
    provider = run(db, catalog(LAMPS, 3), script={(LAMPS, "market"): [2]})
    assert asked(provider)[LAMPS] == 2
    assert [request.count for request in provider.requests if not request.product.name] == [UNBRANDED, 1]
    assert len(shared_by_all(db)) == UNBRANDED
    assert states(db) == {"succeeded": 6}


def test_what_a_set_lacks_in_the_end_each_product_is_asked_for(db: Database) -> None:
    """A model that has not more to say of the category is asked about each product."""
    provider = run(db, catalog(LAMPS, 3), script={(LAMPS, "market"): [1, 1]})
    assert asked(provider) == {LAMPS: 2, "Lamp 1": 1, "Lamp 2": 1, "Lamp 3": 1}
    assert all(len(questions) == WANTED for questions in market(db).values())


def test_a_category_that_is_refused_costs_no_product_its_questions(db: Database) -> None:
    """The model will not answer about it, however often it is asked: each product is asked for alone."""
    provider = run(db, catalog(LAMPS, 3), script={(LAMPS, "market"): [SkippableError("refused")]})
    assert asked(provider) == {LAMPS: 1, "Lamp 1": 1, "Lamp 2": 1, "Lamp 3": 1}
    assert states(db) == {"succeeded": 6}
    assert all(len(questions) == WANTED for questions in market(db).values())


@pytest.mark.parametrize("error", [RetryableError("busy"), UnusableReplyError("no questions")])
def test_when_an_item_fails_to_buy_a_set_another_one_does(db: Database, error: Exception) -> None:
    """The failed one is tried again by the next run, as every item whose fault passes; the others get their set."""
    run(db, catalog(LAMPS, 3), script={(LAMPS, "market"): [error] * 4})
    assert states(db) == {"succeeded": 5, "failed": 1}
    provider = run(db, catalog(LAMPS, 3))
    assert LAMPS not in asked(provider)
    assert states(db) == {"succeeded": 6}
    assert len(shared_by_all(db)) == UNBRANDED


def test_an_item_that_vanishes_before_it_has_bought_its_set_holds_nobody_up(db: Database) -> None:
    """Its product was deleted by somebody else: the next one in line buys."""
    ledger = opened(db, catalog(LAMPS, 3))
    (first,) = [item for item in ledger.queue.claim(100) if item.buys_set]
    ledger.queue.forget_claims([])
    db.run("DELETE FROM jobselectedproducts WHERE product_id = %(id)s", {"id": first.product_id})
    db.run("DELETE FROM products WHERE product_id = %(id)s", {"id": first.product_id})
    worked(ledger, ItemProvider())
    assert Counter(row.state for row in db.run("SELECT state FROM job_items")) == {"succeeded": 4, "failed": 2}


@pytest.mark.parametrize("call", range(1, 8))
def test_a_set_that_is_paid_for_is_not_bought_again(db: Database, call: int) -> None:
    """A run that ends at any call leaves the set to the next one, which buys again only what was in flight."""

    def look(_: GenerationRequest) -> None:
        if len(first.requests) == call:
            raise FatalError("the machine is taken away")

    first = ItemProvider(on_call=look)
    with pytest.raises(FatalError):
        worked(opened(db, catalog(LAMPS, 3)), first, threads=1)
    second = run(db, catalog(LAMPS, 3))
    assert states(db) == {"succeeded": 6}
    assert len(first.requests) + len(second.requests) == 7 + 1
    assert len(shared_by_all(db)) == UNBRANDED


def test_saving_a_set_again_after_a_lost_answer_changes_nothing(db: Database) -> None:
    """The set counts each call once."""
    ledger = opened(db, catalog(LAMPS, 3))
    (item,) = [item for item in ledger.queue.claim(100) if item.buys_set]
    loop = generation(ledger, ItemProvider(), order=BY_CATEGORY)
    bought, shared = loop._asking.one(item), item.shared
    assert shared is not None
    stored = [ledger.sets.save(QueryType.MARKET, shared, bought, {}, ends=True) for _ in range(3)]
    assert stored[0] == stored[1] == stored[2]
    assert (stored[0].calls, len(stored[0].questions)) == (1, UNBRANDED)


def test_a_person_switches_a_shared_question_off_for_one_product(db: Database) -> None:
    """Its word holds for that product; the others keep the question, and only that one gap is asked for."""
    run(db, catalog(LAMPS, 3))
    text = sorted(shared_by_all(db))[0]
    db.run(
        "UPDATE queries SET is_active = FALSE FROM products p WHERE p.product_id = queries.product_id "
        "AND query_text = %(text)s AND p.product_data ->> 'name' = 'Lamp 1'",
        {"text": text},
    )
    (lamp, *others) = catalog(LAMPS, 3)
    provider = run(db, [product(lamp.name, lamp.brand, category=LAMPS, price=3), *others])
    assert asked(provider) == {"Lamp 1": 1}
    lists = market(db)
    assert [name for name, questions in sorted(lists.items()) if text in questions] == ["Lamp 2", "Lamp 3"]
    assert all(len(questions) == WANTED for questions in lists.values())


def test_more_questions_are_bought_once_as_well(db: Database) -> None:
    """With --refresh and a larger number the set grows by what is missing, and each product takes that."""
    run(db, catalog(LAMPS, 3))
    larger = Order(6, reask_limit=1, shared_types=BY_CATEGORY.shared_types)
    ledger = Ledger(db, "job", Lease(db, "job", str(uuid.uuid4()), 30.0))
    ledger.record.open({"num_questions": 6}, lambda _: True)
    ledger.sets.elect()
    provider = worked(ledger, ItemProvider(), larger)
    assert set(asked(provider)) == {LAMPS}
    assert provider.requests[0].count == 5 - UNBRANDED
    assert all(len(questions) == len(set(questions)) == 6 for questions in market(db).values())
    assert len(shared_by_all(db)) == 5


def test_products_that_come_later_take_what_is_there(db: Database) -> None:
    """The same job with a longer catalog: the category's questions are not bought again."""
    run(db, catalog(LAMPS, 2))
    provider = run(db, catalog(LAMPS, 4))
    assert asked(provider) == {"Lamp 3": 1, "Lamp 4": 1}
    assert len(shared_by_all(db)) == UNBRANDED


def test_a_fatal_error_while_a_set_is_bought_loses_nothing(db: Database) -> None:
    """The key is refused at the set: the items wait for the next run, which buys the set once."""
    with pytest.raises(FatalError):
        run(db, catalog(LAMPS, 3), script={(LAMPS, "market"): [FatalError("key refused")]})
    provider = run(db, catalog(LAMPS, 3))
    assert asked(provider)[LAMPS] == 1
    assert states(db) == {"succeeded": 6}


JOINED = replace(BY_CATEGORY, may_join=True)


def test_what_is_left_of_a_product_is_bought_in_one_call(db: Database) -> None:
    """Its product questions and its branded market questions; a product that shares nothing takes two calls as ever."""
    provider = run(db, [*catalog(LAMPS, 3), *catalog(KETTLES, 1)], JOINED)
    assert Counter(subject for subject, _ in provider.asked()) == {
        LAMPS: 1,
        "Lamp 1": 1,
        "Lamp 2": 1,
        "Lamp 3": 1,
        "Kettle 1": 2,
    }
    assert states(db) == {"succeeded": 8}
    rows = db.run("SELECT query_type, branded, count(*) AS n FROM queries GROUP BY 1, 2 ORDER BY 1, 2")
    of_market = [(row.branded, row.n) for row in rows if row.query_type == "market"]
    assert of_market == [(False, 4 * UNBRANDED), (True, 4)]
    assert sum(row.n for row in rows if row.query_type == "product") == 4 * WANTED
    assert all(len(row.questions) == WANTED for row in items(db).values())


@pytest.mark.parametrize("call", range(1, 5))
def test_a_run_that_ends_at_any_joined_call_loses_that_one_only(db: Database, call: int) -> None:
    """The next run buys what was in flight, and nothing else again."""

    def look(_: GenerationRequest) -> None:
        if len(first.requests) == call:
            raise FatalError("the machine is taken away")

    first = ItemProvider(on_call=look)
    with pytest.raises(FatalError):
        worked(opened(db, catalog(LAMPS, 3), JOINED), first, JOINED, threads=1)
    second = run(db, catalog(LAMPS, 3), JOINED)
    assert states(db) == {"succeeded": 6}
    assert len(first.requests) + len(second.requests) == 4 + 1


def test_a_product_that_is_refused_in_a_joined_call_is_asked_for_by_type(db: Database) -> None:
    """What of the two was refused nobody knows; the type that is not gets its questions."""
    refused = SkippableError("refused")
    provider = run(db, catalog(LAMPS, 2), JOINED, {("Lamp 1", "product"): [refused, refused]})
    assert Counter(provider.asked())["Lamp 1", "product"] == 2
    assert {key for key, row in items(db).items() if row.state == "failed"} == {("Lamp 1", "product")}
    assert len(items(db)["Lamp 1", "market"].questions) == WANTED


@pytest.mark.parametrize("error", [RetryableError("busy"), UnusableReplyError("no questions")])
def test_after_a_fault_both_types_get_their_questions(db: Database, error: Exception) -> None:
    """Each is asked for again by itself; what the set has given counts once."""
    provider = run(db, catalog(LAMPS, 2), JOINED, {("Lamp 1", "product"): [error]})
    assert states(db) == {"succeeded": 4}
    assert Counter(subject for subject, _ in provider.asked()) == {LAMPS: 1, "Lamp 1": 3, "Lamp 2": 1}
    assert all(len(row.questions) == len(set(row.questions)) == WANTED for row in items(db).values())


def test_a_joined_reply_that_is_short_of_one_type_is_asked_for_that_type(db: Database) -> None:
    """Four product questions come, and no market question."""
    provider = run(db, catalog(LAMPS, 2), JOINED, {("Lamp 1", "product"): [WANTED]})
    assert states(db) == {"succeeded": 4}
    assert provider.asked().count(("Lamp 1", "market")) >= 1


@pytest.mark.parametrize("error", [SkippableError("refused"), RetryableError("busy")])
def test_product_questions_wait_for_no_set_that_will_not_come(db: Database, error: Exception) -> None:
    """They wait with the market questions that they are bought with, as long as a set may come."""
    run(db, catalog(LAMPS, 2), JOINED, {(LAMPS, "market"): [error] * 8})
    found = states(db)
    assert found["pending"] == found["running"] == 0
    assert all(row.state == "succeeded" for (_, kind), row in items(db).items() if kind == "product")


COLORS = ("Black", "White", "Coral Red", "Navy", "Light Grey")


def family() -> list[Product]:
    """Variants of one product, and another product."""
    tees = [
        product(f"Nimbus Tee {color}", "Nimbus", n, category="Shirts", attributes={"color": color, "fabric": "cotton"})
        for n, color in enumerate(COLORS, start=1)
    ]
    return [*tees, product("Cumulus Cap Black", "Nimbus", 9, category="Shirts")]


def test_product_questions_are_bought_once_a_family(db: Database) -> None:
    """Variants share them; they are about the product without its colour. Market questions stay each one's own."""
    provider = run(db, family(), BY_FAMILY)
    assert states(db) == {"succeeded": 12}
    of_product = Counter(subject for subject, kind in provider.asked() if kind == "product")
    assert of_product == {"Nimbus Tee": 1, "Cumulus Cap Black": 1}
    subjects = [request.product for request in provider.requests if request.product.name == "Nimbus Tee"]
    assert subjects[0].attributes == (("fabric", "cotton"),)
    lists = {name: row.questions for (name, kind), row in items(db).items() if kind == "product"}
    assert lists["Nimbus Tee Black"] == lists["Nimbus Tee Light Grey"]
    assert len(lists["Nimbus Tee Black"]) == WANTED
    assert shared_sums(db, "job") == {"product": SharedSums(1, 1, 5, 5 * WANTED)}
