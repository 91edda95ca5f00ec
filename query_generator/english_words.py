"""A small English dictionary: SCOWL, size 35, in `english_words.json`. Pure."""

import json
from functools import cache
from pathlib import Path


@cache
def english_words() -> frozenset[str]:
    """Return about 41,000 English words in lower case, with their plurals and other forms."""
    text = Path(__file__).with_name("english_words.json").read_text(encoding="utf-8")
    groups: dict[str, str] = json.loads(text)["words"]
    return frozenset(word for words in groups.values() for word in words.split())
