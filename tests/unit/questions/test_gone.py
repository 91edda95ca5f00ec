"""Questions that speak of what a product's earlier fields told and its new ones do not."""

from dataclasses import replace

import pytest

from query_generator.models import Product, QueryType, Question
from query_generator.questions.gone import Gone
from query_generator.questions.refresh import Listed, no_longer_holding

TABLE = Product(
    "Halden Side Table",
    "Norrvik",
    "Furniture > Side tables",
    "A small table with a soft-close drawer and brass feet. Made for the office, it is as heavy as it looks.",
    "129.00",
    "EUR",
    (
        ("material", "oak"),
        ("colour", "red"),
        ("load", "up to 25 kg"),
        ("usb charger", "yes"),
        ("warranty", "2 years"),
        ("holds", "wine bottles, magazines"),
        ("use", "Its lower shelf takes a basket for blankets and cushions"),
    ),
)


def without(*names: str, **changes: str) -> Product:
    """The table without some attributes, and with other fields."""
    changed = replace(TABLE, attributes=tuple(pair for pair in TABLE.attributes if pair[0] not in names))
    return replace(changed, **changes, content_hash="")  # type: ignore[arg-type]


SPOKEN_OF = [
    ("material", "How well does the oak hold up?"),
    ("material", "Does oak scratch easily with keys on it?"),
    ("material", "My old table is pine. Is oak harder?"),
    ("colour", "Does the red fade in the sun?"),
    ("colour", "Will a red table look too bold in a bedroom?"),
    ("load", "Is 25 kg enough for a big television?"),
    ("usb charger", "How fast is the usb charger of the Halden?"),
    ("usb charger", "Can I charge two phones with the charger at once?"),
    ("holds", "How many wine bottles does it hold upright?"),
    ("use", "Does the basket slide out of the shelf?"),
]


@pytest.mark.parametrize(("field", "question"), SPOKEN_OF)
def test_a_value_or_feature_that_is_gone_takes_its_questions_along(field: str, question: str) -> None:
    """By a word of a value, an amount, the name of a feature, or a part that a longer text told."""
    assert Gone(TABLE, without(field)).is_spoken_of(question)
    assert not Gone(TABLE, TABLE).is_spoken_of(question)


@pytest.mark.parametrize(
    "question",
    [
        "How well does the soft-close drawer work after a year?",
        "Do the brass feet leave marks on a wooden floor?",
        "Does brass tarnish quickly?",
        "Is its drawer deep enough for a laptop?",
        "How do I look after the drawer?",
        "What does it take to care for the brass feet?",
    ],
)
def test_a_feature_of_the_description_alone_goes_with_it(question: str) -> None:
    """A certain part, or a material, that no field tells any more."""
    assert Gone(TABLE, without(description="A small table.")).is_spoken_of(question)


@pytest.mark.parametrize(
    "question",
    [
        "How well does it hold up?",
        "Is it too heavy to move about?",
        "Does it look good in the office?",
        "Can I put it in my office beside the drawer cabinet?",
        "Does a glass top come with it?",
        "How does its weight compare with that of other tables?",
        "Will the table fit beside a low sofa?",
        "Is the Halden Side Table made for small rooms?",
        "Will it last more than 5 years?",
        "Does it fit under a 60 cm shelf?",
        "What is the best way to clean it?",
        "Is the size right for a narrow hall?",
        "Is the colour the same as in the pictures?",
    ],
)
def test_what_neither_had_stays(question: str) -> None:
    """Things that no field told, places, words of every product, and what the product is called."""
    bare = replace(TABLE, attributes=(), description="A side table.", content_hash="")
    assert not Gone(TABLE, bare).is_spoken_of(question)


@pytest.mark.parametrize(
    ("field", "value", "question"),
    [
        ("material", "solid oakwood, oak veneer", "How well does the oak hold up?"),
        ("load", "25000 g", "Is 25 kg enough for a big television?"),
        ("charger", "USB, built in", "How fast is the usb charger?"),
        ("color", "rot", "Does the red fade in the sun?"),
        ("bottle rack", "4", "How many wine bottles does it hold?"),
    ],
)
def test_what_is_told_in_another_way_is_not_gone(field: str, value: str, question: str) -> None:
    """In another field, another unit, or another form of the word."""
    told = replace(
        without("material", "load", "usb charger"),
        attributes=((field, value), ("holds", "wine bottles")),
        content_hash="",
    )
    assert not Gone(TABLE, told).is_spoken_of(question)


def gone_of_no_currency(price: str) -> Gone:
    """What is gone of a table without currency that has this price now."""
    return Gone(without(currency=""), without(currency="", price=price))


