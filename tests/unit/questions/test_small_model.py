"""One question at a time, for small models."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product as every
from pathlib import Path

import pytest

from query_generator.llm.answer_form import OutputLimit
from query_generator.llm.base import GenerationReply
from query_generator.llm.reply import completed, parse_answer
from query_generator.models import Facets, Intent, Product, QueryType, Question, SlotGroup, Stage, Style
from query_generator.questions import small_model
from query_generator.questions.accept import accept_planned
from query_generator.questions.order import Known, Order, next_request
from query_generator.questions.small_model import VERSION, small_prompt
from query_generator.questions.styles import is_in_style

BOOT = Product("Ridge Hiking Boot", "Daybird", "Shoes > Hiking boots", "A boot of brown leather for long walks.")


def asked(answered: int = 0, existing: tuple[Question, ...] = (), product: Product = BOOT):  # type: ignore[no-untyped-def]
    """The request of a call in small-model mode."""
    request = next_request(product, QueryType.MARKET, Order(4, small_model=True), Known(existing, answered=answered))
    assert request is not None
    return request


def groups(*, branded: bool, style: Style | None = None) -> Iterator[SlotGroup]:
    """A group of each intent."""
    for intent, of_style in every(Intent, Style):
        if style in (None, of_style):
            yield SlotGroup("x", Facets(intent, Stage.EXPLORE, of_style, "sceptic", branded), 1, ("noise",))


def openers(product: Product, *, branded: bool, style: Style | None = None) -> list[str]:
    """The beginnings of some calls for each intent."""
    return [
        small_prompt(product, query_type, group, number)[1]
        for group in groups(branded=branded, style=style)
        for query_type in QueryType
        for number in range(5)
    ]


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
        ("you", ""),
        ("which boots", ""),
        ("a boot", ""),
        ("this", ""),
        (": 3.99", ""),
        (", which is better", ""),
        ("wet rock. They are warm and light", ""),
    ],
)
def test_what_the_model_adds_becomes_a_question(text: str, question: str) -> None:
    """The first line up to its mark; the service has stopped there, so that the mark itself is missing. What adds no
    word, breaks off or states something is no question.
    """
    assert completed("Which boots are good for", text) == question


def test_an_answer_comes_with_the_key_of_its_group() -> None:
    """And an empty one is no reply of no use: the next call asks again."""
    request = replace(asked(), opener="Are boots")
    assert parse_answer("warm", "stop", request) == (("Are boots warm?",), (request.groups[0].key,))
    assert parse_answer("", "stop", request) == ((), ())
    assert parse_answer("warm in the long and cold and", "length", request) == ((), ())


def test_little_is_paid_for_one_question() -> None:
    """The limit of tokens is that of one question."""
    assert OutputLimit(thinks=None).of(asked()) == 60


@pytest.mark.parametrize(
    ("name", "category", "kind"),
    [
        ("Edge Pro Ice Axe", "Climbing", "ice axes"),
        ("Midnight Blue Goggles", "Ski/boarding", "goggles"),
        ("Pan", "kitchen-accessories", "pans"),
        ("Juice", "Groceries", "juice"),
        ("Generic Motorcycle", "motorcycle", "motorcycles"),
    ],
)
def test_an_unbranded_question_is_about_the_product_s_own_kind(name: str, category: str, kind: str) -> None:
    """As shoppers call it, and not about the last word of a category that holds other things, too."""
    begun = openers(Product(name, category=category, description="It is made for all who use it often."), branded=False)
    assert all(kind in one for one in begun)
    others = {"climbing", "boarding", "accessories", "groceries"} - {kind}
    assert not any(word in one for word in others for one in begun)


def test_no_unbranded_question_is_begun_where_the_kind_is_not_known() -> None:
    """The model begins it by itself; a branded one needs no kind."""
    unknown = Product("Zorblax 9000", "Zorblax", "Climbing")
    assert set(openers(unknown, branded=False)) == {""}
    assert all("Zorblax" in one for one in openers(unknown, branded=True))


@pytest.mark.parametrize(
    ("product", "right", "wrong"),
    [
        (
            Product("Pan", category="Kitchen"),
            ("Does the Pan", "Is the Pan", "Which pans are"),
            ("Do the Pan", "Which pans is"),
        ),
        (
            Product("Sports Sneakers", "Off White", "Shoes"),
            ("Do the Off White", "Are the Off White", "sneakers have"),
            ("Does the", "Is the Off", "Which sneakers is"),
        ),
        (Product("Honey", "Hive", "Groceries"), ("Which honey is", "Which honey has"), ("honey are", "honey have")),
    ],
)
def test_verbs_agree_with_the_product_and_its_kind(
    product: Product, right: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    """Whether one, several, or what is not counted."""
    begun = "\n".join([*openers(product, branded=True), *openers(product, branded=False)])
    assert all(words in begun for words in right)
    assert not any(words in begun for words in wrong)


@pytest.mark.parametrize("branded", [False, True])
def test_a_conversational_question_has_its_situation_before_it(branded: bool) -> None:
    """The first of its two sentences is complete, so that the model has the second one to end."""
    begun = openers(BOOT, branded=branded, style=Style.CONVERSATIONAL)
    assert all(is_in_style(completed(one, "wet and stony ground"), Style.CONVERSATIONAL) for one in begun)
    begun = openers(BOOT, branded=branded, style=Style.PLAIN)
    assert all(is_in_style(completed(one, "wet and stony ground"), Style.PLAIN) for one in begun)


def test_a_model_is_told_nothing_that_must_not_come_back() -> None:
    """Neither who asks nor codes, and no name where none may stand."""
    attributes = (
        ("variants", "UHJvZHVjdFZhcmlhbnQ6Mzg4"),
        ("sku", "BEA-ESS-001"),
        ("ean", "9164035109868"),
        ("Sole", "Vibram"),
    )
    boot = replace(BOOT, attributes=attributes)
    for branded in (False, True):
        for group in groups(branded=branded):
            told = small_prompt(boot, QueryType.PRODUCT, group, 0)[0].message
            assert "sceptic" not in told
            assert "shopper" not in told
            assert not any(code in told for code in ("UHJ", "BEA-", "9164"))
            assert ("Daybird" in told) == branded
            assert ("Sole: Vibram" in told) == branded


def test_a_topic_is_told_to_the_end_once_a_reply_was_of_no_use() -> None:
    """What such products are for is left to the model at first; a weak one then finds nothing, or says so again."""
    group = next(one for one in groups(branded=True, style=Style.PLAIN) if one.facets.intent is Intent.CHOOSE)
    (free, opener), (led, same) = (
        small_prompt(BOOT, QueryType.MARKET, group, 0, is_led=is_led) for is_led in (False, True)
    )
    topic = free.user.partition("Topic: ")[2].splitlines()[0]
    assert opener == same
    assert free.user.endswith(f"Complete: {opener} ...")
    assert led.user.endswith(f"Complete: {opener} {topic} ...")
    for number, has_lost in ((3, False), (4, True)):
        request = asked(number, tuple(Question(f"Is it light in {month}?") for month in ("May", "June", "July")))
        assert request.prompt.user.endswith(f" {request.opener} ...") != has_lost


@pytest.mark.parametrize(
    "added",
    ["a shopper who thinks of mud", "somebody from a shopper who has seen it", "what a shopper thinks of boots"],
)
def test_words_of_a_prompt_do_not_pass_for_a_question(added: str) -> None:
    """Nobody calls himself so."""
    request = asked()
    texts, keys = parse_answer(added, "stop", request)
    verdict = accept_planned(request, GenerationReply(texts, provider="openai", model="m", keys=keys))
    assert verdict.dropped == {"instruction_echo": 1}


def test_other_openers_need_another_version() -> None:
    """It is recorded with every question that they brought."""
    texts = json.loads(Path(small_model.__file__).with_name("openers.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()[:12]
    assert (VERSION, digest) == ("3 small", "c337bc917c49")
