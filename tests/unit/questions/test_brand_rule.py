"""Whether a question names the product that it is asked for, on labelled questions."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.models import Product
from query_generator.questions.names import OwnNames, own_names

LABELLED = Path(__file__).with_name("labelled")
SETS = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LABELLED.glob("brand_leaks_*.json"))]
CASES: list[dict[str, Any]] = [case for cases in SETS for case in cases]


def product_of(case: dict[str, Any]) -> Product:
    attributes = tuple((name, value) for name, value in case["attributes"])
    texts = {key: case[key] for key in ("name", "brand", "category", "description")}
    return Product(**texts, attributes=attributes)


def names_of(case: dict[str, Any]) -> OwnNames:
    return OwnNames(product_of(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['brand']}: {case['name'][:30]}")
def test_no_leak_passes(case: dict[str, Any]) -> None:
    """Each question that names brand, product or an alias of either is found, in any spelling, case and script."""
    own = names_of(case)
    assert [question for question in case["traps"] if not own.found(question)] == []


def test_false_alarms_are_rare() -> None:
    """At most one clean question of a hundred is taken for a leak."""
    clean = [(names_of(case), question) for case in CASES for question in case["clean"]]
    alarms = [question for own, question in clean if own.found(question)]
    assert len(alarms) <= len(clean) / 100, alarms


def test_what_is_found_stands_in_the_question() -> None:
    """What is reported is a part of the question, and masking takes all of it out."""
    for case in CASES:
        own = names_of(case)
        for question in case["traps"]:
            found = own.found(question)
            assert found in question
            assert "_" in own.masked(question)
            assert not own.found(own.masked(question))


@pytest.mark.parametrize(
    ("question", "masked"),
    [
        ("Is the Sony WH-1000XM5 good for flights?", "Is the _ good for flights?"),
        ("Are Sony's headphones good?", "Are _ headphones good?"),
        ("Which headphones are good for flights?", "Which headphones are good for flights?"),
        ("ソニーのヘッドホンは快適ですか?", "_のヘッドホンは快適ですか?"),
    ],
)
def test_a_masked_question_holds_no_name(question: str, masked: str) -> None:
    """Questions are compared without names, which would decide how alike they are."""
    own = OwnNames(Product(name="Sony WH-1000XM5 Wireless Headphones", brand="Sony"))
    assert own.masked(question) == masked


def test_a_product_without_any_name_of_its_own_is_never_named() -> None:
    """Where brand and title are common words for what the product is, market questions may use them."""
    own = OwnNames(Product(name="Cat Food", brand="Generic", category="Pet food"))
    assert not own.found("Which cat food is best for kittens?")
    assert own.masked("Which cat food is best?") == "Which _ is best?"


@pytest.mark.parametrize("title", ["Chicken Meat", "Garden hose", "Шерстяной плед", "ステンレスボトル"])
@pytest.mark.parametrize("write", [str, str.lower, str.upper, str.title])
def test_a_title_of_common_words_is_masked_in_any_use(title: str, write: Callable[[str], str]) -> None:
    """Two questions of one product are compared without its title, whether or not it is written as a name."""
    own = OwnNames(Product(name=title))
    assert own.masked(f"how long does {write(title)} last?") == "how long does _ last?"


@pytest.mark.parametrize("spelled", ["S0ny", "s0ny", "S0NY", "Ｓ０ｎｙ", "ｓ0ny"])
def test_digits_for_letters_hide_no_brand(spelled: str) -> None:
    """A brand is found with digits that look like its letters, in any width."""
    assert OwnNames(Product(name="Headphones", brand="Sony")).found(f"Is {spelled} worth it?") == spelled


@pytest.mark.parametrize(
    ("name", "question", "found"),
    [
        ("Watch Gold for Women", "Is the Watch Gold for Women overpriced?", "Watch Gold for Women"),
        ("Watch Gold for Women", "Is a gold watch for women overpriced?", ""),
        ("Volleyball", "How does the Volleyball compare with others?", "Volleyball"),
        ("Volleyball", "Which volleyball is best for the beach?", ""),
        ("Volleyball", "Volleyball or football: which is cheaper?", ""),
        ("Gift card 100", "What can I buy with the Gift card 100?", "Gift card 100"),
        ("Organic Basmati Rice 5 kg", "Is the Organic Basmati Rice worth it?", "Organic Basmati Rice"),
        ("Organic Basmati Rice 5 kg", "Which organic basmati rice is worth it?", ""),
    ],
)
def test_a_title_of_common_words_is_a_name_in_capitals(name: str, question: str, found: str) -> None:
    """Common words of a title are what the product is; written as in the title, within a sentence, they name it."""
    assert OwnNames(Product(name=name)).found(question) == found


@pytest.mark.parametrize(
    ("name", "question", "mentioned"),
    [
        ("Cat Food", "Is this brand's cat food good for kittens?", "cat food"),
        ("Kiwi", "How long does a kiwi keep?", "kiwi"),
        ("Sony WH-1000XM5 Headphones", "Is the xm5 foldable?", "xm5"),
        ("Sony WH-1000XM5 Headphones", "Are headphones foldable?", ""),
    ],
)
def test_a_branded_question_may_use_a_plain_title(name: str, question: str, mentioned: str) -> None:
    """A question that should name the product does so with a title of common words, too."""
    assert OwnNames(Product(name=name)).mentioned(question) == mentioned


DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "capitals": str.upper,
    "possessive": "{}'s".format,
    "curly possessive": "{}’s".format,
    "look-alikes": lambda brand: brand.translate(str.maketrans("aeopcxi", "аеорсхі")),
    "accents": lambda brand: brand.translate(str.maketrans("aeoun", "áéöüñ")),
    "full width": lambda brand: "".join(
        chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in brand
    ),
    "zero width": "\u200b".join,
    "soft hyphen": lambda brand: f"{brand[:2]}\xad{brand[2:]}",
    "spaced": " ".join,
    "hyphens": "-".join,
    "dots": ".".join,
    "underscores": lambda brand: brand.replace(" ", "_"),
    "joined": lambda brand: brand.replace(" ", ""),
    "emphasis": "**{}**".format,
    "quotes": "“{}”".format,
}
BRANDS = ["Sony", "Apple", "Gap", "Calvin Klein", "Urban Chic", "H&M", "L'Oreal", "Ray-Ban", "KitchenAid", "LG", "3M"]


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize("brand", BRANDS)
def test_a_brand_is_found_in_any_disguise(brand: str, disguise: Callable[[str], str]) -> None:
    """Case, accents, look-alikes, invisible characters and what stands between the letters hide no brand."""
    own = OwnNames(Product(name="Thing", brand=brand))
    for question in ("Is {} worth it?", "What do people think of {} these days?", "{} or another brand: which lasts?"):
        assert own.found(question.format(disguise(brand)))


def test_names_that_are_kept_answer_as_new_ones() -> None:
    """What was read of other questions, of other products and by other threads makes no difference."""
    asked = [(own_names(product_of(case)), names_of(case), case["traps"] + case["clean"]) for case in CASES]
    work = [(kept, fresh, question) for kept, fresh, questions in asked for question in questions * 3]
    random.Random(14).shuffle(work)

    def differs(kept: OwnNames, fresh: OwnNames, question: str) -> bool:
        return (kept.masked(question), kept.found(question)) != (fresh.masked(question), fresh.found(question))

    with ThreadPoolExecutor(8) as threads:
        assert not any(threads.map(differs, *zip(*work, strict=True)))


def test_products_that_differ_have_names_of_their_own() -> None:
    """Only the same product is given names that are kept: brand, title, category, description and fields tell."""
    base = Product(name="Gap Jeans", brand="Gap", category="Jeans")
    others = [
        replace(base, name="Levis", content_hash=""),
        replace(base, brand="Levis", content_hash=""),
        replace(base, category="Belts", content_hash=""),
        replace(base, description="Never lose your jeans again.", content_hash=""),
        replace(base, attributes=(("Brand", "Levis"),), content_hash=""),
    ]
    assert len({id(own_names(product)) for product in (base, *others)}) == 6
    assert own_names(replace(base)) is own_names(base)


@settings(deadline=None)
@given(brand=st.text(max_size=12), name=st.text(min_size=1, max_size=30), question=st.text(max_size=60))
def test_no_text_breaks_the_rule(brand: str, name: str, question: str) -> None:
    """Any text may be a brand, a title or a question; what is found always stands in the question."""
    own = OwnNames(Product(name=name, brand=brand))
    for text in (question, f"Is {brand} {question}?", f"{name} {question}"):
        assert own.found(text) in text
        assert own.mentioned(text) in text
        own.masked(text)
