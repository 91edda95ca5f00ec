"""What a reply reports of itself, its model and the tokens that it bills, is read here for all providers.

A good reply is kept whatever it reports. A model's name that cannot be one is that of the model which was asked. Tokens
that cannot be read are UNREADABLE, and the meter counts an estimate in their place: by the prompt, and by the length of
the answer where there is one.
"""

import re
from collections.abc import Sequence

from query_generator.llm.base import BYTES_A_TOKEN, Usage

LONGEST_NAME = 255  # characters of a model's name
MOST_TOKENS = 10_000_000  # of a call: no model reads or writes as many
_DIGITS = re.compile(r"[0-9]{1,9}")  # protocol buffers write large numbers as text
UNREADABLE = Usage(-1, -1, -1)


def model_of(reported: object, asked: str) -> str:
    """Return the model that a reply names, or the one that was asked."""
    return str(reported) if can_be_name(reported) else asked


def can_be_name(reported: object) -> bool:
    """Return whether this can be the name of a model."""
    return isinstance(reported, str) and 0 < len(reported) <= LONGEST_NAME and reported.isprintable()


def usage_in(reported: object, prompt: Sequence[str], output: Sequence[str], cached: str) -> Usage:
    """Return the tokens that a reply bills, or UNREADABLE.

    Args:
        reported: the object of the reply that holds the counts; None holds none.
        prompt: names of the counts of the prompt's tokens, which are added up; dots lead to objects within objects.
        output: likewise for the reply's tokens.
        cached: the count of the prompt's tokens that came from the vendor's cache.
    """
    try:
        return usage_of_counts(
            [_value(reported, name) for name in prompt],
            [_value(reported, name) for name in output],
            _value(reported, cached),
        )
    except ValueError:
        return UNREADABLE


def usage_of_counts(prompt: Sequence[object], output: Sequence[object], cached: object) -> Usage:
    """Return the sums of counts of tokens, or UNREADABLE if one is no count or the prompt would have had no token."""
    try:
        usage = Usage(sum(map(_count, prompt)), sum(map(_count, output)), _count(cached))
    except ValueError:
        return UNREADABLE
    is_possible = 0 < usage.prompt_tokens <= MOST_TOKENS and usage.output_tokens <= MOST_TOKENS
    return usage if is_possible and usage.cached_tokens <= usage.prompt_tokens else UNREADABLE


def measured(usage: Usage, answer: object) -> Usage:
    """Return the tokens of a reply; where they cannot be read, no count but the length of the answer in tokens."""
    return usage if usage.prompt_tokens >= 0 else Usage(-1, -(-_written(answer) // BYTES_A_TOKEN), -1)


def _written(answer: object) -> int:
    """Return the bytes of all texts in an answer, thinking included."""
    size, rest = 0, [answer]
    while rest:
        part = rest.pop()
        if isinstance(part, str):
            size += len(part.encode(errors="replace"))
        elif isinstance(part, list | dict):
            rest += part.values() if isinstance(part, dict) else part
    return size


def _value(reported: object, name: str) -> object:
    value = reported
    for part in name.split("."):
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ValueError(name)
        value = value.get(part)
    return value


def _count(value: object) -> int:
    if value is None:
        return 0
    if (isinstance(value, float) and value.is_integer()) or (isinstance(value, str) and _DIGITS.fullmatch(value)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_TOKENS:
        raise ValueError(value)
    return value
