"""Decides what counts as a question: standardize, filter, deduplicate. Pure.

The rules work for any language: they check punctuation and scripts. Word lists are used only to add a question mark
that a model forgot.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MIN_CHARACTERS = 8
MIN_CHARACTERS_WITHOUT_SPACES = 4
MIN_WORDS = 3
MAX_CHARACTERS = 300
READ_CHARACTERS = 4_000  # of one text; longer ones come from a model that repeats itself

_ASKING_WORDS = (
    r"(?:what|how|why|who|whom|whose|when|where|which|is|are|am|was|were|do|does|did|can|could|will|would|should|shall"
    r"|may|might|has|have|had|isn't|aren't|doesn't|don't|can't|won't|what's|how's|who's|where's)\b"
)
_NUMBERING = re.compile(
    r"(?:[-*•·‣▪◦●–—>#]+\s+|[•‣▪◦●]+|\(?\d{1,3}[.):、]\s+|\(?\d{1,3}(?:、|[.)](?=[^\W\d_]|¿))|\(\d{1,3}\)\s*"
    rf"|\(?[a-zA-Z]\)\s+|[a-zA-Z]\.\s+(?={_ASKING_WORDS})"
    r"|(?:q|question|frage|pregunta|问题?|問|質問)\s*\d{0,3}\s*(?:[:)]\s*|\.\s+))+",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"(\*\*|__|\*|_|`)(.+)\1$")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "‘": "’", "「": "」"}
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]{2,8}|#\d{1,6});|```|\*\*|\]\(|^\s*[{\[]\s*\"|https?://")
_PLACEHOLDER = re.compile(
    r"\[[^\]]{1,40}\]|\{[^}]{0,40}\}|<[^<>\d\s][^<>]{0,40}>|_{3,}|\.{4,}|\b(?:xxx+|lorem ipsum|tbd|todo:)"
    r"|\b(?:product|competitor|category|(?-i:Brand)) name\b|\bn/a\b|\bundefined\b",
    re.IGNORECASE,
)
_ASKING = re.compile(rf"^(?:¿|{_ASKING_WORDS})", re.IGNORECASE)
_ASKING_SPACELESS = re.compile(
    r"[吗嗎呢]$|什么|什麼|哪|如何|怎么|怎麼|怎样|是否|为什么|為什麼|多少|多久|多长|多大|几|幾|谁|誰|能否|能不能|有没有|是不是|ですか$|ますか$|까$"
    r"|ไหม$|มั้ย$|หรือไม่$|หรือเปล่า$|อะไร|อย่างไร|เท่าไร|เท่าไหร่"
)
_END_MARKS = "?؟՞፧"
_TAIL = " ?؟՞፧!.。…"
_GREEK_END = re.compile(r"(?<=[\u0370-\u03ff\u1f00-\u1fff])\s*;$")
# Every match of _MARKUP and _PLACEHOLDER holds one of these; most questions hold none, and need no further check.
_SUSPICIOUS_SIGNS = re.compile(r"[<&`*\[\]{_]|://|\.{4}")
_SUSPICIOUS_WORDS = ("xxx", "lorem", "tbd", "todo:", " name", "n/a", "undef")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class _Table(dict[int, str]):
    """A translation table that applies a rule to each character on first use."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, codepoint: int) -> str:
        self[codepoint] = self._rule(chr(codepoint))
        return self[codepoint]


def _folded(character: str) -> str:
    """Turn punctuation, separators and control characters into a space."""
    return " " if unicodedata.category(character)[0] in "PZC" else character


def _tidied(character: str) -> str:
    """Turn controls into a space, wide, narrow and styled letters into plain ones, ① into (1); drop invisible marks.

    This is not NFKC, which would turn 10½ into 101⁄2 and 5 m² into 5 m2, and split Thai vowels. The joiners of Persian,
    Hindi and emoji are kept.
    """
    if character in "⁇⁈⁉‽":
        return "?"
    if unicodedata.category(character) in ("Cc", "Cs"):
        return " "
    if unicodedata.category(character) == "Cf":
        return character if character in "\u200c\u200d" else ""
    form, plain = unicodedata.decomposition(character).partition(" ")[0], unicodedata.normalize("NFKC", character)
    if form == "<circle>" and plain.isdecimal():
        return f"({plain}) "
    return plain if form in ("<wide>", "<narrow>", "<small>", "<vertical>", "<font>") else character