def test_a_price_that_is_asked_about_goes_when_it_changes() -> None:
    """Also when the product has none any more; a budget, and a price that is rounded, stay."""
    now = without(price="99.00")
    for gone in (Gone(TABLE, now), Gone(TABLE, without(price="")), Gone(TABLE, without(currency="USD"))):
        assert gone.is_spoken_of("Is the Halden worth 129 euros?")
        assert gone.is_spoken_of("Why does it cost €129?")
        assert not gone.is_spoken_of("Is it good value for its price?")
        assert not gone.is_spoken_of("Are there side tables under 129 euros?")
    assert gone_of_no_currency("89.99").is_spoken_of("Why does the Halden cost 129.00?")
    assert gone_of_no_currency("89").is_spoken_of("Why does the Halden cost 129?")
    assert gone_of_no_currency("89").is_spoken_of("Is the Halden worth 129?")
    assert Gone(without(currency="PLN"), without(currency="PLN", price="99")).is_spoken_of("Is it worth 129 PLN?")
    assert not Gone(without(currency="PLN"), without(currency="PLN", price="99")).is_spoken_of("Is it worth 129 CZK?")
    assert not gone_of_no_currency("129.5").is_spoken_of("Why does the Halden cost 129.00?")
    assert not gone_of_no_currency("89.99").is_spoken_of("Is a top of 129.00 cm wide enough?")
    assert not Gone(TABLE, without(price="129.90")).is_spoken_of("Is the Halden worth 129 euros?")


@pytest.mark.parametrize(
    ("before", "question"),
    [
        (("材质", "橡木"), "橡木会不会容易刮花？"),
        (("Holz", "Eiche"), "Wie pflege ich die Eiche richtig?"),
        (("素材", "オーク、真鍮"), "オークは傷つきやすいですか？"),
        (("Fonction", "variateur"), "Comment marche le variateur ?"),
    ],
)
def test_values_of_other_languages(before: tuple[str, str], question: str) -> None:
    """Words of scripts without spaces are found as parts of the text."""
    had = Product("Halden", "Norrvik", attributes=(before,))
    assert Gone(had, Product("Halden", "Norrvik")).is_spoken_of(question)
    assert not Gone(had, Product("Halden", "Norrvik", attributes=(("x", f"{before[1]}"),))).is_spoken_of(question)
    assert not Gone(had, Product("Halden", "Norrvik")).is_spoken_of("Was kostet das? 多少钱？")


def test_only_questions_of_the_product_are_switched_off_and_none_of_a_person() -> None:
    """What an unbranded question of the market says is true of other products."""
    oak = Question("How well does oak hold up?", branded=False, grounded_in=())
    branded = Question("Is the oak of the Halden harder than beech?", branded=True)
    listed = [Listed(1, oak), Listed(2, branded), Listed(3, oak, is_persons=True)]
    now = without("material")
    assert no_longer_holding(now, QueryType.PRODUCT, listed, TABLE) == {1: "ungrounded", 2: "ungrounded"}
    assert no_longer_holding(now, QueryType.MARKET, listed, TABLE) == {2: "ungrounded"}
    assert no_longer_holding(now, QueryType.PRODUCT, listed) == {}
    assert no_longer_holding(TABLE, QueryType.PRODUCT, listed, TABLE) == {}


def test_a_question_that_the_fields_never_answered_goes_with_no_change() -> None:
    """What an earlier version took for an answer stays, whatever else of the product changes; what was one goes."""
    why = Question("Why does the Halden Side Table cost 129 euros?", branded=True, grounded_in=("price",))
    how = Question("How long is the warranty?", branded=True, grounded_in=("warranty",))
    now = without("warranty", "holds")
    listed = [Listed(1, why), Listed(2, how)]
    assert no_longer_holding(now, QueryType.PRODUCT, listed, TABLE) == {2: "ungrounded"}
    assert no_longer_holding(now, QueryType.PRODUCT, listed) == {1: "ungrounded", 2: "ungrounded"}


@pytest.mark.parametrize("text", ["", "\x00", "\ud800 kg?", "9" * 5000, "重" * 3000, "the " * 3000, "$" * 50])
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever a question or a field holds."""
    odd = Product("Table", description=text, price=text, attributes=((text, text),))
    assert not Gone(odd, odd).is_spoken_of(text)
    assert isinstance(Gone(odd, TABLE).is_spoken_of(text), bool)
    assert isinstance(Gone(TABLE, odd).is_spoken_of(f"{text} the oak?"), bool)
