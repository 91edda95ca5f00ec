"""One question at a time, for small models."""

from dataclasses import replace

import pytest

from query_generator.llm.answer_form import OutputLimit
from query_generator.llm.reply import completed, parse_answer
from query_generator.models import Product, QueryType, Question
from query_generator.questions.order import Known, Order, next_request

BOOT = Product("Ridge Hiking Boot", "Daybird", "Shoes > Hiking boots", "A boot of brown leather for long walks.")


def asked(answered: int = 0, existing: tuple[Question, ...] = (), product: Product = BOOT):  # type: ignore[no-untyped-def]
    """The request of a call in small-model mode."""
    request = next_request(product, QueryType.MARKET, Order(4, small_model=True), Known(existing, answered=answered))
    assert request is not None
    return request


def test_each_call_asks_for_one_question_of_one_group_by_turns() -> None:
    """Its beginning is given; groups and beginnings change from call to call, and the same call is the same again."""
    requests = [asked(number) for number in range(12)]
    assert all((len(one.groups), one.count, one.asked) == (1, 1, (1,)) for one in requests)
    assert len({one.groups[0].key for one in requests}) > 1
    assert len({one.opener for one in requests}) > 3
    assert asked(3) == asked(3)
    assert all(one.opener in one.prompt.user for one in requests)
    assert Order(4, small_model=True, reask_limit=2).calls == 12


def test_a_beginning_of_an_unbranded_question_names_nothing() -> None:
    """Else the model could not help leaking the brand."""
    for number in range(12):
        request = asked(number)
        assert ("Daybird" in request.opener) == request.groups[0].facets.branded


def test_a_product_in_another_language_gets_no_english_beginning() -> None:
    """The model begins by itself, in the language of the product."""
    german = Product("Wanderschuh Grat", "Daybird", "Wanderschuhe", "Ein Schuh aus braunem Leder für lange Wege.")
    assert asked(product=german).opener == ""


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (" wide feet", "Which boots are good for wide feet?"),
        ("Which boots are good for mud? And snow", "Which boots are good for mud?"),
        ('"Which boots are good for ice', "Which boots are good for ice?"),
        ("... wet rock\n\nAnswer: all.", "Which boots are good for wet rock?"),
        ("", ""),
        ("\n ? \n", ""),
    ],
)
def test_what_the_model_adds_becomes_a_question(text: str, question: str) -> None:
    """The first line up to its mark; the service has stopped there, so that the mark itself is missing."""
    assert completed("Which boots are good for", text) == question


def test_an_answer_comes_with_the_key_of_its_group() -> None:
    """And an empty one is no reply of no use: the next call asks again."""
    request = replace(asked(), opener="Are boots")
    assert parse_answer("warm", "stop", request) == (("Are boots warm?",), (request.groups[0].key,))
    assert parse_answer("", "stop", request) == ((), ())


def test_little_is_paid_for_one_question() -> None:
    """The limit of tokens is that of one question."""
    assert OutputLimit(thinks=None).of(asked()) == 60
