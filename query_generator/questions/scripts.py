"""Which scripts a text is written in, and which a language is written in. `scripts.json` holds Unicode's blocks."""

import json
import re
from functools import cache
from pathlib import Path

LATIN = "Latin"


@cache
def _data() -> tuple[dict[str, frozenset[str]], dict[str, re.Pattern[str]]]:
    data = json.loads(Path(__file__).with_name("scripts.json").read_text(encoding="utf-8"))
    patterns = {
        script: re.compile(
            "[" + "".join(f"{chr(int(first, 16))}-{chr(int(last, 16))}" for first, last in _pairs(ranges)) + "]"
        )
        for script, ranges in data["ranges"].items()
    }
    patterns[LATIN] = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
    return {language: frozenset(scripts.split()) for language, scripts in data["languages"].items()}, patterns


def _pairs(ranges: list[str]) -> list[list[str]]:
    return [span.split("-") for span in ranges]


def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts of a language (ISO 639); of one that is not listed, Latin."""
    return _data()[0].get(language, frozenset({LATIN}))


def letters_by_script(text: str) -> dict[str, int]:
    """Count the letters of a text by script; scripts without a letter are left out."""
    if text.isascii():
        letters = sum(map(str.isalpha, text))
        return {LATIN: letters} if letters else {}
    counts = {script: len(pattern.findall(text)) for script, pattern in _data()[1].items()}
    return {script: count for script, count in counts.items() if count}
