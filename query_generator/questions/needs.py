"""Reads what a question needs to know: a product's weight, its care, its price. Pure. `needs.json` lists the needs."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

from query_generator.questions.stems import is_spaceless, stems_of

_MAY_END = re.compile(r"[.!] ")
_SENTENCE_END = re.compile(r"[.!。！…]\s+(?![a-z])")
_WORDS = ("closed", "how", "why", "open", "where", "people", "amount", "amounts", "alternatives", "framing")


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
    is_free: bool
    is_amount: bool
    is_in_names: bool
    tells_how: bool
    fields: Phrases
    says: Phrases
    first_said: frozenset[str]
    units: frozenset[str]
    amounts: frozenset[str]


class Asked(NamedTuple):
    """What a question asks for: the needs in the order of the text, and the stems that tell each; and how it asks."""

    stems: tuple[str, ...]
    needs: tuple[Need, ...]
    triggers: Mapping[Need, Sequence[Collection[str]]]
    is_fragment: bool  # nothing tells how it asks: "juice with no sugar"
    is_closed: bool  # yes or no answers it, or would answer the fragment
    asks_how: bool  # how, why, where, when or who
    asks_where: bool
    asks_how_to: bool  # "how do I"
    asks_amount: bool  # only a number answers: "how many", "how cold"
    asks_why: bool
    asks_advice: bool  # a reason or a choice: "why", "the jacket or a coat with a hood"

    @property
    def need(self) -> Need | None:
        """What is asked for first."""
        return self.needs[0] if self.needs else None


@cache
def values_known() -> frozenset[str]:
    """Return the stems of single words that tell what is needed: colors, materials, connections."""
    needs = {need for at in lists().triggers.values() for need in at.alone}
    return frozenset(phrase[0] for need in needs for phrase in need.says.stems if len(phrase) == 1)


class _Longer(NamedTuple):
    """Phrases that begin with the same two stems; the longest come first."""

    lengths: list[int]
    needs: dict[tuple[str, ...], list[Need]]


class _At(NamedTuple):
    """What a stem may tell: alone, with those that follow it (by the second), or with others anywhere."""

    alone: list[Need]
    longer: dict[str, _Longer]
    sets: list[tuple[frozenset[str], Need]]


class _Lists(NamedTuple):
    triggers: Mapping[str, _At]
    parts: Mapping[str, Need]
    any_part: re.Pattern[str]
    closed: frozenset[str]
    how: frozenset[str]
    why: frozenset[str]
    open: frozenset[str]
    where: frozenset[str]
    people: frozenset[str]
    amount: frozenset[str]
    amounts: frozenset[str]
    alternatives: frozenset[str]
    framing: frozenset[str]
    open_or_closed: frozenset[str]


@cache
def lists() -> _Lists:
    """Return what `needs.json` tells; triggers by their first stem, sets of words by their last, longest first."""
    data = json.loads((files(__package__) / "needs.json").read_text(encoding="utf-8"))
    parts: dict[str, Need] = {}
    triggers: dict[str, _At] = {}
    for name, entry in data["needs"].items():
        need = _need(name, entry, data["needs"].get(entry.get("as"), entry))
        for phrase in entry["asks"]:
            if is_spaceless(phrase):
                parts[phrase] = need
            else:
                _add(triggers, stems_of(phrase.replace("+", " ")), need, is_set="+" in phrase)
    any_part = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    words = {key: frozenset(stems_of(data[key])) for key in _WORDS}
    return _Lists(triggers, parts, any_part, **words, open_or_closed=words["open"] | words["closed"])


def _add(triggers: dict[str, _At], stems: tuple[str, ...], need: Need, *, is_set: bool) -> None:
    at = triggers.setdefault(stems[-1] if is_set else stems[0], _At([], {}, []))
    if is_set:
        at.sets.append((frozenset(stems), need))
    elif len(stems) == 1:
        at.alone.append(need)
    else:
        longer = at.longer.setdefault(stems[1], _Longer([], {}))
        longer.needs.setdefault(stems, []).append(need)
        longer.lengths[:] = sorted({len(each) for each in longer.needs}, reverse=True)


def _need(name: str, entry: Mapping[str, Any], shared: Mapping[str, Any]) -> Need:
    says = _phrases(shared.get("says", ()))
    units = frozenset(shared.get("units", ()))
    return Need(
        entry.get("as", name),
        NeedKind(entry.get("kind", "attribute")),
        entry.get("strong", False) - entry.get("weak", False),
        entry.get("specific", False),
        entry.get("list", False),
        entry.get("free", False),
        entry.get("amount", False),
        entry.get("names", False),
        entry.get("how", False),
        _phrases(shared.get("fields", ())),
        says,
        frozenset(stems[0] for stems in says.stems),
        units,
        units | frozenset(shared.get("amounts", ())),
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
    sentences = (text,) if text.isascii() and not _MAY_END.search(text) else _SENTENCE_END.split(text.rstrip())
    found = _asked(sentences[-1])
    if len(sentences) > 1 and not found.needs:
        before = _asked(text)
        found = found._replace(needs=before.needs, triggers=before.triggers)
    return found


def _asked(text: str) -> Asked:
    read = lists()
    stems = stems_of(text)
    found = _triggered(stems, read.triggers)
    if is_of_parts := is_spaceless(text):
        for part in read.any_part.findall(text):
            found.setdefault(read.parts[part], []).append((part,))
    first = stems[0] if stems else ""
    is_closed = first in read.closed
    is_fragment = not (is_closed or is_of_parts) and read.open_or_closed.isdisjoint(stems)
    asks_how = first in read.how
    asks_why = first in read.why
    return Asked(
        stems,
        _first_of_all(tuple(found)) if len(found) > 1 else tuple(found),
        found,
        is_fragment,
        is_closed or is_fragment,
        asks_how,
        asks_how and first in read.where,
        asks_how and first in read.amount and len(stems) > 2 and stems[2] in read.people,
        not is_closed and not read.amount.isdisjoint(stems) and _asks_amount(stems, read),
        asks_why,
        asks_why or (is_fragment and not read.alternatives.isdisjoint(stems)),
    )


def _asks_amount(stems: tuple[str, ...], read: "_Lists") -> bool:
    for stem, after in pairwise(stems):
        if stem in read.amount:
            return after in read.amounts
    return False


def _triggered(stems: tuple[str, ...], triggers: Mapping[str, "_At"]) -> dict[Need, list[Collection[str]]]:
    """Return the needs with the words that tell each; words of a longer phrase tell nothing else."""
    found: dict[Need, list[Collection[str]]] = {}
    end, last = 0, len(stems) - 1
    for position, stem in enumerate(stems):
        at = triggers.get(stem)
        if at is None:
            continue
        for others, need in at.sets:
            if others.issubset(stems):
                found.setdefault(need, []).append(others)
        if position < end:
            continue
        if position < last and (longer := at.longer.get(stems[position + 1])):
            for length in longer.lengths:
                phrase = stems[position : position + length]
                if phrase in longer.needs:
                    end = position + length
                    for need in longer.needs[phrase]:
                        found.setdefault(need, []).append(phrase)
                    break
            if position < end:
                continue
        for need in at.alone:
            found.setdefault(need, []).append((stem,))
    return found


def _first_of_all(needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """Return the needs that a question is about: an opinion about a price is an opinion, a strong need beats a weak."""
    for kind in (NeedKind.OPINION, NeedKind.SHOP):
        if some := [need for need in needs if need.kind is kind]:
            return tuple(some)
    kind = NeedKind.ATTRIBUTE
    ranks = [need.rank for need in needs if need.kind is kind]
    if not ranks:
        return needs
    highest = max(ranks)
    return tuple([need for need in needs if need.rank == highest and need.kind is kind])
