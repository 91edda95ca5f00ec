"""Folds texts for comparison, so that accents, case, look-alike letters and invisible marks make no difference.

`look_alikes.json` lists letters of other scripts by the Latin letters that they look like. They are those of Unicode's
`confusables.txt` (UTS 39, version 13) that NFKD does not fold. A letter is folded by its small form or, if only its
capital looks Latin, by that, in both cases, so that `ВОДА` and `вода` stay one word.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

KEPT_SIGNS = "&+"  # they carry meaning in names: "H&M", "A+"
_DROPPED_SIGNS = "'’‘ʼ`´′"  # "men's" is "mens", "L'Oréal" is "loreal"
_LOOK_ALIKES = Path(__file__).with_name("look_alikes.json")
# Small letters that look like another Latin letter than their capitals do; only beside Latin letters are they meant so.
_GREEK_SMALL = {"ν": "v", "η": "n", "υ": "u"}
_GREEK_BESIDE_LATIN = re.compile(r"(?<=[A-Za-z])[νηυ]|[νηυ](?=[A-Za-z])")
# Marks on letters that only help reading. Other scripts' marks are vowels and stay.
_ACCENTS = ((0x0300, 0x036F), (0x0591, 0x05BD), (0x064B, 0x065F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF))
_ASCII_SIGNS = "".join(
    character.lower() if character.isalnum() or character in KEPT_SIGNS else " " for character in map(chr, range(128))
)
_ASCII = dict(enumerate(_ASCII_SIGNS)) | {ord("'"): None, ord("`"): None}


def skeleton(text: str) -> str:
    """Return the letters and digits of a text in plain lower case, words apart by one space.

    Compatibility forms, accents of Latin, Greek, Cyrillic, Hebrew and Arabic letters, case, and letters that look like
    Latin ones are folded; apostrophes and invisible characters vanish; all other signs but `&` and `+` part words.
    Texts of other scripts keep their letters and vowel signs. Made for comparing, not for showing. Never raises.
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    mixed = _GREEK_BESIDE_LATIN.sub(lambda found: _GREEK_SMALL[found.group()], text)
    folded = unicodedata.normalize("NFKD", mixed).casefold().translate(_folding())
    return " ".join(unicodedata.normalize("NFC", folded).split())


class _Folding(dict[int, str]):
    """What each character becomes, found on first use; at most one entry for each character of Unicode."""

    def __missing__(self, codepoint: int) -> str:
        self[codepoint] = folded = _folded(chr(codepoint))
        return folded


@cache
def _folding() -> _Folding:
    letters: dict[str, str] = json.loads(_LOOK_ALIKES.read_text(encoding="utf-8"))
    return _Folding({ord(character): plain for plain, characters in letters.items() for character in characters})


def _folded(character: str) -> str:
    if character in _DROPPED_SIGNS or any(first <= ord(character) <= last for first, last in _ACCENTS):
        return ""
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return character if category[0] in "LMN" or character in KEPT_SIGNS else " "
