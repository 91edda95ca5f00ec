"""Products that are not asked about in English: the language that their questions are in, and their words."""

import re

from query_generator.llm.offline_grammar.latin import ENGLISH, GERMAN, latin_language
from query_generator.llm.offline_grammar.vocabulary import words
from query_generator.llm.offline_grammar.wording import (
    MOST_SPOKEN_WORDS,
    Wording,
    category_path,
    is_speakable,
    shorten_name,
    spoken_name,
)
from query_generator.models import Product

CHINESE, JAPANESE = "zh", "ja"
UNSPACED = frozenset((CHINESE, JAPANESE))
_QUANTITY = re.compile(r"\s*[\d.]+\s*(?:克|千克|公斤|毫升|升|ml|g|kg|L|个|本|枚)\s*$")
_GERMAN_NOUN = re.compile(r"[A-ZÄÖÜ][a-zäöüß]{2,}(?:-[A-ZÄÖÜ][a-zäöüß]+)?")
_NO_GERMAN_KIND = words(
    "Haushalt Garten Küche Haus Wohnen Bad Büro Mode Sport Freizeit Elektronik Technik Schönheit Gesundheit Pflege "
    "Zubehör Sonstiges Angebote Neuheiten Damen Herren Kinder Baby Outdoor Sale Aktion Katalog Produkte Artikel Mehr"
)


def language_of(product: Product, wanted: str = "") -> str:
    """The language to ask in, "" if there are no sentences to put the name in.

    It is the one that is wanted, unless the product's texts are certainly in another; then, or if none is wanted, that
    of the texts. In English sentences all names in Latin letters can stand.
    """
    letters = [sign for sign in product.name if sign.isalpha()]
    latin = sum(sign < "\u0250" or "\u1e00" <= sign <= "\u1eff" for sign in letters)
    east_asian = sum(_is_han(sign) or _is_kana(sign) for sign in letters)
    if east_asian and east_asian + latin == len(letters):
        return JAPANESE if any(map(_is_kana, f"{product.name}{product.description}")) else CHINESE
    if 2 * latin < len(letters) or east_asian:
        return ""
    return ENGLISH if wanted == ENGLISH else latin_language(product) or (wanted if wanted == GERMAN else ENGLISH)


def native_wording(product: Product, language: str) -> Wording:
    """Find the words for a product of another language than English; `goods` are the leaf of its category."""
    label = next(iter(category_path(product)), "")
    brand = product.brand if is_speakable(product.brand) else ""
    if language in UNSPACED:
        name = shorten_name(product.name)
        name = _QUANTITY.sub("", name) or name
        is_kind = is_speakable(label) and any(_is_han(sign) or _is_kana(sign) for sign in label)
    else:
        name = shorten_name(product.name)
        name = name if len(name.split()) <= MOST_SPOKEN_WORDS else spoken_name(name)
        is_kind = bool(_GERMAN_NOUN.fullmatch(label)) and label not in _NO_GERMAN_KIND
    return Wording((name,), (name,), brand, plural=False, goods=label if is_kind else "", countable=False, domain=None)


def _is_han(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff" or sign == "々"


def _is_kana(sign: str) -> bool:
    return "\u3040" <= sign <= "\u30ff"
