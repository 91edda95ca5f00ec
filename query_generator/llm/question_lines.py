"""Reads questions that stand on lines of their own, with numbers, bullets or neither."""

import re

END_MARK = re.compile(r"[?？؟՞፧⁇⁈⁉‽]|;\s*\Z")
_LINE = re.compile(
    r"^[ \t>#]*\**(?:[-*•·‣▪●–—+][ \t]+\**)?(?:[(\[]?(?P<number>\d{1,3})[.):、\]][*_]*"
    r"|(?:q|question|frage)[ \t]*\d{0,3}[.:)][*_]*)?"
    r"[ \t]*(?P<text>\S[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = re.compile(
    r"^[ \t>#]*\**(?:[-*•·‣▪●–—+][ \t]|[(\[]?\d{1,3}[.):、\]]|(?:q|question|frage)[ \t]*\d{0,3}[.:)])", re.I
)
_LABEL = re.compile(r"^\*\*[^*\n]{1,40}\*\*:?\s+(?=\S)|^[^*\n:]{1,40}:\*\*\s+(?=\S)")
FEWEST_PLAIN = 3
SHARE_PLAIN = 0.8  # of the lines, where none is marked as an item


def is_like_question(text: str) -> bool:
    """Return whether a text has a question mark of some script."""
    return bool(END_MARK.search(text))


def runs_of_lines(text: str) -> list[list[str]]:
    """Return the lists of questions in a text as the texts of their items; numbering that begins anew begins a list."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if _MARKED.match(line)]
    if not any(map(is_like_question, marked)):
        plain = [line.strip() for line in lines if is_like_question(line)]
        return [plain] if len(plain) >= FEWEST_PLAIN and len(plain) >= SHARE_PLAIN * len(lines) else []
    runs: list[list[str]] = [[]]
    last = 0
    for line in marked:
        found = _LINE.match(line)
        if not found:
            continue
        number = int(found["number"] or 0)
        if found["number"] and number <= 1 < last:
            runs.append([])
        last = number
        runs[-1].append(_LABEL.sub("", found["text"]).strip(" \t*_`,"))
    return [run for run in runs if 2 * sum(map(is_like_question, run)) >= len(run) > 0]
