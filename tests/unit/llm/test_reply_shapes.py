"""Every shape in which models send questions: the list and the field that hold them are chosen, and no thinking."""

import json

import pytest

from query_generator.errors import UnusableReplyError
from query_generator.llm.reply import parse_question_texts

A, B, C = GOOD = ("Is it loud?", "How heavy is it?", "What's in the box?")
LIST = json.dumps(GOOD)
REPLY = json.dumps({"questions": GOOD})
DRAFT = json.dumps({"questions": ["Is this a draft?", "Should it be left out?", "Is it thinking?"]})
IN_A_STRING = json.dumps(REPLY)


def each(*fields: str) -> str:
    """A list of objects with these fields; those but the question's hold other texts."""
    other = {"id": "q1", "intent": "sound", "type": "product", "answer": "Is it? Yes.", "rationale": "Why ask? Noise."}
    return json.dumps([{name: other.get(name, text) for name in fields} for text in GOOD])


@pytest.mark.parametrize(
    "text",
    [
        f"<think>Perhaps {DRAFT}</think>{REPLY}",
        f"<thinking>\n1. Is this a draft?\n2. Or this one?\n</thinking>\n```json\n{LIST}\n```",
        f"Perhaps {DRAFT}\n</think>\n{REPLY}",
        f"<think>{DRAFT}</think>\n{REPLY}\n<think>Is that good? {DRAFT}</think>",
        f"<reasoning>{DRAFT}</reasoning>{REPLY}",
        f"◁think▷{DRAFT}◁/think▷{REPLY}",
        f"[THINK]{DRAFT}[/THINK]{REPLY}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{REPLY}",
        f'Thought: what about ["Is this a draft?"] and more?\n\nFinal answer: {REPLY}',
        f"Draft:\n{DRAFT}\n\nFinal:\n{REPLY}",
        f"{DRAFT}\nI can do better:\n{REPLY}",
        f"```json\n{DRAFT}\n```\n```json\n{REPLY}\n```",
        f'```json\n{REPLY}\n```\n```json\n{{"status": "done", "count": 3}}\n```',
        f'Answer with JSON only: {{"questions": ["...", "..."]}}\n{REPLY}',
        f'<existing_questions>\n["Is it old?"]\n</existing_questions>\n{REPLY}',
        f'<product_data>\n{{"name": "x", "faq": ["Is it old?", "Is it new?"]}}\n</product_data>\n{REPLY}',
        '{"type": "object", "properties": {"questions": {"type": "array", "items": {"type": "string"}}},'
        f' "required": ["questions"]}}\n{REPLY}',
    ],
)
def test_thinking_drafts_and_the_prompt_are_never_the_answer(text: str) -> None:
    """What the model considered or repeated before its answer is not bought as a question."""
    assert parse_question_texts(text, wanted=3) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        f"<think>Perhaps {DRAFT}",
        f"[THINK]{DRAFT}",
        f"{DRAFT}</think>",
        f"<think>Perhaps {DRAFT}</think>",
        json.dumps({"thoughts": ["Is it loud? Maybe."], "questions": []}),
        json.dumps({"draft": ["Is it loud?"], "final": []}),
        'Answer with JSON only: {"questions": ["...", "..."]}',
        json.dumps({"name": "Mop", "attributes": {"color": "red"}, "description": "Is it good? Yes."}),
        '{"type": "object", "properties": {"questions": {"type": "array", "items": {"type": "string"}}},'
        ' "required": ["questions"]}',
    ],
)
def test_a_reply_of_thinking_or_echo_alone_is_unusable(text: str) -> None:
    """Nothing is better than thinking that is bought as questions: the model is asked again."""
    with pytest.raises(UnusableReplyError):
        parse_question_texts(text)


