"""What counts as a question: standardize, filter, deduplicate. Pure.

Rules are made for any language: sentence marks and scripts are looked at, and word lists serve only to add a question
mark that a model forgot.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MIN_CHARACTERS = 8
MIN_CHARACTERS_WITHOUT_SPACES = 4
MIN_WORDS = 3
MAX_CHARACTERS = 300

_NUMBERING = re.compile(
    r"^(?:[-*•·‣▪◦●–—>#]+\s+|\(?\d{1,3}[.):、]\s+|\(\d{1,3}\)\s*|\(?[a-zA-Z][.)]\s+"
    r"|(?:q|question|frage|pregunta|问题?|問)\s*\d{0,3}\s*(?:[:)]\s*|\.\s+))+",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"^(\*\*|__|\*|_|`)(.+)\1$")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "‘": "’", "「": "」"}
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]{2,8}|#\d{1,6});|```|\*\*|\]\(|^\s*[{\[]\s*\"|https?://")
_PLACEHOLDER = re.compile(
    r"\[[^\]]{1,40}\]|\{[^}]{0,40}\}|<[^<>\d\s][^<>]{0,40}>|_{3,}|\.{4,}|\b(?:xxx+|lorem ipsum|tbd|todo)\b"
    r"|\b(?:product|brand|competitor|category) name\b|\bn/a\b|\bundefined\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^(?:what|how|why|who|whom|whose|when|where|which|is|are|am|was|were|do|does|did|can|could|will|would|should|shall"
    r"|may|might|has|have|had|isn't|aren't|doesn't|don't|can't|won't|what's|how's|who's|where's)\b",
    re.IGNORECASE,
)
_ASKING_CJK = re.compile(
    r"[吗嗎呢]$|什么|什麼|哪|如何|怎么|怎麼|怎样|是否|为什么|為什麼|多少|多久|多长|多大|几|幾|谁|誰|能否|能不能|有没有|是不是|ですか$|ますか$|까$"
)
_END_MARKS = "?؟՞"
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class _Fold(dict[int, str]):
    """Translation table, filled as characters come: punctuation, separators and controls become a space."""

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        folded = " " if unicodedata.category(character)[0] in "PZC" else character
        self[codepoint] = folded
        return folded


_FOLD = _Fold()


@dataclass(slots=True)
class Accepted:
    """Questions that passed, in order, and how many were dropped for which reason."""

    questions: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def comparison_key(text: str) -> str:
    """Fold a question for comparison: NFKC, case, punctuation and white space make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_FOLD).split())


def query_hash(text: str) -> str:
    """SHA-256 in hex of the comparison key, as stored in `queries.query_hash`."""
    return hashlib.sha256(comparison_key(text).encode()).hexdigest()


def accept_questions(texts: Iterable[str], wanted: int, existing: Iterable[str] = ()) -> Accepted:
    """Standardize raw texts and keep the first `wanted` good ones that differ from each other and from `existing`.

    Reasons of dropped texts: empty, not_a_question, placeholder, markup, too_short, too_long, duplicate, surplus.
    """
    accepted = Accepted()
    seen = {comparison_key(text) for text in existing}
    for text in texts:
        question = standardize(text)
        key = comparison_key(question)
        reason = _fault(question)
        if not reason and key in seen:
            reason = "duplicate"
        if not reason and len(accepted.questions) == wanted:
            reason = "surplus"
        if reason:
            accepted.dropped[reason] += 1
            continue
        seen.add(key)
        accepted.questions.append(question)
    return accepted


def standardize(text: str) -> str:
    """NFKC, single spaces, no numbering, bullets or quotes around, and one question mark at the end of a question."""
    plain = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in unicodedata.normalize("NFKC", text))
    previous, question = "", " ".join(plain.split())
    while question != previous:
        previous = question
        question = _unwrap(_NUMBERING.sub("", question)).strip()
    marks = re.search(r"[\s?؟՞!.。]*$", question)
    tail = marks.group() if marks else ""
    body = question[: len(question) - len(tail)]
    end = next((mark for mark in tail if mark in _END_MARKS), "")
    if not end and (_ASKING.match(body) or _ASKING_CJK.search(body)) and tail.strip() in ("", ".", "。"):
        end = "?"
    question = body + end if end else question
    return question[:1].upper() + question[1:] if question[:2].islower() else question


def _unwrap(question: str) -> str:
    emphasis = _EMPHASIS.match(question)
    if emphasis:
        return emphasis.group(2)
    if len(question) > 2 and _QUOTES.get(question[0]) == question[-1] and question[0] not in question[1:-1]:
        return question[1:-1]
    return question


def _fault(question: str) -> str:
    words = comparison_key(question)
    if not words:
        return "empty"
    if _MARKUP.search(question):
        return "markup"
    if _PLACEHOLDER.search(question):
        return "placeholder"
    if question[-1] not in _END_MARKS:
        return "not_a_question"
    if len(question) > MAX_CHARACTERS:
        return "too_long"
    if _SPACELESS.search(question):
        return "too_short" if len(words) < MIN_CHARACTERS_WITHOUT_SPACES else ""
    return "too_short" if len(question) < MIN_CHARACTERS or len(words.split()) < MIN_WORDS else ""
