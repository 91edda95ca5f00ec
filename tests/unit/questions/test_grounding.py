"""Which of a product's fields answer a question."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from query_generator.models import Product, QueryType
from query_generator.questions.grounding import Grounding, Reason, grounds_of

_LABELLED = Path(__file__).parent / "labelled"
LAMP = Product(
    "Arc Desk Lamp",
    "Lumora",
    "Lighting > Desk lamps",
    "Dimmable LED lamp with an adjustable aluminium arm, 1.2 kg in all.",
    "64.00",
    "EUR",
    (("Warranty", "3 years"), ("cableLength", "1.8 m"), ("Sockel", "E27")),
)


@cache
def labelled(name: str = "grounding") -> dict[str, Any]:
    """Products, and questions about them with the fields that answer each."""
    data: dict[str, Any] = json.loads((_LABELLED / f"{name}.json").read_text(encoding="utf-8"))
    data["products"] = {
        key: Product(**{**fields, "attributes": tuple(fields["attributes"].items())})
        for key, fields in data["products"].items()
    }
    return data


@pytest.mark.parametrize(
    ("name", "part"), [("grounding", "known"), ("grounding", "held_out"), ("grounding_kinds", "pairs")]
)
def test_fields_answer_the_questions_that_people_say_they_answer(name: str, part: str) -> None:
    """Of 309 questions labelled by hand at least 19 of 20 named fields are right, and 9 of 10 answers are found.

    Most of those of `grounding_kinds` are of kinds that no field answers, whatever words stand in it: reasons,
    remedies, opinions, comparisons, troubles, amounts without a number, and things beside what the field says.
    """
    data = labelled(name)
    right = wrong = found = answerable = 0
    for key, question, fields in data[part]:
        named = grounds_of(data["products"][key], QueryType.PRODUCT)(question) or ()
        hits = sum(name in fields for name in named)
        right, wrong = right + hits, wrong + len(named) - hits
        answerable, found = answerable + bool(fields), found + bool(hits)
    assert right / (right + wrong) >= 0.95
    assert found / answerable >= 0.9


@pytest.mark.parametrize(
    ("question", "field", "reason"),
    [
        ("What warranty does Lumora give on the Arc?", "Warranty", Reason.NAMED),
        ("Is there a guarantee on the Arc Desk Lamp?", "Warranty", Reason.NAMED),
        ("How long is the cable of the Arc lamp?", "cableLength", Reason.NAMED),
        ("Which Sockel does the Arc lamp take?", "Sockel", Reason.NAMED),
        ("How much does the Arc Desk Lamp cost?", "price", Reason.NAMED),
        ("Who makes the Arc Desk Lamp?", "brand", Reason.NAMED),
        ("How heavy is the Arc Desk Lamp?", "description", Reason.UNIT),
        ("What is the arm made of?", "description", Reason.SAID),
        ("Can the Arc Desk Lamp be dimmed?", "description", Reason.SAID),
        ("Does the Arc Desk Lamp have an LED?", "description", Reason.WORDS),
        ("I have a small desk. How much does the Arc weigh?", "description", Reason.UNIT),
    ],
)
def test_a_field_answers_for_a_reason(question: str, field: str, reason: Reason) -> None:
    """By its name or another word for it, by what it says, by an amount of the kind, or by all words asked about."""
    assert Grounding(LAMP).of(question) == ((field, reason),)


@pytest.mark.parametrize(
    "question",
    [
        "Is the Arc Desk Lamp worth 64 euros?",
        "How does its warranty compare with that of other lamps?",
        "What do owners say about the aluminium arm?",
        "Why is the lamp dimmable?",
        "Does the lamp contain mercury?",
        "Does the lamp work with Alexa?",
        "How tall is the Arc Desk Lamp?",
        "Would you buy it again?",
        "Why does the Arc Desk Lamp cost 64 euros?",
        "Warum kostet die Lampe so viel?",
        "What can I do if the aluminium arm gets loose?",
        "Is aluminium a better material for lamps than the usual ones?",
        "What do people who bought the lamp for a small desk say about its arm?",
        "Where can I see the aluminium arm for myself before buying?",
        "Does it leave marks on the desk?",
        "?",
        "",
    ],
)
def test_what_no_field_tells_is_not_grounded(question: str) -> None:
    """Opinions and comparisons, reasons, and things that the fields do not name."""
    assert grounds_of(LAMP, QueryType.PRODUCT)(question) == ()


def test_what_is_asked_for_without_a_verb_is_asked_for_by_yes_or_no() -> None:
    """What stands in a list of such things does not answer whether a certain one is left out."""
    juice = Product("Juice", description="Full of vitamins, no preservatives.", category="Juices")
    grounds = grounds_of(juice, QueryType.PRODUCT)
    assert grounds("Juice with no added sugar?") == ()
    assert grounds("Does the juice have no preservatives?") == ("description",)
    assert grounds("Which vitamins are in the juice?") == ("description",)


def test_words_of_the_name_ask_for_nothing() -> None:
    """A question about a Down Jacket Warmer is not one about down, jackets or warmth."""
    heater = Product("Battery Warmer Waterproof", "Down", description="Waterproof and warm, with a long battery life.")
    assert grounds_of(heater, QueryType.PRODUCT)("How do I return the Battery Warmer Waterproof?") == ()
    assert grounds_of(heater, QueryType.PRODUCT)("Is the Battery Warmer Waterproof really warm?") == ("description",)


def test_an_empty_field_answers_nothing() -> None:
    """Without price, brand and description no question is grounded in them, nor in an attribute without value."""
    bare = Product("Desk Lamp", attributes=(("Weight", ""),))
    for question in ("How much does it cost?", "Who makes it?", "What are its main features?", "How heavy is it?"):
        assert grounds_of(bare, QueryType.PRODUCT)(question) == ()


def test_questions_about_the_market_are_not_matched() -> None:
    """They are about no product, so that they are neither grounded nor ungrounded."""
    assert grounds_of(LAMP, QueryType.MARKET)("Which lamps have the longest warranty?") is None


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800 weight?", "9" * 5000 + " kg?", "重" * 3000, "is " * 4000, "🧵 how heavy"]
)
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever a question or a field holds, it is answered or not."""
    product = Product("Lamp", "", "", text, attributes=((text, text), ("", "x"), ("Weight", text)))
    assert isinstance(Grounding(product).of(text), tuple)
    assert isinstance(Grounding(product).of(f"How heavy is {text}, and is it 5 kg?"), tuple)
