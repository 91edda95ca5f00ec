"""The form that a request asks the answer to have: its JSON schema and its limit of output tokens."""

from collections.abc import Mapping
from typing import Any

from query_generator.llm.base import GenerationRequest
from query_generator.models import SlotGroup, Style

_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
# No minItems or maxItems: Gemini refuses schemas whose arrays bound too many states, so the count is in the prompt.
QUESTIONS_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"questions": _LIST}, "required": ["questions"]}

# More than twice what a prompt asks for. No pattern: a forced question mark makes what a weak model states look like a
# question, which no check can tell, and llama.cpp lets a pattern's text go on beyond its quotation mark.
LONGEST = {Style.SHORT: 120, Style.PLAIN: 240, Style.CONVERSATIONAL: 480}  # characters

# A question of a plain list takes 15.0 tokens and one of a group 15.6, measured; other scripts take up to four times as
# many, and the names of groups some more.
TOKENS_A_QUESTION = 60
TOKENS_BESIDES = 200
ROOM_FOR_THINKING = 4_096
"""Tokens for a model that thinks before it answers, where that counts as output."""


def answer_schema(
    request: GenerationRequest, *, closed: bool = False, bounded: bool = False, measured: bool = False
) -> dict[str, Any]:
    """Return the JSON schema of the answer: one array of strings for each group, or a single one.

    Args:
        request: what is asked for.
        closed: forbid other properties, as OpenAI and Anthropic demand.
        bounded: bound each array by the number that is asked for.
        measured: bound each string too, by the style of its group, which ends the loops of a weak model.
    """
    if not request.groups:
        schema = QUESTIONS_SCHEMA
    else:
        keys = [group.key for group in request.groups]
        strings = [_string(group) if measured else _LIST["items"] for group in request.groups]
        bounds = [{"maxItems": asked} if bounded else {} for asked in request.asked]
        lists = [{"type": "array", "items": one, **bound} for one, bound in zip(strings, bounds, strict=True)]
        schema = {"type": "object", "properties": dict(zip(keys, lists, strict=True)), "required": keys}
    return {**schema, "additionalProperties": False} if closed else schema


def _string(group: SlotGroup) -> dict[str, Any]:
    return {"type": "string", "maxLength": LONGEST[group.facets.style]}


class OutputLimit:
    """The limit of output tokens of each call. It grows with what is asked for, so that a loop ends soon.

    A model of which it is not known whether it thinks gets room for that until an answer shows that it does not.
    """

    def __init__(self, *, thinks: bool | None = True) -> None:
        """Tell whether the model thinks; None: not known yet."""
        self._thinks = thinks

    def of(self, request: GenerationRequest) -> int:
        """Return the limit of one call, in tokens."""
        if request.opener is not None and self._thinks is not True:
            return TOKENS_A_QUESTION
        room = 0 if self._thinks is False else ROOM_FOR_THINKING
        return TOKENS_A_QUESTION * request.asked_in_all + TOKENS_BESIDES + room

    def learn(self, *, thought: bool) -> None:
        """Take from a whole answer whether the model thinks, if that was not known; once it does, it may again."""
        if thought or self._thinks is None:
            self._thinks = thought


def thought_tokens(usage: Mapping[str, Any] | object, *path: str) -> bool:
    """Return whether a reply's usage tells tokens of thinking at a path of names."""
    for name in path:
        usage = usage.get(name) if isinstance(usage, Mapping) else None
    return isinstance(usage, int) and usage > 0
