"""What a question of a small model may speak of: its product and kind in words that agree, and topics. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from query_generator.llm.offline_grammar.composing import fitting
from query_generator.llm.offline_grammar.kinds import is_plural
from query_generator.llm.offline_grammar.vocabulary import Domain
from query_generator.llm.offline_grammar.wording import wording_of
from query_generator.models import Product
from query_generator.questions.families import family_of
from query_generator.questions.plan import topics_of
from query_generator.questions.spoken_name import spoken_name

_OWN_ARTICLE = re.compile(r"(?:the|an?|my|your|our|his|her)\s", re.IGNORECASE)
_TASK = re.compile(r"[a-z-]+ing\b(?! (?:jacket|room|boot))")  # nobody uses a pan for left-handed people
_PLURAL = {"are": "are", "do": "do", "have": "have", "ones": "ones", "them": "them"}
_SINGULAR = {"are": "is", "do": "does", "have": "has", "ones": "one", "them": "it"}
_NAMES = {"is": "are", "does": "do", "they": "they"}
_NAME = {"is": "is", "does": "does", "they": "it"}


@lru_cache(maxsize=256)  # each product is asked about many times
def words_for(product: Product) -> Mapping[str, str]:
    """Return the words for a product by slot: `x` its name with an article, `kind` what shoppers call such things, if
    that is known, and the verbs and pronouns that agree with each; those with a capital begin a sentence.
    """
    said = wording_of(product)
    name = spoken_name(product)
    is_title = said.domain is not None and said.domain.title
    article = "" if is_title or _OWN_ARTICLE.match(name) else "the "
    shown = f'"{name}"' if is_title else article + name
    found = {"x": shown, **(_NAMES if not is_title and is_plural(name, said.domain) else _NAME)}
    if said.goods:
        found |= {"kind": said.goods, **(_PLURAL if said.countable else _SINGULAR)}
    return found | {slot.capitalize(): word.capitalize() for slot, word in found.items() if slot not in ("x", "kind")}


@lru_cache(maxsize=256)
def topics_for(product: Product) -> Mapping[str, Sequence[str]]:
    """Return the topics for a product by slot: those of its kind, or where that is not known of its family; each in an
    order of the product's own. What has none is left out.
    """
    said, family = wording_of(product), family_of(product)
    if said.domain and said.domain.uses:
        found = _of_kind(said.domain, said.goods)
    else:
        uses = [*topics_of(family, "needs"), *topics_of(family, "situations")]
        found = {"use": uses, "matter": topics_of(family, "worries")}
    if not found.get("trouble"):
        found["care"] = topics_of(family, "care")
    return {slot: sorted(topics, key=lambda topic: _mixed(product, topic)) for slot, topics in found.items() if topics}


def _of_kind(domain: Domain, goods: str) -> dict[str, Sequence[str]]:
    uses = fitting(domain.uses, goods)
    tasks = [use for use in uses if _TASK.match(use)]
    found: dict[str, Sequence[str]] = {"use": uses, "matter": fitting(domain.matters, goods), "task": tasks}
    if not goods:
        return found
    features = [one for one in fitting(domain.features, goods) if not one.startswith("no ")]  # "with no expiry date"
    return found | {
        "feature": features,
        "choice": fitting(domain.choices, goods),
        "trouble": fitting(domain.troubles, goods),
    }


def _mixed(product: Product, topic: str) -> bytes:
    return hashlib.sha256(f"{product.key}|{topic}".encode(errors="replace")).digest()
