"""When `make eval` says that a figure has changed, and the catalogs that it looks at."""

import json

import pytest

from benchmarks.evaluation import BASELINE, SHARE_BAND, WRITERS, catalogs, evaluated, outside
from query_generator.questions.evaluate import KEYS, Figures
from query_generator.questions.order import Order
from tests.support.nasty_catalogs import FOLDER, colour_variants, nasty_catalogs


def told(**some: float | None) -> Figures:
    """Figures of which some are given; the others are unknown."""
    return dict.fromkeys(KEYS) | some


@pytest.mark.parametrize(
    ("now", "then", "is_outside"),
    [
        ({"near_duplicates": 0.01}, {"near_duplicates": 0.0}, False),
        ({"near_duplicates": SHARE_BAND + 0.001}, {"near_duplicates": 0.0}, True),
        ({"near_duplicates": None}, {"near_duplicates": 0.0}, True),
        ({"short_lists": 1}, {"short_lists": 0}, True),
        ({"compression_ratio": 3.1}, {"compression_ratio": 3.0}, False),
        ({"compression_ratio": 3.3}, {"compression_ratio": 3.0}, True),
    ],
)
def test_a_figure_may_move_within_its_band_alone(
    now: dict[str, float | None], then: dict[str, float | None], is_outside: bool
) -> None:
    """A figure that becomes unknown has left its band as well."""
    assert bool(list(outside("examples", told(**now), told(**then)))) == is_outside


def test_the_baseline_has_every_catalog_and_writer() -> None:
    """None is left out of the gate, and none is held against nothing."""
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    assert set(baseline) == {"examples job", *(f"{catalog} {writer}" for catalog in catalogs() for writer in WRITERS)}
    assert all(tuple(figures) == KEYS for figures in baseline.values())


def test_the_nasty_catalogs_are_what_they_say() -> None:
    """Small files; 200 colours of one product that differ in nothing else; every product has a name of its own."""
    variants = colour_variants()
    assert len({record["name"] for record in variants}) == 200
    assert len({(record["brand"], record["price"]) for record in variants}) == 1
    for records in nasty_catalogs().values():
        assert len({record["name"] for record in records}) == len(records)
    assert all(path.stat().st_size < 60_000 for path in FOLDER.glob("nasty_*.json"))


def test_a_model_that_can_is_asked_until_the_lists_are_full() -> None:
    """With a good model the examples have all their questions, as planned, none twice."""
    figures, dropped = evaluated(catalogs()["examples"][:2], WRITERS["good"], Order(10))
    assert (figures["questions"], figures["short_lists"], figures["exact_duplicates"]) == (40, 0, 0.0)
    assert figures["facet_coverage"] == 1.0
    assert set(dropped) <= {"surplus", "near_copy"}