_FOLD = _Table(_folded)
_TIDY = _Table(_tidied)
_FOLD_ASCII = "".join(map(_folded, map(chr, range(128)))).encode() + bytes(128)


@dataclass(slots=True)
class Accepted:
    """The questions that passed, in order, and the number of dropped texts by reason."""

    questions: list[str] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)


def comparison_key(text: str) -> str:
    """Fold a question for comparison: forms that NFKC unites, case, punctuation and white space make no difference."""
    if text.isascii():  # the same result, much faster
        return b" ".join(text.lower().encode().translate(_FOLD_ASCII).split()).decode()
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_FOLD).split())


def query_hash(text: str) -> str:
    """Return the SHA-256 of the comparison key in hex, as stored in `queries.query_hash`."""
    return hashlib.sha256(comparison_key(text).encode()).hexdigest()


def accept_questions(texts: Iterable[str], wanted: int, existing: Iterable[str] = (), own: str = "") -> Accepted:
    """Standardize raw texts; keep the first `wanted` good ones that differ from each other and from `existing`.

    Text from `own`, the product's name and brand, does not count as placeholder or markup: `Phone Case [Pack of 2]`.
    The reasons for dropping texts: empty, not_a_question, placeholder, markup, too_short, too_long, duplicate, surplus.
    """
    accepted = Accepted()
    own = own.casefold()
    seen = {comparison_key(text) for text in existing}
    for text in texts:
        question = standardize(text)
        key = comparison_key(question)
        reason = _fault(question, key, own)
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
    """Return a text in NFC, with plain letters, single spaces and, if it asks, one question mark at its end.

    Numbering, bullets and quotes around it are removed. Only the first READ_CHARACTERS characters are used.
    """
    plain = text[:READ_CHARACTERS]
    if not (plain.isascii() and plain.isprintable()):
        plain = unicodedata.normalize("NFC", plain.translate(_TIDY))
    previous, question = "", " ".join(plain.split())
    while question != previous:
        previous = question
        numbering = _NUMBERING.match(question)
        question = _unwrap(question[numbering.end() :] if numbering else question).strip()
    if question.endswith(";"):
        question = _GREEK_END.sub("?", question)
    body = question.rstrip(_TAIL)
    tail = question[len(body) :]
    end = next((mark for mark in tail if mark in _END_MARKS), "")
    if not end and tail in ("", ".", "。") and _lacks_its_mark(body):
        end = "?"
    question = body + end if end else question
    return question[:1].title() + question[1:] if question[:2].islower() else question


def _lacks_its_mark(body: str) -> bool:
    asks = _ASKING.match(body) or _ASKING_SPACELESS.search(body)
    return bool(asks) and not any(mark in body for mark in _END_MARKS)


def _unwrap(question: str) -> str:
    if emphasis := _EMPHASIS.match(question):
        return emphasis.group(2)
    if len(question) > 2 and _QUOTES.get(question[0]) == question[-1] and question[0] not in question[1:-1]:
        return question[1:-1]
    return question


def _fault(question: str, key: str, own: str) -> str:
    if not key:
        return "empty"
    if _is_suspicious(question):
        if _has_foreign(_MARKUP, question, own):
            return "markup"
        if _has_foreign(_PLACEHOLDER, question, own):
            return "placeholder"
    if question[-1] not in _END_MARKS:
        return "not_a_question"
    if len(question) > MAX_CHARACTERS:
        return "too_long"
    if not question.isascii() and _SPACELESS.search(question):
        return "too_short" if len(key) < MIN_CHARACTERS_WITHOUT_SPACES else ""
    return "too_short" if len(question) < MIN_CHARACTERS or key.count(" ") + 1 < MIN_WORDS else ""


def _is_suspicious(question: str) -> bool:
    lowered = question.lower()
    return bool(_SUSPICIOUS_SIGNS.search(question)) or any(word in lowered for word in _SUSPICIOUS_WORDS)


def _has_foreign(pattern: re.Pattern[str], question: str, own: str) -> bool:
    return any(found.group().casefold() not in own for found in pattern.finditer(question))
