"""What a question must not hold whatever it asks: markup, placeholders, addresses, formulas, hidden text. Pure.

`address_endings.json` lists the endings of host names that count: those reserved by RFC 2606 and RFC 7686, general and
country ones in wide use, those that are words, too, and count only with a path, and names of software that look so.
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from query_generator.questions.standardize import END_MARKS, HIDING, has_open_quote

MIN_CHARACTERS = 8
MIN_CHARACTERS_WITHOUT_SPACES = 4
MIN_WORDS = 3
MAX_CHARACTERS = 300
MIN_PHONE_DIGITS = 7  # the shortest subscriber numbers in use that are written in groups
MAX_PHONE_DIGITS = 15  # ITU-T E.164

# Every match of the patterns below holds a sign or one of the words, or is a phone number; most questions hold neither.
_SIGNS = re.compile(r"[<>&`*\[\]{}_@\\^~|$%=/.:。．․‧·•\x1b⟨‹＜#(«“\"]")
# What begins with one set of signs is found fastest: the second look tells what of it counts.
_BRACKETS = re.compile(r"[<>`\"*~\[\]{}\\\x1b⟨‹＜_#%(=:&](?:(?<=[^:&])|(?<=:)::|(?<=&)(?:#|[a-zA-Z]{2}))")
_PLACEHOLDER_SIGNS = re.compile(r"[\[{<%$_(«‹\"./](?:(?<=[^./])|(?<=\.)\.{3}|(?<=/)[aA]\b)")
_HOST_SIGNS = re.compile(
    r"[.。．․‧·•/@\[({\"“”':](?:(?<=\w[.。．․‧·•])[^\W\d]|(?<= [.。．․‧·•]) ?[^\W\d]|(?<=/)/|(?<=@)|(?<=\d\.)\d+\.\d"
    r"|(?<=[\[({])(?:\.|(?i:dot|punkt|at?|ät)[\])}])|(?<=[\"“”'])(?i:at)[\"“”']|(?<=:)\S)"
)
_HOST_LETTERS = re.compile(
    r"[dDwWchH](?:(?<=[dD])(?i:ot)\b|(?<=[,\s.]c)om\b|(?<!\w.)(?<=[wW])[wW]{2} |(?<=[hH]) ?[tT] ?[tT] ?[pP])"
)
_FEW_FIGURES = frozenset(["one", "two", "un", "deux", "uno", "dos", "null"])  # which stand in many questions
_MOST_FIGURES = frozenset(
    "zero oh three four five six seven eight nine eins zwei drei vier fünf sechs sieben acht neun"  # noqa: SIM905
    " zéro trois quatre cinq sept huit neuf cero tres cuatro cinco seis siete ocho nueve".split()
)
_PLACEHOLDER_WORDS = frozenset(
    [
        "lorem",
        "competitor",
        "product",
        "undefined",
        "tbd",
        "todo",
        "fixme",
        "nan",
        "null",
        "brand",
        "name",
        *("x" * many for many in range(3, 21)),
    ]
)
_WORDS = _PLACEHOLDER_WORDS | _MOST_FIGURES | {"dot", "com", "www"}
_DIGIT = re.compile(r"\d")
_ACCOUNT = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{2}\d{2}(?: ?[0-9A-Z]{4}){3,}|(?=[A-Za-z+/]*\d)(?=[\d+/]*[A-Za-z])[A-Za-z0-9+/]{24,})"
)
_DIGITS = re.compile(r"\d[\d ().-]{5}|\d\d.\d\d.\d\d")

_MARKUP = re.compile(
    r"</?[a-zA-Z!][^<>]*(?:>|$)|</?\w+\b(?=\s|$)|&(?:[a-zA-Z]{2,8};|#x?[0-9a-fA-F]{1,6}\b;?)"
    r"|&(?:(?:amp|lt|gt|quot|nbsp)|(?:apos|copy|reg|ndash|mdash|hellip|rsquo|lsquo)\b)|`|~~|\*\*|\]\("
)
_MARKUP_IN_WORD = re.compile(rf"\S*(?:{_MARKUP.pattern})\S*")
_OTHER_MARKUP = re.compile(
    r"^\s*[{\[]\s*\"|^\s*\{|\}\s*\??$|[⟨‹＜][^⟩›＞]{0,60}[⟩›＞]|<\||\|>|__[^\W_]|\s#{1,6}\s|\\+[\w\\]|:::|\[\[|\$\(|[?.!]\"\s?,\s?\""
    r"|%[2-7][0-9A-F]|\b(?:alert|eval|exec|system|confirm|fetch|print|require)\s?\(|\bon[a-z]{3,12}\s?="
)
# A colon that breaks off a phrase; French has a space before each, but other words.
_BROKEN_OFF = re.compile(r"\b(?:for|with|than|from|of|the|and|or|about|after|to|in|at|by|is|are) :")
_CODE = re.compile(r"\{\{|[$#]\{|\{%|<[%|?]|\|>|=|\w\(|\\")
_PLACEHOLDER = re.compile(
    r"\[[^\]]{1,40}\]|[$#]?\{[^}]{0,40}\}|<[^<>\d\s][^<>]{0,40}>|_{3,}|\.{4,}|\b(?:xxx+|lorem ipsum|tbd|todo:)"
    r"|(?<!product)(?<=[a-z])_[a-z]|\b(?-i:NaN|(?:Brand|Competitor|Product) [XYZ]|TODO|TBD|FIXME)\b"
    r"|\bnull(?= (?:cm|mm|m|kg|g|ml|l|inch|hours?|w)\b)|[«\"(‹](?:competitor|brand|product|category)[»\")›]"
    r"|\b(?:product|competitor|category|(?-i:Brand)) name\b|\bn/a\b|\bundefined\b|%(?:\(\w+\))?[sd]\b|\$\{|\{\{"
    r"|%[A-Z_]{3,}%",
    re.IGNORECASE,
)
_TERMINAL = re.compile(
    r"\x1b|\x9b|\ufffd?\[\d{0,3}(?:;\d{1,3})*[mKHJ](?![\w\]])|\ufffd?\[\d{1,3}(?:;\d{1,3})*m|\\(?:x1b|033|u001b)", re.I
)
_HIDDEN = re.compile(
    rf"[{HIDING}\u202a-\u202e\u2066-\u2069\ue000-\uf8ff\U000e0000-\U0010ffff]|[\u0300-\u036f]{{3}}|[\u0334-\u0338]"
    r"|[A-Za-z][\u200b-\u200d\u2060\ufeff]|[\u200b-\u200d\u2060\ufeff][A-Za-z]"
)
_FORMULA = "=+-@|\t\r＝＋－＠−⁼⁺"
_QUOTES = "\"'‘’“”`´"
_INNER_FORMULA = re.compile(r"=\s?[A-Za-z]{2,}\(")
_AT = r"(?:[\[({\"“'](?:at|a|ät)[\])}\"”'])"
_SPELLED_DOT = r"(?:\s?[\[({\"“']dot[\])}\"”']\s?|\sdot\s)"
_DOT = rf"(?:\.|{_SPELLED_DOT})"
_EMAIL = re.compile(
    rf"[\w.+-]+@[\w-]{{2,}}|[\w.+-]+\s?@\s?[\w-]+{_DOT}\w+|[\w.+-]+\s?{_AT}\s?[\w-]+{_DOT}\w+"
    rf"|[\w.+-]+\sat\s[\w-]+{_SPELLED_DOT}\w+",
    re.IGNORECASE,
)
_PHONE = re.compile(
    r"(?<![\w.,])(?:(?:\+|00)[1-9]\d{0,2}|\(?0\d{1,5}\)?|\(?\d{3,5}\)?)(?:[ ./-]{0,2}\(?\d{2,5}\)?){1,5}(?![\w.,]?\d)"
    r"|(?<![\w.,])(?:\(\d\)|0)[\d ()/-]{8,40}\d\)?(?![\w.,]?\d)"
)
_PHONE_SHAPE = re.compile(
    r"\+|^00[1-9]|^\(?0\)?[ /-]{0,3}\d|^\(\d\) \(|^\d{2,4}-\d{3,4}-\d{4}$|^\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}$"
    r"|^\d{10,11}$"
)
_VANITY = re.compile(r"\b(?:1[ -]?)?(?:800|833|844|855|866|877|888|0800|0900|1300)[ -][A-Z]{4,10}\b")
_SPACELESS = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LOOK_ALIKE_LATIN = str.maketrans("асеорхуіјѕԁһмнтвкѡ。．․‧·•", "aceopxyijsdhmhtbkw......")


def shape_fault(question: str, words: Sequence[str], own: str = "") -> str:
    """Return why the shape of a standardized question forbids to store it, or an empty text.

    Args:
        question: the standardized text.
        words: the words of its comparison key.
        own: the product's brand and name, each in a line. A match of markup or placeholder is no fault if it stands
            there as a whole; an address only if brand or name begins with it, and it is a bare host name.

    The reasons: empty, hidden_text, terminal, formula, markup, placeholder, email, address, phone, not_a_question,
    too_long, too_short.
    """
    if not words:
        return "empty"
    if not question.isascii() and _HIDDEN.search(question):
        return "terminal" if _TERMINAL.search(question) else "hidden_text"
    if len(question) > MAX_CHARACTERS:  # nothing below has to read a text that never ends
        return "too_long" if question[-1] in END_MARKS else "not_a_question"
    if question[0] in _FORMULA or (question[0] in _QUOTES and question.lstrip(_QUOTES + " ")[:1] in _FORMULA):
        return "formula"
    if _SIGNS.search(question) and (reason := _foreign_sign(question, words, own)):
        return reason
    if not _WORDS.isdisjoint(words):
        if _has_spelled_number(words):
            return "phone"
        if reason := _foreign_sign(question, words, own):
            return reason
    if _DIGIT.search(question) and (reason := _number_fault(question)):
        return reason
    return _length_fault(question, words)


def _number_fault(question: str) -> str:
    """Tell phone numbers, and numbers of accounts and wallets, which are no better than addresses."""
    if _ACCOUNT.search(question):
        return "address"
    if _DIGITS.search(question) and any(_is_phone(found.group()) for found in _PHONE.finditer(question)):
        return "phone"
    return "phone" if _VANITY.search(question) else ""


def _length_fault(question: str, words: Sequence[str]) -> str:
    if question[-1] not in END_MARKS or words[-1] == "than":
        return "not_a_question"
    if not question.isascii() and _SPACELESS.search(question):
        return "too_short" if len(" ".join(words)) < MIN_CHARACTERS_WITHOUT_SPACES else ""
    return "too_short" if len(question) < MIN_CHARACTERS or len(words) < MIN_WORDS else ""


def _foreign_sign(question: str, words: Sequence[str], own: str) -> str:
    brackets = bool(_BRACKETS.search(question))
    if brackets and _TERMINAL.search(question):
        return "terminal"
    if _HOST_SIGNS.search(question) or _HOST_LETTERS.search(question):
        if _EMAIL.search(question):
            return "email"
        if _has_address(question, own):
            return "address"
    if brackets and _INNER_FORMULA.search(question):
        return "formula"
    if brackets and (_has_markup(question, own) or (has_open_quote(question) and not has_open_quote(own))):
        return "markup"
    if " :" in question and _has_foreign(_BROKEN_OFF, question, own):
        return "markup"
    may_hold = _PLACEHOLDER_SIGNS.search(question) or not _PLACEHOLDER_WORDS.isdisjoint(words)
    return "placeholder" if may_hold and _has_foreign(_PLACEHOLDER, question, own) else ""


def _has_markup(question: str, own: str) -> bool:
    in_word = _MARKUP.search(question) and _has_foreign(_MARKUP_IN_WORD, question, own)
    return bool(in_word) or _has_foreign(_OTHER_MARKUP, question, own)


def _has_foreign(pattern: re.Pattern[str], question: str, own: str) -> bool:
    return any(not _is_own(pattern, found.group(), own) for found in pattern.finditer(question))


def _is_own(pattern: re.Pattern[str], match: str, own: str) -> bool:
    """Whether the same match, and not a longer one, stands in the own name."""
    if _CODE.search(match):  # no name has it
        return False
    folded = match.casefold().rstrip(END_MARKS)
    return any(folded == found.group().casefold().rstrip(END_MARKS) for found in pattern.finditer(own))


def _has_address(question: str, own: str) -> bool:
    own_hosts = _own_hosts(own)
    forms = {question, question if question.isascii() else question.translate(_LOOK_ALIKE_LATIN)}
    matches = (found.group().casefold() for form in forms for found in _addresses().finditer(form))
    return any(match not in own_hosts for match in matches)


@cache
def _addresses() -> re.Pattern[str]:
    endings: dict[str, str] = json.loads(Path(__file__).with_name("address_endings.json").read_text(encoding="utf-8"))
    alone = "|".join((endings["reserved"] + " " + endings["general"] + " " + endings["countries"]).split())
    with_path = alone + "|" + "|".join(endings["words"].split())
    software = "|".join(map(re.escape, endings["names"].split()))
    label = r"[^\W\d_](?:[\w-]*\w)?|\d[\w-]*[^\W\d][\w-]*"
    return re.compile(
        rf"[a-z][a-z0-9+.-]{{1,11}}://\S*|\b(?:mailto|javascript|data):\S+|(?<![\w/])//\w[\w-]*\.\S+"
        rf"|\bwww[. ][\w-]\S*"
        rf"|(?<![\w.@-])(?!(?:{software})\b)(?:(?:{label})\.)+(?:{alone})(?![\w-]|\.\w)(?:[/:?#]\S*\w)?"
        rf"|(?<![\w.@-])(?:(?:{label})\.)+(?:{with_path})/\w\S*"
        r"|\b\d{1,3}(?:\.\d{1,3}){3}\b(?:[/:]\S*)?|\w\s?[\[({](?:\.|dot|punkt)[\])}]\s?\w+"
        rf"|\w\s+dot[\s-]+(?:{alone})\b|\w(?:,|\s+\.\s?)(?:com|org|info|biz|shop|store|example|onion)\b"
        r"|h\s?t\s?t\s?p\s?s?\s?(?:\[?:\]?)\s?/|\\\\\w+\\\w"
        r"|(?<![\w.])@[A-Za-z_]\w{2,}",
        re.IGNORECASE,
    )


@cache
def _bare_hosts() -> re.Pattern[str]:
    return re.compile(r"[\w-]+(?:\.[\w-]+)+")


def _own_hosts(own: str) -> list[str]:
    """The bare host names with which name or brand begin: `hotels.com` of a gift card; others are planted."""
    return [found.group().casefold() for part in own.split("\n") if (found := _bare_hosts().match(part.strip()))]


def _has_spelled_number(words: Sequence[str]) -> bool:
    """Whether as many figures stand in a row, as words, as a phone number has."""
    run = 0
    for word in words:
        run = run + 1 if word in _MOST_FIGURES or word in _FEW_FIGURES else 0
        if run == MIN_PHONE_DIGITS:
            return True
    return False


def _is_phone(match: str) -> bool:
    digits = sum(map(str.isdigit, match))
    return MIN_PHONE_DIGITS <= digits <= MAX_PHONE_DIGITS and bool(_PHONE_SHAPE.search(match.strip()))
