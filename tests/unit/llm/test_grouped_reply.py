"""Answers with one list for each group of a plan."""

import json

import pytest

from query_generator.errors import UnusableReplyError
from query_generator.llm.answer_form import OutputLimit, answer_schema
from query_generator.llm.base import GenerationRequest, Prompt
from query_generator.llm.reply import parse_answer
from query_generator.models import Facets, Intent, Product, QueryType, SlotGroup, Stage, Style


def group(key: str, count: int = 2) -> SlotGroup:
    return SlotGroup(key, Facets(Intent.LEARN, Stage.EXPLORE, Style.PLAIN, "student", key.endswith("_branded")), count)


REQUEST = GenerationRequest(
    Product("Boot"),
    QueryType.PRODUCT,
    4,
    Prompt("", "", "2"),
    groups=(group("facts"), group("worth_branded")),
    asked=(3, 2),
)
EXPECTED = (("Is it warm?", "Is it light?", "Is it worth it?"), ("facts", "facts", "worth_branded"))

SHAPES = {
    "as asked": '{"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}',
    "within an object": (
        '{"questions": {"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}}'
    ),
    "other spelling": '{"Facts": ["Is it warm?", "Is it light?"], "worthBranded": ["Is it worth it?"]}',
    "objects": (
        '{"facts": [{"text": "Is it warm?"}, {"text": "Is it light?"}], "worth_branded": [{"text": "Is it worth it?"}]}'
    ),
    "items that name their group": (
        '[{"group": "facts", "questions": ["Is it warm?", "Is it light?"]},'
        ' {"group": "worth_branded", "questions": ["Is it worth it?"]}]'
    ),
    "flat items": (
        '{"questions": [{"group": "facts", "question": "Is it warm?"}, {"group": "facts", "question": "Is it light?"},'
        ' {"group": "worth_branded", "question": "Is it worth it?"}]}'
    ),
    "one object for each group": '{"facts": ["Is it warm?", "Is it light?"]}\n{"worth_branded": ["Is it worth it?"]}',
    "fenced, after thinking": (
        '<think>{"facts": ["Draft?"]}</think>```json\n'
        '{"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}\n```'
    ),
    "a draft before": (
        '{"facts": ["Is it a draft?"], "worth_branded": ["Is this one?"]} Final: '
        '{"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}'
    ),
    "cut": '{"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?", "Is it go',
    "JSON in a string": json.dumps('{"facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}'),
    "with thoughts beside": (
        '{"thoughts": ["Shall I?"], "facts": ["Is it warm?", "Is it light?"], "worth_branded": ["Is it worth it?"]}'
    ),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_each_question_keeps_its_group(text: str) -> None:
    """However a model arranges its groups, a question comes with the key of its own."""
    assert parse_answer(text, "STOP", REQUEST) == EXPECTED


def test_lists_beside_the_groups_come_without_a_key() -> None:
    """What a model adds is not taken for what was asked for."""
    text = '{"facts": ["Is it warm?"], "extra": ["Is it new?"]}'
    assert parse_answer(text, None, REQUEST) == (("Is it warm?", "Is it new?"), ("facts", ""))


@pytest.mark.parametrize("text", ['{"questions": ["Is it warm?", "Is it light?"]}', "1. Is it warm?\n2. Is it light?"])
def test_a_plain_list_is_read_without_keys(text: str) -> None:
    """A model that ignores the groups has not written in vain."""
    assert parse_answer(text, None, REQUEST) == (("Is it warm?", "Is it light?"), ())


@pytest.mark.parametrize("text", ['{"facts": [], "worth_branded": []}', '{"facts": 5}', "", "Sorry."])
def test_an_answer_without_a_text_is_of_no_use(text: str) -> None:
    """It is told as any other reply of no use."""
    with pytest.raises(UnusableReplyError, match="holds no questions"):
        parse_answer(text, "STOP", REQUEST)


def test_the_schema_asks_for_the_groups() -> None:
    """One array a group, all of them required; bounded where that is taken; without a plan a single list."""
    schema = answer_schema(REQUEST, closed=True, bounded=True)
    assert schema["required"] == list(schema["properties"]) == ["facts", "worth_branded"]
    assert [part["maxItems"] for part in schema["properties"].values()] == [3, 2]
    assert schema["additionalProperties"] is False
    assert not any(word in str(answer_schema(REQUEST)) for word in ("maxItems", "maxLength", "pattern"))
    plain = GenerationRequest(Product("Boot"), QueryType.PRODUCT, 4, Prompt("", ""))
    assert list(answer_schema(plain)["properties"]) == ["questions"]


def test_a_string_may_be_twice_as_long_as_its_style_asks_for() -> None:
    """So that a loop ends early, and no good question is cut; nothing forces a mark at its end, which would make a
    question of whatever a weak model states.
    """
    schema = answer_schema(REQUEST, closed=True, bounded=True, measured=True)
    strings = [part["items"] for part in schema["properties"].values()]
    assert [set(one) for one in strings] == [{"type", "maxLength"}] * 2
    for group, one in zip(REQUEST.groups, strings, strict=True):
        words = {Style.SHORT: 8, Style.PLAIN: 20, Style.CONVERSATIONAL: 40}[group.facets.style]
        assert one["maxLength"] >= 12 * words


def test_the_limit_of_tokens_grows_with_what_is_asked_for() -> None:
    """A loop ends soon; a model that thinks has room for that, and one that is not known has it until it is."""
    plain = OutputLimit(thinks=False)
    assert plain.of(REQUEST) == 60 * 5 + 200
    unknown = OutputLimit(thinks=None)
    assert unknown.of(REQUEST) == OutputLimit().of(REQUEST) > plain.of(REQUEST)
    unknown.learn(thought=False)
    assert unknown.of(REQUEST) == plain.of(REQUEST)
    unknown.learn(thought=True)
    assert unknown.of(REQUEST) == OutputLimit().of(REQUEST)
    unknown.learn(thought=False)
    assert unknown.of(REQUEST) == OutputLimit().of(REQUEST)
