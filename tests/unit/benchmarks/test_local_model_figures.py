"""What the benchmark of a local model draws, counts and prints."""

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.local_model import drawn, table
from benchmarks.local_model_figures import figures_of
from benchmarks.local_model_server import Reply
from benchmarks.local_model_ways import Item
from query_generator.models import Product, QueryType, Question

BOOT = Product("Ridge Hiking Boot", "Daybird", "Shoes > Hiking boots")


def catalog(folder: Path, name: str, names: list[str]) -> str:
    """The path of a catalog with products of these names."""
    path = folder / name
    path.write_text(json.dumps([{"name": one} for one in names]), encoding="utf-8")
    return str(path)


def item(*texts: str, query_type: QueryType = QueryType.MARKET, dropped: dict[str, int] | None = None) -> Item:
    """What a way has brought for the boot."""
    return Item(BOOT, query_type, [Question(text) for text in texts], Counter(dropped or {}))


def test_products_are_drawn_evenly_and_the_same_by_one_seed(tmp_path: Path) -> None:
    """As many from each catalog, the first ones having one more; none twice, however often a file repeats it."""
    first = catalog(tmp_path, "first.json", [*(f"boot {number}" for number in range(30)), *["boot 1"] * 30])
    second = catalog(tmp_path, "second.json", [f"lamp {number}" for number in range(30)])
    names = [product.name for product in drawn([first, second], 13, 1)]
    assert [name.split()[0] for name in names] == ["boot"] * 7 + ["lamp"] * 6
    assert len(set(names)) == 13
    assert [product.name for product in drawn([first, second], 13, 1)] == names
    assert [product.name for product in drawn([first, second], 13, 2)] != names


def test_more_products_than_a_catalog_has_are_an_error(tmp_path: Path) -> None:
    """Never a smaller comparison than was asked for."""
    with pytest.raises(ValueError, match="larger than population"):
        drawn([catalog(tmp_path, "small.json", ["boot", "lamp"])], 3, 1)


def test_tokens_of_all_replies_count_used_or_not() -> None:
    """A reply that was cut, or of no use, was paid for as well."""
    replies = [Reply("p", "", 300, is_cut=True), Reply("p", "", 100, is_cut=False)]
    told = figures_of({"plan": [item("Which boots are light?", "Which boots last?")]}, {"plan": replies}, 2)["plan"]
    assert (told["calls"], told["replies cut for length"], told["output tokens"]) == (2, 1, 400)
    assert (told["accepted"], told["accepted per 1,000 output tokens"]) == (2, 5.0)


def test_an_item_is_complete_with_what_was_wanted() -> None:
    """Dropped texts are added up by reason over all items."""
    items = [item("Which boots are light?", dropped={"surplus": 2}), item(dropped={"surplus": 1, "markup": 4})]
    told = figures_of({"plan": items}, {"plan": []}, 1)["plan"]
    assert (told["items"], told["items complete"]) == (2, 1)
    assert (told["dropped: surplus"], told["dropped: markup"]) == (3, 4)
    assert told["accepted per 1,000 output tokens"] is None


def test_texts_of_ways_without_a_plan_are_held_against_the_checks() -> None:
    """What no check has seen may not pass for accepted silently."""
    told = figures_of({"naive": [item("Is this product light?", "Which boots are light?")]}, {"naive": []}, 2)["naive"]
    assert told["accepted that today's checks refuse"] == 1


def test_diversity_is_compared_at_equal_length_without_the_names() -> None:
    """The longer set is cut, since longer ones repeat more; a name in each question is no repetition."""
    varied = ["Which boots are light?", "Do leather soles last in snow?", "What do walkers pay for good laces?"]
    named = [f"Is the Daybird Ridge Hiking Boot {word}?" for word in ("light", "warm", "dry")]
    items = {"long": [item(*varied)], "short": [item(*varied[:2])], "named": [item(*named)]}
    told = figures_of(items, {way: [] for way in items}, 3)
    assert told["short"]["words compared"] == 10
    assert all(figures["words compared"] is not None and figures["words compared"] <= 10 for figures in told.values())
    assert told["long"]["distinct_2"] == told["short"]["distinct_2"] == 1.0
    assert told["named"]["market_naming"] == 1.0
    assert told["long"]["market_naming"] == 0.0


def test_the_table_has_a_column_for_each_way_and_a_line_for_each_figure() -> None:
    """A figure that a way has not is a dash, not a zero."""
    lines = table({"naive": {"calls": 1_234, "share": 0.5}, "plan": {"calls": 5, "share": None, "coverage": 12.34}})
    heads, *rows = [line.split() for line in lines.splitlines()]
    assert heads == ["naive", "plan"]
    assert rows == [["calls", "1,234", "5"], ["share", "0.500", "-"], ["coverage", "-", "12.3"]]
