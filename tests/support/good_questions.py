"""A model that writes well: varied questions for each group of a prompt, out of a large pool, and mistakes if wanted.

It reads what a model reads: the product's data, the groups with their styles, and the questions that are there already.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

_PRODUCT = re.compile(r"<product_data>\n(.*?)\n</product_data>", re.DOTALL)
_EXISTING = re.compile(r"<existing_questions>\n(.*?)\n</existing_questions>", re.DOTALL)
_GROUP = re.compile(r'^- "(\w+)" \((\d+)\):(?:.*?Style:)? (\w+)', re.MULTILINE)
_COUNT = re.compile(r"exactly (\d+) (product|market)")
_SCRIPTS = {
    "ja": re.compile(r"[\u3040-\u30ff]"),
    "zh": re.compile(r"[\u4e00-\u9fff]"),
    "ru": re.compile(r"[\u0400-\u04ff]"),
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "ko": re.compile(r"[\uac00-\ud7a3]"),
    "el": re.compile(r"[\u0370-\u03ff]"),
    "he": re.compile(r"[\u05d0-\u05ea]"),
    "hi": re.compile(r"[\u0900-\u097f]"),
    "th": re.compile(r"[\u0e00-\u0e7f]"),
}
_ENGLISH = re.compile(r"\b(?:the|of|for|with|and|is|a)\b")
_WORDS = {"de": re.compile(r"\b(?:für|mit|und)\b"), "fr": re.compile(r"\b(?:de|pour|pur|et)\b")}
LEAST_SHARE = 0.4  # of a text's letters, from which it is of a script
MISTAKES = ("leak", "duplicate", "contradiction", "markup", "statement")


def good_answer(prompt: str, *, mistakes: float = 0.0, seed: int = 0) -> dict[str, list[str]]:
    """Answer a prompt with the object that it asks for.

    Args:
        prompt: system text and message.
        mistakes: share of texts (0 to 1) that are one of MISTAKES.
        seed: another one gives other questions; the same prompt and seed give the same.
    """
    product: dict[str, Any] = json.loads(_PRODUCT.findall(prompt)[-1])
    existing = _EXISTING.findall(prompt)
    known = set(json.loads(existing[-1])) if existing else set()
    asked = _COUNT.search(prompt)
    kind = asked[2] if asked else "product"
    digest = hashlib.sha256(f"{seed}|{kind}|{len(known)}|{json.dumps(product, sort_keys=True)}".encode()).digest()
    draw = random.Random(digest)
    writer = _Writer(product, kind, draw, known)
    groups = [(key, int(count), style) for key, count, style in _GROUP.findall(prompt)]
    groups = groups or [("questions", int(asked[1]) if asked else 25, "plain")]
    return {
        key: [
            writer.write(style, branded=key.endswith("_branded"), wrong=draw.random() < mistakes) for _ in range(count)
        ]
        for key, count, style in groups
    }


class _Writer:
    """Writes about one product; no topic and no situation comes twice before all were used."""

    def __init__(self, product: dict[str, Any], kind: str, draw: random.Random, known: set[str]) -> None:
        self._product, self._kind, self._draw, self._known = product, kind, draw, known
        self._pool = _pools()[_language(product)]
        self._dealt = {name: self._deal(name) for name in ("topic", "situation", "plain", "short", "told")}
        self._taken: set[tuple[str, str]] = set()
        self._last = ""

    def write(self, style: str, *, branded: bool, wrong: bool) -> str:
        """Write one question, or a mistake."""
        text = self._good(style, branded)
        while text in self._known:
            text = self._good(style, branded)
        self._known.add(text)
        text, self._last = self._spoilt(text) if wrong else text, text
        return text

    def _good(self, style: str, branded: bool) -> str:
        name = self._product.get("spoken_name") or self._product.get("name") or self._pool["kind"]
        subject = name if branded or self._kind == "product" else self._pool["kind"]
        frame, situation = self._unused_pair("short" if style == "short" else "plain")
        text = frame.format(subject=subject, topic=next(self._dealt["topic"]), situation=situation)
        return f"{next(self._dealt['told'])} {text}" if style == "conversational" else text

    def _unused_pair(self, frames: str) -> tuple[str, str]:
        """Return a frame and a situation that were not used together, unless all were: they are half of a question."""
        frame = next(self._dealt[frames])
        for situation in islice(self._dealt["situation"], len(self._pool["situation"])):
            if (frame, situation) not in self._taken:
                break
        self._taken.add((frame, situation))
        return frame, situation

    def _spoilt(self, text: str) -> str:
        name, weight = self._product["name"], self._draw.randint(7000, 9000)
        return {
            "leak": f"{text[:-1]} {self._product.get('brand') or name}?",
            "duplicate": self._last or text,
            "contradiction": f"Why does {name} cost {weight} EUR and weigh {weight} kg?",
            "markup": f"<b>{text}</b>",
            "statement": f"{name} is the best choice for every home.",
        }[self._draw.choice(MISTAKES)]

    def _deal(self, name: str) -> Iterator[str]:
        while True:
            texts = list(self._pool[name])
            self._draw.shuffle(texts)
            yield from texts


def _language(product: dict[str, Any]) -> str:
    text = f"{product['name']} {product.get('description', '')}"
    letters = sum(map(str.isalpha, text)) or 1
    shares = {language: len(script.findall(text)) / letters for language, script in _SCRIPTS.items()}
    of_script = (language for language, share in shares.items() if share > LEAST_SHARE)
    english = len(_ENGLISH.findall(text))
    of_words = (language for language, words in _WORDS.items() if len(words.findall(text)) > english)
    return next(chain(of_script, of_words), "en")


@cache
def _pools() -> dict[str, Any]:
    pools: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return pools
