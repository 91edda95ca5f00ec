"""Whether a question is written in the style that its group asks for. Pure."""

import re

from query_generator.models import Style

MOST_SHORT_WORDS = 10  # the prompt says 8
MOST_SHORT_CHARACTERS = 24  # of a text without spaces between words
_SENTENCE_END = re.compile(  # not that of U.S. or approx.
    r"[.!…?。！？؟।](?:(?:(?<=\w{3}[.!…])|(?<=\?))[\"'”’)]*\s+[^\Wa-z]|(?<=[。！？؟।])\s*\w)"
)


def is_in_style(question: str, style: Style) -> bool:
    """Return whether a question, its names masked by `_`, has the sentences and the length of a style.

    `conversational` is more than one sentence, the others are one; `short` is MOST_SHORT_WORDS at most.
    """
    has_several = _SENTENCE_END.search(question) is not None
    if style is Style.CONVERSATIONAL:
        return has_several
    if style is Style.SHORT:
        words = question.split()
        is_short = len(words) <= MOST_SHORT_WORDS and max(map(len, words), default=0) <= MOST_SHORT_CHARACTERS
        return is_short and not has_several
    return not has_several
