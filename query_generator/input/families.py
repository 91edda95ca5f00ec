"""Joins the records that make one product: rows of variants and images go to the product to which they belong."""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from query_generator.input.continuations import continues, is_row_of_variants
from query_generator.input.field_names import value_at
from query_generator.input.json_records import NumberedRecord
from query_generator.input.plain_text import is_absent
from query_generator.input.profiles import Profile, profile_of
from query_generator.input.read_sums import ReadSums
from query_generator.input.text_window import InputBrokenOffError
from query_generator.input.typed_values import untyped
from query_generator.models import NoRecord, RejectedRecord

MOST_HELD = 1_000  # products that wait for their variants, or variants that wait for their product
MOST_HELD_CHARACTERS = 4_000_000
MOST_SEEN = 100_000  # names of products that are remembered, about 8 MB
MOST_VARIANTS = 2_048  # of a product; the largest number that Shopify allows
VARIANTS = "variants"
PARENT = "__parentId"  # in the lines of Shopify's bulk operations, whose children have other keys than their parents
Numbered: TypeAlias = tuple[int, dict[str, Any] | RejectedRecord]

_OF_IMAGES = re.compile(r"image|img|photo|picture|media|position|alt ?text|status|published", re.I)


@dataclass(slots=True)
class _Held:
    """A product that waits for its parts; `names` are those by which they name it, `size` is in characters."""

    position: int
    record: dict[str, Any]
    names: list[str]
    size: int


