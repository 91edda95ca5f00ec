"""The form that a request asks the answer to have: its JSON schema and its limit of output tokens."""

from collections.abc import Mapping
from typing import Any

from query_generator.llm.base import GenerationRequest

_LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_QUESTION: dict[str, Any] = {"type": "string", "pattern": r"^[^?]{8,200}\?$"}
# No minItems or maxItems: Gemini refuses schemas whose arrays bound too many states, so the count is in the prompt.
QUESTIONS_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"questions": _LIST}, "required": ["questions"]}

# A question of a plain list takes 15.0 tokens and one of a group 15.6, measured; other scripts take up to four times as
# many, and the names of groups some more.
TOKENS_A_QUESTION = 60
TOKENS_BESIDES = 200
ROOM_FOR_THINKING = 4_096
"""Tokens for a model that thinks before it answers, where that counts as output."""


def answer_schema(request: GenerationRequest, *, closed: bool = False, bounded: bool = False) -> dict[str, Any]:
    """Return the JSON schema of the answer: one array of strings for each group, or a single one.

    Args:
        request: what is asked for.
        closed: forbid other properties, as OpenAI and Anthropic demand.
        bounded: bound each array by the number that is asked for, and end each string with a question mark, which keeps
            a weak model from going on without end and from writing facts.
    """
    if not request.groups:
        schema = QUESTIONS_SCHEMA
    else:
        keys = [group.key for group in request.groups]
        bound: dict[str, Any] = {"type": "array", "items": _QUESTION}
        lists = [{**bound, "maxItems": asked} if bounded else _LIST for asked in request.asked]
        schema = {"type": "object", "properties": dict(zip(keys, lists, strict=True)), "required": keys}
    return {**schema, "additionalProperties": False} if closed else schema


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
