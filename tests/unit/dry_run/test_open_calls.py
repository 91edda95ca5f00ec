"""The dry run counts the calls that a run makes, shared ones once."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from query_generator.dry_run import open_calls
from query_generator.dry_run.open_calls import OpenCalls
from query_generator.dry_run.survey import Survey
from query_generator.models import Product, QueryType, Question
from query_generator.questions.order import Known, Order, next_request
from query_generator.questions.plan import PlanSettings
from query_generator.questions.sharing import request_for_set, scopes_of
from query_generator.store.open_work import OpenItem

PRODUCT, MARKET = QueryType.PRODUCT, QueryType.MARKET
LAMPS = [Product(f"Lamp {name}", "Acme", "Lamps") for name in ("black", "white", "red")]
KETTLE = Product("Kettle", "Acme", "Kettles")


def survey_of(items: Sequence[OpenItem], order: Order, bought: Sequence[str] = ()) -> Survey:
    """The sums over some open items."""
    sums = Survey()
    calls = OpenCalls(sums, order, bought)
    for item in items:
        calls.add(item)
    return sums


def both(*products: Product) -> list[OpenItem]:
    """Products of which nothing is there."""
    return [OpenItem(product, kind) for product in products for kind in QueryType]


def test_without_sharing_each_item_is_a_call() -> None:
    """And no set is told of."""
    sums = survey_of(both(*LAMPS, KETTLE), Order(25))
    assert [sums.work[kind].calls for kind in (PRODUCT, MARKET)] == [4, 4]
    assert (sums.items, sums.questions, sums.sets, sums.served) == (8, 200, {}, {})


@pytest.mark.parametrize(("share", "calls"), [(0.7, 1 + 3 + 1), (1.0, 1 + 1)])
def test_a_category_is_one_call_and_each_product_one_for_its_branded_questions(share: float, calls: int) -> None:
    """A category of one product is asked for as without sharing."""
    order = Order(25, plan=PlanSettings(share), shared_types=frozenset({MARKET}))
    sums = survey_of(both(*LAMPS, KETTLE), order)
    assert [sums.work[kind].calls for kind in (PRODUCT, MARKET)] == [4, calls]
    assert (sums.items, sums.questions) == (8, 200)
    assert (sums.sets, sums.served) == ({MARKET: 1}, {MARKET: 3})
    alone, of_set = next_request(KETTLE, MARKET, order), request_for_set(LAMPS[0], MARKET, order)
    assert alone is not None
    assert of_set is not None
    if share == 1.0:
        assert sums.work[MARKET].questions == alone.count + of_set.count


def test_a_family_is_one_call() -> None:
    """All product questions of its variants."""
    sums = survey_of(both(*LAMPS, KETTLE), Order(25, shared_types=frozenset({PRODUCT})))
    assert [sums.work[kind].calls for kind in (PRODUCT, MARKET)] == [2, 4]
    assert (sums.sets, sums.served) == ({PRODUCT: 1}, {PRODUCT: 3})


def test_a_set_that_is_there_is_not_quoted_again() -> None:
    """A job that goes on, with products that came later."""
    order = Order(25, shared_types=frozenset({MARKET}))
    sums = survey_of([OpenItem(LAMPS[2], MARKET)], order, [scopes_of(LAMPS[2], order).market])
    assert sums.work[MARKET].questions == 7
    assert (sums.sets, sums.served) == ({}, {MARKET: 1})


def test_what_an_item_has_is_not_quoted() -> None:
    """Neither by itself nor of its set."""
    order = Order(2, shared_types=frozenset({MARKET}))
    full = tuple(Question(f"Is this lamp number {n}?") for n in range(2))
    sums = survey_of([OpenItem(LAMPS[0], MARKET, full), OpenItem(LAMPS[1], MARKET)], order)
    assert (sums.items, sums.work[MARKET].calls) == (1, 1)
    alone = next_request(LAMPS[1], MARKET, order, Known())
    assert alone is not None
    assert sums.work[MARKET].questions == alone.count


def test_a_catalog_of_many_scopes_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many are kept; what is further apart is quoted as if it shared less, never as nothing."""
    monkeypatch.setattr(open_calls, "MOST_ALONE", 2)
    order = Order(25, shared_types=frozenset({MARKET}))
    others = [Product(f"Thing {n}", "Acme", f"Kind {n}") for n in range(3)]
    sums = survey_of([OpenItem(entry, MARKET) for entry in (LAMPS[0], *others, LAMPS[1])], order)
    assert sums.work[MARKET].calls == 5


def test_what_one_call_is_made_for_is_quoted_as_one() -> None:
    """A call for each product of a shared category; two for one that shares nothing."""
    order = Order(25, shared_types=frozenset({MARKET}), may_join=True)
    apart = replace(order, may_join=False)
    sums, others = (survey_of(both(*LAMPS, KETTLE), each) for each in (order, apart))
    assert [sums.work[kind].calls for kind in (PRODUCT, MARKET)] == [3 + 1, 1 + 1]
    for figure in ("questions", "asked"):
        assert sum(getattr(sums.work[kind], figure) for kind in QueryType) == sum(
            getattr(others.work[kind], figure) for kind in QueryType
        )
    assert sums.work[PRODUCT].prompt_bytes + sums.work[MARKET].prompt_bytes < 0.8 * sum(
        others.work[kind].prompt_bytes for kind in QueryType
    )
