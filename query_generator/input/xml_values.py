"""Turns an element of XML into the value that the same thing has in JSON: a text, an object or a list. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from query_generator.input.field_names import FIELD_NAMES
from query_generator.input.plain_text import fold

_LANGUAGES = frozenset({"lang", "language", "locale"})
_LABELS = ("name", "title", "label", "key", "code")
_CURRENCIES = frozenset({*map(fold, FIELD_NAMES["currency"]), "currencyid"})
_UNITS = ("unit", "units", "unitcode")
_IDS = frozenset(map(fold, FIELD_NAMES["external_id"]))
_MARKUP = frozenset(
    (
        *("a", "b", "blockquote", "br", "div", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img"),
        *("li", "ol", "p", "pre", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead"),
        *("tr", "u", "ul"),
    )
)


_NUMBER_AFTER = re.compile(r"_\d+\Z")


def local_name(tag: str) -> str:
    """Return a tag or attribute without the prefix of its namespace."""
    return tag.rpartition(":")[2]


def kind_of(tag: str) -> str:
    """Return what elements with this tag have in common: `item` of `g:Item`, also of `item_1`, `item_2` and so on."""
    return _NUMBER_AFTER.sub("", local_name(tag)).casefold()


class Element:
    """An element that is being read. `texts` is all text in it, also that of the elements within it."""

    __slots__ = ("attributes", "children", "is_mixed", "several", "tag", "tags", "texts")

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tag = tag
        self.attributes = {
            local_name(name): value.strip()
            for name, value in attributes.items()
            if value.strip() and not name.startswith(("xmlns", "xsi:"))
        }
        self.texts: list[str] = []
        self.children: dict[str, Any] = {}
        self.tags: dict[str, str] = {}
        self.several: set[str] = set()
        self.is_mixed = False

    def add_text(self, text: str) -> None:
        """Add text that stands between the tags of this element's children."""
        self.texts.append(text)
        self.is_mixed = self.is_mixed or not text.isspace()

    def add(self, child: "Element") -> None:
        """Add a child that is complete; several with one tag become a list.

        Of two tags that differ only in their namespaces, as `title` and `g:title`, the first with a value counts.
        """
        name, value = local_name(child.tag), child.value()
        self.texts.extend((" ", *child.texts, " "))
        before = self.tags.setdefault(name, child.tag)
        if name not in self.children or self.children[name] in ("", {}):
            self.children[name] = value
            self.tags[name] = child.tag
        elif before == child.tag and value not in ("", {}):
            if name in self.several:
                self.children[name].append(value)
            else:
                self.children[name] = [self.children[name], value]
                self.several.add(name)

    def value(self) -> Any:
        """Return the text of an element without children, or with markup; else an object, or a list of its items."""
        text = "".join(self.texts).strip()
        names = self.children.keys()
        if not names:
            return self._leaf(text)
        if self.is_mixed or {name.casefold() for name in names} <= _MARKUP:
            return " ".join(text.split())
        if len(names) == 1 and (items := self._items(next(iter(names)))) is not None:
            return items
        return {**{f"@{name}": value for name, value in self.attributes.items()}, **self.children}

    def record(self) -> dict[str, Any]:
        """Return this element as a record. Its attributes are fields if it has nothing else, or if they are ids."""
        if not self.children:
            return dict(self.attributes) or {"#text": "".join(self.texts).strip()}
        found: dict[str, Any] = dict(self.children)
        for name, value in self.attributes.items():
            found.setdefault(name if fold(name) in _IDS else f"@{name}", value)
        return found

    def _items(self, name: str) -> Any:
        """Return the list that `images` has of `image`, the first text that PrestaShop has by languages; or None."""
        inner, kind, own = self.children[name], name.casefold(), local_name(self.tag).casefold()
        items = inner if name in self.several else [inner]
        if kind == "language":
            return items[0]
        return items if own != kind and own.startswith(kind[:-1]) else None

    def _leaf(self, text: str) -> Any:
        if not self.attributes or not text:
            return text or dict(self.attributes) or ""
        given = {fold(name): value for name, value in self.attributes.items()}
        if unit := next((given[name] for name in _UNITS if name in given), ""):
            text = f"{text} {unit}"
        if label := next((given[name] for name in _LABELS if name in given), ""):
            return {"name": label, "value": text}
        if currency := next((given[name] for name in given if name in _CURRENCIES), ""):
            return {"value": text, "currency": currency}
        if language := next((given[name] for name in given if name in _LANGUAGES), ""):
            return {"lang": language, "value": text}
        return text
