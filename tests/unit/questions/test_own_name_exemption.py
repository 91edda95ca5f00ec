"""What stands in the product's own name is exempt as a whole match, and nothing else is."""

import subprocess
import sys

import pytest

from query_generator.models import Facets, Intent, Product, QueryType, SlotGroup, Stage, Style
from query_generator.questions.checks import Checks, accept_questions, standardize

BOOT = Product("Trail Boot", "Daybird")


def fault(product: Product, text: str, group: SlotGroup | None = None) -> str:
    """Check a text for a product whose language is unknown."""
    return Checks(product, QueryType.PRODUCT).fault(standardize(text), group)


@pytest.mark.parametrize(
    ("name", "exempt", "other", "reason"),
    [
        ("Phone Case [Pack of 2]", "[Pack of 2]", "[Pack of 3]", "placeholder"),
        ("S**t Happens Mug", "S**t Happens Mug", "**really** good mug", "markup"),
        ("Hotels.com Gift Card", "Hotels.com Gift Card", "gift card of evil-hotels.com", "address"),
        ("Hotels.com Gift Card", "Hotels.com Gift Card", "gift card of com-hotels.com", "address"),
        ("Undefined Eau", "Undefined Eau", "[undefined] Eau", "placeholder"),
    ],
)
def test_only_the_whole_match_in_the_name_is_exempt(name: str, exempt: str, other: str, reason: str) -> None:
    """A name that holds one address or bracket lets no other through."""
    product = Product(name, "Klarion")
    assert fault(product, f"Is the {exempt} any good for travel?") == ""
    assert fault(product, f"Is the {other} any good for travel?") == reason


@pytest.mark.parametrize(
    "name", ["Boot https://evil.example/x", "Boot www.evil.example", "Boot buy-now.shop", "Mug {{7*7}}"]
)
def test_what_is_planted_in_a_name_is_not_exempt(name: str) -> None:
    """An address with a scheme, one that does not begin the name, and a template's field are dropped all the same."""
    assert fault(Product(name, "Daybird"), f"Is the {name} any good for travel?")


@pytest.mark.parametrize(
    "text",
    [
        "Does it work with Node.js and ASP.NET?",
        "Do U.S. and U.K. plugs both fit, e.g. in a hotel?",
        "Is a 5.5in screen large enough for films?",
        "Is version 2.4.1 out for the Trail Boot app?",
        "Does 1.7 l mean 1.7 liters or 1.7 quarts?",
        "Are sizes 36-37, 38-39 and 40-41 in stock?",
        "Is 20000 mAh at 22.5 W allowed on planes?",
        "Was the 2024-2025 collection better than 2023-2024?",
        "Is the AT&T version any good for R&D teams?",
    ],
)
def test_what_only_looks_like_an_address_or_a_number_is_kept(text: str) -> None:
    """Software, abbreviations, sizes, versions, decimals and years are neither host names nor phone numbers."""
    assert fault(BOOT, text) == ""


def test_only_the_last_sentence_of_a_conversational_question_may_ask() -> None:
    """Sentences before the question are fine in any style; two clauses that ask only in that one; two marks in none."""
    facets = Facets(Intent.CHOOSE, Stage.DECIDE, Style.CONVERSATIONAL, "hiker", branded=True)
    group = SlotGroup("talk", facets, 3)
    told = "I have wide feet. Does the Trail Boot fit, and is it warm?"
    assert fault(BOOT, told, group) == ""
    assert fault(BOOT, told) == "two_questions"
    assert fault(BOOT, "Does the Trail Boot fit? Is it warm enough for snow?", group) == "two_questions"


def test_every_text_is_counted_with_its_reason() -> None:
    """Nothing is dropped silently: what is kept and what is dropped make up all the texts."""
    texts = ["Is the Trail Boot warm enough?", "Is this product any good?", "Is evil.example/x the shop?", "Warm!"]
    accepted = accept_questions(texts, 5, checks=Checks(BOOT, QueryType.PRODUCT))
    assert accepted.questions == texts[:1]
    assert accepted.dropped == {"not_self_contained": 1, "address": 1, "not_a_question": 1}


def test_the_language_model_is_read_only_when_it_is_needed() -> None:
    """Starting the job costs neither its time nor its memory."""
    code = "import sys, query_generator.questions.checks; print('fasttext' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
