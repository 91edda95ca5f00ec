"""One call for the product questions and the branded market questions of a product."""

from dataclasses import replace

import pytest

from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Product, QueryType
from query_generator.questions.judged import judged
from query_generator.questions.order import Order, join, next_request
from query_generator.questions.sharing import known_beside_set

LAMP = Product("Arc Desk Lamp", "Lumora", "Lamps", "A lamp of steel that can be dimmed.", "30", "EUR")
ORDER = Order(25, shared_types=frozenset({QueryType.MARKET}), may_join=True)


def parts(order: Order = ORDER) -> tuple[GenerationRequest, GenerationRequest]:
    """What is asked for about the product, and of its market beside a set."""
    own = next_request(LAMP, QueryType.PRODUCT, order)
    beside = next_request(LAMP, QueryType.MARKET, order, known_beside_set(LAMP, QueryType.MARKET, order, ()))
    assert own is not None
    assert beside is not None
    return own, beside


def joined() -> GenerationRequest:
    """Both in one."""
    request = join(*parts(), ORDER)
    assert request is not None
    return request


def test_the_prompt_has_the_product_once_and_the_groups_of_both() -> None:
    """It costs a line for each group more than one for the product questions alone."""
    own, beside = parts()
    request = joined()
    assert request.prompt.message.count("<product_data>") == 1
    assert "exactly 29 product questions" in request.prompt.user
    assert f"exactly {beside.asked_in_all} market questions" in request.prompt.user
    assert all(f'- "{group.key}" (' in request.prompt.user for group in (*own.groups, *beside.groups))
    assert "alternatives:" in request.prompt.system
    assert "what_matters:" not in request.prompt.system
    assert request.asked_in_all == own.asked_in_all + beside.asked_in_all
    apart = sum(len(each.prompt.system + each.prompt.user) for each in (own, beside))
    assert len(request.prompt.system + request.prompt.user) < 0.75 * apart


def test_no_key_stands_for_two_groups() -> None:
    """A reply tells by its keys what each text is for."""
    keys = [group.key for group in joined().groups]
    assert len(keys) == len(set(keys))


def test_each_text_is_checked_as_what_it_was_written_for() -> None:
    """A market question must name the product, one about it must not be without a subject; each goes to its type."""
    own, beside = parts()
    texts = {
        own.groups[0].key: "Can the Arc Desk Lamp be dimmed from the bed?",
        own.groups[1].key: "Is it?",
        beside.groups[0].key: "Are Lumora lamps better than other steel lamps?",
        beside.groups[-1].key: "Which desk lamps do architects trust most?",
        "unknown": "Does the Arc Desk Lamp flicker on video?",
    }
    reply = judged(joined(), GenerationReply(tuple(texts.values()), "p", "m", keys=tuple(texts)))
    assert [question.text for question in reply.verdict.questions] == [
        texts[own.groups[0].key],
        texts["unknown"],
    ]
    assert [question.text for question in reply.beside.questions] == [texts[beside.groups[0].key]]
    assert reply.beside.dropped == {"names_neither": 1}
    assert reply.is_of_use


def test_a_reply_for_the_second_type_alone_is_of_use() -> None:
    """It is kept, and the first type is asked for again."""
    _, beside = parts()
    reply = GenerationReply(("Are Lumora lamps worth it?",), "p", "m", keys=(beside.groups[0].key,))
    assert judged(joined(), reply).is_of_use
    assert not judged(joined(), GenerationReply(("Nothing.",), "p", "m")).is_of_use


@pytest.mark.parametrize("order", [replace(ORDER, may_join=False), replace(ORDER, small_model=True)])
def test_what_is_not_to_be_joined_is_not(order: Order) -> None:
    """Small models get one question a call; other providers read no prompt."""
    assert join(*parts(), order) is None


def test_unbranded_market_questions_are_never_joined() -> None:
    """The instructions for product questions let each question name the product."""
    own, _ = parts()
    whole = next_request(LAMP, QueryType.MARKET, ORDER)
    assert whole is not None
    assert join(own, whole, ORDER) is None


def test_second_calls_are_not_joined() -> None:
    """They name what is there already, for one type."""
    own, beside = parts()
    assert join(replace(own, exclusions=("Is it dimmable?",)), beside, ORDER) is None
