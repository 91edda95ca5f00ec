"""What a question of a small model may speak of: its product and kind in words that agree, and topics. Pure."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from query_generator.llm.offline_grammar import topics
from query_generator.llm.offline_grammar.kinds import is_plural
from query_generator.llm.offline_grammar.latin import ENGLISH
from query_generator.llm.offline_grammar.wording import wording_of
from query_generator.models import Product
from query_generator.questions.families import family_of
from query_generator.questions.plan import topics_of
from query_generator.questions.spoken_name import spoken_name

_OWN_ARTICLE = re.compile(r"(?:the|an?|my|your|our|his|her)\s", re.IGNORECASE)
_TOPICS = ("use", "task", "matter", "feature", "choice", "trouble")
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
    lists, family = topics.words_for(product, ENGLISH).lists, family_of(product)
    found = {slot: [each[slot] for each in lists[slot]] for slot in _TOPICS if lists.get(slot)}
    found["feature"] = [one for one in found.get("feature", ()) if topics.can_be_had(one)]  # "with no expiry date"
    if "use" not in found:
        found["use"] = _ordered(product, [*topics_of(family, "needs"), *topics_of(family, "situations")])
    if "matter" not in found:
        found["matter"] = _ordered(product, topics_of(family, "worries"))
    if "trouble" not in found:
        found["care"] = _ordered(product, topics_of(family, "care"))
    return {slot: values for slot, values in found.items() if values}


def _ordered(product: Product, values: Sequence[str]) -> list[str]:
    return topics.in_order(values, topics.drawn(product.key))
