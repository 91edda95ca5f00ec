"""An XML parser for files of others: it fetches nothing, and expands no entity that could grow. Pure."""

import html
from collections.abc import Callable
from xml.parsers import expat

from query_generator.errors import InputError

MAX_LEVELS = 1_000  # of elements within each other
MAX_TAGS = 100_000  # different ones, which the parser remembers
_MAX_ENTITIES = 1_000
_MAX_ENTITY_CHARACTERS = 100
_PREDEFINED = frozenset({"amp", "lt", "gt", "quot", "apos"})


class WebPageError(InputError):
    """The text is HTML."""


class XmlParser:
    """Calls `start`, `end` and `text` for what it is fed. Tags come with the prefixes of their namespaces.

    An entity that a DOCTYPE declares is expanded if it is a short text without markup, as `&eacute;`.

    Raises (by `feed` and `close`):
        WebPageError: the text is a web page.
        InputError: a DOCTYPE declares another kind of entity; the elements are nested too deeply, or have too many
            names.
        expat.ExpatError, ValueError, LookupError: it is no valid XML, or its encoding is unknown.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[], None],
        text: Callable[[str], None],
    ) -> None:
        self._name = name
        self._level = self._entities = self._fed = 0
        self._start, self._end = start, end
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = text
        self._parser.StartDoctypeDeclHandler = self._on_doctype
        self._parser.EntityDeclHandler = self._on_entity
        self._parser.SkippedEntityHandler = lambda entity, _of_dtd: text(html.unescape(f"&{entity};"))

    @property
    def offset(self) -> int:
        """The index of the byte at which the parser stands."""
        return max(self._parser.CurrentByteIndex, 0)

    @property
    def waiting(self) -> int:
        """How many bytes the parser holds, since what they begin has no end yet."""
        return self._fed - self.offset

    def feed(self, data: bytes) -> None:
        """Parse the next bytes."""
        self._fed += len(data)
        self._parser.Parse(data, False)
        if len(self._parser.intern) > MAX_TAGS:
            raise InputError(
                f"{self._name} has more than {MAX_TAGS:,} different names of elements and attributes; "
                "give the products as JSON Lines or CSV"
            )

    def close(self) -> None:
        """Make sure that the text ends where it may."""
        self._parser.Parse(b"", True)

    def _on_start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._level == 0 and tag.casefold() == "html":
            raise WebPageError(self._name)
        self._level += 1
        if self._level > MAX_LEVELS:
            raise InputError(
                f"{self._name} has elements nested more than {MAX_LEVELS:,} deep; "
                "give the products as JSON Lines or CSV"
            )
        self._start(tag, attributes)

    def _on_end(self, _tag: str) -> None:
        self._level -= 1
        self._end()

    def _on_doctype(self, name: str, _system: str | None, _public: str | None, _has_subset: int) -> None:
        if name.casefold() == "html":
            raise WebPageError(self._name)

    def _on_entity(
        self, entity: str, is_parameter: int, value: str | None, _base: object, _system: object, *_more: object
    ) -> None:
        self._entities += 1
        is_plain = (
            value is not None and len(value) <= _MAX_ENTITY_CHARACTERS and not any(sign in value for sign in "&%<")
        )
        if is_parameter or self._entities > _MAX_ENTITIES or not (is_plain or entity in _PREDEFINED):
            raise InputError(
                f"{self._name}: its DOCTYPE declares the entity {entity[:40]!r}, which is not expanded; only short "
                "texts are. If you trust the file: xmllint --noent --dropdtd FILE > products.xml"
            )
