"""Reads what a question needs to know: a product's weight, its care, its price. Pure. `needs.json` lists the needs."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from threading import Lock
from typing import Any, NamedTuple

import Stemmer

from query_generator.questions.standardize import keyed

WORDS_REMEMBERED = 20_000  # some 3 MB

_SENTENCE_END = re.compile(r"[.!。！…]\s+")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
LEAST_ABLE = 7  # letters of a stem
_NO_ABLE = frozenset(["portabl"])
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
    """A need, see `needs.json`; `rank` is -1 for a weak one, 1 for a strong one.

    `first_said` are the first stems of what `says` holds.
    """

    name: str
    kind: NeedKind
    rank: int
    is_specific: bool
    is_list: bool
    fields: Phrases
    says: Phrases
    first_said: frozenset[str]
    units: frozenset[str]


class Asked(NamedTuple):
    """What a question asks for: the needs in the order of the text, and the stems that tell each."""

    stems: tuple[str, ...]
    needs: tuple[Need, ...]
    triggers: Mapping[Need, Sequence[Collection[str]]]

    @property
    def need(self) -> Need | None:
        """What is asked for first."""
        return self.needs[0] if self.needs else None

    @property
    def content(self) -> frozenset[str]:
        """The stems that carry meaning."""
        return frozenset(self.stems) - lists().framing

    @property
    def is_closed(self) -> bool:
        """Whether it is answered by yes or no: "is there no sugar in it", "juice with no sugar"."""
        read = lists()
        if not self.stems or self.stems[0] in read.closed:
            return bool(self.stems)
        return not read.without.isdisjoint(self.stems) and read.open.isdisjoint(self.stems)

    @property
    def asks_why(self) -> bool:
        """Whether it is answered by a reason."""
        return bool(self.stems) and self.stems[0] in lists().why

    @property
    def asks_how(self) -> bool:
        """Whether it is answered by telling how, why, where, when or who."""
        return bool(self.stems) and self.stems[0] in lists().how


class _Stems(dict[str, str]):
    """The English stem of each word; words of other languages are cut in the same way wherever they stand.

    What is "dimmable" can be "dimmed": the stems of both are the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stemmer: Any = Stemmer.Stemmer("english")
        self._lock = Lock()  # a stemmer has one buffer

    def __missing__(self, word: str) -> str:
        if len(self) >= WORDS_REMEMBERED:
            self.clear()
        with self._lock:
            stem: str = self._stemmer.stemWord(word)
        if stem.endswith("abl") and len(stem) >= LEAST_ABLE and stem not in _NO_ABLE:
            stem = stem[:-3]
            stem = stem[:-1] if stem[-1] == stem[-2] and stem[-1] in "bdgmnprt" else stem
        self[word] = stem
        return stem


_STEMS = _Stems()


