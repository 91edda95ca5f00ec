"""The provider that needs no key and no network: questions from the product's own fields, by grammar."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from query_generator.errors import SkippableError
from query_generator.llm.adapter import Adapter
from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.llm.offline_grammar.composing import Composer, Written
from query_generator.llm.offline_grammar.latin import ENGLISH, GERMAN
from query_generator.llm.offline_grammar.native import language_of
from query_generator.llm.offline_grammar.vocabulary import native, words
from query_generator.llm.offline_grammar.wording import category_path
from query_generator.models import Product, QueryType, SlotGroup

SHORTEST_QUESTION, LONGEST_QUESTION = 4, 200
MANY, SPARE, MOST_SPARE = 10, 1, 5
"""Of MANY questions some will not pass: spare ones are written, with names and without; then rather more. Of fewer,
checking a spare one each time costs more than another call now and then."""
SAME_QUESTION = 0.5
"""Share of common words from which two questions count as one; set by reading the pairs that it drops."""

_WRITTEN = (ENGLISH, *native())
_FILLERS = {
    ENGLISH: words(
        "a an the is are do does did has have can could would will should i my me to of for in on at with and or it "
        "its them their there be by as when you from if than really so what which who how where why"
    ),
    GERMAN: words(
        "der die da den dem ein eine einen ist sind hat haben kann können ich man mir wir zu von für in im am auf mit "
        "und oder e sie wa welche welchen wer wie wo woran worauf wenn bei gibt dafür noch nicht sollte soll wird al an"
    ),
}
_WORD = re.compile(r"[a-z0-9']+|[^\W\d_a-z]{2}")


class OfflineProvider:
    """Writes questions by grammar: the same request always gives the same texts, at no cost.

    It fills the groups of a plan by intent, style and whether names are wanted; it plays no persona. A reply is shorter
    than the request's `count` where the grammar has no more distinct questions: of a product whose kind it does not
    know it asks only what name, brand, price and attributes give.
    """

    name = "offline"
    model = "grammar-3"

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Write the questions; never bills a token.

        Raises:
            SkippableError: they are wanted in another language than those of the grammar, or than the product's name,
                or too little is known of the product.
        """
        product = _named(request.product)
        wanted = request.locale.partition("-")[0]
        language = language_of(product, wanted)
        if language not in _WRITTEN or language != (wanted or language):
            raise SkippableError(_refusal(request, language))
        composer = Composer(product, request.query_type, language, _turn(request))
        chosen = _Chosen(request, composer)
        for group in request.groups:
            chosen.take(_of_group(composer, group, request.query_type), group.count, group.key)
        _stand_in(request, composer, chosen)
        if request.count and not chosen.texts and not request.exclusions:
            raise SkippableError(
                f"the offline provider knows too little of this product for {request.query_type} questions: give it a "
                "category, or another --provider"
            )
        return GenerationReply(
            tuple(chosen.texts),
            self.name,
            self.model,
            keys=tuple(chosen.texts.values()) if request.groups else (),
            locale=language,
        )


def _turn(request: GenerationRequest) -> int:
    """Return another number for each call of an item, or what did not pass at one would be all that is tried."""
    return -1 - len(request.exclusions) if request.is_last else len(request.exclusions)


def _named(product: Product) -> Product:
    """Return a category, which has no name, as a thing of that kind."""
    if product.name:
        return product
    return replace(product, name=next(iter(category_path(product)), product.category))


def _refusal(request: GenerationRequest, language: str) -> str:
    is_latin = language not in ("", *native())
    texts = f"in the language of its texts ({language})" if is_latin else "in the script of its name"
    asked = f"in {request.locale}" if request.locale else texts
    way_out = "another --provider, or --locale en" if is_latin and not request.locale else "another --provider"
    return (
        f"the offline provider has no sentences {asked} for this product (it writes {', '.join(_WRITTEN)}, each only "
        f"around names in its own script): give {way_out}"
    )


def _of_group(composer: Composer, group: SlotGroup, query_type: QueryType) -> Iterator[Written]:
    """What surely fits a group; a question about a product may name it in each group."""
    facets = group.facets
    is_named = facets.branded if query_type is QueryType.MARKET or facets.branded else None
    return composer.for_group(facets.intent, facets.style, is_named=is_named)


def _stand_in(request: GenerationRequest, composer: Composer, chosen: "_Chosen") -> None:
    """Write what the groups lack, whatever its intent; about the market it is branded as it is in its group."""
    if not request.groups:
        chosen.take(composer.questions(), request.count)
        return
    spare = SPARE if request.count >= MANY else 0
    if request.exclusions or request.is_last:  # what did not pass before may not again
        spare = max(request.count, MOST_SPARE)
    have = Counter(chosen.texts.values())
    lacking: Counter[bool] = Counter()
    for group in request.groups:
        lacking[group.facets.branded] += group.count - have[group.key]
    if request.query_type is QueryType.PRODUCT:
        chosen.take(composer.questions(), lacking.total() + spare)
    else:
        for branded, count in lacking.items():
            chosen.take(composer.questions(is_named=branded), count + spare)
        if request.product.name:
            chosen.take(composer.questions(), request.count - len(chosen.texts))


class _Chosen:
    """The texts of a reply with the keys of their groups, no two alike and none of those that are there."""

    def __init__(self, request: GenerationRequest, composer: Composer) -> None:
        self._bits = dict.fromkeys(_FILLERS.get(composer.language, _FILLERS[ENGLISH]), 0)
        for word in _words(f"{request.product.name} {request.product.brand} {composer.subject}"):
            self._bits[word] = 0
        self._excluded = {_squeeze(text) for text in request.exclusions}
        self._seen = [self._asked(text) for text in request.exclusions]
        self.texts: dict[str, str] = {}

    def take(self, written: Iterator[Written], count: int, key: str = "") -> None:
        """Take as many as there are, at most `count`, that ask something new."""
        left = count
        for text in (question.text for question in written):
            if left <= 0:
                return
            if text in self.texts or not SHORTEST_QUESTION <= len(text) <= LONGEST_QUESTION:
                continue
            if self._excluded and _squeeze(text) in self._excluded:
                continue
            asked = self._asked(text)
            if not any(_alike(asked, other) for other in self._seen):
                self._seen.append(asked)
                self.texts[text] = key
                left -= 1

    def _asked(self, text: str) -> int:
        """The words of a text, each as a bit; those that all questions have are none."""
        asked, bits = 0, self._bits
        for word in _words(text):
            if word not in bits:
                bits[word] = 1 << len(bits)
            asked |= bits[word]
        return asked


def _squeeze(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _words(text: str) -> list[str]:
    return [word.removesuffix("s") for word in _WORD.findall(text.casefold())]


def _alike(ones: int, others: int) -> bool:
    return (ones & others).bit_count() >= SAME_QUESTION * (ones | others).bit_count()


ADAPTER = Adapter(lambda *_: OfflineProvider(), {"grammar": OfflineProvider.model})
