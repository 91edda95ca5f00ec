"""Cuts texts into folded tokens whose places are known, and spells other scripts in Latin letters. Pure.

A token is a run of Latin letters, a run of digits, one letter of a script that is written without spaces (Chinese,
Japanese, Korean, Thai), or a run of letters of any other script. So `WH-1000XM5` is `wh 1000 xm 5`, and a name is
found again whatever stands between its parts.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from query_generator.questions.skeletons import skeleton

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_INDIC = "\u0900-\u0963\u0966-\u0dff"  # letters with vowel signs, which are no letters to `re`
_ASCII_TOKEN = re.compile(r"[a-z]+|[0-9]+")
_TOKEN = re.compile(rf"[a-z]+|[0-9]+|[{_SPACELESS}]|(?:[^\W_a-z0-9{_SPACELESS}]|[{_INDIC}])+")
_PIECE_OF_ONE = re.compile(f"[{_SPACELESS}]")
_ARABIC_ARTICLE = re.compile(r"(?<!\w)ال(?=\w{3})")
_HINDI_VARIANTS = re.compile("[\u0901\u093c\u094d]")
_HINDI_NASAL = re.compile("[ङञणनम]\u094d(?=[क-ह])")
_HINDI_FOLDING = {0x0901: "\u0902", 0x093C: None, 0x094D: None}
_THAI_SILENT = re.compile("[\u0e01-\u0e2e]\u0e4c")
_PIECE = re.compile(rf"[{_SPACELESS}]|[^\s{_SPACELESS}]+")
_FOREIGN_RUN = re.compile(r"[\u0370-\u052f\u1f00-\u1fff]+|[\u30a0-\u30ffｦ-ﾟ]+")
_LETTER_SOUNDS = Path(__file__).with_name("letter_sounds.json")
_SOUNDS = (("ph", "f"), ("sch", "s"), ("sh", "s"), ("ch", "c"), ("ck", "k"), ("qu", "k"), ("x", "ks"), ("th", "t"))
_SOUND_LETTERS = str.maketrans(
    {"y": "i", "c": "k", "q": "k", "w": "v", "z": "s", "j": "i", "r": "l", "b": "b", "h": None}
)
_VOWELS = str.maketrans("f", "v", "aeiouh")
_DOUBLED = re.compile(r"(.)\1+")
_SPACED = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 for code in range(256))

Token = tuple[str, int, int]


def _plain(text: str) -> str:
    """Return the skeleton of a text in which each name is written in one way.

    Arabic words lose their article, which may stand before any name. Hindi ones lose the signs that a letter has no
    vowel or is a foreign sound, which many leave out, and nasals before a consonant become one sign.
    """
    plain = skeleton(text)
    if _HINDI_VARIANTS.search(plain):
        plain = _HINDI_NASAL.sub("\u0902", plain).translate(_HINDI_FOLDING)
    return _ARABIC_ARTICLE.sub("", plain) if "ال" in plain else plain


def fold(text: str) -> list[str]:
    """Return the folded tokens of a text, in order."""
    if text.isascii():
        words = text.encode().translate(_SPACED).decode().split()
        return words if "".join(words).isalpha() else _ASCII_TOKEN.findall(text.lower())
    return _TOKEN.findall(_plain(text))


def is_written_together(text: str) -> bool:
    """Return whether a text begins in a script without spaces between words."""
    return bool(_PIECE_OF_ONE.match(text))


def squeezed(text: str) -> str:
    """Return the folded letters and digits of a text, without anything between them."""
    return "".join(fold(text))


def located(text: str) -> list[Token]:
    """Return each folded token of a text with where it starts and ends there."""
    if text.isascii():
        return placed(text, fold(text))
    pieces = ((piece[0], piece.start()) for piece in _PIECE.finditer(text))
    return [(token, at + start, at + end) for piece, at in pieces for token, start, end in _located(piece)]


def placed(text: str, words: Iterable[str]) -> list[Token]:
    """Return the same for an ASCII text whose folded tokens are known."""
    lower, end, tokens = text.lower(), 0, []
    for word in words:
        start = lower.find(word, end)
        end = start + len(word)
        tokens.append((word, start, end))
    return tokens


@lru_cache(maxsize=4096)
def _located(piece: str) -> tuple[Token, ...]:
    """Return the same for a letter of a script without spaces, or for what stands between spaces or such letters."""
    tokens = _TOKEN.findall(_plain(piece))
    if len(tokens) > 1 and piece.isascii():
        return tuple((found[0], found.start(), found.end()) for found in _ASCII_TOKEN.finditer(piece.lower()))
    start, end = 0, len(piece)
    while start < end - 1 and not piece[start].isalnum():
        start += 1
    while start < end - 1 and not piece[end - 1].isalnum() and unicodedata.category(piece[end - 1])[0] != "M":
        end -= 1
    return tuple((token, start, end) for token in tokens)


def foreign_runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Return the runs of Cyrillic, Greek or katakana letters of a text, with where they start and end."""
    for found in _FOREIGN_RUN.finditer(text):
        yield found[0], found.start(), found.end()


@lru_cache(maxsize=4096)
def sound_key(word: str) -> str:
    """Return roughly how a word sounds, in Latin letters without case: the same for a name in several scripts.

    Vowels of katakana that stand between consonants only because the script needs them are kept: compare with a
    distance. "Sony", "Сони" and "ソニー" are `soni`. Of scripts without a rule here the letters stay.
    """
    plain = _THAI_SILENT.sub("", unicodedata.normalize("NFKC", word).lower()).translate(_spelled())
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", plain) if letter.isalnum()).translate(_spelled())
    for spelled, sound in _SOUNDS:
        plain = plain.replace(spelled, sound)
    return _DOUBLED.sub(r"\1", plain.translate(_SOUND_LETTERS))


def consonants(sound: str) -> str:
    """Return what is left of a sound without vowels, which Arabic does not write and others write as they like."""
    return sound.translate(_VOWELS)


@cache
def _spelled() -> dict[int, str]:
    """Return what each letter of the scripts that are listed sounds like in Latin letters."""
    scripts: dict[str, dict[str, str]] = json.loads(_LETTER_SOUNDS.read_text(encoding="utf-8"))
    return {ord(letter): latin for letters in scripts.values() for letter, latin in letters.items()}