@pytest.mark.parametrize(
    "text",
    [
        *(each(name) for name in ("question", "text", "q", "query", "content", "title", "prompt", "value", "name")),
        *(each("id", name) for name in ("question", "text", "query", "value", "title")),
        each("id", "intent", "type", "question"),
        each("rationale", "question", "answer"),
        each("answer", "text"),
        each("rationale", "q"),
        "```json\n" + json.dumps(json.loads(each("reasoning", "question")), indent=2) + "\n```",
        json.dumps({"questions": json.loads(each("type", "question_text", "intent"))}),
        json.dumps([{"question": {"text": text}} for text in GOOD]),
        json.dumps([{"text": A}, {"question": B}, C]),
        json.dumps([json.dumps({"question": text}) for text in GOOD]),
        "\n".join(json.dumps({"question": text, "answer": "Is it? Yes."}) for text in GOOD),
        "\n".join(json.dumps([text]) for text in GOOD),
        f'{{"question": "{A}", "question": "{B}", "question": "{C}"}}',
    ],
)
def test_the_field_is_chosen_that_holds_the_questions(text: str) -> None:
    """Whatever the fields are called and wherever they stand, the questions are taken and no answer or reason."""
    assert parse_question_texts(text, wanted=3) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"thoughts": ["Is it a mop?", "Who buys it?"], "questions": GOOD}),
        json.dumps({"draft": ["Is it a draft?"], "final": GOOD}),
        json.dumps({"draft_questions": ["Is it a draft?"], "final_questions": GOOD}),
        json.dumps({"topics": ["sound", "weight"], "list": GOOD}),
        json.dumps({"keywords": ["mop"], "data": {"result": {"items": GOOD}}}),
        json.dumps({"questions": GOOD, "follow_up": ["Do you want more?"]}),
        json.dumps({"product_questions": GOOD, "market_questions": ["Which mop is best?"]}),
        json.dumps({"sound": [A], "weight": [B], "box": [C]}),
        json.dumps({"questions": {"sound": [A], "more": [B, C]}}),
        json.dumps([{"category": "sound", "questions": [A]}, {"category": "more", "questions": [B, C]}]),
        json.dumps({"questions": [[A], [B, C]]}),
        json.dumps({"1": A, "2": B, "3": C}),
        json.dumps({"question_1": A, "question_2": B, "question_3": C}),
        json.dumps({"questions": {"q1": A, "q2": B, "q3": C}}),
        json.dumps({"1": {"question": A}, "2": {"question": B}, "3": {"question": C}}),
        json.dumps({"questions": f"1. {A}\n2. {B}\n3. {C}"}),
        json.dumps({"questions": [f"1. {A}\n2. {B}\n3. {C}"]}),
        json.dumps({"questions": LIST}),
        json.dumps({"response": REPLY}),
        IN_A_STRING,
        json.dumps(IN_A_STRING),
        IN_A_STRING[1:-1],
        json.dumps({A: "Yes.", B: "No.", C: "A mop."}),
    ],
)
def test_the_lists_are_chosen_that_hold_the_questions(text: str) -> None:
    """Lists of other things are left, groups are all taken, and those of the type that was asked for."""
    assert parse_question_texts(text, wanted=3, asked="product") == GOOD


@pytest.mark.parametrize(
    "text",
    [
        str(list(GOOD)),
        "{'questions': ['Is it loud?', 'How heavy is it?', 'What's in the box?'], 'more': None, 'ok': True}",
        f"Here's the list: {list(GOOD)}",
        f"[\n  // three\n  {json.dumps(A)}, /* and */\n  {json.dumps(B)},\n  {json.dumps(C)},\n]",
        f"{{questions: [{json.dumps(A)}, {json.dumps(B)}, {json.dumps(C)}]}}",
        f"[{json.dumps(A)}\n {json.dumps(B)}\n {json.dumps(C)}]",
        "[“Is it loud?”, “How heavy is it?”, “What's in the box?”]",
        '["Is it loud?", "How heavy is it?", "What\\\'s in the box?"]',
        f"1. {A}\n2. {B}\n3. {C}",
        f"Here they are:\n\n1) {A}\n2) {B}\n3) {C}\n\nDo you want more?",
        f"- {A}\n- {B}\n- {C}",
        f"* **{A}**\n* **{B}**\n* **{C}**",
        f"**1.** {A}\n**2.** {B}\n**3.** {C}",
        f"1. **Sound**: {A}\n2. **Weight:** {B}\n3. **Box** {C}",
        f"Q1: {A}\nQ2: {B}\nQ3: {C}",
        f"{A}\n{B}\n{C}",
        each("id", "question", "intent")[:-2] + ', {"id": "q4", "question": "Which col',
    ],
)
def test_what_is_no_json_is_read_as_well(text: str) -> None:
    """Python's lists, slips in the JSON, cuts and plain lines cost no question."""
    assert parse_question_texts(text, wanted=3) == GOOD


def test_parts_of_the_answer_in_several_values_are_all_taken() -> None:
    """A model that writes one array a topic has answered with all of them."""
    text = f"### Sound\n```json\n{json.dumps(GOOD[:1])}\n```\n### More\n```json\n{json.dumps(GOOD[1:])}\n```"
    assert parse_question_texts(text, wanted=9) == GOOD


def test_the_finish_reason_is_told_of_a_reply_without_questions() -> None:
    """Whoever reads the message sees whether the model was cut off, and what it wrote instead, on one line."""
    with pytest.raises(UnusableReplyError, match="finish reason MAX_TOKENS") as caught:
        parse_question_texts("I am\nsorry.", "MAX_TOKENS")
    assert caught.value.looks_like == "I am sorry"


@pytest.mark.parametrize("texts", [("静かですか。", "重いですか。"), ("How loud is it", "How heavy is it")])
def test_questions_without_a_mark_are_left_to_be_judged(texts: tuple[str, ...]) -> None:
    """A model that forgets question marks, or a language without them, costs no reply."""
    for value in ({"questions": texts}, texts, {"items": texts}, [{"text": text} for text in texts]):
        assert parse_question_texts(json.dumps(value)) == texts
