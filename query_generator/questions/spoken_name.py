"""Makes the short name that people say out of a title that was written for search engines. Pure."""

import re
from functools import cache

from query_generator.english_words import english_words
from query_generator.models import Product, normalize_key_part
from query_generator.questions.brand_aliases import is_no_brand
from query_generator.questions.name_vocabulary import (
    is_measure,
    is_ordinary,
    product_words,
    words_of,
)

MOST_WORDS = 4  # after the brand; people drop the rest
READ_CHARACTERS = 400  # of a title; what comes later names nothing

_BRACKETS = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|【[^【】]*】|（[^（）]*）|「[^「」]*」|《[^《》]*》|<[^<>]*>"
)
_NOISE = re.compile(
    r"[™®©★☆✓✔●■◆♥]|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200b-\u200f\u202a-\u202e\ufeff]+|!{1,}"
    r"|\b(?:free shipping|hot sale|best ?seller|top rated|brand new|100% \w+|new arrival|limited offer|on sale|\d+% off"
    r")\b",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\s+[-–—~•·/]+\s+|\s*[|｜¦;；，、]\s*|,(?=\s|[^\W\d])|:\s+|：|\s+-(?=\w)|(?<=\w)-\s+|。")
_COUNTED = re.compile(
    r"\b(?:(?:pack|set|box|case|bundle|lot|pair)s? of \d+"
    r"|\d+[ -]?(?:pack|packs|pcs|pieces?|count|ct|pk|er[ -]pack|stück|pièces)"
    r"|\d+ ?[x×] ?\d+(?:[.,]\d+)?(?: ?[x×] ?\d+)?(?: ?[a-z]{1,3})?|[x×] ?\d+|\d+ ?[x×]"
    r"|\d+(?:[.,]\d+)?[ -]?(?:mm|cm|m|km|mg|g|kg|ml|cl|dl|l|oz|fl\.? ?oz|lbs?|kw|w|v|mah|wh|gb|tb|mb|hz|khz|mhz|ghz"
    r"|inch(?:es)?|in|ft|feet|yards?|litres?|liters?|grams?|ounces?|pounds?|hours?|h|watts?|volts?"
    r"|years?|months?|db|mp|dpi|psi|rpm|%)"
    r"|(?:size|eu|us|uk) ?\d+(?:[.,]\d+)?)(?!\w)|\d+(?:[.,]\d+)?[\"”″]"
    r"|\d+(?:[.,]\d+)? ?(?:克|千克|公斤|毫升|升|厘米|毫米|寸|英寸|片|包|瓶|盒|件|个"
    r"|支|只|双|袋|装|套|本|枚|個|入り?|세트|개|шт|мл|л|кг|г|см|мм)",
    re.IGNORECASE,
)
_MODEL = re.compile(r"(?=[\w./-]*\d)(?=[\w./-]*[^\W\d_])[\w][\w./-]{2,}", re.ASCII)
_EDGES = " .,:;!?*#\"'“”„«»()[]{}-–—_/|~+&"


def spoken_name(product: Product) -> str:
    """Return how people say the name of a product: its brand and one to four words, in the title's own order.

    Without tails after a comma, dash or bar, brackets, sizes, colours, counts and praise; with a model's code nothing
    that follows it. A title that holds nothing but such things is returned as it is. Of a title the first 400
    characters are read. Chinese and Japanese titles lose what signs part from them and keep the rest.
    """
    title = " ".join(product.name[:READ_CHARACTERS].split())
    brand = "" if is_no_brand(product.brand) else " ".join(product.brand.split())
    plain = " ".join(_NOISE.sub(" ", title).split())
    plain = _without(_BRACKETS, plain)
    rest = _without_brand(plain, brand)
    words = _short(_parts(rest), product)
    spoken = " ".join(words) or plain or title
    if not brand or normalize_key_part(brand) in normalize_key_part(spoken):
        return spoken
    return f"{brand} {spoken}"


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Return a text without what a pattern finds; as it is if nothing else is left."""
    left = " ".join(pattern.sub(" ", text).split())
    return left if any(map(str.isalpha, left)) else text


def _without_brand(title: str, brand: str) -> str:
    if not brand:
        return title
    spelled = re.escape(brand).replace(r"\ ", r"[\s-]*")
    return _without(re.compile(rf"(?:\bby\s+)?(?<!\w){spelled}(?:['’]s)?(?!\w)[\s:,-]*", re.IGNORECASE), title)


def _parts(title: str) -> list[list[str]]:
    """Return the words of each part of a title, without counts and sizes."""
    parts = []
    for part in _TAIL.split(title):
        words = [
            word
            for text in _COUNTED.sub(" ", part).split()
            if (word := text.strip(_EDGES) or ("&" if text == "&" else ""))
        ]
        if words:
            parts.append(words)
    return parts


def _short(parts: list[list[str]], product: Product) -> list[str]:
    colours = _own_colours(product)
    for words in parts:
        said = _limited(_without_colours(_before_host(words), colours))
        if any(any(map(str.isalpha, word)) for word in said):
            return said
    return _limited(parts[0]) if parts else []


def _before_host(words: list[str]) -> list[str]:
    """Return the words before "for", "with" and the like; a single word before them keeps what it is for."""
    hosts = words_of("host_words") - {"per", "de"}
    for place, word in enumerate(words[1:], 1):
        if word.lower() in hosts:
            return words[:MOST_WORDS] if place == 1 else words[:place]
    return words


def _without_colours(words: list[str], colours: frozenset[str]) -> list[str]:
    """Return the words without colours and worn sizes; a first word stays, unless it is one of several colours."""
    drop = [_is_colour(word, words[place + 1 : place + 2], colours) for place, word in enumerate(words)]
    for place in range(1, len(words) - 1):
        if words[place].lower() in words_of("links") and drop[place + 1]:
            drop[place] = True
    if drop[:2] != [True, True] or words[1].lower() not in words_of("links"):
        drop[:1] = [False]
    kept = [word for word, dropped in zip(words, drop, strict=True) if not dropped]
    while len(kept) > 1 and kept[-1].lower() in words_of("links"):
        kept.pop()
    return kept if any(len(word) > 1 for word in kept) else words


def _is_colour(word: str, following: list[str], colours: frozenset[str]) -> bool:
    folded = word.lower()
    if folded in colours or folded in words_of("worn_sizes") or folded in words_of("other_colours"):
        return True
    if folded in words_of("shades") and following and following[0].lower() in _basic_colours():
        return True
    return all(part in _basic_colours() for part in re.split(r"[/-]", folded))


def _limited(words: list[str]) -> list[str]:
    """Return at most four words: those up to the model's code, or what is left without praise."""
    for place, word in enumerate(words[: MOST_WORDS + 2]):
        if _is_model(word):
            end = place + 1
            while end < len(words) and words[end].lower() in words_of("model_suffixes"):
                end += 1
            return _telling(words[:end])[-MOST_WORDS:]
    return _telling(words)


def _telling(words: list[str]) -> list[str]:
    is_sentence = len(words) <= MOST_WORDS + 2 and any(word.lower() in words_of("sentence") for word in words)
    if len(words) <= MOST_WORDS or is_sentence:
        return words
    praise = words_of("marketing") | words_of("people") | words_of("technology") | words_of("materials")
    left = [
        word
        for place, word in enumerate(words)
        if word.lower() not in praise
        or (place and _is_distinctive(words[place - 1]) and word.lower() in words_of("model_suffixes"))
    ]
    kept = left if len(left) > 1 else words
    if len(kept) <= MOST_WORDS:
        return kept
    if not any(map(_is_distinctive, kept[:MOST_WORDS])):
        return [word for word in kept[-MOST_WORDS + 1 :] if word.lower() not in words_of("links")]
    return [*kept[: MOST_WORDS // 2], *kept[-MOST_WORDS // 2 :]]


def _is_model(word: str) -> bool:
    folded = word.lower()
    if not _MODEL.fullmatch(word) or is_measure(folded) or folded in product_words():
        return False
    is_ordinal = word[0].isdigit() and word[1:].strip("0123456789-").islower()
    return not is_ordinal and folded.rpartition("-")[2] not in english_words()


def _is_distinctive(word: str) -> bool:
    folded = word.lower()
    return not is_ordinary(folded) and folded not in english_words() and not is_measure(folded)


@cache
def _basic_colours() -> frozenset[str]:
    return words_of("colours") - {
        "nude",
        "mint",
        "peach",
        "olive",
        "lime",
        "coral",
        "orange",
        "rose",
        "clear",
        "sand",
        "cream",
    }


def _own_colours(product: Product) -> frozenset[str]:
    """Return the words of the product's attributes that tell its colour or size."""
    values = [value for name, value in product.attributes if name.lower() in words_of("colour_fields")]
    return frozenset(word for value in values for word in value.lower().replace(",", " ").split())
