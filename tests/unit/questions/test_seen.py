"""What a run remembers of its catalog."""

from concurrent.futures import ThreadPoolExecutor

from query_generator.models import Generated, Product, QueryType, Question
from query_generator.questions.names import OwnNames
from query_generator.questions.seen import PRODUCTS_BETWEEN, PRODUCTS_KEPT, Seen

BOOT = Product("Ridge Boot", "Daybird")
WARM, DRY = "How warm are lined boots in deep snow?", "Which sole grips on wet rock?"


def generated(*texts: str) -> Generated:
    """A call that brought these questions."""
    return Generated([Question(text) for text in texts])


def texts(settled: Generated) -> list[str]:
    return [question.text for question in settled.questions]


def test_both_types_of_a_product_share_no_question() -> None:
    """They are asked for at the same time; the one that comes second leaves out what the first one has."""
    seen = Seen()
    assert texts(seen.settle(BOOT, QueryType.PRODUCT, generated(WARM))) == [WARM]
    market = seen.settle(BOOT, QueryType.MARKET, generated("How warm are boots that are lined in deep snow?", DRY))
    assert texts(market) == [DRY]
    assert market.dropped == {"near_copy": 1}
    assert market.settled_out == ["How warm are boots that are lined in deep snow?"]
    assert seen.of_other_types(BOOT, QueryType.PRODUCT) == [DRY]
    assert texts(seen.settle(Product("Other"), QueryType.MARKET, generated(WARM))) == [WARM]


def test_of_two_calls_at_once_one_keeps_a_question() -> None:
    """Whichever comes first, and never none or both."""
    with ThreadPoolExecutor(4) as pool:
        for number in range(50):
            seen, product = Seen(), Product(f"Boot {number}")
            settled = pool.map(lambda kind: seen.settle(product, kind, generated(WARM)), QueryType)  # noqa: B023
            assert sum(len(one.questions) for one in settled) == 1


def test_patterns_that_many_products_have_are_named_to_the_model() -> None:
    """As ones to avoid, once enough products are seen."""
    seen = Seen()
    assert seen.around().avoided() == ()
    for number in range(PRODUCTS_BETWEEN):
        product = Product(f"Zorbit {number}", "Zorbit")
        seen.settle(
            product, QueryType.PRODUCT, generated(f"Is the Zorbit {number} worth it?", f"Is it {number} or not?")
        )
    (pattern, *_) = seen.around().avoided()
    assert pattern == OwnNames(Product("Zorbit 1", "Zorbit")).masked("Is the Zorbit 1 worth it?")
    assert seen.patterns.share > 0.4


def test_brands_are_known_from_the_turn_of_their_product_on() -> None:
    """An open question of another product is held against them."""
    seen = Seen()
    own = OwnNames(BOOT)
    assert not seen.brands.found("Are Stonepath boots good?", own)
    seen.begins(Product("Valley", "Stonepath"))
    assert seen.brands.found("Are Stonepath boots good?", own) == "Stonepath"


def test_memory_does_not_grow_with_the_catalog() -> None:
    """The questions of the last products are at hand, of no more."""
    seen = Seen()
    for number in range(PRODUCTS_KEPT + 100):
        seen.settle(Product(f"Boot {number}"), QueryType.PRODUCT, generated(WARM))
    assert len(seen._texts) == PRODUCTS_KEPT
