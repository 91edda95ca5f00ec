"""How a product is spoken of in a question: its name with article and number, its kind, its category."""

import re
from dataclasses import dataclass

from query_generator.llm.offline_grammar.kinds import (
    FLAVORS,
    HEAD_ENDS,
    LONGEST_LABEL,
    domain_of_category,
    is_plural,
    kind_by_label,
    kind_by_name,
    kind_of,
    kind_with_accessory,
    kind_within,
    lexicon,
    tokens_of,
)
from query_generator.llm.offline_grammar.vocabulary import Domain, domains, words
from query_generator.models import Product

LONGEST_NAME = 80
LONGEST_UNSPACED_NAME = 40
MOST_SPOKEN_WORDS = 6
_NAMED_BY_KIND = ("produce", "food", "drinks", "pets")

# A comma or colon parts only before a space, and nothing parts two digits: `40x41,5 cm` and `1:18` stay whole.
_SEPARATOR = re.compile(r"\s[-–—|/]\s|\s*[,;:](?=\s)|\s*[|(\[（【]|\s*(?<!\d)[，。；：、丨]|[，。；：、丨](?!\d)")
_SENTENCE_END = re.compile(r"(?<=\w{3})[.!]\s")
_UNSPEAKABLE = re.compile(r"[?？<>{}\[\]*`\x00-\x1f\x7f\ud800-\udfff]")
_AMOUNT = r"\d[\d.,]*\s?[^\W\d_]{1,6}"
_QUANTITY = re.compile(rf"(?<=\w)\s*(?:(?:,\s|(?<!\d)，|\s[-–—]\s)\s*{_AMOUNT}|[(（]\s*{_AMOUNT}\s*[)）])$")
_NUMBER_ALONE = re.compile(r"[\d.,/×x-]+", re.I)  # whose unit was cut away
_BROKEN_WORD = re.compile(r"[a-zA-Z0-9.,]+\Z")
_DANGLING = words("with and for the a an of in by from to & + - – |")
_FEWEST_SPOKEN_WORDS = 2
_AFTER_NAME = words(
    "off cosmic black white red blue green grey gray silver gold inch cm mm xs s m l xl xxl starlight space"
)
_COMMON = words("fresh reusable red white sweet raw dry can jar bottle box pack")
_NO_ARTICLE = words("the a an my your our his her this that le la les el il der die das")


def shorten_name(name: str) -> str:
    """The name as a person would say it: no question marks, no `, 250 ml`, at most 80 characters."""
    name = _QUANTITY.sub("", " ".join(_UNSPEAKABLE.sub(" ", name).split()))
    if len(name) <= LONGEST_NAME:
        return name
    fitting = [at.start() for at in _SEPARATOR.finditer(name) if 8 <= at.start() <= LONGEST_NAME]
    if fitting:
        name = name[: fitting[0]]
    elif " " in name[:LONGEST_NAME]:
        name = name[: LONGEST_NAME + 1].rsplit(" ", 1)[0]
    else:
        name = _cut_between_words(name, LONGEST_UNSPACED_NAME)
    words = name.split()
    while len(words) > 1 and (
        words[-1].casefold() in _DANGLING or (not fitting and _NUMBER_ALONE.fullmatch(words[-1]))
    ):
        words.pop()
    return " ".join(words)


def spoken_name(name: str) -> str:
    """The name in the few words that people use: without what follows a comma, or colour and size at its end."""
    said = shorten_name(_SENTENCE_END.split(name, maxsplit=1)[0])
    parted = _SEPARATOR.split(said, maxsplit=1)[0].strip()
    said = parted if len(parted.split()) > 1 else said
    words = said.split()
    if len(words) > MOST_SPOKEN_WORDS:
        end = next((at for at, word in enumerate(words) if at > 1 and word.casefold() in HEAD_ENDS), len(words))
        words = words[:end] if end <= MOST_SPOKEN_WORDS + 1 else words[:MOST_SPOKEN_WORDS]
    while len(words) > _FEWEST_SPOKEN_WORDS and (
        words[-1].casefold() in _AFTER_NAME or words[-1].casefold() in _DANGLING
    ):
        words.pop()
    return " ".join(words)


