"""Reads what a question needs to know: a product's weight, its care, its price. Pure. `needs.json` lists the needs."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any, NamedTuple

import Stemmer

from query_generator.questions.standardize import comparison_key

WORDS_REMEMBERED = 20_000  # some 3 MB

_SENTENCE_END = re.compile(r"[.!。！…]\s+")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ARTICLES = frozenset(["the", "a", "an"])


class NeedKind(StrEnum):
    """Who can answer: a field of a product page, the shop, people who know it, or any description."""

    ATTRIBUTE = "attribute"
    SHOP = "shop"
    OPINION = "opinion"
    OVERVIEW = "overview"


class Phrases(NamedTuple):
    """Words of one need, as stems; `parts` are texts of scripts without spaces between words."""

    stems: tuple[tuple[str, ...], ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """A need, see `needs.json`; `first_said` are the first stems of what `says` holds."""

    name: str
    kind: NeedKind
    is_weak: bool
    is_specific: bool
    fields: Phrases
    says: Phrases
    first_said: frozenset[str]
    units: frozenset[str]


class Asked(NamedTuple):
    """What a question asks for.

    `needs` are in the order of the text, `triggers` the stems that told each. `content` are the stems that carry
    meaning. `is_closed`: it is answered by yes or no; `asks_how`: by telling how, why, where or when.
    """

    stems: tuple[str, ...]
    needs: tuple[Need, ...]
    triggers: Mapping[str, tuple[tuple[str, ...], ...]]
    content: frozenset[str]
    is_closed: bool
    asks_how: bool

    @property
    def need(self) -> Need | None:
        """What is asked for first."""
        return self.needs[0] if self.needs else None


class _Stems(dict[str, str]):
    """The English stem of each word; words of other languages are cut in the same way wherever they stand."""

    def __init__(self) -> None:
        super().__init__()
        self._stemmer: Any = Stemmer.Stemmer("english")
        self._lock = Lock()  # a stemmer has one buffer

    def __missing__(self, word: str) -> str:
        if len(self) >= WORDS_REMEMBERED:
            self.clear()
        with self._lock:
            stem: str = self._stemmer.stemWord(word)
        self[word] = stem
        return stem


_STEMS = _Stems()


def stems_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words without articles."""
    read = _STEMS
    return tuple([read[word] for word in comparison_key(text).split() if word not in _ARTICLES])


def is_spaceless(text: str) -> bool:
    """Whether a text holds letters of a script without spaces between words."""
    return not text.isascii() and _SPACELESS.search(text) is not None


class _Trigger(NamedTuple):
    stems: tuple[str, ...]
    is_set: bool
    need: Need


class _Lists(NamedTuple):
    triggers: Mapping[str, tuple[_Trigger, ...]]
    parts: Mapping[str, Need]
    any_part: re.Pattern[str]
    closed: frozenset[str]
    how: frozenset[str]
    framing: frozenset[str]


@cache
def lists() -> _Lists:
    """Return what `needs.json` tells; triggers by their first stem, sets of words by their last, longest first."""
    data = json.loads((files(__package__) / "needs.json").read_text(encoding="utf-8"))
    parts: dict[str, Need] = {}
    triggers: dict[str, list[_Trigger]] = {}
    for name, entry in data["needs"].items():
        says = _phrases(entry.get("says", ()))
        need = Need(
            name,
            NeedKind(entry.get("kind", "attribute")),
            entry.get("weak", False),
            entry.get("specific", False),
            _phrases(entry.get("fields", ())),
            says,
            frozenset(stems[0] for stems in says.stems),
            frozenset(entry.get("units", ())),
        )
        for phrase in entry["asks"]:
            if is_spaceless(phrase):
                parts[phrase] = need
                continue
            stems = stems_of(phrase.replace("+", " "))
            anchor = stems[-1] if "+" in phrase else stems[0]
            triggers.setdefault(anchor, []).append(_Trigger(stems, "+" in phrase, need))
    for found in triggers.values():
        found.sort(key=lambda trigger: -len(trigger.stems))
    any_part = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    closed, how, framing = (frozenset(stems_of(data[key])) for key in ("closed", "how", "framing"))
    by_anchor = {key: tuple(found) for key, found in triggers.items()}
    return _Lists(by_anchor, parts, any_part, closed, how, framing)


def _phrases(entries: Iterable[str]) -> Phrases:
    entries = tuple(entries)
    return Phrases(
        tuple(stems_of(entry) for entry in entries if not is_spaceless(entry)), tuple(filter(is_spaceless, entries))
    )


def asked(text: str) -> Asked:
    """Read a question in which the product's name is left out or masked by `_`.

    Of several sentences the last one asks; what it needs may stand in those before.
    """
    sentences = _SENTENCE_END.split(text.rstrip())
    last = sentences[-1]
    found = _asked(last)
    if len(sentences) > 1 and not found.needs:
        before = _asked(text)
        found = found._replace(needs=before.needs, triggers=before.triggers)
    return found


def _asked(text: str) -> Asked:
    data = lists()
    stems = stems_of(text)
    found = _triggered(stems, data)
    if is_spaceless(text):
        for part in data.any_part.findall(text):
            found.setdefault(data.parts[part], []).append((part,))
    needs = _first_of_all(found)
    opener = stems[0] if stems else ""
    return Asked(
        stems,
        needs,
        {need.name: tuple(found[need]) for need in needs},
        frozenset(stems) - data.framing,
        opener in data.closed,
        opener in data.how,
    )


def _triggered(stems: tuple[str, ...], data: _Lists) -> dict[Need, list[tuple[str, ...]]]:
    found: dict[Need, list[tuple[str, ...]]] = {}
    end = 0
    for at, stem in enumerate(stems):
        triggers = data.triggers.get(stem)
        if triggers is None:
            continue
        longest = 0
        for trigger in triggers:
            length = len(trigger.stems)
            if trigger.is_set:
                if all(other in stems for other in trigger.stems):
                    found.setdefault(trigger.need, []).append(trigger.stems)
            elif at >= end and length >= longest and stems[at : at + length] == trigger.stems:
                found.setdefault(trigger.need, []).append(trigger.stems)
                longest = length
        end = max(end, at + longest)
    return found


def _first_of_all(found: Iterable[Need]) -> tuple[Need, ...]:
    """Return the needs that a question is about: an opinion about a price is an opinion, a strong need beats a weak."""
    needs = tuple(found)
    for kind in (NeedKind.OPINION, NeedKind.SHOP):
        if some := tuple(need for need in needs if need.kind is kind):
            return some
    attributes = tuple(need for need in needs if need.kind is NeedKind.ATTRIBUTE)
    return tuple(need for need in attributes if not need.is_weak) or attributes or needs
