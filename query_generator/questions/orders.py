"""Finds what speaks to a model and not to shoppers in a product's texts, and what that alone brings to questions. Pure.

A sentence is an order by the rules of `order_words.json`, in whatever disguise: escapes, entities, Base64, wide or
styled letters, those of other scripts, figures for letters, invisible characters, letters set apart. From there on a
text is not the seller's.
"""

import json
import re
import unicodedata
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from query_generator.disguises import decoded
from query_generator.models import Product
from query_generator.questions.language_words import function_words
from query_generator.questions.skeletons import skeleton

MIN_PLANTED_LETTERS = 4
PRODUCTS_KEPT = 128  # that were read, since the calls for a product, of both types, follow each other
FARTHEST = 40  # characters between what is to be disobeyed and the verb
BEGINNING = 16  # characters before a verb, which tell whether it is an imperative
MOST_WORDS_BEFORE_NAME = 3  # between a verb of speech and what it is to be about
_SPACELESS_LETTER = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3,}")
_IN_SENTENCE = re.compile(r"(?<=[\w,;] )\w+")
_CAPITAL, _SMALL = (
    "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶĹĻĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽΑ-ΩА-Я",
    "a-zß-öø-ÿāăąćčďđēęěğģīįıķĺļľłńņňōőœŕřśşšţťūůűųźżžα-ωа-яё",
)
_INNER_CAPITAL = (
    rf"(?:[{_CAPITAL}][{_SMALL}]+|[{_CAPITAL}]{{2,}}[{_SMALL}])[{_CAPITAL}0-9]\w*|[{_CAPITAL}]{{2,}}[{_SMALL}]\w+"
)
_SENTENCE = re.compile(r"[^.!?。！？।\n]*(?:[.!?](?![\sA-Z]|$)[^.!?。！？।\n]*)*(?:[.!?。！？।\n]+\s*|$)")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"))
_ESCAPES = re.compile(r"[\\%&]")
_BASE64 = re.compile(r"(?<![\w+/])[A-Za-z0-9+/]{16,}={0,2}(?![\w+/=])")
_LEET = re.compile(r"[013457@$](?<=[A-Za-z].)[a-z]|[013457@$](?<!\w.)[a-z]{2}")
_LETTERS = str.maketrans("013457@$", "oieastas")
_SET_APART = re.compile(r"[ .*_|/-]\w[ .*_|/-]\w[ .*_|/-]\w[ .*_|/-]\w(?!\w)|[-_*]\w+\W+\w+[-_*]\w")
_TWO_APART = re.compile(r"[ .*_|/-][a-z][ .*_|/-][a-z](?![a-z])")  # stands in all that is spelled
_SPELLED = re.compile(
    r"(?<![\w.-])[A-Za-z](?:([ .*_|/-])[a-z](?![A-Za-z])){5}|(?:(?<![\w.-])\w(?:[.*_|/-][a-z](?![a-z])){3,}\W+){2}"
)
_CAPITAL_INSIDE = re.compile(rf"[{_SMALL}][{_CAPITAL}0-9]|[{_CAPITAL}]{{2}}[{_SMALL}]")


