"""Whether a text asks one question that stands by itself and does not answer it. Pure.

`pointing_words.json` lists, in 20 languages, words that point at something not named in the question.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from query_generator.models import QueryType
from query_generator.questions.standardize import END_MARKS

_AUXILIARY = "is|are|was|does|do|did|can|could|will|would|should|has|have"
_INNER_MARK = re.compile(rf"[{END_MARKS}][\s\"'”’»)\](\[{{•*–—/|→#-]*(?=\w|¿)|(?<=[\u0370-\u03ff]);\s*(?=\w)")
_QUOTED_MARK = re.compile(r"[\"'“‘«][^\"'”’»]*\?[\"'”’»]")
_COMPOUND = re.compile(
    rf"\band (?:(?:what|how|why|where|when|who|which)\b(?: \w+){{0,2}} )?(?:{_AUXILIARY}) (?:it|they|there|i|you|we)\b"
    r"|\bund (?:(?:was|wie|warum|wo|wann|wer|welche[nmrs]?)\b(?: \w+){0,2} )?"
    r"(?:ist|sind|kann|können|hat|haben|gibt|lässt|lassen|passt|passen|wird|darf|muss|funktioniert)"
    r" (?:es|er|sie|man|ich|wir|sich)\b"
)
_AND = frozenset(["and", "und"])
_ANSWERED = re.compile(
    r"\b(?:answer|antwort|réponse|respuesta|resposta|risposta|antwoord|odpowiedź|cevap|ответ)\s?[:=]|(?:^|[\s?])a:\s"
    r"|(?:答|回答|答え|답변?|الجواب|الإجابة|उत्तर|คำตอบ)\s?[:：]"
    r"|(?:[?!.–—(→]|\s-|\bso)\s*\(?(?:yes|no|yeah|ja|nein|oui|non|sí|sì|sim|tak|nie|evet|hayır|да|нет)\b"
    r"(?!\s+(?:or|oder|ou|o|lub|veya|или)\b)[,.!;:) ]"
    r"|,\s*(?:yes|ja|oui|sí|sim|да),\s|\((?:yes|no|ja|nein|oui|non|sí)\)"
    r"|(?<![^\s?!.,。，、؟،।—–(（])(?:是的[，,。！!]|はい、|いいえ、|네, |아니요, |نعم، |हाँ, )"
)
_STATEMENT = re.compile(
    r"(?:yes|no|sure|of course|certainly|it(?: is|'s| has| does| can| comes| will|’s)|they (?:are|have|do|can)"
    r"|the answer|ja\b|nein\b|es ist|er ist"
    r"|oui\b|non\b|sí\b|是的|有的|不是|はい|いいえ|네\b|نعم|हाँ|да\b|нет\b)"
)
_THE_PRODUCT = re.compile(
    rf"^(?:(?:how(?: \w+)?|what|where|why|when|which \w+) )?(?:{_AUXILIARY}) the (?:product|item|article)s?\b"
    r"|^(?:wie \w+ |was |wo )?(?:ist|kann|hat|wird|sind) das produkt\b"
)
_IT_ALONE = re.compile(rf"^(?:(?:how(?: \w+)?|what|where|why|when) )?(?:{_AUXILIARY}) (?:it|they)\b")
_EXPLETIVE = re.compile(r" (?:to|that|if|when|whether|\w+ing)\b")


@dataclass(frozen=True, slots=True)
class _Pointing:
    answers: frozenset[str]  # every match of _ANSWERED in ASCII holds one of these, or a colon or an equals sign
    things: frozenset[str]
    words: frozenset[str]
    pattern: re.Pattern[str]
    spaceless: re.Pattern[str]


@cache
def _pointing() -> _Pointing:
    data = json.loads(Path(__file__).with_name("pointing_words.json").read_text(encoding="utf-8"))
    things = frozenset(data["things"].split())
    pair = rf"(?:{'|'.join(data['pointers'].split())}) (?:{'|'.join(sorted(things))})"
    alone = "|".join(map(re.escape, data["alone"]))
    return _Pointing(
        frozenset(data["answers"].split()),
        things,
        things | {max(phrase.split(), key=len) for phrase in data["alone"]},
        re.compile(rf"\b(?:{pair}|{alone})\b"),
        re.compile("|".join(map(re.escape, data["spaceless"]))),
    )


def several_fault(question: str, words: Sequence[str], *, conversational: bool) -> str:
    """Tell whether a text asks more than once, or answers what it asks: two_questions, holds_answer or an empty text.

    Args:
        question: the standardized text, without the product's name, which may hold a question mark.
        words: the words of its comparison key.
        conversational: whether sentences may stand before the one that asks; two clauses may ask then.
    """
    plain = question.isascii()
    told = not plain or ":" in question or "=" in question or not _pointing().answers.isdisjoint(words)
    if told and _ANSWERED.search(question.lower()):
        return "holds_answer"
    if not plain or question.find("?", 0, -1) >= 0:
        inner = _INNER_MARK.search(question)
        if inner and _STATEMENT.match(question.lower(), inner.end()):
            return "holds_answer"
        if inner and not _QUOTED_MARK.search(question):
            return "two_questions"
    if not conversational and not _AND.isdisjoint(words) and _COMPOUND.search(" ".join(words)):
        return "two_questions"
    return ""


def points_outside(question: str, key: str, words: Sequence[str], query_type: QueryType) -> bool:
    """Whether a question is about something that it does not name: "this product", "the above".

    A pronoun alone is taken for that in market questions only, where nothing can be meant by it: "Is it worth it".
    """
    pointing = _pointing()
    if not pointing.words.isdisjoint(words):
        if pointing.pattern.search(key):
            return True
        if not pointing.things.isdisjoint(words) and _THE_PRODUCT.match(key):
            return True
    if not question.isascii() and pointing.spaceless.search(question):
        return True
    if query_type is QueryType.MARKET and not {"it", "they"}.isdisjoint(words[:4]):
        return bool(_IT_ALONE.match(key)) and not _EXPLETIVE.search(key)
    return False
