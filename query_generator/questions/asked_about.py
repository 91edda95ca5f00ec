"""The words of a question that a field has to hold before it answers, beside those that tell a need. Pure.

"Do the zippers break easily on long trips" is about zippers. What follows a preposition tells what for, where and when,
and what follows "when" or "if" under what circumstances: less has to be said of those. `asking_words.json` lists the
words.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from query_generator.questions.needs import lists
from query_generator.questions.stems import stems_of

MOST_OF_ALTERNATIVE = 3  # words

_COMMON, _PREPOSITION, _CIRCUMSTANCE = range(3)  # what a word does: little, or it begins a part of the question


class _Words(NamedTuple):
    roles: dict[str, int]
    alike: dict[str, frozenset[str]]
    numbers: frozenset[str]


class About(NamedTuple):
    """What a question is about, as stems without those of the product's title."""

    things: frozenset[str]
    uses: frozenset[str]  # what for, where, with what
    numbers: frozenset[str]
    alternatives: tuple[frozenset[str], ...] = ()  # "metal or plastic": one of them answers

    @property
    def all(self) -> frozenset[str]:
        """All words that carry meaning."""
        return self.things.union(self.uses, *self.alternatives)


@cache
def _words() -> _Words:
    data = json.loads((files(__package__) / "asking_words.json").read_text(encoding="utf-8"))
    read = lists()
    roles = dict.fromkeys((*read.framing, *read.open_or_closed, *stems_of(data["common"])), _COMMON)
    roles |= dict.fromkeys(stems_of(data["prepositions"]), _PREPOSITION)
    roles |= dict.fromkeys(stems_of(data["circumstances"]), _CIRCUMSTANCE)
    groups = [frozenset(stems_of(group)) for group in data["alike"]]
    alike = {
        stem: frozenset[str]().union(*(group for group in groups if stem in group))
        for group in groups
        for stem in group
    }
    return _Words(roles, alike, frozenset(stems_of(data["numbers"])))


def about(stems: Sequence[str], title: Collection[str]) -> About:
    """Read what a question is about."""
    words = _words()
    things: list[str] = []
    uses: list[str] = []
    numbers: list[str] = []
    place = things
    roles = words.roles
    for stem in stems:
        role = roles.get(stem)
        if role is None:
            if stem not in title:
                (numbers if stem.isdigit() else place).append(stem)
        elif role and things:
            if role == _CIRCUMSTANCE:
                break
            place = uses
    found = About(frozenset(things), frozenset(uses), frozenset(numbers))
    return found if lists().alternatives.isdisjoint(stems) else _parted(found, stems, words)


def _parted(found: About, stems: Sequence[str], words: _Words) -> About:
    at = next(index for index, stem in enumerate(stems) if stem in lists().alternatives)
    last = _run(stems[at + 1 :], words.roles)
    first = _run(stems[at - 1 :: -1] if at else (), words.roles)[: len(last) or 1]
    sides = tuple([frozenset(side) for side in (first, last) if side])
    return About(found.things.difference(first, last), frozenset(), found.numbers, sides)


def _run(stems: Sequence[str], roles: Collection[str]) -> list[str]:
    """Return the first words beside each other that carry meaning."""
    run: list[str] = []
    for stem in stems:
        if stem not in roles:
            run.append(stem)
        elif run:
            break
    return run[:MOST_OF_ALTERNATIVE]


def with_others(stems: Iterable[str]) -> frozenset[str]:
    """Return stems with those of other words for them."""
    alike = _words().alike
    words = frozenset(stems)
    return words.union(*[alike[stem] for stem in words if stem in alike])


def is_number(stem: str) -> bool:
    """Whether a stem is a number, in digits or as a word."""
    return stem.isdigit() or stem in _words().numbers


def holds(words: Collection[str], wanted: Iterable[str]) -> bool:
    """Whether all that is wanted, or another word for it, is among the words of a field."""
    for stem in wanted:
        if stem not in words:
            others = _words().alike.get(stem)
            if others is None or others.isdisjoint(words):
                return False
    return True
