"""Reads what a question asks for: its content words, and what makes it another question. Pure.

Words that frame a question ("what is the", "please") are left out, synonyms and inflected forms are read as one word.
The word lists are in `content_words.json`, by language; a language without lists is compared by stems alone (Snowball),
scripts without spaces between words by single characters and pairs of them.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, pairwise
from threading import Lock
from typing import Any, NamedTuple

import Stemmer

from query_generator.questions.standardize import comparison_key, keyed

PROTECTED = "!"  # begins the content words that must stand on both sides; it sorts before every letter and digit
WORDS_REMEMBERED = 20_000  # of a language; some 5 MB
QUESTIONS_REMEMBERED = 2_048  # of a language; some 2 MB: those of 32 products at once
WORDS_OF_SENTENCES = 9  # fewer are one sentence

_SPACELESS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(
    r"(\d(?<![^\W_]\d)\d{0,11}(?:[.,]\d{1,6})*)(?:[\s\u00a0-]?([^\W\d_]{1,12}(?![^\W_])|[\"″毫升克米厘公千斤英寸]{1,2}))?"
)
_SENTENCE_END = re.compile(r"[.!。！…]\s+")
_OF_FITNESS = ("pick", "use")  # in a question for yes or no: "is it the best for", "can it be used for"
_KINDS = ("how", "when", "where", "why", "who")


class Content(NamedTuple):
    """What a question asks for.

    `words` are all content words, `protected` those of them that make another question where one side lacks them,
    `light` is how many of them count half. `shingled`: they are mostly characters and pairs of characters.
    """

    words: frozenset[str]
    protected: frozenset[str]
    light: int
    shingled: bool


_NOTHING: frozenset[str] = frozenset()


@cache
def _data() -> Mapping[str, Any]:
    text = (files(__package__) / "content_words.json").read_text(encoding="utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data


@cache
def lexicon(language: str) -> "Lexicon":
    """Return the lexicon of a language, an ISO 639-1 code; without word lists if the language is not known."""
    return Lexicon(language)


def known_languages() -> tuple[str, ...]:
    """Return the languages that have word lists, English first."""
    return tuple(key for key in _data() if len(key) == 2)


def guessed_language(texts: Iterable[str]) -> str:
    """Return the known language of whose framing words the texts hold most; "" if they hold none."""
    words = set(chain.from_iterable(keyed(text).words for text in texts))
    hits = {language: len(words & lexicon(language).framing) for language in known_languages()}
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] else ""


class _Remembered(dict[str, tuple[str, ...]]):
    """What words are read as, each read once; forgets all when there are too many. Faster than an LRU."""

    def __init__(self, read: Callable[[str], tuple[str, ...]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= WORDS_REMEMBERED:
            self.clear()
        self[word] = found = self._read(word)
        return found


class Lexicon:
    """What is known of the words of one language.

    `content(text, subject)` reads a question whose names are masked by `_`, or left out. Words of `subject`, of what
    all questions are about, do not count unless there are no others. `framing` are words that tell the language.
    """

    def __init__(self, language: str) -> None:
        lists = _data().get(language, {})
        self._stemmer = _stemmer(language)
        self._lock = Lock()  # a stemmer has one buffer
        self._light = frozenset(_data()["light"].split())
        self._openers: dict[str, str] = lists.get("openers", {})
        self._dropped = frozenset(lists.get("dropped", "").split()) | self._openers.keys() | {""}
        self._closed = frozenset(lists.get("closed", "").split())
        self._words: dict[str, tuple[str, ...]] = {}
        self._phrases: dict[tuple[str, str], list[tuple[list[str], tuple[str, ...]]]] = {}
        for same, phrases in lists.get("same", {}).items():
            self._add_phrases(tuple(PROTECTED + word if word in _KINDS else word for word in same.split()), phrases)
        for entry in lists.get("protected", "").split():
            name, _, words = entry.partition(":")
            self._words.update(dict.fromkeys(words.split(","), (PROTECTED + name,)))
        self._pairs = frozenset(self._phrases)
        self.framing = self._dropped | self._closed | {first for first, _ in self._phrases}
        self._read_word = _Remembered(self._word).__getitem__
        self.content = lru_cache(QUESTIONS_REMEMBERED)(self._content)

    def _add_phrases(self, same: tuple[str, ...], phrases: Iterable[str]) -> None:
        for phrase in phrases:
            first, *rest = comparison_key(phrase).split()
            if rest:
                entries = self._phrases.setdefault((first, rest[0]), [])
                entries.append((rest[1:], same))
                entries.sort(key=lambda entry: -len(entry[0]))
            else:
                self._words.setdefault(first, same)
                self._words.setdefault(self._stem(first), same)

    def _stem(self, word: str) -> str:
        if self._stemmer is None:
            return word
        with self._lock:
            stem: str = self._stemmer.stemWord(word)
        return stem

    def _word(self, word: str) -> tuple[str, ...]:
        if word in self._words:
            return self._words[word]
        if word in self._dropped:
            return ()
        if _DIGIT.search(word):
            return (PROTECTED + word,)
        stem = self._stem(word)
        return self._words.get(stem, (stem,))

    def _content(self, text: str, subject: frozenset[str] = _NOTHING) -> Content:
        numbers: list[str] = []
        shingles: list[str] = []
        if _DIGIT.search(text):
            text = _NUMBER.sub(lambda found: _taken(found, numbers), text)
        if not text.isascii() and _SPACELESS.search(text):
            text = _shingled(text, shingles)
        words: Sequence[str] = keyed(text).words
        found = set[str]()
        if not self._pairs.isdisjoint(pairwise(words)):
            words = list(words)
            found = self._take_phrases(words)
        found.update(chain.from_iterable(map(self._read_word, words)))
        if words:
            self._add_opener(text, words, found)
        if numbers or shingles:
            found.update(numbers, shingles)
        content = frozenset((found - subject if subject else found) or found or keyed(text).words)
        protected = _NOTHING
        if content and min(content)[0] == PROTECTED:
            protected = frozenset([word for word in content if word[0] == PROTECTED])
        return Content(content, protected, len(self._light & content), 2 * len(shingles) > len(words))

    def _take_phrases(self, words: list[str]) -> set[str]:
        """Put "" for the words of known phrases, and return what the phrases are read as."""
        found: set[str] = set()
        end = 0
        for at, pair in enumerate(pairwise(words)):
            if at < end or pair not in self._phrases:
                continue
            for rest, same in self._phrases[pair]:
                if words[at + 2 : at + 2 + len(rest)] == rest:
                    found.update(same)
                    end = at + 2 + len(rest)
                    words[at:end] = [""] * (end - at)
                    break
        return found

    def _add_opener(self, text: str, words: Sequence[str], found: set[str]) -> None:
        """Add what kind of answer is wanted; what is best is another question than whether this one is good."""
        first = words[0]
        if len(words) >= WORDS_OF_SENTENCES and (sentences := _SENTENCE_END.split(text)[1:]):
            last = keyed(sentences[-1]).words[:2]
            first = "" if not last or last in self._pairs else last[0]
        kind = self._openers.get(first, "")
        if kind and not (kind == "how" and "compare" in found):
            found.add(PROTECTED + kind)
        if kind == "how":
            found.discard("pick")
        elif first in self._closed and not found.isdisjoint(_OF_FITNESS):
            found.difference_update(_OF_FITNESS)
            found.add("suit")


def _stemmer(language: str) -> Any:
    """Return the Snowball stemmer of a language, None if it has none."""
    try:
        return Stemmer.Stemmer(language)
    except KeyError:
        return None


@cache
def _units() -> Mapping[str, tuple[str, float]]:
    return {name: (unit, factor) for unit, names in _data()["units"].items() for name, factor in names.items()}


def _taken(found: re.Match[str], numbers: list[str]) -> str:
    """Take a number and its unit out of a text, in the smallest unit of its kind: 0.5 l is 500 ml."""
    number, name = found.group(1), (found.group(2) or "")
    unit, factor = _units().get(name.casefold(), ("", 1.0))
    if "," in number or "." in number:
        whole, _, part = number.replace(",", ".").rpartition(".")
        number = whole.replace(".", "") + ("" if len(part) == 3 and whole.strip("0") else ".") + part
    numbers.append(f"{PROTECTED}{float(number) * factor:.12g}{unit}")
    return " " if unit else f" {name}"


@cache
def _spaceless() -> tuple[re.Pattern[str], Mapping[str, str], re.Pattern[str], Mapping[str, str]]:
    lists = _data()["spaceless"]
    same = dict.fromkeys(lists["dropped"], "")
    same.update((part, name) for name, parts in lists["same"].items() for part in parts)
    guarded = {part: "" for part in lists["dropped"] if len(part) > 1}
    guarded.update((part, name) for name, parts in lists["protected"].items() for part in parts)
    return _any_of(same), same, _any_of(guarded), guarded


def _any_of(parts: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))


def _shingled(text: str, shingles: list[str]) -> str:
    """Take what is written without spaces out of a text, as characters, pairs of them, and protected words."""
    same, read_as, guarded, protected = _spaceless()
    shingles.extend(name for part in guarded.findall(text) if (name := protected[part]))
    text = same.sub(lambda found: read_as[found.group()], text)
    for run in _SPACELESS.findall(text):
        shingles.extend(run)
        shingles.extend(run[at : at + 2] for at in range(len(run) - 1))
    return _SPACELESS.sub(" ", text)
