"""From one product to its questions."""

from collections import Counter

import pytest

from query_generator.api import generate_questions
from query_generator.errors import BudgetExhaustedError, RetryableError, SkippableError
from query_generator.models import Product, QueryType
from query_generator.questions.ask import ask, shortage
from tests.support.orders import known, plain_order, texts_of
from tests.support.question_texts import questions
from tests.support.scripted_provider import ScriptedProvider

BOOT = Product("Trail Boot", "Daybird")
TEXTS = questions("Trail Boot", "product", 0, 30)
MARKET = [
    text if number % 3 == 0 else text.replace("Trail Boot", "everyday goods")
    for number, text in enumerate(questions("Trail Boot", "market", 0, 60))
]


def test_one_call_is_enough_when_all_questions_are_good() -> None:
    """A product and type costs one call, and what was billed is known."""
    provider = ScriptedProvider(TEXTS[:25])
    result = ask(BOOT, QueryType.PRODUCT, plain_order(25), provider)
    assert (texts_of(result.questions), result.error) == (TEXTS[:25], None)
    assert (result.provider, result.model) == ("scripted", "script-1-001")
    assert (result.prompt_tokens, result.output_tokens) == (10, 3)
    (request,) = provider.requests
    assert (request.product, request.query_type, request.count, request.exclusions) == (
        BOOT,
        QueryType.PRODUCT,
        25,
        (),
    )
    assert "25 product questions" in request.prompt.user


def test_a_second_call_asks_for_the_rest() -> None:
    """A call asks for as many as lack, names those that are there, and brings the new ones alone."""
    provider = ScriptedProvider([TEXTS[2], TEXTS[3], TEXTS[4], TEXTS[5]])
    result = ask(BOOT, QueryType.PRODUCT, plain_order(5), provider, known(TEXTS[:3]))
    assert (texts_of(result.questions), result.error) == (TEXTS[3:5], None)
    assert result.dropped == Counter(duplicate=1, surplus=1)
    (request,) = provider.requests
    assert (request.count, request.exclusions) == (2, tuple(TEXTS[:3]))
    assert TEXTS[2] in request.prompt.user


@pytest.mark.parametrize("texts", [[TEXTS[0], "Just buy it.", TEXTS[0]], []])
def test_a_reply_with_too_little_is_no_failure(texts: list[str]) -> None:
    """A call that brought a reply says what was usable and why the rest was not; one call is made, not two."""
    provider = ScriptedProvider(texts)
    result = ask(BOOT, QueryType.PRODUCT, plain_order(3), provider)
    assert (texts_of(result.questions), result.error) == (TEXTS[:1] if texts else [], None)
    assert result.dropped == (Counter(not_a_question=1, duplicate=1) if texts else Counter())
    assert len(provider.requests) == 1


def test_a_shortage_says_how_much_is_there_and_why() -> None:
    """The reason of a product that yields too little names what was had and what was dropped."""
    error = shortage(1, 3, 2, Counter(not_a_question=2, duplicate=1))
    assert isinstance(error, SkippableError)
    assert str(error) == "only 1 of 3 questions after 2 calls (dropped: 1 duplicate, 2 not_a_question)"
    assert str(shortage(0, 3, 2, Counter())) == "only 0 of 3 questions after 2 calls (dropped: none)"


@pytest.mark.parametrize("error", [RetryableError("overloaded", 7.0), SkippableError("blocked")])
def test_a_fault_is_handed_on(error: RetryableError | SkippableError) -> None:
    """A call without a reply brings its error, by which the item is tried again or given up."""
    failed = ask(BOOT, QueryType.PRODUCT, plain_order(3), ScriptedProvider(error))
    assert (failed.questions, failed.error, failed.output_tokens) == ([], error, 0)


def test_a_fatal_error_goes_through() -> None:
    """A used-up quota stops the run at once."""
    with pytest.raises(BudgetExhaustedError):
        ask(BOOT, QueryType.PRODUCT, plain_order(3), ScriptedProvider(BudgetExhaustedError("quota")))


@pytest.mark.parametrize("existing", [3, 4])
def test_an_item_that_has_all_costs_no_call(existing: int) -> None:
    """Nothing is bought that is there already."""
    result = ask(BOOT, QueryType.PRODUCT, plain_order(3), ScriptedProvider(), known(TEXTS[:existing]))
    assert (texts_of(result.questions), result.error) == ([], None)


def test_the_documented_function_makes_both_types() -> None:
    """`generate_questions(product_info)` returns product and market questions, 25 of each unless told otherwise."""
    provider = ScriptedProvider(TEXTS, MARKET)
    made = generate_questions({"name": "Trail Boot", "brand": "Daybird"}, provider=provider)
    assert made["product_questions"] == TEXTS[:25]
    assert len(made["market_questions"]) == 25
    assert set(made["market_questions"]) < set(MARKET)
    assert [request.query_type for request in provider.requests] == list(QueryType)
    assert len(generate_questions({"name": "Boot"}, 2, ScriptedProvider(TEXTS, MARKET))["market_questions"]) == 2


def test_the_documented_function_returns_a_part_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A shortage of one type is no exception, but it is in the log; a third call is not made for it."""
    provider = ScriptedProvider(TEXTS[:2], RetryableError("overloaded"), MARKET)
    made = generate_questions({"name": "Trail Boot"}, 3, provider)
    assert (len(made["product_questions"]), len(made["market_questions"])) == (2, 3)
    assert "only 2 product questions for Trail Boot" in caplog.text


def test_the_documented_function_asks_once_more_for_the_rest() -> None:
    """What the first call leaves short a second one makes up for, without repeating what is there."""
    provider = ScriptedProvider([*TEXTS[:3], "Just buy it."], [TEXTS[2], *TEXTS[3:6]], MARKET)
    made = generate_questions({"name": "Trail Boot", "brand": "Daybird"}, 5, provider)
    assert made["product_questions"] == TEXTS[:5]
    assert len(made["market_questions"]) == 5
    assert [(request.count, request.exclusions) for request in provider.requests] == [
        (5, ()),
        (2, tuple(TEXTS[:3])),
        (5, ()),
    ]


@pytest.mark.parametrize("error", [RetryableError("overloaded"), SkippableError("blocked")])
def test_the_documented_function_raises_when_it_has_nothing(error: RetryableError | SkippableError) -> None:
    """An empty list never stands for a failure."""
    with pytest.raises(type(error), match=str(error)):
        generate_questions({"name": "Trail Boot"}, 3, ScriptedProvider(error))


def test_a_name_that_looks_like_a_placeholder_is_no_obstacle() -> None:
    """Products with brackets in their name, as feeds have them, get their questions."""
    texts = [f"Is the Phone Case [Pack of 2] good for {who}?" for who in ("kids", "men", "women")]
    result = ask(Product("Phone Case [Pack of 2]"), QueryType.PRODUCT, plain_order(3), ScriptedProvider(texts))
    assert (texts_of(result.questions), result.error) == (texts, None)


def test_a_record_without_a_name_is_refused_before_any_call() -> None:
    """What is no product costs nothing."""
    with pytest.raises(SkippableError, match="name"):
        generate_questions({"brand": "Daybird"}, 3, ScriptedProvider())
