"""Which products share questions, what a shared set is about, and what a product takes from it."""

import pytest

from query_generator.models import Product, QueryType, Question, Writer
from query_generator.questions.order import Known, Order, next_request
from query_generator.questions.plan import PlanSettings, plan
from query_generator.questions.sharing import (
    Scopes,
    SharedSet,
    known_beside_set,
    order_of_set,
    request_for_set,
    scopes_of,
    shared_plan,
    subject_of,
    take_from_set,
)

BOTH = frozenset(QueryType)
ORDER = Order(25, shared_types=BOTH)
LAMP = Product("Arc Desk Lamp Black", "Lumora", "Home > Lamps", "A lamp of steel.", "30", "EUR", (("color", "Black"),))
WRITER = Writer("p", "m", "3")


def changed(**fields: str) -> Product:
    """The lamp with other fields."""
    own = ("name", "brand", "category", "description", "price", "currency")
    texts = {name: getattr(LAMP, name) for name in own}
    return Product(**{**texts, **fields}, attributes=LAMP.attributes)


def test_by_default_each_product_has_its_own_questions() -> None:
    """No scope, and no lot: items are claimed in the order of the input."""
    assert scopes_of(LAMP, Order(25)) == Scopes()


@pytest.mark.parametrize("same", [{"brand": "Other"}, {"name": "Tower"}, {"price": "9"}, {"category": "home > lamps "}])
def test_products_of_a_category_share_market_questions(same: dict[str, str]) -> None:
    """Whatever else differs, and however the category is spelled."""
    assert scopes_of(changed(**same), ORDER).market == scopes_of(LAMP, ORDER).market


@pytest.mark.parametrize("other", [{"category": "Home > Chairs"}, {"currency": "USD"}])
def test_another_category_or_currency_is_another_set(other: dict[str, str]) -> None:
    """A budget in euros is no question for a shop in dollars."""
    assert scopes_of(changed(**other), ORDER).market != scopes_of(LAMP, ORDER).market


def test_another_language_is_another_set() -> None:
    """That of the products' texts, unless a locale is given."""
    german = changed(description="Eine Lampe aus Stahl, die auch im Büro gut aussieht und nicht flackert.")
    english = changed(description="A lamp of steel which looks good in the office and does not flicker at all.")
    assert scopes_of(german, ORDER).market != scopes_of(english, ORDER).market
    with_locale = Order(25, shared_types=BOTH, locale="de-AT")
    assert scopes_of(german, with_locale).market == scopes_of(english, with_locale).market


def test_a_product_without_category_shares_no_market_questions() -> None:
    """There is nothing to ask about."""
    assert scopes_of(changed(category=""), ORDER).market == ""


def test_variants_share_product_questions() -> None:
    """The same name but for colour and size, of one brand and category."""
    assert scopes_of(changed(name="Arc Desk Lamp, white"), ORDER).product == scopes_of(LAMP, ORDER).product
    for other in ({"name": "Arc Floor Lamp Black"}, {"brand": "Other"}, {"category": "Office"}):
        assert scopes_of(changed(**other), ORDER).product != scopes_of(LAMP, ORDER).product


def test_variants_lie_in_one_lot_and_lots_of_a_category_beside_each_other() -> None:
    """So they are claimed together."""
    lots = {name: scopes_of(changed(name=name), ORDER).lot or 0 for name in ("Lamp red", "Lamp blue", "Torch")}
    far = scopes_of(changed(category="Food"), ORDER).lot or 0
    assert lots["Lamp red"] == lots["Lamp blue"] != lots["Torch"]
    assert lots["Lamp red"] >> 31 == lots["Torch"] >> 31 != far >> 31
    assert all(0 <= lot < 1 << 63 for lot in (*lots.values(), far))


def test_a_set_about_a_category_names_no_product() -> None:
    """Its prompt has neither name, brand, price nor description of any product, so that the same one serves all."""
    request, other = (request_for_set(entry, QueryType.MARKET, ORDER) for entry in (LAMP, changed(name="Tower")))
    assert request is not None
    assert other is not None
    assert request.prompt == other.prompt
    assert '{"category": "Home \\u003e Lamps", "currency": "EUR"}' in request.prompt.user
    assert not any(word in request.prompt.message for word in ("Arc", "Lumora", "steel"))
    assert {group.facets.branded for group in request.groups} == {False}