def _cut_between_words(text: str, length: int) -> str:
    """Cut a text without spaces, as Chinese has, but not inside a number or a Latin word, unless it is a single one."""
    inside = _BROKEN_WORD.search(text[:length]) if re.match(r"[a-zA-Z0-9.,]", text[length:]) else None
    return (text[: inside.start()] if inside else "") or text[:length]


def category_path(product: Product) -> list[str]:
    """The parts of a category, leaf first, slugs as words."""
    parts = [part.strip() for part in re.split(r">+", product.category)]
    return [
        " ".join((part.replace("-", " ").replace("_", " ") if " " not in part and part.islower() else part).split())
        for part in reversed(parts)
        if part
    ]


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one product. `goods` and `brand` are empty, `domain` is None, where they are not known.

    `names` are the ways in which it is named inside a sentence, `bare` those without an article, as for a search box.
    `is_goods`: it has no name but that of its kind, as apples have.
    """

    names: tuple[str, ...]
    bare: tuple[str, ...]
    brand: str
    plural: bool
    goods: str
    countable: bool
    domain: Domain | None
    is_goods: bool = False


def wording_of(product: Product) -> Wording:
    """Find the words. Books, toys, pets and services go by their category, everything else by its name first."""
    name = spoken_name(product.name) or "this product"
    full = shorten_name(product.name)
    path = category_path(product)
    by_category = domain_of_category(path, set(tokens_of(full)))
    kind = kind_with_accessory(full) or kind_with_accessory(name)
    if by_category and by_category.by_category_alone and not (kind and kind.domain is by_category):
        kind = None
    if not kind and by_category:
        named = kind_within(name, by_category)
        kind = named or next((kind for kind in map(kind_of, path) if kind and kind.domain is by_category), None)
    domain = kind.domain if kind else by_category
    if not kind and (domain or not domain_of_category(path, set())):
        kind = kind_by_label(path, domain)
    if not kind and not (domain and domain.by_category_alone):
        kind = kind_by_name(full, of_a_thing=domain is not None)
    domain = kind.domain if kind else domain

    brand = " ".join(_UNSPEAKABLE.sub(" ", product.brand).split())
    brand = brand if len(brand) <= LONGEST_LABEL else ""
    goods, countable = (kind.goods, kind.countable) if kind else ("", False)
    if kind and not brand and domain in map(domains().get, _NAMED_BY_KIND) and _is_common(name):
        return Wording((goods,), (goods,), "", countable, goods, countable, domain, is_goods=True)
    forms = tuple(dict.fromkeys((name, name, _with_brand(name, brand, domain))))
    plural = not (domain and domain.title) and is_plural(name, domain)
    return Wording(
        tuple(_with_article(form, domain) for form in forms),
        tuple(f'"{form}"' if domain and domain.title and '"' not in form else form for form in forms),
        brand,
        plural,
        goods,
        countable,
        domain,
    )


def _is_common(name: str) -> bool:
    """Whether a name holds none but words that name things: `Green Bell Pepper`, but not `Nescafe Coffee`."""
    common = {word for form in lexicon() for word in form.split()} | FLAVORS | _COMMON
    return common.issuperset(tokens_of(name))


def is_speakable(label: str) -> bool:
    """Whether a brand or category can stand in a sentence."""
    return 0 < len(label) <= LONGEST_LABEL and not _UNSPEAKABLE.search(label)


def _with_brand(name: str, brand: str, domain: Domain | None) -> str:
    if not brand or brand.casefold() in name.casefold() or (domain and domain.title):
        return name
    return name if name.split()[0].casefold() in _NO_ARTICLE else f"{brand} {name}"


def _with_article(name: str, domain: Domain | None) -> str:
    if domain and domain.title:
        return name if '"' in name else f'"{name}"'
    first = next((sign for sign in name if sign.isalpha()), "a")
    known_script = first < "\u0250"
    return f"the {name}" if known_script and name.split()[0].casefold() not in _NO_ARTICLE | {"this"} else name
