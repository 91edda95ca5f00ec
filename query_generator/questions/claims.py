"""Whether an amount is said of the product, in languages that have no articles to tell it by. Pure.

It is, where the amount stands beside what only the product is called: "6升的美的电饭煲", "重さ5kgのダイソン".
`claim_words.json` holds the words that may stand between.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from query_generator.models import Product
from query_generator.questions.brand_aliases import brand_aliases
from query_generator.questions.quantities import Quantity, quantities
from query_generator.questions.standardize import comparison_key

_WRITTEN_TOGETHER = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN_NAME = re.compile(r"(?=\w*[a-z]{2})[a-z][\w-]*")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_ARTICLE = "ال"
_JOINTS = " ・·,،、-"


@dataclass(frozen=True, slots=True)
class _ClaimWords:
    pointing: tuple[str, ...]
    linking: tuple[str, ...]
    weighing_words: frozenset[str]
    weighing_parts: tuple[str, ...]
    roles: tuple[frozenset[str], ...]


@cache
def _words() -> _ClaimWords:
    data = json.loads(_folded(Path(__file__).with_name("claim_words.json").read_text(encoding="utf-8")))
    weighing = data["weighing"].split()
    return _ClaimWords(
        _longest_first(data["pointing"].split()),
        _longest_first(data["linking"].split()),
        frozenset(word for word in weighing if not _WRITTEN_TOGETHER.match(word)),
        tuple(word for word in weighing if _WRITTEN_TOGETHER.match(word)),
        tuple(frozenset(line.split()) for line in data["roles"]),
    )


def _longest_first(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


class Claims:
    """What a product is called, and by what its attributes are measured, as it stands beside amounts."""

    def __init__(self, product: Product) -> None:
        title, brand = _folded(product.name), _folded(product.brand)
        words = [word for word in re.split(r"[\s,、]+", title) if word]
        called = {brand, *brand.split(), *brand_aliases(product.brand).strict, *_LATIN_NAME.findall(title)}
        called |= {word for word in words if brand.startswith(word)}
        if brand:
            words += [part for word in words for part in word.split(brand)[1:] if part]
        self._own = _longest_first(word for word in called if len(word) > 1)
        self._called = _longest_first({*self._own, *words})
        self._in_title = frozenset(each.values[0][0] for each in quantities(product.name))
        self._roles = _role_phrases(name for name, _ in product.attributes)
        self._role_words = _longest_first(self._roles)

    def role_of(self, question: str, said: Quantity) -> frozenset[str] | None:
        """Return the words of the field whose amount a question says; empty if it names none, None if it says none."""
        words = _words()
        if not words.weighing_words.isdisjoint(comparison_key(question).split()):
            return None
        if any(part in question for part in words.weighing_parts):
            return None
        before, after = _folded(question[: said.start]), _folded(question[said.end :])
        before, role = self._without_role(before, at_end=True)
        if not role:
            after, role = self._without_role(after, at_end=False)
        if self._is_beside(before, after, said, is_measured=bool(role)):
            return self._roles.get(role, frozenset())
        return None

    def _without_role(self, text: str, *, at_end: bool) -> tuple[str, str]:
        role = _edge(text, self._role_words, at_end=at_end)
        return (_cut(text, role, at_end=at_end), role) if role else (text, "")

    def _is_beside(self, before: str, after: str, said: Quantity, *, is_measured: bool) -> bool:
        """Whether an amount is told of a name beside it; "小米14 Pro 30W充电头" says nothing of the phone."""
        words = _words()
        after_link, before_link = _edge(after, words.linking, at_end=False), _edge(before, words.linking, at_end=True)
        is_told = is_measured or said.values[0][0] in self._in_title
        if not (is_told or after_link):
            return False
        if _edge(before, words.pointing, at_end=True):
            return True
        if _edge(_cut(after, after_link, at_end=False), self._own, at_end=False):
            return True
        if not (is_told or before_link):
            return False
        before = _cut(before, before_link, at_end=True)
        while not _edge(before, self._own, at_end=True):
            if not (name := _edge(before, self._called, at_end=True)):
                return False
            before = _cut(before, name, at_end=True)
        return True


def _role_phrases(names: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the words of each field by all that it may be called."""
    phrases: dict[str, frozenset[str]] = {}
    for name in names:
        key = comparison_key(name)
        words = frozenset(key.split())
        bare = key.removeprefix(_ARTICLE)
        same = [group for group in _words().roles if bare in group or not group.isdisjoint(words)]
        for phrase in {bare, *frozenset[str]().union(*same)}:
            phrases.setdefault(phrase, words)
            if _ARABIC.match(phrase):
                stem = f"{phrase[:-1]}ت" if phrase.endswith("ة") else phrase  # its weight: "وزنها"
                forms = (f"{_ARTICLE}{phrase}", f"ب{phrase}", f"ب{_ARTICLE}{phrase}", f"{stem}ها", f"{stem}ه")
                phrases.update(dict.fromkeys(forms, words))
    return phrases


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip(_JOINTS)


def _edge(text: str, phrases: Iterable[str], *, at_end: bool) -> str:
    """Return the first phrase with which a text begins or ends as words do, "" if there is none."""
    for phrase in phrases:
        if at_end and text.endswith(phrase):
            beside = text[-len(phrase) - 1 : -len(phrase)]
        elif not at_end and text.startswith(phrase):
            beside = text[len(phrase) : len(phrase) + 1]
        else:
            continue
        if not beside.isalnum() or _WRITTEN_TOGETHER.match(beside) or _WRITTEN_TOGETHER.match(phrase):
            return phrase
    return ""


def _cut(text: str, phrase: str, *, at_end: bool) -> str:
    if not phrase:
        return text
    return (text[: -len(phrase)] if at_end else text[len(phrase) :]).strip(_JOINTS)
