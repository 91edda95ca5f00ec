"""Whether a question repeats the prompt or speaks as an assistant. Pure.

`leaked_words.json` lists phrases in the form of a comparison key, by reason; `openers` of an assistant's reply,
`labels` with which a model says who speaks or what a question is for, and what it is `announcing` before a colon.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from query_generator.questions.language_words import telling_of
from query_generator.questions.standardize import comparison_key, keyed

LONGEST_OPENING = 80  # characters, before which its sign stands
_OPENS = re.compile(r"[!:|)\].。–—-](?:(?<=[!:|)\].。])[^?]|(?<=\s[-–—])\s)")
LEAK, ECHO = "prompt_leak", "instruction_echo"  # the first is told where a question has both faults
ECHO_WORDS = 5  # as many words in the order of an instruction are no chance; shorter runs are in common speech


@dataclass(frozen=True, slots=True)
class _Leaks:
    telling: frozenset[str]  # every phrase holds one of these
    phrases: dict[tuple[str, ...], list[tuple[str, str]]]  # with their reasons, by their first two words
    echo: re.Pattern[str]
    leak: re.Pattern[str]
    opening: re.Pattern[str]
    announcing: re.Pattern[str]


@cache
def _leaks() -> _Leaks:
    data: dict[str, list[str]] = json.loads(Path(__file__).with_name("leaked_words.json").read_text(encoding="utf-8"))
    labels = "|".join(data["labels"])
    keys = [(keyed(phrase), reason) for reason in (LEAK, ECHO) for phrase in data[reason]]
    phrases: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for phrase, reason in keys:
        phrases.setdefault(phrase.words[:2], []).append((f" {phrase.key} ", reason))
    return _Leaks(
        telling_of([phrase.words[: max(2, len(phrase.words) - 1)] for phrase, _ in keys]),  # the last may be "prompt+"
        phrases,
        _any_of(data[ECHO]),
        _any_of(data[LEAK]),
        re.compile(
            rf"(?:{'|'.join(data['openers'])})(?:\s?[!:.。]\s?|\s[-–—]\s)\S|[(\[]?(?:{labels})(?:\s?[:|]|[)\]])\s?\S"
        ),
        re.compile(rf"[^:?]{{0,40}}\b(?:{'|'.join(data['announcing'])})\b[^:?]{{0,30}}:"),
    )


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    latin = "|".join(comparison_key(phrase) for phrase in phrases if phrase.isascii() or " " in phrase)
    other = "|".join(phrase for phrase in phrases if not (phrase.isascii() or " " in phrase))
    return re.compile(rf"\b(?:{latin})\b|{other}" if other else rf"\b(?:{latin})\b")


class _Told(NamedTuple):
    telling: frozenset[str]  # every run holds one of these
    runs: frozenset[tuple[str, ...]]


@lru_cache(maxsize=64)
def _told_runs(told: tuple[str, ...]) -> _Told:
    """The runs of ECHO_WORDS words of instructions."""
    texts = [keyed(text).words for text in told]
    runs = {run for words in texts for run in zip(*(words[at:] for at in range(ECHO_WORDS)), strict=False)}
    return _Told(telling_of(runs), frozenset(runs))


def echo_fault(question: str, key: str, words: Sequence[str], told: tuple[str, ...]) -> str:
    """Tell whether a question repeats an instruction or speaks as a model: instruction_echo, prompt_leak or "".

    Args:
        question: the standardized text.
        key: its comparison key.
        words: the words of the key.
        told: the instructions of the prompt.
    """
    if _OPENS.search(question, 0, LONGEST_OPENING):
        leaks, lowered = _leaks(), question.lower()
        if leaks.opening.match(lowered) or (":" in lowered and leaks.announcing.match(lowered)):
            return LEAK
    if reason := _phrase_fault(key, words):
        return reason
    runs = _told_runs(told)
    if not runs.telling.isdisjoint(words) and not runs.runs.isdisjoint(
        zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)
    ):
        return ECHO
    return ""


def _phrase_fault(key: str, words: Sequence[str]) -> str:
    """Tell whether a key holds one of the phrases; in plain English words it is enough to look at those begun."""
    leaks = _leaks()
    if key.isascii() and leaks.telling.isdisjoint(words):
        return ""
    if key.isascii() and key.replace(" ", "").isalnum():
        text = f" {key} "
        begun = leaks.phrases.keys() & {*pairwise(words), *zip(words, strict=True)}
        found = {reason for beginning in begun for phrase, reason in leaks.phrases[beginning] if phrase in text}
        return LEAK if LEAK in found else ECHO if found else ""
    if leaks.leak.search(key):
        return LEAK
    return ECHO if leaks.echo.search(key) else ""
