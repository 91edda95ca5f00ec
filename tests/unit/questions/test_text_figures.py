"""Figures of variety, against values worked out by hand and against what the measures are defined by."""

import random

import pytest

from query_generator.questions.text_figures import compression_ratio, cut, distinct, sampled, self_bleu, words_of


def test_words_are_those_of_the_script() -> None:
    """Case and marks make no other words; a script without spaces is counted by its signs."""
    assert words_of("Is IT Waterproof?") == ["is", "it", "waterproof"]
    assert words_of("防水吗？") == ["防", "水", "吗"]
    assert words_of("Пылесос для дома?") == ["пылесос", "для", "дома"]
    assert words_of("साइकिल कैसी है?") == ["साइकिल", "कैसी", "है"]


def test_distinct_2_is_the_share_of_different_pairs() -> None:
    """`a b a b` has the pairs ab, ba, ab: two of three; pairs do not reach over the end of a text."""
    assert distinct([["a", "b", "a", "b"]], 2) == pytest.approx(2 / 3, abs=1e-4)
    assert distinct([["a", "b"], ["c", "d"]], 2) == 1.0
    assert distinct([["a"]], 2) is None


def test_self_bleu_is_one_for_equal_texts_and_near_nothing_for_unrelated_ones() -> None:
    """Texts are held against the others of their list alone."""
    text, other = ["is", "it", "safe", "for", "small", "children"], ["which", "shoe", "runs", "wide", "at", "toe"]
    assert self_bleu([[text, text, text]]) == 1.0
    assert self_bleu([[text, other]]) == 0.0
    assert self_bleu([[text], [text]]) is None


def test_self_bleu_by_hand() -> None:
    """Two texts of four words that share the first two: 2/4 words, then (1+1)/(3+1), (0+1)/(2+1), (0+1)/(1+1)."""
    expected = (2 / 4 * 2 / 4 * 1 / 3 * 1 / 2) ** 0.25
    texts = [["is", "it", "safe", "today"], ["is", "it", "cheap", "now"]]
    assert self_bleu([texts]) == pytest.approx(expected, abs=1e-4)


def test_texts_that_repeat_each_other_compress_better() -> None:
    """The same question with one word swapped compresses several times better than unrelated words."""
    draw = random.Random(1)
    swapped = [["does", "it", "keep", "its", str(number), "after", "a", "year"] for number in range(200)]
    unrelated = [[f"{draw.getrandbits(40):x}" for _ in range(8)] for _ in range(200)]
    alike, unlike = compression_ratio(swapped), compression_ratio(unrelated)
    assert alike is not None
    assert unlike is not None
    assert alike > 3 * unlike
    assert compression_ratio([]) is None


def test_a_sample_depends_on_the_texts_alone() -> None:
    """The same texts in another order give the same sample; fewer than the limit are all taken, in their order."""
    texts = [f"Question {number}?" for number in range(50)]
    shuffled = random.Random(2).sample(texts, len(texts))
    assert sampled(texts, 10) == sampled(shuffled, 10)
    assert len(set(sampled(texts, 10))) == 10
    assert sampled(shuffled, 50) == shuffled


def test_texts_are_cut_at_whole_texts() -> None:
    """The first texts that fit are kept; none is cut in two."""
    assert cut([["a", "b"], ["c", "d"], ["e"]], 3) == [["a", "b"]]
    assert cut([["a", "b"], ["c"]], 3) == [["a", "b"], ["c"]]
