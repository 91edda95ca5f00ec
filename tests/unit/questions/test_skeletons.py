"""Spellings that look alike are one text when texts are compared."""

import pytest

from query_generator.questions.skeletons import skeleton


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Daybird", "daybird"),
        ("  DAY-bird®  Boot ", "day bird boot"),
        ("Ðаyвird", "daybird"),
        ("Аррlе", "apple"),
        ("ΝΙΚE", "nike"),
        ("ΝΙΚΕ", "nike"),
        ("νans", "vans"),
        ("Crème Brûlée", "creme brulee"),
        ("L'Oréal’s", "loreals"),
        ("Ｓｏｎｙ", "sony"),
        ("𝐒𝐨𝐧𝐲", "sony"),
        ("So\u200bny", "sony"),
        ("So\u00adny", "sony"),
        ("Nestle\u0301", "nestle"),
        ("Straße", "strasse"),
        ("Smörgås & Łódź A+", "smorgas & lodz a+"),
        ("½ l", "1 2 l"),
        ("H&M", "h&m"),
    ],
)
def test_spellings_that_look_alike_are_one(text: str, folded: str) -> None:
    """Accents, case, full-width and styled letters, look-alikes of other scripts and hidden characters are folded."""
    assert skeleton(text) == folded


@pytest.mark.parametrize("text", ["กันชน", "电池能用多久", "カバーは付きますか", "배터리는 얼마나", "क्या यह जलरोधी है"])
def test_letters_and_vowels_of_other_scripts_stay(text: str) -> None:
    """A text in Thai, Chinese, Japanese, Korean or Hindi is still itself."""
    assert skeleton(text) == text


def test_case_makes_no_difference_in_any_script() -> None:
    """A word in capitals is the word in small letters, also where only the capital looks like a Latin letter."""
    for word in ("вода", "красный", "νέα", "καλό", "jalapeño", "ærø"):
        assert skeleton(word.upper()) == skeleton(word)


def test_folding_again_changes_nothing() -> None:
    """A skeleton is its own skeleton, so that stored ones can be compared."""
    for text in ("Ðаyвird & Söhne", "½ l à 3,50 €", "Straße", "ﬁnd", "กันน้ำ", "ＡＢＣ①"):
        assert skeleton(skeleton(text)) == skeleton(text)
