"""Reads the questions out of the text of a model's reply."""

import json
import re
from collections.abc import Iterable
from typing import Any

from query_generator.errors import UnusableReplyError
from query_generator.llm.base import GenerationRequest
from query_generator.llm.grouped_reply import Keyed, keyed_texts
from query_generator.llm.loose_json import number, values_in
from query_generator.llm.question_lines import runs_of_lines
from query_generator.llm.question_lists import last_or_all, texts_of_values
from query_generator.llm.thinking import after_final_heading, without_thinking
from query_generator.masking import quoted

LOOKED_AT = 1_000  # characters of a reply that cannot be used, of which fewer are shown
LONGEST_REASON = 40  # characters of a finish reason

_WORD = re.compile(r"[^\W\d_]{3}|\d|[\u0e00-\u9fff\uac00-\ud7af]")
# How a model begins anew instead of going on.
_SENTENCE = re.compile(
    r"(?:(?P<asks>What|How|Which|Where|When|Why|Who|Can|Does|Do|Is|Are|Should)"
    r"|The|You|Your|A|An|Based|Yes|No|I|It|This|Here|Sure|In|If|We|To|There|As|For|Complete)\b(?=.*\s)"
)

_APART = re.compile(r"\A[^\w\s\"“‘'(]|[^\W\d_]{3}[.!]\s|:")
_SAYS_NOTHING = re.compile(
    r"an?|the|i|me|my|you|your|we|us|our|he|him|she|her|they|them|their|its?|this|that|these|those|what|who|which"
    r"|ones?|own|needs?|use|person|people|some(?:one|body|thing)|any(?:one|body|thing)|every(?:one|body)|else|same"
    r"|products?|items?"
)

_DECODER = json.JSONDecoder(strict=False, parse_int=number)


def read_json(text: str | bytes) -> Any:
    """Read the JSON of a reply; an integer without end is infinite. Raises ValueError or RecursionError."""
    return json.loads(text, parse_int=number)


def parse_answer(text: str, finish: object, request: GenerationRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read the answer to a request: its texts, and the key of each one's group, as `GenerationReply` has them.

    An answer without groups, where a plan asked for them, is read like any other list.

    Raises:
        UnusableReplyError: not one question was found.
    """
    if request.opener is not None:
        is_whole = finish != "length"
        question = completed(request.opener, without_thinking(text)) if is_whole else ""
        return ((question,), (request.groups[0].key,)) if question else ((), ())
    if request.groups and (found := _grouped(text, [group.key for group in request.groups])):
        return tuple(question for _, question in found), tuple(key for key, _ in found)
    return parse_question_texts(text, finish, wanted=request.count, asked=str(request.query_type)), ()


def _grouped(text: str, keys: list[str]) -> list[Keyed]:
    try:
        values = [_DECODER.decode(text)]
    except (ValueError, RecursionError):
        values = list(values_in(without_thinking(text)))
    if len(values) == 1 and isinstance(values[0], str):
        values = list(values_in(values[0]))
    cleaned = (
        (key, question if question.isascii() else _sound(question)) for key, question in keyed_texts(values, keys)
    )
    return [(key, question) for key, question in cleaned if question.strip()]


def parse_question_texts(text: str, finish: object = None, *, wanted: int = 0, asked: str = "") -> tuple[str, ...]:
    """Read the questions out of `{"questions": ["…", …]}` or whatever the model has written instead, in their order.

    The list and the field are chosen that hold questions, wherever they stand: in another JSON, in JSON that is cut or
    broken, of which every complete item is taken, in JSON within a string, or on lines. Thinking, drafts and parts of
    the prompt are left out, and so are items that hold no text.

    Args:
        text: of the reply.
        finish: why the model ended, as its service says.
        wanted: how many questions were asked for; 0: not known.
        asked: their type; empty: not known.

    Raises:
        UnusableReplyError: not one question was found.
    """
    texts = _usable(_plain(text) or _found(text, wanted, asked))
    if not texts:
        raise unusable(f"the model's reply holds no questions ({len(text)} characters", finish, text)
    return texts


def unusable(message: str, finish: object, text: str = "") -> UnusableReplyError:
    """Return the error of a reply; the message lacks its closing bracket."""
    error = UnusableReplyError(f"{message}{finish_told(finish, ', ')})")
    error.looks_like = quoted(text[:LOOKED_AT])
    return error


def finish_told(finish: object, before: str = "") -> str:
    """Return a finish reason for a message, or nothing."""
    return f"{before}finish reason {quoted(finish)[:LONGEST_REASON]}" if finish not in (None, "") else ""


def _plain(text: str) -> list[str]:
    """Read a reply as it was asked for; anything else is read by the rules for all shapes."""
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return []
    questions = value.get("questions") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(questions, list) or text.count("[") > 1 or text.count("{") > 1:
        return []
    try:
        has_mark = "?" in "".join(questions)
    except TypeError:
        return []
    return questions if has_mark and not ("\\" in text and "\\n" in text) else []


def _found(text: str, wanted: int, asked: str, depth: int = 0) -> list[str]:
    if depth < 3 and text.lstrip().startswith('"'):
        try:
            inner = _DECODER.decode(text)
        except ValueError:
            inner = None
        if isinstance(inner, str):
            return _found(inner, wanted, asked, depth + 1)
    if not _is_json(text):
        text = without_thinking(text)
        if (final := after_final_heading(text)) and (texts := _listed(final, wanted, asked)):
            return texts
    return _listed(text, wanted, asked)


def _is_json(text: str) -> bool:
    try:
        _DECODER.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _listed(text: str, wanted: int, asked: str) -> list[str]:
    return texts_of_values(values_in(text), wanted, asked) or last_or_all(runs_of_lines(text), wanted)


def _usable(items: Iterable[str]) -> tuple[str, ...]:
    """Keep the strings that hold text, without lone surrogates, which cannot be written as UTF-8."""
    return tuple(filter(str.strip, map(_sound, items)))


def _sound(text: str) -> str:
    return text if text.isascii() else text.encode(errors="ignore").decode()


def _says_nothing(opener: str, added: str) -> bool:
    """Whether each added word is a pronoun and the like, or stands in the opener's last sentence in either number."""
    said = {word.removesuffix("s") for word in _words(opener.rpartition(". ")[2])}
    return all(word.removesuffix("s") in said or _SAYS_NOTHING.fullmatch(word) for word in _words(added))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def completed(opener: str, text: str) -> str:
    """Return the question that a model has completed: the first line up to its mark, after the opener.

    Returns nothing for what adds no word but pronouns and those of the opener, begins with a sign, states something
    after it, or begins a sentence of its own that is no question.
    """
    line = next((line for line in text.splitlines() if line.strip()), "").strip().strip('"“”*').strip()
    added = line.partition("?")[0].strip()
    if added.casefold().startswith(opener.casefold()):
        added = added[len(opener) :]
    elif opener and (sentence := _SENTENCE.match(added)):
        return f"{added}?" if sentence["asks"] else ""
    added = added.strip().lstrip(". …")
    if not _WORD.search(added) or "question" in added.casefold():
        return ""
    if opener and (_APART.search(added) or _says_nothing(opener, added)):
        return ""
    return f"{opener} {added.rstrip(' :;,.')}?".lstrip()
