"""Gathers what one product is called: its brand, its title, the aliases of either, and where to look for them. Pure."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from query_generator.models import Product
from query_generator.questions.brand_aliases import Aliases, brand_aliases
from query_generator.questions.name_folding import fold
from query_generator.questions.name_matching import LONG_NAME, SHORTEST_IN_DIGITS
from query_generator.questions.name_vocabulary import is_ordinary, words_of
from query_generator.questions.spoken_name import spoken_name
from query_generator.questions.title_aliases import add_title, category_words, first_of_other_script

_SHORTEST_TITLE = 6  # folded characters of a title of several words


class ProductNames:
    """The names of one product, folded. What is needed is made on first use; safe to share between threads."""

    def __init__(self, product: Product) -> None:
        self.product = product

    @cached_property
    def spoken(self) -> str:
        """The short name that people say, as "Sony WH-1000XM5"."""
        return spoken_name(self.product)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """The tokens of title and brand, those of what an accessory is for among them."""
        return frozenset((*fold(self.product.name), *fold(self.product.brand)))

    @cached_property
    def aliases(self) -> Aliases:
        """The names of brand and title by what they need to be meant as names."""
        product = self.product
        brand = product.brand or next((value for name, value in product.attributes if name.lower() == "brand"), "")
        aliases = brand_aliases(brand)
        add_title(product, aliases)
        aliases.own_splits.update(self._title_tokens)
        return aliases

    @cached_property
    def titles(self) -> frozenset[str]:
        """The title and the spoken name if they have several words, even if these are ordinary words alone."""
        titles = ("".join(tokens) for tokens in self._title_tokens if len(tokens) > 1)
        return frozenset(title for title in titles if len(title) >= _SHORTEST_TITLE)

    @cached_property
    def wide(self) -> frozenset[str]:
        """The names that may be meant wherever they stand, however common their words are."""
        aliases = self.aliases
        line = {first} if (first := first_of_other_script(self.product)) else set()
        return frozenset(aliases.plain | aliases.phrases | aliases.line_words | self.titles | self._one_word | line)

    @cached_property
    def longest_first(self) -> tuple[str, ...]:
        """All names."""
        names = self.wide | self.aliases.strict | self.aliases.capital | self.aliases.pairs
        return tuple(sorted(names, key=lambda name: (-len(name), name)))

    @cached_property
    def in_digits(self) -> tuple[str, ...]:
        """The names that may have digits for letters."""
        return tuple(name for name in self.aliases.strict if name.isalpha() and len(name) > SHORTEST_IN_DIGITS)

    @cached_property
    def like(self) -> Mapping[int, tuple[str, ...]]:
        """The names in which a typing error is looked for, by the lengths of the words that they may be written as."""
        return _by_length(self.aliases.like)

    @cached_property
    def plain_like(self) -> Mapping[int, tuple[str, ...]]:
        """Common words that are long enough for a typing error: "Essnce" is meant as "Essence" is."""
        return _by_length(name for name in self.aliases.plain if len(name) >= LONG_NAME and name.isalpha())

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Words for what the product is, which make a brand of a common word beside them: "gap jeans"."""
        category = fold(self.product.category)
        words = {*fold(self.product.name), *category_words(self.product)} - set(fold(self.product.brand))
        said = {word for word in words if len(word) > 2 and (is_ordinary(word) or word in category)}
        return frozenset((said | set(category)) - words_of("function") - words_of("marketing"))

    @cached_property
    def _title_tokens(self) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(fold(text)) for text in (self.product.name, self.spoken))

    @cached_property
    def _one_word(self) -> frozenset[str]:
        """The title or the spoken name, if it is a single word: a product that is called "Kiwi" has no other name."""
        return frozenset(tokens[0] for tokens in self._title_tokens if len(tokens) == 1)


def _by_length(names: Iterable[str]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for name in names:
        for length in (len(name) - 1, len(name), len(name) + 1):
            found[length] = (*found.get(length, ()), name)
    return found
