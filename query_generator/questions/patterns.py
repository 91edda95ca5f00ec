"""Measures how much of a catalog's questions are the same with the name swapped, in bounded memory.

The share comes from a sample of the patterns by their hash (distinct sampling, Gibbons 2001): patterns of one product
alone each weigh little, so that a sample tells their number well, and all others are shared. The most used patterns
come from lossy counting (Manku and Motwani 2002).
"""

import hashlib
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from query_generator.questions.standardize import keyed

SAMPLED = 16_384  # patterns at most, half of them at least: the share's standard error is below 0.012; some 2 MB
COUNTED = 8_192  # patterns at most; some 4 MB
SAVED_SAMPLE, SAVED_COUNTS = 500, 100  # in as_dict: some 25 KB of JSON
OVERUSED_PRODUCTS, OVERUSED_SHARE = 5, 0.01  # a pattern is overused from both on
PATTERN_CHARACTERS = 300  # of its text; the longest question that is accepted
_SHARED = 0
_BITS = 64


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) or 1


def _key(text: str) -> str:
    return keyed(text).key or text


class Patterns:
    """The patterns of a catalog's questions: each question with its product's names masked by `_`. Thread-safe.

    What counts is in how many products a pattern is used, not how often in one.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._level = 0  # of the hashes, those with so many zero bits at their end are in the sample
        self._sample: dict[int, int] = {}  # pattern → its only product, or _SHARED
        self._counts: dict[str, tuple[int, int, int, str]] = {}  # key → products, products missed at most, last, text
        self._floor = 0
        self._products: set[int] = set()
        self._earlier_products = 0
        self._questions = 0

    def add(self, product_key: str, masked: Iterable[str]) -> None:
        """Count the masked questions of one product. A product's questions may come in several calls in a row."""
        product = _hashed(product_key)
        texts = {_key(text): text for text in masked}
        with self._lock:
            self._see(product)
            for key, text in texts.items():
                self._questions += 1
                self._count(key, text, product)
                self._take(_hashed(key), product)

    @property
    def questions(self) -> int:
        """How many patterns were counted, each once for each call of `add`."""
        return self._questions

    @property
    def share(self) -> float:
        """The share of questions, 0 to 1, whose pattern another product has as well; an estimate in large catalogs."""
        with self._lock:
            alone = sum(product != _SHARED for product in self._sample.values()) << self._level
            return max(0.0, 1 - alone / self._questions) if self._questions else 0.0

    def overused(self, limit: int) -> tuple[str, ...]:
        """Return the most used patterns, at most `limit`: those of 5 products and 1 % of them at least.

        Counts of a catalog of more than some 8,000 different questions are upper bounds, by 0.6 % of the products at
        most where a product has 50 questions: no overused pattern is left out.
        """
        with self._lock:
            least = max(OVERUSED_PRODUCTS, OVERUSED_SHARE * self._product_count)
            counts = ((products + missed, text) for products, missed, _, text in self._counts.values())
            used = sorted((-products, text) for products, text in counts if products >= least)
        return tuple(text for _, text in used[:limit])

    def as_dict(self) -> dict[str, Any]:
        """Return a summary for JSON, some 25 KB at most, that `from_dict` and `merge` take."""
        with self._lock:
            level, sample = _thinned(self._level, self._sample, SAVED_SAMPLE)
            top = sorted(self._counts.items(), key=lambda item: (-item[1][0], item[0]))[:SAVED_COUNTS]
            return {
                "questions": self._questions,
                "products": self._product_count,
                "level": level,
                "sample": [[f"{pattern:x}", f"{product:x}"] for pattern, product in sorted(sample.items())],
                "patterns": [[text, products] for _, (products, _, _, text) in top if products > 1],
            }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Patterns":
        """Return the patterns that another run saved, see `merge`."""
        patterns = cls()
        patterns.merge(saved)
        return patterns

    def merge(self, saved: Mapping[str, Any]) -> None:
        """Add what another run counted, as its `as_dict` returned it.

        Raises:
            KeyError, TypeError, ValueError: it is not what `as_dict` returns; nothing is added.
        """
        questions, products, level = int(saved["questions"]), int(saved["products"]), int(saved["level"])
        sample = [(int(pattern, 16), int(product, 16)) for pattern, product in saved["sample"]]
        counts = [(str(text), int(count)) for text, count in saved["patterns"]]
        with self._lock:
            self._questions += questions
            self._earlier_products += products
            self._level, self._sample = _thinned(max(self._level, level), self._sample, SAMPLED)
            for pattern, product in sample:
                self._take(pattern, product)
            for text, count in counts:
                self._count(_key(text), text, _SHARED, count)

    @property
    def _product_count(self) -> int:
        return self._earlier_products + len(self._products)

    def _see(self, product: int) -> None:
        """Count a product once; only the latest are remembered."""
        self._products.add(product)
        if len(self._products) > COUNTED:
            self._earlier_products += len(self._products) - 1
            self._products = {product}

    def _take(self, pattern: int, product: int) -> None:
        if pattern & ((1 << self._level) - 1):
            return
        known = self._sample.setdefault(pattern, product)
        if known != product:
            self._sample[pattern] = _SHARED
        if len(self._sample) > SAMPLED:
            self._level, self._sample = _thinned(self._level, self._sample, SAMPLED)

    def _count(self, key: str, text: str, product: int, count: int = 1) -> None:
        products, missed, last, text = self._counts.get(key, (0, self._floor, _SHARED, text))
        if last == product != _SHARED:
            return
        self._counts[key] = (products + count, missed, product, text[:PATTERN_CHARACTERS])
        while len(self._counts) > COUNTED:
            self._floor += 1
            self._counts = {key: entry for key, entry in self._counts.items() if entry[0] + entry[1] > self._floor}


def _thinned(level: int, sample: dict[int, int], most: int) -> tuple[int, dict[int, int]]:
    """Return a level, not below the given one, and the sample at it, which has at most `most` entries."""
    sample = {pattern: product for pattern, product in sample.items() if not pattern & ((1 << level) - 1)}
    while len(sample) > most and level < _BITS:
        level += 1
        sample = {pattern: product for pattern, product in sample.items() if not pattern & ((1 << level) - 1)}
    return level, sample