class Families:
    """Records of products, made of the records of an input, in about its order; all rows are counted in `sums`.

    A record to which others may belong waits for these: until the next product where rows of one product follow each
    other, else until 1,000 more products have come. A row of a variant becomes an item of the list `variants` in the
    record of its product, without the cells that are empty or the same as the product's.
    """

    def __init__(self, records: Iterator[NumberedRecord], sums: ReadSums) -> None:
        self._records = records
        self._sums = sums
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._by_name: dict[str, _Held] = {}
        self._size = 0
        self._waiting: OrderedDict[int, tuple[str, dict[str, Any]]] = OrderedDict()
        self._seen: set[int] = set()

    def __iter__(self) -> Iterator[Numbered]:
        """Yield (position, record) and rejected records.

        Raises:
            InputError, InputBrokenOffError: from the input; what was read before the latter is yielded first.
        """
        try:
            for position, record in self._records:
                self._sums.rows += 1
                if isinstance(record, NoRecord):
                    self._sums.others[record.kind] += 1
                elif isinstance(record, RejectedRecord):
                    yield position, record
                else:
                    yield from self._taken(position, record)
                del record  # so that nothing keeps a large one while the next is read
        except InputBrokenOffError:
            self._sums.rows += 1  # the one that is cut
            yield from self._ended()
            raise
        yield from self._ended()

    def _ended(self) -> Iterator[Numbered]:
        yield from self._released(0)
        yield from self._orphans(0)

    def _taken(self, position: int, record: dict[str, Any]) -> Iterator[Numbered]:
        record = untyped(record)
        profile = profile_of(record)
        if profile and (rows := next((rows for rows in profile.others_if if rows.holds(record)), None)):
            self._sums.others[f"with {rows.field} {value_at(record, rows.field)}"] += 1
        elif self._is_part(record, profile):
            self._sums.parts += 1
            self._join(position, record, profile)
            yield from self._orphans(MOST_HELD)
        else:
            self._sums.profiles[profile.name if profile else ""] += 1
            waits_long = profile is not None and (bool(profile.parent) or profile.scattered)
            yield from self._released(MOST_HELD - 1 if waits_long else 0)
            if profile and (profile.listed or profile.parent):
                self._join_waiting(record, profile)
            if profile.has_families if profile else is_row_of_variants(record):
                self._hold(position, record, profile)
            else:
                yield position, record

    def _is_part(self, record: dict[str, Any], profile: Profile | None) -> bool:
        """Return whether a record belongs to the product of another one."""
        if profile and profile.parts_if and any(rows.holds(record) for rows in profile.parts_if):
            return True
        if profile and profile.parts_if and not profile.again:
            return False
        if profile and profile.again and self._is_repeated(record, profile.again):
            return True
        if parent := _parent_field(record, profile):
            return value_at(record, parent) is not None
        before = self._product_before(record, profile)
        return before is not None and continues(record, before.record, profile)

    def _is_repeated(self, record: dict[str, Any], field: str) -> bool:
        """Return whether a record is the product before it once more, as in another language."""
        before = next(reversed(self._held.values()), None)
        value = value_at(record, field)
        return before is not None and value is not None and value == value_at(before.record, field)

    def _product_before(self, record: dict[str, Any], profile: Profile | None) -> _Held | None:
        """Return the product that waits and has the same handle as a record, or else the last one that waits."""
        same = self._by_name.get(_name_of(value_at(record, profile.same))) if profile and profile.same else None
        return same or next(reversed(self._held.values()), None)

    def _hold(self, position: int, record: dict[str, Any], profile: Profile | None) -> None:
        fields = (*profile.parent_of, *([profile.same] if profile.same else ())) if profile else ()
        values = (value_at(record, name) for name in fields)
        held = _Held(position, record, [_name_of(value) for value in values if value is not None], _size(record))
        self._held[position] = held
        self._by_name |= dict.fromkeys(held.names, held)
        if len(self._seen) < MOST_SEEN:
            self._seen.update(map(hash, held.names))
        self._size += held.size

    def _released(self, most: int) -> Iterator[Numbered]:
        """Yield the oldest products that wait, until at most `most` are left, which are not too large together."""
        while len(self._held) > most or (self._held and self._size > MOST_HELD_CHARACTERS):
            _, held = self._held.popitem(last=False)
            self._size -= held.size
            for name in held.names:
                if self._by_name.get(name) is held:
                    del self._by_name[name]
            numbered = held.position, held.record
            del held
            yield numbered

    def _orphans(self, most: int) -> Iterator[Numbered]:
        """Yield the oldest parts that wait for a product, until at most `most` are left: they stand for themselves.

        Of a format in which the product lists its variants, those that none lists are not sold by themselves.
        """
        while len(self._waiting) > most:
            position, (_, record) = self._waiting.popitem(last=False)
            profile = profile_of(record)
            if profile and profile.listed:
                self._sums.apart += 1
                continue
            self._sums.parts -= 1
            self._sums.profiles[profile.name if profile else ""] += 1
            yield position, record

    def _join(self, position: int, record: dict[str, Any], profile: Profile | None) -> None:
        """Add a part to its product; if that has not come yet, the part waits."""
        if profile and profile.again and self._is_repeated(record, profile.again):
            return
        if profile and profile.listed:
            self._waiting[position] = _name_of(value_at(record, "sku")), record
            return
        parent = _parent_field(record, profile)
        if parent:
            held = self._by_name.get(_name_of(value_at(record, parent)))
        else:
            held = self._product_before(record, profile)
        if held is None and parent and len(self._seen) < MOST_SEEN:
            name = _name_of(value_at(record, parent))
            if hash(name) not in self._seen:
                self._waiting[position] = name, record
                return
        if held is None:
            self._sums.apart += 1
            return
        if parent == PARENT and (own := value_at(record, "id")) is not None:  # which may be a parent itself
            held.names.append(_name_of(own))
            self._by_name[held.names[-1]] = held
        added = _add_variant(held.record, record, MOST_HELD_CHARACTERS - held.size)
        held.size += added
        self._size += added

    def _join_waiting(self, record: dict[str, Any], profile: Profile) -> None:
        """Add the variants of a product that came before it."""
        if not self._waiting:
            return
        own = (value_at(record, field) for field in profile.parent_of)
        names = {_name_of(value) for value in own if value is not None}
        names.update(_listed_names(value_at(record, profile.listed)) if profile.listed else ())
        room = MOST_HELD_CHARACTERS
        for position in [position for position, (name, _) in self._waiting.items() if name in names]:
            room -= _add_variant(record, self._waiting.pop(position)[1], room)


def _parent_field(record: Mapping[str, Any], profile: Profile | None) -> str:
    return profile.parent if profile else PARENT if PARENT in record else ""


def _name_of(value: Any) -> str:
    """Return how a product is named by its variants, without the `id:` that WooCommerce puts before a number."""
    return str(value).strip().removeprefix("id:").casefold()


_LISTED_SKU = re.compile(r"(?:^|\|)\s*sku=([^,|]+)")


def _listed_names(value: Any) -> Iterator[str]:
    """Yield the names in `sku=A-1,color=Red|sku=A-2,color=Blue`."""
    if isinstance(value, str):
        yield from map(_name_of, _LISTED_SKU.findall(value))


def _size(record: Mapping[str, Any]) -> int:
    return sum(len(value) if isinstance(value, str) else len(json.dumps(value)) for value in record.values())


def _add_variant(product: dict[str, Any], row: Mapping[str, Any], room: int) -> int:
    """Add what a row says of a variant to its product, if there is room for it; return its size in characters."""
    told = {name: cell for name, cell in row.items() if not is_absent(cell) and cell != product.get(name)}
    size = _size(told)
    variants = product.get(VARIANTS)
    if variants is not None and not isinstance(variants, list):
        return 0
    if size > room or len(variants or ()) >= MOST_VARIANTS or all(map(_OF_IMAGES.search, told)):
        return 0
    product.setdefault(VARIANTS, []).append(told)
    return size
