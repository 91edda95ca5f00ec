"""Whether a question repeats the prompt, speaks as an assistant, or obeys an order that stands in product data. Pure.

`leaked_words.json` lists phrases in the form of a comparison key, by reason, and `orders`: patterns of
what speaks to a model and not to shoppers in product texts, in lower case.
"""

import json
import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from query_generator.models import Product
from query_generator.questions.language_words import function_words
from query_generator.questions.skeletons import skeleton
from query_generator.questions.standardize import comparison_key

ECHO_WORDS = 5  # as many words in the order of an instruction are no chance; shorter runs are in common speech
MIN_PLANTED_LETTERS = 4
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3,}")
# Words with capitals or digits inside, and words that begin with a capital but no sentence.
_NAME_LIKE = re.compile(r"\w*[A-Z]\w*[A-Z]\w*|\w*\d\w*|(?<=[\w,;] )[A-ZÀ-ÖØ-Þ]\w+")
_SENTENCE_END = re.compile(r"[.!?。！？\n]\s*")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
# Each of the orders holds one of these, or a letter outside of ASCII.
_ORDER_STEMS = (
    *("ignor", "disregard", "forget", "prompt", "instruction", "you are", "you must", "in your", "<", "[", "###"),
    *("task", "question", "answering", " ai", "llm", "assistant", "language model", "chatbot", "system:", "mention"),
    *("recommend", "praise", "output", "print", "repeat", "reveal", "include the", "write", "drop table"),
    *("do anything", "jailbreak", "anweisung", "vergiss", "oublie", "olvida", "dimentica", "negeer"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Leaks:
    triggers: frozenset[str]
    echo: re.Pattern[str]
    leak: re.Pattern[str]
    orders: re.Pattern[str]


@cache
def _leaks() -> _Leaks:
    data: dict[str, list[str]] = json.loads(Path(__file__).with_name("leaked_words.json").read_text(encoding="utf-8"))
    phrases = data["instruction_echo"] + data["prompt_leak"]
    triggers = {max(reversed(comparison_key(phrase).split()), key=len) for phrase in phrases}
    return _Leaks(
        frozenset(triggers),
        _any_of(data["instruction_echo"]),
        _any_of(data["prompt_leak"]),
        re.compile("|".join(data["orders"])),
    )


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    latin = "|".join(comparison_key(phrase) for phrase in phrases if phrase.isascii() or " " in phrase)
    other = "|".join(phrase for phrase in phrases if not (phrase.isascii() or " " in phrase))
    return re.compile(rf"\b(?:{latin})\b|{other}" if other else rf"\b(?:{latin})\b")


@lru_cache(maxsize=64)
def _runs(told: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """The runs of ECHO_WORDS words of instructions."""
    texts = [comparison_key(text).split() for text in told]
    return frozenset(run for words in texts for run in zip(*(words[at:] for at in range(ECHO_WORDS)), strict=False))


def echo_fault(question: str, key: str, words: list[str], told: tuple[str, ...]) -> str:
    """Tell whether a question repeats an instruction or speaks as a model: instruction_echo, prompt_leak or "".

    Args:
        question: the standardized text.
        key: its comparison key.
        words: the words of the key.
        told: the instructions of the prompt.
    """
    leaks = _leaks()
    if not (question.isascii() and leaks.triggers.isdisjoint(words)):
        if leaks.leak.search(key):
            return "prompt_leak"
        if leaks.echo.search(key):
            return "instruction_echo"
    if told and not _runs(told).isdisjoint(zip(words, words[1:], words[2:], words[3:], words[4:], strict=False)):
        return "instruction_echo"
    return ""


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


@lru_cache(maxsize=128)
def planted(product: Product) -> Planted | None:
    """Find what orders in a product's texts ask a model to write about; None if there are no orders."""
    if not _holds_orders(product):
        return None
    parts = [_parted(text) for text in _texts(product)]
    return _planted("\n".join(part[0] for part in parts), "\n".join(part[1] for part in parts))


def without_orders(product: Product) -> Product:
    """Return a product whose texts end before the sentence that holds their first order."""
    if not _holds_orders(product):
        return product
    return replace(
        product,
        name=_parted(product.name)[0],
        category=_parted(product.category)[0],
        description=_parted(product.description)[0],
        attributes=tuple((name, _parted(value)[0]) for name, value in product.attributes),
    )


def _texts(product: Product) -> list[str]:
    texts = [product.name, product.brand, product.category, product.description]
    texts += [text for pair in product.attributes for text in pair]
    return [text if text.isascii() else text.translate(_UNSEEN) for text in texts]


def _holds_orders(product: Product) -> bool:
    whole = "\n".join(_texts(product)).lower()
    if whole.isascii() and not any(stem in whole for stem in _ORDER_STEMS):
        return False
    return bool(_leaks().orders.search(whole))


def _parted(text: str) -> tuple[str, str]:
    found = _leaks().orders.search(text.lower())
    if not found:
        return text, ""
    ends = [end.end() for end in _SENTENCE_END.finditer(text, 0, min(found.start(), len(text)))]
    start = ends[-1] if ends else 0
    return text[:start], text[start:]


def _planted(clean: str, ordered: str) -> Planted:
    known = set(skeleton(clean).split()) | function_words()
    words = {word for word in skeleton(ordered).split() if len(word) >= MIN_PLANTED_LETTERS and word not in known}
    names = {skeleton(found.group()) for found in _NAME_LIKE.finditer(ordered)}
    runs = {run.group()[at : at + 3] for run in _SPACELESS.finditer(ordered) for at in range(len(run.group()) - 2)}
    return Planted(
        frozenset(name for name in names & words if not name.isdecimal()),
        frozenset(words),
        frozenset(run for run in runs if run not in clean),
    )
