"""Products named in another script than Latin: the language that their questions are in, and their words."""

import re

from query_generator.llm.offline_grammar.wording import (
    Wording,
    category_path,
    is_speakable,
    shorten_name,
)
from query_generator.models import Product

ENGLISH, CHINESE, JAPANESE = "en", "zh", "ja"
_QUANTITY = re.compile(r"\s*[\d.]+\s*(?:克|千克|公斤|毫升|升|ml|g|kg|L|个|本|枚)\s*$")


def language_of(product: Product) -> str:
    """The language of the script that most letters of the name are of; "" for one that the grammar cannot write."""
    letters = [sign for sign in product.name if sign.isalpha()]
    latin = sum(sign < "\u0250" or "\u1e00" <= sign <= "\u1eff" for sign in letters)
    east_asian = sum(_is_han(sign) or _is_kana(sign) for sign in letters)
    if east_asian and east_asian + latin == len(letters):
        return JAPANESE if any(map(_is_kana, f"{product.name}{product.description}")) else CHINESE
    return ENGLISH if 2 * latin >= len(letters) and not east_asian else ""


def native_wording(product: Product) -> Wording:
    """Find the words for a product with a Chinese or Japanese name; `goods` are the leaf of its category."""
    name = shorten_name(product.name)
    name = _QUANTITY.sub("", name) or name
    label = next(iter(category_path(product)), "")
    goods = label if is_speakable(label) and any(_is_han(sign) or _is_kana(sign) for sign in label) else ""
    brand = product.brand if is_speakable(product.brand) else ""
    return Wording((name,), (name,), brand, plural=False, goods=goods, countable=False, domain=None)


def _is_han(sign: str) -> bool:
    return "\u4e00" <= sign <= "\u9fff" or sign == "々"


def _is_kana(sign: str) -> bool:
    return "\u3040" <= sign <= "\u30ff"
