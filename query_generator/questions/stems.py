"""The stems of words, by which what questions ask for is compared with what fields say. Pure."""

import re
from threading import Lock
from typing import Any

import Stemmer

from query_generator.questions.standardize import keyed

WORDS_REMEMBERED = 20_000  # some 3 MB
LEAST_ABLE = 7  # letters of a stem

_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_NO_ABLE = frozenset(["portabl"])
_ARTICLES = frozenset(["the", "a", "an"])


class _Stems(dict[str, str]):
    """The English stem of each word; words of other languages are cut in the same way wherever they stand.

    What is "dimmable" can be "dimmed": the stems of both are the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self._stemmer: Any = Stemmer.Stemmer("english")
        self._lock = Lock()  # a stemmer has one buffer

    def __missing__(self, word: str) -> str:
        if len(self) >= WORDS_REMEMBERED:
            self.clear()
        with self._lock:
            stem: str = self._stemmer.stemWord(word)
        if stem.endswith("abl") and len(stem) >= LEAST_ABLE and stem not in _NO_ABLE:
            stem = stem[:-3]
            stem = stem[:-1] if stem[-1] == stem[-2] and stem[-1] in "bdgmnprt" else stem
        self[word] = stem
        return stem


_STEMS = _Stems()


def stems_of(text: str) -> tuple[str, ...]:
    """Return the stems of a text's words without articles."""
    read = _STEMS
    return tuple([read[word] for word in keyed(text).words if word not in _ARTICLES])


def is_spaceless(text: str) -> bool:
    """Whether a text holds letters of a script without spaces between words."""
    return not text.isascii() and _SPACELESS.search(text) is not None