def test_a_set_about_a_family_tells_neither_colour_nor_price() -> None:
    """Variants differ in them."""
    subject = subject_of(LAMP, QueryType.PRODUCT)
    assert subject == Product("Arc Desk Lamp", "Lumora", "Home > Lamps", "A lamp of steel.")


@pytest.mark.parametrize(("share", "wanted"), [(0.7, 18), (1.0, 25), (0.0, 0)])
def test_a_set_has_as_many_market_questions_as_are_unbranded_in_a_list(share: float, wanted: int) -> None:
    """The others are each product's own."""
    order = Order(25, plan=PlanSettings(share), shared_types=BOTH)
    assert order_of_set(LAMP, QueryType.MARKET, order).num_questions == wanted
    groups = shared_plan(LAMP, QueryType.MARKET, order)
    assert sum(group.count for group in groups) == 25
    assert sum(group.count for group in groups if not group.facets.branded) == wanted


def test_categories_have_plans_of_their_own() -> None:
    """As products have."""
    others = [shared_plan(changed(category=name), QueryType.MARKET, ORDER)[:5] for name in ("Lamps", "Desks", "Tea")]
    assert len(set(others)) == 3


def of_set(*texts: str) -> SharedSet:
    """A complete set with these texts, for the first slots of its plan."""
    groups = [group for group in shared_plan(LAMP, QueryType.MARKET, ORDER) if not group.facets.branded]
    slots = [group.facets for group in groups for _ in range(group.count)]
    return SharedSet(
        "s", tuple(Question(text, at, writer=WRITER) for text, at in zip(texts, slots, strict=False)), 1, True
    )


GOOD = ("Which lamps are best for a small desk?", "Are dimmable lamps worth the extra money for students?")


def test_a_product_takes_what_passes_its_checks() -> None:
    """A question that names it is dropped and counted; who wrote the others is kept."""
    shared = of_set(GOOD[0], "Are Lumora lamps reliable in daily use?", GOOD[1])
    taken = take_from_set(LAMP, QueryType.MARKET, ORDER, Known(), shared)
    assert [question.text for question in taken.known.shared] == list(GOOD)
    assert {question.writer for question in taken.known.shared} == {WRITER}
    assert taken.dropped == {"brand_leak": 1}
    rest = next_request(LAMP, QueryType.MARKET, ORDER, taken.known)
    assert rest is not None
    assert rest.count == 25 - 2
    assert not any(text in rest.prompt.message for text in GOOD)
    assert set(GOOD) <= set(rest.exclusions)


def test_a_product_takes_only_what_it_lacks() -> None:
    """Questions that it has fill their slots; what a set has for these is not taken, nor counted as dropped."""
    shared = of_set(*GOOD)
    groups = shared_plan(LAMP, QueryType.MARKET, ORDER)
    held = tuple(
        Question(f"Is point {n} vital in lamps?", group.facets) for group in groups for n in range(group.count)
    )
    taken = take_from_set(LAMP, QueryType.MARKET, ORDER, Known(held), shared)
    assert taken.known.shared == ()
    assert taken.dropped == {}


def test_what_is_asked_beside_a_set_are_the_branded_slots() -> None:
    """The dry run quotes that call without knowing the set's questions."""
    request = next_request(LAMP, QueryType.MARKET, ORDER, known_beside_set(LAMP, QueryType.MARKET, ORDER, ()))
    assert request is not None
    assert {group.facets.branded for group in request.groups} == {True}
    assert request.count == 7
    known = known_beside_set(LAMP, QueryType.PRODUCT, ORDER, ())
    assert next_request(LAMP, QueryType.PRODUCT, ORDER, known) is None


def test_an_own_plan_is_not_changed_by_sharing() -> None:
    """Only items that take from a set have another one."""
    alone = next_request(LAMP, QueryType.MARKET, ORDER)
    assert alone is not None
    assert alone.groups == plan(LAMP, QueryType.MARKET, 25, ORDER.plan)
