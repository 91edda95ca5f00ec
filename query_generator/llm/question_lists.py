"""Chooses, among all lists and fields of a value, those that hold the questions. Pure."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from query_generator.llm.loose_json import values_in
from query_generator.llm.question_lines import is_like_question, runs_of_lines

DEEPEST = 12  # values within each other that are searched
_OF_QUESTIONS = re.compile(
    r"question|quer(?:y|ies)\b|frage|pregunta|pergunta|domand|вопрос|质问|質問|问题|問題|질문", re.I
)
_THINKING = frozenset(
    [
        "thought",
        "thoughts",
        "thinking",
        "think",
        "reasoning",
        "rationale",
        "analysis",
        "scratchpad",
        "draft",
        "drafts",
        "reflection",
        "brainstorm",
        "notes",
        "chain_of_thought",
        "cot",
        "plan",
        "reasoning_content",
        "explanation",
    ]
)
_WEAK = frozenset(
    [
        "example",
        "examples",
        "existing",
        "previous",
        "rejected",
        "discarded",
        "excluded",
        "dropped",
        "avoid",
        "avoided",
        "removed",
    ]
)
_FINAL = frozenset(("final", "revised", "improved", "corrected"))
_NO_TEXT = _THINKING | frozenset(
    ["answer", "answers", "response", "reason", "justification", "explanation", "why", "comment"]
)
_USUAL = ("question", "query", "text", "q", "question_text", "content", "title", "prompt", "value", "name")
_NUMBERED = re.compile(r"(?:[a-z]{1,20}[ _-]?)?\d{1,4}", re.I)
_WORDS = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Group:
    """One list of texts, with the names that lead to it."""

    names: tuple[str, ...]
    texts: list[str]

    @property
    def words(self) -> frozenset[str]:
        """The words of its names."""
        return frozenset(word for name in self.names for word in _words(name))

    @property
    def is_named(self) -> bool:
        """Whether it is named as one of questions."""
        return any(_OF_QUESTIONS.search(name) for name in self.names)

    @property
    def likely(self) -> int:
        """How many of its texts look like questions."""
        return sum(is_like_question(text) or (self.is_named and len(text.split()) > 2) for text in self.texts)


def texts_of_values(values: Iterable[Any], wanted: int = 0, asked: str = "") -> list[str]:
    """Return the questions of the values of one reply.

    The last value with questions counts: those before it are drafts. But where each holds only a part of the number
    that was asked for, as one array for each topic does, all count. Objects in a row are the items of one list.
    """
    values = (*values, None)
    found = _found(values, chosen, asked) or _found(values, chosen_without_marks, asked)
    return last_or_all(found, wanted)


def _found(values: Iterable[Any], choose: Callable[[list[Group], str], list[str]], asked: str) -> list[list[str]]:
    found: list[list[str]] = []
    items: list[Any] = []
    for value in values:
        groups = list(groups_of(value))
        if isinstance(value, dict) and not groups:
            items.append(value)
            continue
        for several in (list(groups_of(items)), groups):
            if texts := choose(several, asked):
                found.append(texts)
        items = []
    return found


def last_or_all(found: list[list[str]], wanted: int) -> list[str]:
    """Return the last list, or all where each is only a part of what was asked for."""
    if not found:
        return []
    are_parts = max(map(len, found)) == 1 or max(map(len, found)) < 0.6 * wanted
    return [text for texts in found for text in texts] if are_parts else found[-1]


def groups_of(value: Any, names: tuple[str, ...] = ()) -> Iterator[Group]:
    """Yield the lists of texts in a value that are no thinking."""
    if len(names) > DEEPEST:
        return
    if isinstance(value, str):
        yield from _groups_of_text(value, names)
    elif isinstance(value, list):
        yield from _groups_of_list(value, names)
    elif isinstance(value, dict) and not ("properties" in value and "type" in value):  # else our schema, sent back
        yield from _groups_of_object(value, names)


def _groups_of_text(text: str, names: tuple[str, ...]) -> Iterator[Group]:
    if text.lstrip()[:1] in ("{", "["):
        for value in values_in(text):
            yield from groups_of(value, (*names, ""))
    elif "\n" in text:
        for run in runs_of_lines(text):
            if len(run) > 1:
                yield Group(names, run)


def _groups_of_object(value: dict[str, Any], names: tuple[str, ...]) -> Iterator[Group]:
    if value and all(map(_NUMBERED.fullmatch, value)):
        yield from _groups_of_list(list(value.values()), (*names, *_common_name(value)))
        return
    asking = [name for name in value if is_like_question(name)]
    if asking and 2 * len(asking) >= len(value):
        yield Group((*names, "existing"), asking)  # with their answers, perhaps; facts of a product look the same
    for name, part in value.items():
        if is_thinking(name):
            continue
        if isinstance(part, str) and _OF_QUESTIONS.search(name) and name.lower().endswith("s") and "\n" not in part:
            part = [part] if is_like_question(part) and part.lstrip()[:1] not in ("{", "[") else part
        yield from groups_of(part, (*names, name))


def _common_name(value: dict[str, Any]) -> tuple[str, ...]:
    first = next(iter(value)).rstrip("0123456789 _-")
    return (first,) if first else ()


def _groups_of_list(items: list[Any], names: tuple[str, ...]) -> Iterator[Group]:
    items = [part for item in items for part in _unpacked(item)]
    field = _field([item for item in items if isinstance(item, dict)])
    texts, rest = [], []
    for item in items:
        text = (None if _holds_lists(item) else _text_of(item, field)) if isinstance(item, dict) else item
        if isinstance(text, str):
            texts.append(text)
        else:
            rest.append(item)
    if texts:
        yield Group((*names, field) if field else names, texts)
    for item in rest:
        yield from groups_of(item, (*names, ""))


def _holds_lists(item: dict[str, Any]) -> bool:
    """Return whether an item is a topic with its own list of questions."""
    return any(isinstance(value, list) and _OF_QUESTIONS.search(name) for name, value in item.items()) or (
        any(isinstance(value, list) for value in item.values())
        and not any(isinstance(value, str) and is_like_question(value) for value in item.values())
    )


def _unpacked(item: Any) -> Iterable[Any]:
    """Return what an item holds: JSON in a string, several lines in a string, an object around the text."""
    if not isinstance(item, str):
        return (item,)
    if item.lstrip()[:1] == "{" and item.rstrip()[-1:] == "}":
        return tuple(values_in(item)) or (item,)
    runs = runs_of_lines(item) if "\n" in item else []
    return runs[0] if len(runs) == 1 and len(runs[0]) > 1 else (item,)


def _field(items: list[dict[str, Any]]) -> str:
    """Return the field that holds the questions over all these items, or nothing."""
    likely: Counter[str] = Counter()
    texts: Counter[str] = Counter()
    for item in items:
        for name, value in item.items():
            text = _inner(value)
            if isinstance(text, str) and not is_no_text(name):
                texts[name] += 1
                likely[name] += is_like_question(text) or (bool(_OF_QUESTIONS.search(name)) and len(text.split()) > 2)
    named = [name for name in texts if _OF_QUESTIONS.search(name) and 2 * likely[name] >= texts[name]]
    if named:
        return max(named, key=likely.__getitem__)
    usual = [name for name in texts if name.lower() in _USUAL]
    candidates = usual if len(items) == 1 and len(texts) > 1 else list(texts)
    if not candidates:
        return ""
    best = max(candidates, key=lambda name: (likely[name], -_USUAL.index(name.lower()) if name in usual else -99))
    return best if likely[best] or best in usual or len(texts) == 1 else ""


def _text_of(item: dict[str, Any], field: str) -> str | None:
    """Return the text of an item: its field, or in one that lacks it another that looks like a question."""
    if isinstance(text := _inner(item.get(field)), str):
        return text
    for name, value in item.items():
        if isinstance(text := _inner(value), str) and is_like_question(text) and not is_no_text(name):
            return text
    return None


def _inner(value: Any) -> Any:
    """Return the text within an object of its own: `{"question": {"text": "…"}}`."""
    if isinstance(value, dict):
        return next((value[name] for name in _USUAL if isinstance(value.get(name), str)), None)
    return value


def chosen(groups: list[Group], asked: str = "") -> list[str]:
    """Return the texts of the lists that hold the questions.

    Args:
        groups: all lists of a value.
        asked: the type of the questions that were asked for; lists that are named by another one are left out.
    """
    groups = [group for group in groups if any(any(map(str.isalnum, text)) for text in group.texts)]
    groups = [group for group in groups if 2 * group.likely >= len(group.texts)] or [g for g in groups if g.likely]
    others = frozenset(("product", "market")) - {asked}
    if asked and any(asked in group.words for group in groups):
        groups = [group for group in groups if asked in group.words or not others & group.words]
    for is_better in (_is_strong, _is_final, _is_named):
        groups = list(filter(is_better, groups)) or groups
    return [text for group in groups for text in group.texts]


def chosen_without_marks(groups: list[Group], _asked: str = "") -> list[str]:
    """Return the texts of lists of sentences, where no text has a question mark; each is judged later."""
    groups = [group for group in groups if any(map(_is_sentence, group.texts))]
    groups = [group for group in groups if group.is_named] or groups[:1]
    return [text for group in groups for text in group.texts]


def _is_sentence(text: str) -> bool:
    return len(text.split()) > 2 or (not text.isascii() and len(text) > 3)


def _is_strong(group: Group) -> bool:
    return not _WEAK & group.words


def _is_final(group: Group) -> bool:
    return bool(_FINAL & group.words)


def _is_named(group: Group) -> bool:
    return group.is_named


def is_thinking(name: str) -> bool:
    """Return whether what stands under this name is the model's thinking."""
    words = _words(name)
    return name.lower() in _THINKING or (bool(words) and words[0] in ("draft", "thinking", "initial", "reasoning"))


def is_no_text(name: str) -> bool:
    """Return whether the text of an item cannot stand under this name."""
    return name.lower() in _NO_TEXT


def _words(name: str) -> list[str]:
    return _WORDS.findall(_HUMP.sub(" ", name).lower())
