"""Reading questions out of what models really send."""

import json

import pytest

from query_generator.errors import UnusableReplyError
from query_generator.llm.reply import parse_question_texts

GOOD = ("Is it loud?", 'Does the "eco" mode help?', "¿Cuánto pesa?")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"questions": GOOD}),
        json.dumps({"questions": GOOD}, ensure_ascii=False, indent=2),
        json.dumps(GOOD),
        json.dumps({"product_questions": GOOD}),
        json.dumps({"product": "Drill", "questions": GOOD}),
        json.dumps({"questions": [{"question": text} for text in GOOD]}),
        json.dumps([{"text": text} for text in GOOD]),
        json.dumps({"questions": [*GOOD, None, 7, ["x"], {}, "", "  "]}),
        "```json\n" + json.dumps({"questions": GOOD}) + "\n```\nAnything else?",
        "Here are [3] of them: " + json.dumps({"questions": GOOD}),
        json.dumps({"questions": GOOD})[:-2],
        json.dumps({"questions": GOOD})[:-2] + ', "Which col',
        json.dumps({"questions": [{"question": text} for text in GOOD]})[:-2] + ', {"question": "Which col',
        json.dumps({"questions": GOOD})[:-2] + ', "Which \\',
        json.dumps({"questions": GOOD})[:-2] + ', "Is the "big" one better?"]}',
        json.dumps({"questions": GOOD}).replace('"]', '",]'),
    ],
)
def test_questions_are_found_in_replies_that_are_nearly_right(text: str) -> None:
    """A question that the model finished writing is not lost to a wrapper, a cut or a slip in the JSON around it."""
    assert parse_question_texts(text) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot help with that.",
        "{}",
        "[]",
        '{"questions": []}',
        '{"questions": null}',
        '{"questions": [1, 2, null]}',
        '{"questions": "none"}',
        '{"questions": ["Which col',
        "{questions: [How good is it?]}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "[" + "9" * 5_000,
        '["\\x"]',
        '["x" ' * 50_000 + "[",
        '["' + '\\",[' * 50_000,
        '{"question" ' * 50_000,
    ],
)
def test_a_reply_without_questions_is_worth_another_try(text: str) -> None:
    """A useless reply, however odd, is asked for again and its text is not spread into the logs."""
    with pytest.raises(UnusableReplyError, match="holds no questions") as caught:
        parse_question_texts(text)
    assert len(str(caught.value)) < 100


def test_half_a_surrogate_pair_does_not_poison_the_store() -> None:
    """An emoji that the model cut in half costs that character alone, not the question."""
    assert parse_question_texts('["Is it fun \\ud83d?", "OK \\ud83d\\ude00?"]') == ("Is it fun ?", "OK 😀?")


def test_line_breaks_inside_a_text_are_accepted() -> None:
    """A raw line break, which strict JSON forbids, does not cost a question."""
    assert parse_question_texts('["Is it\nloud?"]') == ("Is it\nloud?",)
