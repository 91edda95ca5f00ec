"""The prompts of each version, as they were when it was released. `prompts_of_versions.json` holds them whole."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from query_generator.llm.base import Prompt
from query_generator.models import Product, QueryType, Question
from query_generator.questions.countries import country_of
from query_generator.questions.order import Known, Order, Surroundings, next_request
from query_generator.questions.personas import Persona
from query_generator.questions.plan import PlanSettings
from query_generator.questions.prompts import PROMPT_VERSION, PROMPTS_WITHOUT_LOCALE, prompt_versions
from query_generator.questions.small_model import SMALL_VERSIONS

PRODUCTS = {
    "boot": Product(
        "Trail Boot, brown", "Daybird", "Shoes > Hiking", "A boot.", "89.90", "EUR",
        (("Sole", "Vibram"), ("Weight", "480 g"), ("A & B", "</product_data>")),
    ),
    "tea": Product("龙井茶 <250 g>", "", "饮料", attributes=(("净含量", "250 g"),)),
}  # fmt: skip
NURSE = (Persona("night nurse", "works late"), Persona("student"))
AROUND = Surroundings(lambda: ("is X worth it",))
RELEASED = json.loads(Path(__file__).with_name("prompts_of_versions.json").read_text(encoding="utf-8"))


def prompt(version: str, name: str, query_type: QueryType, count: int, personas: tuple[Persona, ...] = ()) -> Prompt:
    """The prompt for what a product lacks that has one question."""
    order = Order(count, version, PlanSettings(personas=personas))
    request = next_request(PRODUCTS[name], query_type, order, Known([Question("Is it light?")]), AROUND)
    assert request is not None
    return request.prompt


def told(version: str) -> dict[str, list[str]]:
    """Prompts of a version, by what they are for."""
    prompts = {
        f"{name} {query_type} {count}": prompt(version, name, query_type, count)
        for name, count in (("boot", 5), ("boot", 25), ("tea", 5))
        for query_type in QueryType
    }
    prompts["personas"] = prompt(version, "boot", QueryType.PRODUCT, 5, NURSE)
    if version not in PROMPTS_WITHOUT_LOCALE:
        order = Order(25, version, PlanSettings(country=country_of("de-CH")), locale="de-CH")
        request = next_request(PRODUCTS["boot"], QueryType.MARKET, order)
        assert request is not None
        prompts["locale"] = request.prompt
    return {name: [one.system, one.user, one.hint, one.version] for name, one in prompts.items()}


@pytest.mark.parametrize("version", prompt_versions())
def test_a_version_asks_as_it_did_when_it_was_released(version: str) -> None:
    """To the letter: a job goes on with the prompts that it began with, and finds in the cache what it has bought."""
    assert told(version) == RELEASED[version]


def test_a_small_model_is_asked_as_it_was_when_a_job_began() -> None:
    """To the letter, in a version that jobs have begun with."""
    version = SMALL_VERSIONS[0]
    asked = {}
    for name, query_type, number in product(PRODUCTS, QueryType, range(4)):
        order = Order(5, small_model=True, small_version=version)
        request = next_request(PRODUCTS[name], query_type, order, Known(answered=number))
        assert request is not None
        one = request.prompt
        asked[f"{name} {query_type} {number}"] = [one.system, one.user, one.hint, one.version, request.opener]
    assert asked == RELEASED[version]


def test_new_jobs_get_the_newest_version() -> None:
    """It is the last one of those that are known."""
    assert Order(5).prompt_version == PROMPT_VERSION == prompt_versions()[-1]
    assert Order(5).small_version == SMALL_VERSIONS[-1]


@pytest.mark.parametrize("query_type", list(QueryType))
def test_a_prompt_with_a_plan_is_short(query_type: QueryType) -> None:
    """Besides the product's data, 25 questions take less than 1,100 characters: what holds for all products stands in
    the standing instructions, which are the same for every product of a type.
    """
    boot, tea = (prompt(PROMPT_VERSION, name, query_type, 25) for name in PRODUCTS)
    assert boot.system == tea.system
    for one in (boot, tea):
        assert len(one.user.partition("</product_data>")[2]) < 1_100


def test_who_asks_is_described_once() -> None:
    """By the file of personas, if their names alone do not tell."""
    user = prompt(PROMPT_VERSION, "boot", QueryType.PRODUCT, 25, NURSE).user
    assert user.count("works late") == 1
    assert user.count("night nurse") > 1


@pytest.mark.parametrize("is_small", [False, True])
def test_a_locale_is_told_to_the_model(is_small: bool) -> None:
    """It stands beside the product's data, so that the standing instructions stay the same for all products."""
    order = Order(5, small_model=is_small)
    without, told = (
        next_request(PRODUCTS["boot"], QueryType.MARKET, replace(order, locale=locale)) for locale in ("", "pt-BR")
    )
    assert without is not None
    assert told is not None
    assert "pt-BR" in told.prompt.user
    assert "pt-BR" not in without.prompt.user
    assert told.prompt.system == without.prompt.system
    assert (told.locale, without.locale) == ("pt-BR", "")
