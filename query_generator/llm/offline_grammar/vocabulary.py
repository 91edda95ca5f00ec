"""What the templates are written in: frames of questions, word lists, and domains of products.

A frame names what it needs by its slots and is used only where all of them are known:
`{x}` the product with its article; `{is} {does}` agreeing with it, `{them} {its}` its pronouns; `{brand}`;
`{goods}` what shoppers call this kind of thing (a plural or a mass noun), `{kinds}` the same where it is a plural;
`{category}` only where no such word is known; `{price}`, `{budget}` amounts with currency; `{claim}` an adjective and
`{material}` a material from the description; `{attr}`, `{value}` one attribute.
"""

from dataclasses import dataclass


def frames(text: str) -> tuple[str, ...]:
    """One frame a line."""
    return tuple(line.strip() for line in text.strip().splitlines())


def words(text: str) -> frozenset[str]:
    """The words between white space."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Domain:
    """A family of products that the same questions fit.

    `nouns` (comma list) are the kinds of product in it: singular for what is counted, plural for pairs (`jeans`), a
    leading `~` for mass nouns (`~rice`), `word=goods` where shoppers say another word. `categories` are words of a
    category that put a product here, unless its name holds one of `foreign`. Of `lasting` goods people ask how to
    clean, weigh and repair them; `made` ones have makers who differ in quality; `title` names are quoted.
    `by_category_alone`: such a category outweighs the noun of the name, as a toy car is no car.
    """

    nouns: str
    categories: str
    product: tuple[str, ...]
    market: tuple[str, ...]
    foreign: str = ""
    lasting: bool = True
    made: bool = True
    title: bool = False
    by_category_alone: bool = False
