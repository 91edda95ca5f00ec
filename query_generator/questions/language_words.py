"""Function words of languages: what tells a short text's language, and what says nothing about its subject.

`language_words.json` lists 20 to 80 of the most frequent words of shoppers' questions by ISO 639-1 code.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path


@cache
def _lists() -> dict[str, frozenset[str]]:
    data: dict[str, str] = json.loads(Path(__file__).with_name("language_words.json").read_text(encoding="utf-8"))
    return {language: frozenset(words.split()) for language, words in data.items()}


@cache
def function_words(*languages: str) -> frozenset[str]:
    """Return the words of these languages (ISO 639-1), or of all and those that any text about prompts may hold."""
    lists = _lists()
    return frozenset[str]().union(*(lists[language] for language in languages or lists))


@cache
def telling_words(language: str) -> frozenset[str]:
    """Return the words of a language (ISO 639-1) that no other listed language has; none if it is not listed."""
    lists = _lists()
    others = [words for other, words in lists.items() if other not in (language, "generic")]
    return lists.get(language, frozenset()).difference(*others)


def telling_of(phrases: Iterable[Sequence[str]]) -> frozenset[str]:
    """Return words of which each phrase holds one, no function words if it can be: without them no phrase is there."""
    left, common, found = list(phrases), function_words(), set[str]()
    while left:
        counts = Counter(word for phrase in left for word in set(phrase))
        word = max(counts, key=lambda word: (word not in common, counts[word], len(word), word))
        found.add(word)
        left = [phrase for phrase in left if word not in phrase]
    return frozenset(found)
