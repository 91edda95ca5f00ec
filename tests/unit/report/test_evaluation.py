"""The gate, the table and the plot of an evaluation."""

from xml.etree import ElementTree

import pytest

from query_generator.errors import ConfigurationError
from query_generator.questions.evaluate import KEYS, SHARES, Figures
from query_generator.report.evaluation import failures, plot, table, thresholds


def told(**some: float | None) -> Figures:
    """Figures of which some are given; the others are unknown."""
    return dict.fromkeys(KEYS) | some


@pytest.mark.parametrize(
    "word", ["near_duplicates", "near_duplicates=", "near_duplicates=few", "self_bleu=nan", "self_bleu=-1"]
)
def test_a_threshold_needs_a_number(word: str) -> None:
    """A value that is none would let everything pass."""
    with pytest.raises(ConfigurationError, match="number of 0 or more"):
        thresholds([word])


def test_an_unknown_figure_is_refused_and_the_known_ones_are_named() -> None:
    """A misspelled key would gate nothing."""
    with pytest.raises(ConfigurationError, match=r"near_dupes.*near_duplicates"):
        thresholds(["near_dupes=0.1"])


def test_a_threshold_on_what_cannot_be_told_is_refused() -> None:
    """An unknown figure has not passed a gate."""
    with pytest.raises(ConfigurationError, match="contradictions"):
        failures(told(), thresholds(["contradictions=0.01"]))


def test_a_threshold_is_passed_in_the_direction_that_is_worse() -> None:
    """Duplicates may be at most as many, coverage at least as much; the limit itself is right."""
    figures = told(near_duplicates=0.02, facet_coverage=0.9)
    assert failures(figures, thresholds(["near_duplicates=0.02", "facet_coverage=0.9"])) == []
    assert failures(figures, thresholds(["near_duplicates=0.01", "facet_coverage=0.95"])) == [
        "near_duplicates is 0.02, more than 0.01",
        "facet_coverage is 0.9, less than 0.95",
    ]


def test_the_table_has_each_figure_and_tells_unknown_ones_from_zero() -> None:
    """An unknown figure is a dash; shares of a single set have bars."""
    lines = table({"a.json": told(products=12, near_duplicates=0.0, distinct_2=0.5)}).splitlines()
    rows = {line.split()[0]: line.replace("↑", "").replace("↓", "").split()[1:] for line in lines[1:]}
    assert tuple(rows) == KEYS
    assert rows["products"] == ["12"]
    assert rows["near_duplicates"] == ["0.0000"]
    assert rows["distinct_2"] == ["0.5000", "#" * 10]
    assert rows["contradictions"] == ["-"]


def test_two_sets_stand_side_by_side() -> None:
    """Each has a column under its name."""
    lines = table({"a.json": told(questions=3), "b.json": told(questions=1200)}).splitlines()
    assert lines[0].split() == ["a.json", "b.json"]
    assert lines[2].split() == ["questions", "↑", "3", "1200"]
    assert len({line.rindex(" ") for line in lines[:1]}) == 1


def test_the_plot_is_an_svg_in_which_a_name_stays_text() -> None:
    """A file's name cannot add elements; unknown shares of both are left out."""
    name = "<script>x</script>.json"
    drawn = plot({name: told(distinct_2=0.5), "b": told(distinct_2=1.0, self_bleu=0.25)})
    root = ElementTree.fromstring(drawn)
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert name in texts
    assert [text for text in texts if text in SHARES] == ["distinct_2", "self_bleu"]
    assert "-" in texts
