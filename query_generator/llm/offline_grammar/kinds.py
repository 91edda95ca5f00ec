"""What kind of thing a product is, in shoppers' words: by the nouns of the domains, its category, or its name. Pure."""

import re
from dataclasses import dataclass
from functools import cache

from query_generator.english_words import english_words
from query_generator.llm.offline_grammar.vocabulary import Domain, domains, words

HEAD_ENDS = words("with for in by from w/ without")
_AFTER_HEAD = words(
    "black white red blue green grey gray silver gold golden yellow orange pink purple brown beige navy starlight "
    "men women man woman mens womens unisex kids pro max plus mini ultra lite air se series edition gen generation set "
    "pack xs s m l xl xxl cm mm ml kg g oz inch small medium large replacement spare leather silicone"
)
_MODIFIERS = words(
    "hiking trail running walking climbing cycling bike ski snow winter summer rain down insulated softshell hooded "
    "wireless bluetooth gaming leather wooden office dining outdoor camping travel baby kids men's women's cotton wool "
    "silk tennis golf cricket baseball electric cordless smart folding faux duffel evening"
)
FLAVORS = words("apple orange banana carrot mango tomato grape lemon sparkling green black dark")
_SPOKEN = {"mens": "men's", "womens": "women's", "gps": "GPS"}
_MOST_LABEL_WORDS = 3
_NO_CATEGORY = frozenset({"simple", "default", "other", "others", "misc", "miscellaneous", "uncategorized", "general"})
_BROAD = words(
    "accessories groceries supplies products items goods essentials gadgets wares homewares "
    "basics parts others electronics tools sports"
)
_SINGULAR_ENDINGS = ("ss", "us", "is", "'s", "’s")
LONGEST_LABEL = 40
_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """What shoppers call this kind of product (`goods`, a plural where `countable`), and the domain it belongs to."""

    goods: str
    countable: bool
    domain: Domain


def _plural(noun: str) -> str:
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    if noun.endswith(("knife", "scarf", "shelf")):
        return noun.removesuffix("fe").removesuffix("f") + "ves"
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh", "potato")) else "s")


@cache
def _all_domains() -> tuple[Domain, ...]:
    return tuple(domains().values())


@cache
def lexicon() -> dict[str, Kind]:
    entries: dict[str, Kind] = {}
    for domain in _all_domains():
        for entry in domain.nouns:
            noun, _, said = entry.partition("=")
            mass = noun.startswith("~")
            noun = noun.removeprefix("~")
            kind = Kind(said or (noun if mass else _plural(noun)), not mass, domain)
            for form in {noun, noun + "s", noun if mass else _plural(noun)}:
                entries.setdefault(form, kind)
    return entries


@cache
def _by_category() -> dict[str, Domain]:
    return {word: domain for domain in reversed(_all_domains()) for word in domain.categories}


def tokens_of(text: str) -> list[str]:
    lowered = text.casefold().replace("’", "'").replace("t-shirt", "tshirt")
    return re.findall(r"[^\W_]+(?:['/][^\W_]+)*", lowered)


def head(text: str) -> list[str]:
    """The words up to the noun that says what the thing is: `Watch Gold for Women` is a watch."""
    words = tokens_of(text)
    end = next((at for at, word in enumerate(words) if at and word in HEAD_ENDS), len(words))
    words = words[:end]
    while len(words) > 1 and (len(words[-1]) == 1 or words[-1] in _AFTER_HEAD or any(map(str.isdigit, words[-1]))):
        words.pop()
    return words


def kind_of(text: str) -> Kind | None:
    words = head(text)
    for length in (3, 2, 1):
        kind = lexicon().get(" ".join(words[-length:])) if len(words) >= length else None
        if kind:
            before = [_SPOKEN.get(word, word) for word in words[:-length]][-2:]
            fitting = FLAVORS if kind.domain in map(domains().get, ("food", "drinks", "produce")) else _MODIFIERS
            if kind.domain is domains()["general"]:  # a sofa cover
                fitting = fitting.union(word for word in before if word in lexicon() or word + "s" in lexicon())
            while before and not fitting.issuperset(before):
                before.pop(0)
            return Kind(" ".join([*before, kind.goods]), kind.countable, kind.domain)
    return None


def kind_with_accessory(text: str) -> Kind | None:
    """The kind, of `Phone Case iPhone 13` that of what comes first: with such a word it is none of the devices."""
    kind = kind_of(text)
    if not kind or "case" not in kind.domain.foreign:
        return kind
    words = head(text)
    last = max((at for at, word in enumerate(words) if word in kind.domain.foreign), default=-1)
    return kind_of(" ".join(words[: last + 1])) if last >= 0 else kind


def kind_within(text: str, domain: Domain) -> Kind | None:
    """The last word of a name that is a noun of this domain, for makers who end a name in fancy words."""
    kinds = (lexicon().get(word) for word in reversed(head(text)))
    return next((kind for kind in kinds if kind and kind.domain is domain), None)


def plain_case(text: str) -> str:
    """Lower the words that are merely capitalized; `GPS`, `iPad` and `McCoy` stay."""
    return " ".join(word.lower() if word[1:] == word[1:].lower() and len(word) > 1 else word for word in text.split())


def domain_of_category(path: list[str], name_words: set[str]) -> Domain | None:
    """The domain that a category names, unless the name tells that it is something for things of that domain."""
    for part in path:
        kind = kind_of(part)
        candidates = [kind.domain] if kind else []
        candidates += [_by_category()[word] for word in tokens_of(part.replace("/", " ")) if word in _by_category()]
        for domain in candidates:
            if not name_words.intersection(domain.foreign):
                return domain
    return None


def is_plural(name: str, domain: Domain | None) -> bool:
    words = head(name) or [""]
    known = lexicon()
    last = words[-1]
    noun = next((word for word in reversed(words) if word in known and known[word].domain is domain), last)
    noun = last if last in known else noun
    if noun in known and known[noun].goods == noun:
        return known[noun].countable
    original = next((word for word in name.split() if word.casefold() == noun), noun)
    return noun.isalpha() and noun.endswith("s") and not noun.endswith(_SINGULAR_ENDINGS) and not original.isupper()


def kind_by_label(path: list[str], domain: Domain | None) -> Kind | None:
    """What the leaf of a category is called, where that is a plural: `Garden hoses`."""
    said = plain_case(path[0]) if path else ""
    words = said.split()
    if not re.fullmatch(r"[a-z][a-z' -]+[a-z]s", said) or len(said) > LONGEST_LABEL or len(words) > _MOST_LABEL_WORDS:
        return None
    if said in _NO_CATEGORY or words[-1] in _BROAD or said.endswith((*_SINGULAR_ENDINGS, "ics")):
        return None
    return Kind(said, True, domain or domains()["general"])


def kind_by_name(name: str, *, of_a_thing: bool = False) -> Kind | None:
    """What a name of several words ends in, if that is an English word: `Oak Trunk` is one of trunks.

    `of_a_thing`: only if it belongs to a thing that is known, as `Basketball Rim`.
    """
    words = head(name)
    noun = words[-1] if len(words) >= _FEWEST_WORDS else ""
    if noun not in english_words() or len(noun) < 3 or noun in _BROAD:
        return None
    thing = words[-2] if words[-2] in lexicon() else ""
    if of_a_thing and not thing:
        return None
    return Kind(f"{thing} {_plural(noun)}".strip(), True, domains()["general"])
