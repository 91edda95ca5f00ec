"""The form in which a question is stored and compared: plain letters, single spaces, one question mark. Pure.

The rules work for any language: they look at punctuation and scripts. Word lists are used only to add a question mark
that a model forgot.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

READ_CHARACTERS = 4_000  # of one text; longer ones come from a model that repeats itself
QUESTIONS_KEPT = 512  # read, each about 2 kB: those of eight calls, with and without the product's names
LONGEST_KEPT = 400  # characters of one
END_MARKS = "?؟՞፧"
HIDING = "\ufffd"  # what stands in a standardized text where characters hid a part of it, and for damaged ones

# Escape, text that is drawn in another order than it is stored (but for the isolates of right-to-left texts), tags that
# are not drawn at all, and zero widths inside Latin words, which keep them from being found.
_HIDES = re.compile(r"[\x1b\x9b\u202d\u202e\U000e0000-\U000e007f]|(?<=[A-Za-z])[\u200b\u2060\ufeff]+(?=[A-Za-z])")
_JOINS = re.compile(r"(?<=[A-Za-z\u00c0-\u024f\ufb00-\ufb06])[\u200c\u200d]+(?=[A-Za-z\u00c0-\u024f])")
_ISOLATES = re.compile(r"[\u202a-\u202c\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_INVISIBLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"

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
_NUMBERING_LETTERS = "qQfFpP"  # with which a word begins that may be one
_PLAIN_END = re.compile(r"[^\W_]\?$")
_EMPHASIS = re.compile(r"(\*\*|__|\*|_|`)(.+)\1$")
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "‘": "’", "「": "」"}
_ASKING = re.compile(rf"^(?:¿|{_ASKING_WORDS})", re.IGNORECASE)
_THAI_PARTICLES = "(?:ครับ|คะ|ค่ะ|นะ|จ๊ะ|จ้ะ|ล่ะ|เหรอ|บ้าง)"
# Arabic, Persian and Hindi shoppers leave the mark out, too; Thai is written without one.
_ASKING_ELSEWHERE = re.compile(
    r"[吗嗎呢]$|什么|什麼|哪|如何|怎么|怎麼|怎样|是否|为什么|為什麼|多少|多久|多长|多大|几|幾|谁|誰|能否|能不能|有没有|是不是|(?:です|ます|ません|ました|でした|でしょう|だろう|の|る|ない|たい|いい|よい|良い|った)か$|かな$|かしら$|까$"
    rf"|(?<!ผ้า)(?<!เส้น)(?<!ใย)(?:ไหม|มั้ย)(?={_THAI_PARTICLES}*$|\s|เวลา|ตอน|ถ้า|หาก|เมื่อ|สำหรับ|ก่อน|หลัง|กับ|ใน)"
    rf"|หรือ(?:เปล่า|ไม่|ยัง)(?!ก็)|(?:หรือ|เหรอ|ยัง){_THAI_PARTICLES}*$|คะ$|หรือ.*ครับ$|อะไร(?!ก็)|อย่างไร(?!ก็)|ยังไง(?!ก็)"
    r"|เท่าไร|เท่าไหร่|เท่าใด|(?<!เ)(?<!ไม่)กี่|ทำไม|เพราะเหตุใด"
    r"|เมื่อไร|เมื่อไหร่|ใคร(?!่|ๆ|ก็)|ไหน(?!ๆ|\s?ก็)|(?<!สิ่ง)(?<!ผู้)ใด(?!\s?ๆ|\s?ก็)"
    r"|^(?:هل|كم|كيف|متى|أين|وين|لماذا|ليش|ماذا|أيهما|أيش|إيش|وش|آیا|چرا|چطور|چگونه|کدام)\s"
    r"|^ما (?:هو|هي|أفضل|أحسن|الفرق|رأي)\s"
    r"|^क्या\s|\sक्या$|(?:^|\s)(?:कौन|कैसा|कैसे|कैसी|कितना|कितने|कितनी|क्यों|कब|कहाँ|कहां)(?!\sभी)(?=\s|$)"
)
_SPACE_BEFORE_COMMA = re.compile(r"(?<=\w) +,(?=\s)")  # which no language has
_INCHES = re.compile(r"(?<=\d)[\"]")
_TAIL = " ?؟՞፧!.。…"
# Its question mark is a semicolon; ohm and micro alone are no Greek.
_GREEK = re.compile("[\u0370-\u03a8\u03aa-\u03bb\u03bd-\u03ff\u1f00-\u1fff]")


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
    if character in _INVISIBLE or "\ufe00" <= character < "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return ""
    if unicodedata.category(character) == "Cf":
        return character if character in "\u200c\u200d" else ""
    form, plain = unicodedata.decomposition(character).partition(" ")[0], unicodedata.normalize("NFKC", character)
    if form == "<circle>" and plain.isdecimal():
        return f"({plain}) "
    return plain if form in ("<wide>", "<narrow>", "<small>", "<vertical>", "<font>") else character


_FOLD = _Table(_folded)
_TIDY = _Table(_tidied)
_FOLD_ASCII = "".join(map(_folded, map(chr, range(128)))).encode() + bytes(128)


def comparison_key(text: str) -> str:
    """Fold a question for comparison: forms that NFKC unites, case, punctuation and white space make no difference."""
    if text.isascii():  # the same result, much faster
        return b" ".join(text.lower().encode().translate(_FOLD_ASCII).split()).decode()
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_FOLD).split())


class Keyed(NamedTuple):
    """The comparison key of a text, and its words."""

    key: str
    words: tuple[str, ...]


def keyed(text: str) -> Keyed:
    """Fold a question for comparison; the last ones are kept, since many ask for the words of the same question."""
    return _keyed(text) if len(text) <= LONGEST_KEPT else _key_of(text)


def _key_of(text: str) -> Keyed:
    key = comparison_key(text)
    return Keyed(key, tuple(key.split()))


_keyed = lru_cache(QUESTIONS_KEPT)(_key_of)


def query_hash(text: str) -> str:
    """Return the SHA-256 of the comparison key in hex, as stored in `queries.query_hash`."""
    return hashlib.sha256(keyed(text).key.encode()).hexdigest()


def standardize(text: str) -> str:
    """Return a text in NFC, with plain letters, single spaces and, if it asks, one question mark at its end.

    Numbering, bullets, quotes around it, a closing one that was not opened, spaces before commas, and harmless
    invisible characters are removed; characters that hide a part of the text become HIDING. Only the first
    READ_CHARACTERS characters are used.
    """
    plain = text[:READ_CHARACTERS]
    if plain.isascii() and plain.isprintable():
        question = " ".join(plain.split())
        if (
            question[:2].isalpha()
            and " ," not in question
            and question[0] not in _NUMBERING_LETTERS
            and _PLAIN_END.search(question, len(question) - 2)
        ):
            return question[:1].title() + question[1:] if question[:2].islower() else question
    else:
        plain = _HIDES.sub(HIDING, plain)
        if _ISOLATES.search(plain) and not _RIGHT_TO_LEFT.search(plain):
            plain = _ISOLATES.sub(HIDING, plain)
        plain = _JOINS.sub(HIDING, unicodedata.normalize("NFC", plain.translate(_TIDY)))
    previous, question = "", " ".join(plain.split())
    while question != previous:
        previous = question
        numbering = _NUMBERING.match(question)
        question = _unwrap(question[numbering.end() :] if numbering else question).strip()
        if "," in question or '"' in question:
            question = _without_stray_marks(question)
    if question.endswith(";"):
        question = f"{question[:-1].rstrip()}?" if _GREEK.search(question) else question
    body = question.rstrip(_TAIL)
    tail = question[len(body) :]
    end = next((mark for mark in tail if mark in END_MARKS), "")
    if not end and tail in ("", ".", "。") and _lacks_its_mark(body):
        end = "?"
    question = body + end if end else question
    return question[:1].title() + question[1:] if question[:2].islower() else question


def _without_stray_marks(question: str) -> str:
    question = _SPACE_BEFORE_COMMA.sub(",", question)
    body = question.rstrip(_TAIL)
    if body.endswith('"') and has_open_quote(body) and not body[-2:-1].isdigit():
        return body[:-1].rstrip() + question[len(body) :]
    return question


def has_open_quote(text: str) -> bool:
    """Whether a straight quotation mark has no other; the sign of inches is none."""
    return (text.count('"') - len(_INCHES.findall(text))) % 2 == 1


def _lacks_its_mark(body: str) -> bool:
    asks = _ASKING.match(body) or _ASKING_ELSEWHERE.search(body)
    return bool(asks) and not any(mark in body for mark in END_MARKS)


def _unwrap(question: str) -> str:
    if emphasis := _EMPHASIS.match(question):
        return emphasis.group(2)
    if len(question) > 2 and _QUOTES.get(question[0]) == question[-1] and question[0] not in question[1:-1]:
        return question[1:-1]
    return question
