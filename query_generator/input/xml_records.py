"""Reads the records of an XML feed (Google Merchant, Atom, YML and others), element by element."""

import re
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from query_generator.errors import ConfigurationError, InputError
from query_generator.input.field_names import candidates, is_name_field
from query_generator.input.json_records import MAX_RECORD_BYTES, TOO_LARGE, TOO_MANY_VALUES, NumberedRecord
from query_generator.input.json_scan import MAX_VALUES
from query_generator.input.plain_text import fold
from query_generator.input.text_window import CHUNK_BYTES, InputBrokenOffError
from query_generator.models import RejectedRecord

_ITEMS = frozenset(
    {
        *("item", "entry", "product", "offer", "article", "artikel", "produkt", "produit", "shopitem", "listing"),
        *("good", "goods"),
    }
)
_NO_ITEMS = frozenset(
    {"channel", "shop", "image", "author", "publisher", "contributor", "brand", "manufacturer", "vendor", "category"}
)
_MOST_BEFORE_ITEMS = 4 * 1024 * 1024  # bytes that may come before the first record
_START = re.compile(r"\s*<(?!!doctype\s+html|html\b)[?!a-z]", re.I)
_PAIR = ("name", "value")


def looks_like_xml(text: str) -> bool:
    """Return whether a text begins like XML, and not like a web page."""
    return bool(_START.match(text)) and not re.search(r"<html[\s>]", text[:4096], re.I)


class _Counted:
    """A stream of bytes that counts what is read; an error of the stream is kept, and ends the text."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0
        self.failure = ""

    def read(self, _size: int = -1) -> bytes:
        try:
            data = self._stream.read(CHUNK_BYTES // 4)
        except (EOFError, zlib.error, OSError) as exc:
            self.failure = f"the stream cannot be read further: {exc}"
            return b""
        self.count += len(data)
        return data


def xml_records(stream: BinaryIO, name: str) -> Iterator[NumberedRecord]:
    """Yield (position from 1, record) for each element that is a record; memory does not grow with the feed.

    The records are the first elements that are called like one (`item`, `entry`, `product`, `offer`, …) or have a name
    and another part of a product; all others must stand at the same place. A child is a text, an object of its own
    children, or a list where it is repeated; attributes begin with `@`, the prefix of a namespace is left out.

    Raises:
        ConfigurationError: lxml is not installed.
        InputError: the feed has a document type, which may define anything, or nothing in it is a record.
        InputBrokenOffError: the feed breaks off after some records.
    """
    try:
        etree = import_module("lxml.etree")
    except ImportError as exc:
        raise ConfigurationError(f'{name} is XML, for which lxml is missing; type: pip install "lxml>=6"') from exc
    source = _Counted(stream)
    position = 0
    try:
        for record in _Elements(etree, source, name):
            position += 1
            yield position, record if isinstance(record, dict) else RejectedRecord(position, "", record)
            del record
    except etree.XMLSyntaxError as exc:
        where = f"{name} breaks off at line {exc.position[0]}, column {exc.position[1]}: {source.failure or exc.msg}"
        raise (InputBrokenOffError(where) if position else InputError(where)) from exc
    if not position:
        raise InputError(
            f"{name} is XML without products\n"
            "  seen: no element called item, entry, product or offer, and none with a name and a price or a brand\n"
            "  to try: a product feed (Google Merchant, Meta, YML), or JSON, CSV"
        )


class _Elements:
    """The records of one feed: a dict, or why one is rejected."""

    def __init__(self, etree: Any, source: _Counted, name: str) -> None:
        self._source = source
        self._name = name
        self._place: tuple[str, ...] = ()
        self._events = etree.iterparse(
            source,
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            remove_pis=True,
            remove_comments=True,
        )

    def __iter__(self) -> Iterator[dict[str, Any] | str]:
        path: list[str] = []
        began_at = values = 0
        for event, element in self._events:
            if event == "start":
                if not path:
                    self._require_no_doctype(element)
                path.append(_local(element))
                if not self._place and path[-1] in _ITEMS and len(path) > 1:
                    self._place = tuple(path)
                if tuple(path) == self._place:
                    began_at, values = self._source.count, 0
                values += 1 + len(element.attrib)
                continue
            is_inside = self._place and len(path) > len(self._place) and tuple(path[: len(self._place)]) == self._place
            if not self._place and len(path) > 1 and _may_be_record(path[-1], element):
                self._place = tuple(path)
            if tuple(path) == self._place:
                too_large = self._source.count - began_at > MAX_RECORD_BYTES
                yield TOO_LARGE if too_large else TOO_MANY_VALUES if values > MAX_VALUES else _record(element)
                _forget(element)
            elif (self._place and not is_inside) or values > MAX_VALUES:
                _forget(element)
            if not self._place and self._source.count > _MOST_BEFORE_ITEMS:
                return
            path.pop()

    def _require_no_doctype(self, root: Any) -> None:
        if root.getroottree().docinfo.doctype:
            raise InputError(
                f"{self._name} is XML with a DOCTYPE, which may define entities and is not read\n"
                "  to try: xmllint --noent --dropdtd FILE > plain.xml"
            )


def _local(element: Any) -> str:
    """Return the name of an element without its namespace, folded."""
    return fold(str(element.tag).rpartition("}")[2])


def _may_be_record(name: str, element: Any) -> bool:
    if name in _NO_ITEMS or not any(is_name_field(_local(child)) and (child.text or "").strip() for child in element):
        return False
    return len(candidates(_record(element)).keys() - {"external_id"}) > 1


def _record(element: Any) -> dict[str, Any]:
    """Return an element as a record, in which its own attributes are fields like its children."""
    value = _value(element)
    if not isinstance(value, dict):
        return {_local(element): value}
    own = {name.removeprefix("@"): item for name, item in value.items() if name.startswith("@")}
    return own | {name: item for name, item in value.items() if not name.startswith("@")}


def _value(element: Any) -> Any:
    fields: dict[str, Any] = {f"@{str(name).rpartition('}')[2]}": value for name, value in element.attrib.items()}
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        value = _value(child)
        if name in fields:
            before = fields[name]
            fields[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            fields[name] = value
    text = (element.text or "").strip()
    if not fields:
        return text
    if text and "@name" in fields:
        return dict(zip(_PAIR, (fields["@name"], text), strict=True))
    if text:
        fields["text"] = text
    return fields


def _forget(element: Any) -> None:
    """Drop an element that was read, and those before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