def stems_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words without articles."""
    read = _STEMS
    return tuple([read[word] for word in keyed(text).words if word not in _ARTICLES])


@cache
def values_known() -> frozenset[str]:
    """Return the stems of single words that tell what is needed: colors, materials, connections."""
    needs = {need for at in lists().triggers.values() for need in at.alone}
    return frozenset(phrase[0] for need in needs for phrase in need.says.stems if len(phrase) == 1)


def is_spaceless(text: str) -> bool:
    """Whether a text holds letters of a script without spaces between words."""
    return not text.isascii() and _SPACELESS.search(text) is not None


class _At(NamedTuple):
    """What a stem may tell: alone, with those that follow it (by the second), or with others anywhere."""

    alone: list[Need]
    longer: dict[str, list[tuple[tuple[str, ...], Need]]]
    sets: list[tuple[frozenset[str], Need]]


class _Lists(NamedTuple):
    triggers: Mapping[str, _At]
    parts: Mapping[str, Need]
    any_part: re.Pattern[str]
    closed: frozenset[str]
    how: frozenset[str]
    why: frozenset[str]
    open: frozenset[str]
    without: frozenset[str]
    framing: frozenset[str]


@cache
def lists() -> _Lists:
    """Return what `needs.json` tells; triggers by their first stem, sets of words by their last, longest first."""
    data = json.loads((files(__package__) / "needs.json").read_text(encoding="utf-8"))
    parts: dict[str, Need] = {}
    triggers: dict[str, _At] = {}
    for name, entry in data["needs"].items():
        need = _need(name, entry)
        for phrase in entry["asks"]:
            if is_spaceless(phrase):
                parts[phrase] = need
            else:
                _add(triggers, stems_of(phrase.replace("+", " ")), need, is_set="+" in phrase)
    for at in triggers.values():
        for found in at.longer.values():
            found.sort(key=lambda entry: -len(entry[0]))
    any_part = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    words = (frozenset(stems_of(data[key])) for key in ("closed", "how", "why", "open", "without", "framing"))
    return _Lists(triggers, parts, any_part, *words)


def _add(triggers: dict[str, _At], stems: tuple[str, ...], need: Need, *, is_set: bool) -> None:
    at = triggers.setdefault(stems[-1] if is_set else stems[0], _At([], {}, []))
    if is_set:
        at.sets.append((frozenset(stems), need))
    elif len(stems) == 1:
        at.alone.append(need)
    else:
        at.longer.setdefault(stems[1], []).append((stems, need))


def _need(name: str, entry: Mapping[str, Any]) -> Need:
    says = _phrases(entry.get("says", ()))
    return Need(
        name,
        NeedKind(entry.get("kind", "attribute")),
        entry.get("strong", False) - entry.get("weak", False),
        entry.get("specific", False),
        entry.get("list", False),
        _phrases(entry.get("fields", ())),
        says,
        frozenset(stems[0] for stems in says.stems),
        frozenset(entry.get("units", ())),
    )


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
    found = _asked(sentences[-1])
    if len(sentences) > 1 and not found.needs:
        before = _asked(text)
        found = found._replace(needs=before.needs, triggers=before.triggers)
    return found


def _asked(text: str) -> Asked:
    stems = stems_of(text)
    found = _triggered(stems)
    if is_spaceless(text):
        data = lists()
        for part in data.any_part.findall(text):
            found.setdefault(data.parts[part], []).append((part,))
    return Asked(stems, _first_of_all(tuple(found)), found)


def _triggered(stems: tuple[str, ...]) -> dict[Need, list[Collection[str]]]:
    """Return the needs with the words that tell each; words of a longer phrase tell nothing else."""
    triggers = lists().triggers
    found: dict[Need, list[Collection[str]]] = {}
    present, end = set(stems), 0
    for position in [position for position, stem in enumerate(stems) if stem in triggers]:
        at = triggers[stems[position]]
        for others, need in at.sets:
            if others <= present:
                found.setdefault(need, []).append(others)
        if position < end:
            continue
        longest = 1
        for phrase, need in at.longer.get(stems[position + 1], ()) if position + 1 < len(stems) else ():
            length = len(phrase)
            if length >= longest and stems[position : position + length] == phrase:
                found.setdefault(need, []).append(phrase)
                longest = length
        if longest > 1:
            end = position + longest
            continue
        for need in at.alone:
            found.setdefault(need, []).append(stems[position : position + 1])
    return found


def _first_of_all(needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """Return the needs that a question is about: an opinion about a price is an opinion, a strong need beats a weak."""
    if len(needs) < 2:
        return needs
    for kind in (NeedKind.OPINION, NeedKind.SHOP):
        if some := tuple(need for need in needs if need.kind is kind):
            return some
    attributes = tuple(need for need in needs if need.kind is NeedKind.ATTRIBUTE)
    highest = max((need.rank for need in attributes), default=0)
    return tuple(need for need in attributes if need.rank == highest) or needs
