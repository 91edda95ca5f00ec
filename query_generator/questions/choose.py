"""Chooses the questions to keep from somewhat more than are wanted. Pure, and the same each time."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from query_generator.models import SlotGroup
from query_generator.questions.checks import comparison_key


class Candidate(NamedTuple):
    """An accepted question, and the key of the group that it was written for; "" if of none.

    One that `is_stored` is kept before others, so that another job finds the same questions again; one that
    `is_off_style` goes first where there are too many.
    """

    text: str
    key: str = ""
    is_stored: bool = False
    is_off_style: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The outcome of a choice; each candidate is in `kept` or in `surplus`, in the order in which they were given.

    `missing` are the groups that lack questions, with the counts that they lack. `misplaced` are those of `kept` that
    stand in for a question of another group, with that group.
    """

    kept: tuple[Candidate, ...]
    surplus: tuple[Candidate, ...]
    missing: tuple[SlotGroup, ...]
    misplaced: tuple[tuple[Candidate, SlotGroup], ...] = ()


def _words_of(text: str) -> Collection[str]:
    return frozenset(comparison_key(text).split())


def choose(
    candidates: Sequence[Candidate],
    groups: Sequence[SlotGroup],
    wanted: int,
    *,
    words_of: Callable[[str], Collection[str]] = _words_of,
    kept: Iterable[str] = (),
) -> Chosen:
    """Keep at most `wanted` candidates: of each group at most its count, and of those the ones that share least.

    Args:
        candidates: accepted questions, no near copies among them.
        groups: what is wanted now; a later round hands in the `missing` of the one before.
        wanted: upper bound of all together, in questions.
        words_of: content words of a question, as `NearCopies.words_of`; all of its words by default.
        kept: questions that are kept already; candidates that share words with them come last.

    A candidate of no group, or above its group's count, is surplus; see `filled`. If `wanted` is less than the counts
    of all groups, what shares most is surplus whatever its group.
    """
    nearness = _Nearness(candidates, words_of, kept)
    present: dict[str, list[int]] = {group.key: [] for group in groups}
    for place, candidate in enumerate(candidates):
        if candidate.key in present:
            present[candidate.key].append(place)
        else:
            nearness.drop(place)
    for group in groups:
        nearness.reduce(present[group.key], group.count)
    staying = [place for places in present.values() for place in places]
    nearness.reduce(staying, wanted)
    stays = set(staying)
    chosen = tuple(candidate for place, candidate in enumerate(candidates) if place in stays)
    surplus = tuple(candidate for place, candidate in enumerate(candidates) if place not in stays)
    return Chosen(chosen, surplus, missing(groups, Counter(candidate.key for candidate in chosen)))


def missing(groups: Iterable[SlotGroup], have_by_key: Mapping[str, int]) -> tuple[SlotGroup, ...]:
    """Return the groups that have fewer questions than their count, each with the count that it lacks."""
    lacks = ((group, group.count - have_by_key.get(group.key, 0)) for group in groups)
    return tuple(replace(group, count=lack) for group, lack in lacks if lack > 0)


def filled(
    chosen: Chosen, groups: Sequence[SlotGroup], wanted: int, fits: Callable[[Candidate, SlotGroup], bool]
) -> Chosen:
    """Fill what is missing from the surplus: with questions of no group, or at last with those of other groups.

    A stand-in keeps its own key, and so the facets that it was written for. It is taken for the missing group that
    these agree with best, being branded or not above all; candidates of no known group are taken last. What is still
    missing stays in `missing`.

    Args:
        chosen: the outcome of `choose`.
        groups: what was wanted.
        wanted: upper bound of all together, in questions.
        fits: whether a candidate may stand in for one of a group.
    """
    by_key = {group.key: group for group in groups}
    kept, surplus = list(chosen.kept), list(chosen.surplus)
    misplaced, still = list(chosen.misplaced), []
    for lack in chosen.missing:
        count = lack.count
        fitting = [candidate for candidate in surplus if fits(candidate, lack)]
        while count and fitting and len(kept) < wanted:
            stand_in = max(fitting, key=lambda candidate: _agreement(by_key.get(candidate.key), lack, candidate))
            fitting.remove(stand_in)
            surplus.remove(stand_in)
            kept.append(stand_in)
            misplaced.append((stand_in, replace(lack, count=1)))
            count -= 1
        if count:
            still.append(replace(lack, count=count))
    return Chosen(tuple(kept), tuple(surplus), tuple(still), tuple(misplaced))


def _agreement(group: SlotGroup | None, lack: SlotGroup, candidate: Candidate) -> tuple[bool, bool, int]:
    if group is None:
        return candidate.is_stored, False, -1
    ours, theirs = group.facets, lack.facets
    same = (ours.intent == theirs.intent, ours.stage == theirs.stage, ours.style == theirs.style)
    return candidate.is_stored, ours.branded == theirs.branded, sum(same) + (ours.persona == theirs.persona)


class _Nearness:
    """How much a candidate has in common with all others that are still there: the mean count of its content words."""

    def __init__(
        self, candidates: Sequence[Candidate], words_of: Callable[[str], Collection[str]], kept: Iterable[str]
    ) -> None:
        self._rank = [(not candidate.is_stored, candidate.is_off_style) for candidate in candidates]
        self._words = [words_of(candidate.text) for candidate in candidates]
        self._counts = Counter(chain(chain.from_iterable(self._words), chain.from_iterable(map(words_of, kept))))

    def drop(self, place: int) -> None:
        for word in self._words[place]:
            self._counts[word] -= 1

    def reduce(self, places: list[int], count: int) -> None:
        """Drop places until `count` are left, each time the nearest that is not stored; of equal ones the last.

        Those that are off their style go before others.
        """
        while len(places) > count:
            nearest = max(places, key=lambda place: (self._rank[place], self._of(place), place))
            places.remove(nearest)
            self.drop(nearest)

    def _of(self, place: int) -> float:
        words = self._words[place]
        return sum(map(self._counts.__getitem__, words)) / len(words) if words else 0.0
