"""Folded tokens, where they stand, and how words of other scripts sound."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query_generator.questions.name_folding import fold, located, sound_key
from query_generator.questions.name_matching import sounds_like


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("WH-1000XM5", ["wh", "1000", "xm", "5"]),
        ("L'Oréal", ["loreal"]),
        ("Ｓｏｎｙ", ["sony"]),
        ("So\u200bny", ["sony"]),
        ("索尼WH", ["索", "尼", "wh"]),
        ("H&M", ["h", "m"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_letters_digits_and_signs_of_spaceless_scripts(text: str, tokens: list[str]) -> None:
    """What stands between the parts of a name, case, accents and hidden marks make no difference."""
    assert fold(text) == tokens


@settings(deadline=None)
@given(st.text(max_size=60))
def test_each_token_knows_where_it_stands(text: str) -> None:
    """Tokens come in order, each within the text and none empty."""
    place = 0
    for token, start, end in located(text):
        assert token
        assert place <= start < end <= len(text)
        place = start


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_tokens_of_plain_texts_are_their_runs_of_letters_and_of_digits(text: str) -> None:
    """Of an ASCII text each token is a longest run, in small letters, and stands where it is said to."""
    runs = [(run[0].lower(), *run.span()) for run in re.finditer(r"[A-Za-z]+|[0-9]+", text)]
    assert located(text) == runs
    assert fold(text) == [word for word, _, _ in runs]


@pytest.mark.parametrize(
    ("brand", "heard"),
    [
        ("Sony", "Сони"),
        ("Sony", "ソニー"),
        ("Samsung", "Самсунг"),
        ("Samsung", "Самсунгами"),
        ("Samsung", "サムスン"),
        ("Philips", "Филипс"),
        ("Yandex", "Яндекс"),
        ("Lavazza", "Лавацца"),
        ("Korres", "Κορρές"),
    ],
)
def test_a_brand_sounds_alike_in_other_scripts(brand: str, heard: str) -> None:
    """A brand is recognized by its sound in Cyrillic, Greek and katakana letters, with a case ending, too."""
    assert sounds_like(sound_key(heard), sound_key(brand))


@pytest.mark.parametrize(("brand", "heard"), [("Sony", "Смартфон"), ("Puma", "Сумка"), ("Canon", "Камера")])
def test_other_words_of_other_scripts_sound_different(brand: str, heard: str) -> None:
    """Ordinary words of a language are no brands."""
    assert not sounds_like(sound_key(heard), sound_key(brand))
