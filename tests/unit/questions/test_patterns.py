"""The share of questions that are the same with the name swapped, and overused patterns, in bounded memory."""

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from query_generator.questions import patterns as module
from query_generator.questions.patterns import Patterns


def test_the_same_question_of_two_products_is_shared() -> None:
    """Case and punctuation make no difference; a question of one product alone is its own."""
    patterns = Patterns()
    patterns.add("a", ["Is _ warm?", "How heavy is _?"])
    patterns.add("b", ["is _ warm", "Does _ float?"])
    assert patterns.questions == 4
    assert patterns.share == 0.5


def test_two_questions_of_one_product_are_not_shared() -> None:
    """Neither in one call nor in two."""
    patterns = Patterns()
    patterns.add("a", ["Is _ warm?", "Is _ warm?"])
    patterns.add("a", ["Is _ warm?"])
    assert patterns.share == pytest.approx(0.5)  # the two calls hold one question each, of one product
    assert patterns.overused(5) == ()
    assert Patterns().share == 0


def test_overused_patterns_are_named_by_use() -> None:
    """The most used first, with their own spelling; those of few products are not overused."""
    patterns = Patterns()
    for product in range(20):
        patterns.add(f"p{product}", ["Is _ warm?", f"Is it number {product}?", *(["Is _ red?"] * (product < 6))])
        patterns.add(f"p{product}", ["Is _ warm?"])
    assert patterns.overused(5) == ("Is _ warm?", "Is _ red?")
    assert patterns.overused(1) == ("Is _ warm?",)


def test_one_product_does_not_overuse_a_pattern() -> None:
    """However often it asks: in how many products a pattern is used is what counts."""
    patterns = Patterns()
    for call in range(40):
        patterns.add(f"p{call // 10}", ["Is _ warm?"])
    assert patterns.overused(5) == ()


def test_a_pattern_that_was_forgotten_for_a_while_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Used by a few products at the start and a few at the end, with thousands of other questions between."""
    monkeypatch.setattr(module, "COUNTED", 200)
    patterns = Patterns()
    for product in range(912):
        rare = product < 6 or product >= 906
        patterns.add(f"p{product}", ["Is _ rare?" if rare else f"Is {product} enough?", f"Is {product} too much?"])
    assert "Is _ rare?" in patterns.overused(1000)


def many(patterns: Patterns, products: int, first: int = 0) -> None:
    """Products of ten questions: three that all share, one that every tenth shares, six of their own."""
    for product in range(first, first + products):
        own = [f"Is {product * 10 + number} a good number for _?" for number in range(6 + (product % 10 > 0))]
        tenth = ["Why is _ a tenth?"] if product % 10 == 0 else []
        patterns.add(f"p{product}", ["Is _ warm?", "Is _ red?", "Is _ big?", *tenth, *own])


def test_the_share_of_a_large_catalog_is_an_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """When there are more patterns than places the share is near, and no overused pattern is missed."""
    monkeypatch.setattr(module, "SAMPLED", 1000)
    monkeypatch.setattr(module, "COUNTED", 1000)
    patterns = Patterns()
    many(patterns, 3000)
    assert patterns.share == pytest.approx(0.31, abs=0.1)
    assert set(patterns.overused(10)) >= {"Is _ warm?", "Is _ red?", "Is _ big?", "Why is _ a tenth?"}


def test_memory_does_not_grow_with_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty times the products take no more than the tables hold."""
    monkeypatch.setattr(module, "SAMPLED", 500)
    monkeypatch.setattr(module, "COUNTED", 500)
    tracemalloc.start()
    try:
        patterns = Patterns()
        many(patterns, 4000)
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


def test_runs_are_merged() -> None:
    """What two runs saved as JSON tells what one run of all would have told."""
    one, other, whole = Patterns(), Patterns(), Patterns()
    many(one, 20)
    many(other, 20, first=20)
    many(whole, 40)
    merged = Patterns.from_dict(json.loads(json.dumps(one.as_dict())))
    merged.merge(json.loads(json.dumps(other.as_dict())))
    assert merged.questions == whole.questions
    assert merged.share == pytest.approx(whole.share)
    assert merged.overused(3) == whole.overused(3)


def test_what_is_saved_is_small() -> None:
    """Tens of kilobytes, whatever the catalog; the share stays near."""
    patterns = Patterns()
    many(patterns, 2000)
    saved = json.dumps(patterns.as_dict())
    assert len(saved) < 40_000
    assert Patterns.from_dict(json.loads(saved)).share == pytest.approx(patterns.share, abs=0.06)


@pytest.mark.parametrize("saved", [{}, {"questions": "x"}, {**Patterns().as_dict(), "sample": [["zz", "1"]]}])
def test_what_is_no_summary_is_refused(saved: dict[str, object]) -> None:
    """And nothing of it is added."""
    patterns = Patterns()
    with pytest.raises((KeyError, TypeError, ValueError)):
        patterns.merge(saved)
    assert patterns.questions == 0


def test_threads_lose_nothing() -> None:
    """Workers count into one table."""
    patterns = Patterns()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda product: patterns.add(f"p{product}", ["Is _ warm?", f"Is it {product}?"]), range(400)))
    assert patterns.questions == 800
    assert patterns.share == 0.5


def test_any_text_is_a_pattern() -> None:
    """Marks alone, half a surrogate pair, nothing."""
    patterns = Patterns()
    patterns.add("a", ["", "???", "\ud800?"])
    patterns.add("b", ["", "???", "\ud800?"])
    assert patterns.share == 1
    assert patterns.questions == 6
