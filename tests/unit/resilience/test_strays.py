"""Stray refusals are told from a limit that was met."""

import random
from collections.abc import Sequence

import pytest

from query_generator.resilience.strays import Strays


def judged(refused: Sequence[int], calls: int = 60, known_after: int = 0) -> list[bool]:
    """Start calls and refuse some, each when so many later ones have started; tells which refusals were stray ones."""
    strays, found = Strays(), []
    for number in range(calls + known_after):
        if number < calls:
            strays.started(float(number))
        if number - known_after in refused:
            found.append(strays.refused(float(number - known_after)))
    return found


@pytest.mark.parametrize("known_after", [0, 3, 10])
def test_refusals_far_from_each_other_are_strays(known_after: int) -> None:
    """One here and one there, whether the refusal comes at once or after later calls were sent."""
    assert judged([7], known_after=known_after) == [True]
    assert judged([0, 12, 30, 41], known_after=known_after) == [True] * 4


@pytest.mark.parametrize("known_after", [0, 3, 10])
def test_refusals_in_a_row_are_a_limit(known_after: int) -> None:
    """From the second one on, also of calls that were in flight when the first was refused."""
    assert judged([20, 21, 22, 23, 24], known_after=known_after) == [True, False, False, False, False]


@pytest.mark.parametrize("each", [2, 3, 4])
def test_a_service_that_takes_every_other_call_has_met_its_limit(each: int) -> None:
    """A bucket that fills at half of the rate refuses no two calls in a row, and is full all the same."""
    assert judged(range(0, 40, each))[1:] == [False] * (len(range(0, 40, each)) - 1)


def test_many_strays_are_a_limit() -> None:
    """Three of twenty, however far apart."""
    assert judged([10, 17, 25, 34]) == [True, True, False, False]


def test_a_refusal_that_comes_very_late_is_judged_too() -> None:
    """A call that was started long before the latest ones."""
    assert judged([5], known_after=50) == [True]


def test_of_refusals_by_chance_few_are_taken_for_a_limit() -> None:
    """A service that refuses one call in fifty for no reason is not left alone for that."""
    chance = random.Random(1)
    found = judged([number for number in range(20_000) if chance.random() < 0.02], 20_000)
    assert found.count(False) < 0.15 * len(found)


def test_a_second_row_soon_after_the_first_shows_a_lower_limit() -> None:
    """Late calls crowd a window once; refusals of calls from before the first row was known are still that row."""
    strays = Strays()
    assert strays.is_first_row(1.0, 2.0, 5.0)
    assert strays.is_first_row(1.5, 2.1, 5.0)
    assert not strays.is_first_row(7.0, 16.9, 5.0)
    assert strays.is_first_row(40.0, 40.1, 5.0)
