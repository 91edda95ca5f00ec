"""Tells a brand from the common word that it is: by position, case and neighbours. Pure."""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from query_generator.questions.name_folding import Token
from query_generator.questions.name_vocabulary import known_words, words_of

_NEIGHBOURS = Path(__file__).with_name("brand_neighbours.json")
MOST_CAPITALS = 0.7  # of the words of a sentence that is no title
_FEWEST_IN_TITLES = 2  # capitals behind the first letter, besides those of the name

_CAPITAL = re.compile(r"[A-Z]")
_EDGES = "?!.,:;\"'“”„"
_OPENING = ".?!:;…\n"
_QUOTES = " \"'“”„«»‘’(*_"


def is_capitalized(question: str, tokens: list[Token], place: int, name: tuple[int, int] | None = None) -> bool:
    """Return whether a token begins with a capital that the start of a sentence or a title's style does not explain.

    `name` are the first and last token of the name that it is a part of; by default it stands alone.
    """
    return are_capitalized(question, tokens, (place,), name or (place, place))


def are_capitalized(question: str, tokens: list[Token], places: Sequence[int], name: tuple[int, int]) -> bool:
    """Return whether all of some tokens of a name, which is told by its first and last one, begin with such a capital.

    True if there are none.
    """
    for place in places:
        word, start, _ = tokens[place]
        if not question[start].isupper() or _begins_sentence(question, start) or word in words_of("calendar"):
            return False
    return not places or _capitals_tell(question, tokens, name)


def names_brand(question: str, tokens: list[Token], first: int, last: int, kinds: frozenset[str]) -> bool:
    """Return whether the tokens `first` to `last`, a common word, are meant as a brand.

    `kinds` are folded words of the product's category and title: "gap jeans" and "dove soap" are brands. A word that
    is written in disguise, with letters of another script or apart, is meant as one.
    """
    start, end = tokens[first][1], tokens[last][2]
    word = question[start:end].removesuffix("’s")
    if not word.isascii() or (last > first and all(len(token) == 1 for token, _, _ in tokens[first : last + 1])):
        return True
    before = tokens[first - 1][0] if first else ""
    after_place = last + 1
    possessive = question[end : end + 2].lower() in ("'s", "’s")
    if possessive and after_place < len(tokens) and tokens[after_place][0] == "s":
        after_place += 1
    after = tokens[after_place][0] if after_place < len(tokens) else ""
    if len(word) > 2 and word.isupper() and not (question[:start] + question[end:]).isupper():
        return True
    if len(word) < 3 and first and question[tokens[first - 1][1]].isupper() and word.isupper():
        return True
    if is_capitalized(question, tokens, first, (first, last)):
        return True
    has_article = before in _group("articles")
    if possessive and word[:1].isupper() and not has_article:
        return True
    if before == "the" and word.islower() and word in words_of("colours"):
        return False
    if _is_kind(after, kinds) and not _is_kind(before, kinds) and not (has_article and word.islower()):
        return not (tokens[first][0] in words_of("calendar") and word.islower() and before in ("every", "on", "for"))
    if has_article:
        return False
    if before in _group("made_by") and first > 1 and _is_kind(tokens[first - 2][0], kinds):
        return word[:1].isupper()
    if question.islower() and _is_kind(before, kinds) and after in ("for", "vs", "or", ""):  # as typed in a search box
        return True
    return _stands_as_name(question, tokens, first, last, before, after)


def is_fixed_phrase(tokens: list[Token], place: int) -> bool:
    """Return whether a word is a part of what has nothing to do with a brand: "British Columbia", "gap year"."""
    word = tokens[place][0]
    if word not in _fixed_words():
        return False
    before = f"{tokens[place - 1][0]} {word}" if place else ""
    after = f"{word} {tokens[place + 1][0]}" if place + 1 < len(tokens) else ""
    return not _fixed_phrases().isdisjoint((before, after))


def names_phrase(question: str, tokens: list[Token], first: int, last: int, kinds: frozenset[str]) -> bool:
    """Return whether several common words ("north face") are meant as a brand: yes, but after "a" and its like."""
    if first and tokens[first - 1][0] in _group("articles") and question[tokens[first][1] : tokens[last][2]].islower():
        return names_brand(question, tokens, first, last, kinds)
    return True