class _Rules:
    """The rules of `order_words.json`; a pattern is compiled when a text needs it, since most jobs need few."""

    def __init__(self) -> None:
        text = Path(__file__).with_name("order_words.json").read_text(encoding="utf-8")
        self._data: dict[str, Any] = json.loads(unicodedata.normalize("NFKC", text))
        self.stems: list[str] = self._data["stems"]

    @cached_property
    def patterns(self) -> re.Pattern[str]:
        return re.compile(self._either("patterns"))

    @cached_property
    def pairs(self) -> re.Pattern[str]:
        near = rf"[^;:]{{0,{FARTHEST}}}"
        pairs = [(_any_of(pair["verbs"]), _any_of(pair["things"])) for pair in self._data["pairs"]]
        return re.compile("|".join(f"(?:{verb}){near}(?:{thing})|(?:{thing}){near}(?:{verb})" for verb, thing in pairs))

    @cached_property
    def negated(self) -> re.Pattern[str]:
        negations, verbs = self._either("negations"), "|".join(self._data["pairs"][0]["verbs"])
        return re.compile(
            rf"(?<!\w)(?:{negations})\W+(?:\w+\W+)?(?:{verbs})|(?:{verbs})\W+(?:\w+\W+)?(?:{negations})(?!\w)"
        )

    @cached_property
    def words(self) -> re.Pattern[str]:
        return re.compile(_any_of(self._data["words"]))

    @cached_property
    def speech(self) -> re.Pattern[str]:
        between = rf"(?:\W+\w+){{0,{MOST_WORDS_BEFORE_NAME}}}?\W+"
        return re.compile(rf"(?<!\w)(?i:{self._either('speech')})\b{between}(?:{_INNER_CAPITAL})")

    @cached_property
    def begins(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self._either('begins')})\W*$", re.IGNORECASE)

    @cached_property
    def topic(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?i:{self._either('topic')})\W+[A-ZÀ-ÖØ-Þ]\w+")

    @cached_property
    def topic_begins(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self._either('topic_begins')})\W*$", re.IGNORECASE)

    def _either(self, name: str) -> str:
        return "|".join(self._data[name])


@cache
def _rules() -> _Rules:
    return _Rules()


def _any_of(alternatives: list[str]) -> str:
    """Return a pattern of one of the alternatives as whole words; those of scripts without spaces anywhere."""
    spaceless = [alternative for alternative in alternatives if _SPACELESS_LETTER.match(alternative)]
    spaced = "|".join(alternative for alternative in alternatives if alternative not in spaceless)
    return "|".join([rf"(?<!\w)(?:{spaced})(?!\w)", *spaceless])


@dataclass(frozen=True, slots=True)
class Planted:
    """What only a text that speaks to the model brings into a product's fields."""

    names: frozenset[str]
    words: frozenset[str]
    runs: frozenset[str]

    def found(self, question: str) -> bool:
        """Whether a question uses a name, two of the words, or three letters in a row of a script without spaces."""
        used = set(skeleton(question).split())
        if not self.names.isdisjoint(used) or len(self.words & used) > 1:
            return True
        return any(run in question for run in self.runs)


@lru_cache(maxsize=PRODUCTS_KEPT)
def planted(product: Product) -> Planted | None:
    """Find what orders in a product's texts ask a model to write about; None if there are no orders."""
    if not _may_hold_orders(product):
        return None
    name, *texts = _texts(product)
    parts = [_parted_name(name), *map(_parted, texts)]
    ordered = "\n".join(part[1] for part in parts if part[1])
    return _planted("\n".join(part[0] for part in parts), ordered) if ordered else None


def without_orders(product: Product) -> Product:
    """Return a product whose texts end before the sentence that holds their first order."""
    if not _may_hold_orders(product):
        return product
    return replace(
        product,
        name=_parted_name(product.name)[0],
        category=_parted(product.category)[0],
        description=_parted(product.description)[0],
        attributes=tuple((name, _parted(value)[0]) for name, value in product.attributes),
    )


def _texts(product: Product) -> list[str]:
    texts = [product.name, product.brand, product.category, product.description]
    return texts + [text for pair in product.attributes for text in pair]


