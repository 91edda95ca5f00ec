"""Which language a product's texts in Latin letters are in, by the small words that are frequent in it. Pure."""

import json
import re
from collections import Counter
from functools import cache
from importlib import resources

from query_generator.models import Product

ENGLISH, GERMAN = "en", "de"
LONGEST_READ = 600  # characters
FEWEST_WORDS = {ENGLISH: 2, GERMAN: 2}
FEWEST_OF_OTHERS = 4
_UMLAUT = re.compile("[äöü]")
_WORD = re.compile(r"[^\W\d_]+")


@cache
def _languages() -> dict[str, frozenset[str]]:
    """Each word with its languages."""
    text = (resources.files(__package__) / "latin_words.json").read_text(encoding="utf-8")
    lists: dict[str, str] = json.loads(text)
    found: dict[str, set[str]] = {}
    for language, words in lists.items():
        for word in words.split():
            found.setdefault(word, set()).add(language)
    return {word: frozenset(languages) for word, languages in found.items()}


def latin_language(product: Product) -> str:
    """The language that the texts are certainly in, "" if they do not tell."""
    attributes = " ".join(f"{name} {value}" for name, value in product.attributes)
    text = f"{product.name} {product.category} {product.description} {attributes}"[:LONGEST_READ].lower()
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text):
        counts.update(_languages().get(word, ()))
    counts[GERMAN] += FEWEST_WORDS[GERMAN] * ("ß" in text) + bool(_UMLAUT.search(text))
    if not counts.total():
        return ""
    (language, most), *others = counts.most_common(2)
    next_most = others[0][1] if others else 0
    is_certain = most >= FEWEST_WORDS.get(language, FEWEST_OF_OTHERS)
    if language in FEWEST_WORDS:
        return language if is_certain and most > next_most else ""
    # Which of the others it is tells only what is said of it; that it is none of ours has to be sure.
    return language if is_certain and most >= 2 * max(counts[ENGLISH], counts[GERMAN]) else ""