def names_line(question: str, tokens: list[Token], first: int, last: int, kinds: frozenset[str]) -> bool:
    """Return whether a common word of the title ("Galaxy") is meant as a name, which people capitalize.

    In a question without capitals, only what comes before and after can tell, and what the product is cannot: many a
    "check shirt" is no Check.
    """
    if question[tokens[first][1]].isupper():
        return is_capitalized(question, tokens, first) or names_brand(question, tokens, first, last, kinds)
    return question.islower() and names_brand(question, tokens, first, last, frozenset())


def is_in_capitals(question: str, tokens: list[Token], first: int, last: int) -> bool:
    """Return whether two letters or initials are meant as such: "HP", "H.P." and "H&M", and in a text without capitals.

    A sound of hesitation ("hm") is none.
    """
    written = "".join(filter(str.isalpha, question[tokens[first][1] : tokens[last][2]]))
    if "&" in question[tokens[first][1] : tokens[last][2]]:
        return True
    if written.removesuffix("s").isupper() and not (question.isupper() and first < last):
        return True
    is_word = tokens[first][0] in known_words() or tokens[first][0] in _group("hesitation")
    return question.islower() and first == last and not is_word


def _stands_as_name(question: str, tokens: list[Token], first: int, last: int, before: str, after: str) -> bool:
    word = tokens[first][0]
    two_before = tokens[first - 2][0] if first > 1 else ""
    if before in _group("selling") or (before == "of" and two_before in _group("thinking")):
        return word not in words_of("function") or question[tokens[first][1]].isupper()
    is_function = first == last and word in words_of("function")
    if is_function or (word in _adverbs() and question[tokens[first][1]].islower()):
        return after in ("brand", "brands") or before == "brand"
    if after in _group("after") and after != "or":
        return not (after in ("better", "worth", "cheaper") and before not in _group("asking"))
    if before in ("vs", "versus", "brand"):
        return True
    if not first and any(token in _group("brand_talk") for token, _, _ in tokens[last + 1 :]):
        return True
    if before in _group("asking") and first == 1 and after in _group("after_asking"):
        return True
    if after == "or" and last + 2 < len(tokens):
        return tokens[last + 2][0] not in known_words() or is_capitalized(question, tokens, last + 2)
    return before == "or" and first > 1 and tokens[first - 2][0] not in known_words()


def _begins_sentence(question: str, start: int) -> bool:
    left = question[:start].rstrip(_QUOTES)
    return not left or left[-1] in _OPENING


def _is_kind(word: str, kinds: frozenset[str]) -> bool:
    return bool(word) and (
        word in kinds or word.removesuffix("s") in kinds or f"{word}s" in kinds or word in words_of("kinds_of_goods")
    )


def _capitals_tell(question: str, tokens: list[Token], name: tuple[int, int]) -> bool:
    """Return whether the capitals of a name mean one beside the rest: not in titles, in capitals, nor in German."""
    before, after = question[: tokens[name[0]][1]], question[tokens[name[1]][2] :]
    is_plain = question.isascii() and _group("german").isdisjoint([word for word, _, _ in tokens])
    rest = f"{before[1:]}{after}"
    if is_plain and (rest.islower() or len(_CAPITAL.findall(rest)) < _FEWEST_IN_TITLES):
        return True
    words = [word.strip(_EDGES) for word in (*before.split(), *after.split())]
    counted = [word for word in words[1:] if word[:1].isalpha() and word.lower() not in words_of("function")]
    if len(counted) > 1 and sum(word[0].isupper() for word in counted) > MOST_CAPITALS * len(counted):
        return False
    lower = [word.lower() for word in words]
    german = sum(map(_group("german").__contains__, lower))
    return german <= sum(map(words_of("function").__contains__, lower))


@cache
def _adverbs() -> frozenset[str]:
    return frozenset(("always", "never", "often", "today", "now"))


@cache
def _group(name: str) -> frozenset[str]:
    return frozenset(json.loads(_NEIGHBOURS.read_text(encoding="utf-8"))[name].split())


@cache
def _fixed_phrases() -> frozenset[str]:
    return frozenset(json.loads(_NEIGHBOURS.read_text(encoding="utf-8"))["fixed_phrases"].split("|"))


@cache
def _fixed_words() -> frozenset[str]:
    return frozenset(word for phrase in _fixed_phrases() for word in phrase.split())