@lru_cache(maxsize=PRODUCTS_KEPT)
def _may_hold_orders(product: Product) -> bool:
    """A cheap look at all texts at once: whether one holds a stem of the rules, or a disguise."""
    whole = "\n".join(_texts(product))
    stems = _rules().stems
    for reading in _readings(whole):
        if any(map(reading.lower().__contains__, stems)) or _asks_for_a_name(reading):
            return True
    return _is_spelled(whole) or any(map(_plain_base64, _BASE64.findall(whole)))


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it reads without its disguises, in several ways."""
    shown = _shown(text)
    yield shown
    if not shown.isascii():
        yield skeleton(shown)
    if _LEET.search(shown):
        yield shown.translate(_LETTERS)
    if _SET_APART.search(shown):
        yield "".join(filter(str.isalnum, shown))


def _shown(text: str) -> str:
    """Return a text without escapes, invisible characters, and wide or styled letters."""
    if text.isascii() and not _ESCAPES.search(text):
        return text
    return unicodedata.normalize("NFKC", decoded(text.translate(_UNSEEN)))


def _parted(text: str) -> tuple[str, str]:
    """Part a text before its first order; what is encoded in the order follows it."""
    for sentence in _SENTENCE.finditer(text):
        if _is_order(sentence.group()):
            start = sentence.start()
            return text[:start], f"{text[start:]}\n{_unmasked(text[start:])}"
    return text, ""


def _parted_name(name: str) -> tuple[str, str]:
    """Part a name; if its first sentence is an order, before the word that tells it: something has to have a name."""
    before, order = _parted(name)
    lower = name.lower()
    if before.strip() or not order or len(lower) != len(name):
        return before, order
    rules = _rules()
    telling = [
        rules.patterns.search(lower),
        rules.pairs.search(lower),
        rules.words.search(lower),
        rules.speech.search(name),
    ]
    start = min((found.start() for found in telling if found), default=0)
    return name[:start], order[start:]


def _unmasked(text: str) -> str:
    secrets = [_plain_base64(found.group()) for found in _BASE64.finditer(text)]
    return "\n".join([*_readings(text), *secrets])


def _is_order(sentence: str) -> bool:
    rules = _rules()
    for reading in _readings(sentence):
        lower = reading.lower()
        if rules.patterns.search(lower) or _asks_for_a_name(reading):
            return True
        if rules.pairs.search(lower) and not rules.negated.search(lower):
            return True
        if len(set(rules.words.findall(lower))) > 1:
            return True
    return _is_spelled(sentence) or any(map(_plain_base64, _BASE64.findall(sentence)))


def _is_spelled(text: str) -> bool:
    return _TWO_APART.search(text) is not None and _SPELLED.search(text) is not None


def _asks_for_a_name(text: str) -> bool:
    """Whether a text tells somebody to write, speak or sell something that has a name."""
    rules = _rules()
    if any(
        rules.topic_begins.search(text, max(0, found.start() - BEGINNING), found.start())
        for found in rules.topic.finditer(text)
    ):
        return True
    return bool(_CAPITAL_INSIDE.search(text)) and any(
        rules.begins.search(text, max(0, found.start() - BEGINNING), found.start())
        for found in rules.speech.finditer(text)
    )


def _plain_base64(token: str) -> str:
    """Return what a token says in Base64, or an empty text if that is no text."""
    try:
        text = b64decode(token + "=" * (-len(token) % 4), validate=True).decode("ascii")
    except (Base64Error, UnicodeDecodeError):
        return ""
    return text if text.isprintable() and " " in text else ""


def _planted(clean: str, ordered: str) -> Planted:
    known = set(skeleton(clean).split()) | function_words()
    words = {word for word in skeleton(ordered).split() if len(word) >= MIN_PLANTED_LETTERS and word not in known}
    names = {name for word in _name_like(ordered) if len(name := skeleton(word)) >= MIN_PLANTED_LETTERS}
    runs = {run.group()[at : at + 3] for run in _SPACELESS.finditer(ordered) for at in range(len(run.group()) - 2)}
    return Planted(
        frozenset(name for name in names - known if not name.isdecimal()),
        frozenset(words),
        frozenset(run for run in runs if run not in clean),
    )


def _name_like(text: str) -> Iterator[str]:
    """Yield words with capitals or digits inside, and words that begin with a capital but no sentence."""
    for word in re.findall(r"\w+", text):
        if sum(map(str.isupper, word)) > 1 or any(map(str.isdigit, word)):
            yield word
    yield from (word for word in _IN_SENTENCE.findall(text) if word[0].isupper())
