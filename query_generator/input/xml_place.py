"""Finds out which elements of an XML file are the products, from the beginning of the file. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from xml.parsers import expat

from query_generator.errors import InputError
from query_generator.input.field_names import candidates, is_name_field
from query_generator.input.xml_parser import WebPageError, XmlParser
from query_generator.input.xml_values import kind_of, local_name
from query_generator.one_line import one_line

MOST_SAMPLE_BYTES = 4 * 1024 * 1024
_MOST_PATHS = 10_000
_MOST_NAMES = 200
_STEP_BYTES = 64 * 1024
_PRODUCT_TAGS = (  # in this order, whatever else has a name
    ("product", "produkt", "produit", "producto", "prodotto", "offer", "listing", "shopitem", "artikel", "article"),
    ("item", "entry", "good", "goods", "товар"),
    ("record", "row"),
)
MODEL_AND_SELLER = frozenset({"model", "vendor"})  # of which Yandex's format (YML) makes a name
_IN_WORDS = "products, such as <item> or <product> elements with a <title> or <name>"


@dataclass(slots=True)
class _Kind:
    """What is known of the elements at one path: how often they come, and what they have."""

    count: int = 0
    most_beside: int = 0
    children: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)

    def is_named(self) -> bool:
        if any(map(is_name_field, self.children)) or self.children >= MODEL_AND_SELLER:
            return True
        known = candidates(dict.fromkeys(self.attributes, "1"))
        return "name" in known and ("price" in known or len(known) > 2)

    def tells_of_product(self) -> bool:
        known = candidates(dict.fromkeys(self.children | self.attributes, "1"))
        return "price" in known or "brand" in known


class _Sampler:
    def __init__(self) -> None:
        self.kinds: dict[tuple[str, ...], _Kind] = {}
        self._path: list[str] = []
        self._beside: list[Counter[str]] = [Counter()]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name, kind_of_it = local_name(tag), kind_of(tag)
        if (parent := self.kinds.get(tuple(self._path))) and len(parent.children) < _MOST_NAMES:
            parent.children.add(name)
        self._path.append(kind_of_it)
        self._beside[-1][kind_of_it] += 1
        if (path := tuple(self._path)) in self.kinds or len(self.kinds) < _MOST_PATHS:
            kind = self.kinds.setdefault(path, _Kind())
            kind.count += 1
            kind.most_beside = max(kind.most_beside, self._beside[-1][kind_of_it])
            if len(kind.attributes) < _MOST_NAMES:
                kind.attributes.update(map(local_name, attributes))
        self._beside.append(Counter())

    def end(self) -> None:
        self._path.pop()
        self._beside.pop()


def tag_of_products(sample: bytes, name: str) -> str:
    """Return the tag, as `kind_of` gives it, of the elements that are products.

    Raises:
        InputError: there are none, or several kinds; the text is a web page, or its DOCTYPE is refused.
    """
    sampler = _Sampler()
    parser = XmlParser(name, sampler.start, sampler.end, lambda _text: None)
    broken = ""
    try:
        for at in range(0, len(sample), _STEP_BYTES):
            parser.feed(sample[at : at + _STEP_BYTES])
    except WebPageError:
        raise
    except (expat.ExpatError, ValueError, LookupError) as exc:
        broken = f" and is not valid XML: {exc}"
    paths = sorted((path for path, kind in sampler.kinds.items() if kind.is_named()), key=len)
    for tags in _PRODUCT_TAGS:
        if found := next((path[-1] for path in paths if path[-1] in tags), ""):
            return found
    repeated = [path for path in paths if sampler.kinds[path].most_beside > 1] or [
        path for path in paths if sampler.kinds[path].tells_of_product()
    ]
    with_price = [path for path in repeated if sampler.kinds[path].tells_of_product()] or repeated
    nearest = {path[-1]: path for path in reversed(with_price) if len(path) == len(with_price[0])}
    if len(nearest) == 1:
        return with_price[0][-1]
    if nearest:
        shown = ", ".join(sorted("/".join(path) for path in nearest.values()))
        raise InputError(
            f"{name} holds several lists of elements with names: {one_line(shown)[:200]}. Give one of them"
        )
    if broken:
        raise InputError(f"{name} looks like a web page or XML{broken}; give well-formed XML, JSON, JSON Lines or CSV")
    seen = ", ".join(sorted({"/".join(path) for path in list(sampler.kinds)[:12]}))
    raise InputError(
        f"{name} is XML without {_IN_WORDS}; seen: {one_line(seen)[:300]}. Give a file whose product elements hold one"
    )
