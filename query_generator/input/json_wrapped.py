"""Reads records from JSON objects: products one after another, or what stands around a list of them."""

import logging
from collections.abc import Iterator
from dataclasses import replace

from query_generator.errors import InputError
from query_generator.input.json_records import (
    MAX_RECORD_BYTES,
    SEPARATORS,
    SPACE_AND_COMMAS,
    TOO_LARGE,
    JsonRecords,
    NumberedRecord,
)
from query_generator.input.json_sample import MOST_LEVELS, Path, Sample, sample_of
from query_generator.input.json_scan import NOT_FOUND
from query_generator.input.layout_keys import belongs_to_products
from query_generator.input.layout_words import columns_instead, nothing_found, place_of, several_found
from query_generator.input.layouts import PRODUCTS, ProductList, is_product, product_lists, unfolded
from query_generator.input.text_window import TextWindow
from query_generator.models import NoRecord, RejectedRecord

_MOST_CHARACTERS = 1024 * 1024  # in which the list of products begins
_LOG = logging.getLogger("sources")


class WrappedRecords(JsonRecords):
    """Reads the records of objects, which are products or stand around a list of products.

    Raises (while iterating):
        InputError: an object holds no list of products, or more than one; the latter may be found after the records
            of the first one.
        InputBrokenOffError: as `JsonRecords` does.
    """

    def __init__(self, window: TextWindow) -> None:
        super().__init__(window)
        self.place = ""

    def tell_place(self, place: str) -> None:
        """Log where the products are, once, if that is not the obvious place."""
        if place and not self.place:
            self.place = place
            _LOG.info("[INPUT] products are %s", place if place[0] != "." else f"in each element at {place[1:]}")

    def objects(self) -> Iterator[NumberedRecord]:
        """Return the records of the object that is next, and of all that follows."""
        found = self._one_list()
        if found:
            return self._wrapped(found)
        is_large = len(self._window.text) - self._at > _MOST_CHARACTERS
        return self._large_and_following() if is_large else self.sequence()

    def _wrapped(self, first: ProductList) -> Iterator[NumberedRecord]:
        found: ProductList | None = first
        while found:
            self.tell_place(place_of(found))
            yield from self.members() if found.is_by_id else self.array()
            for depth in reversed(range(len(found.path))):
                self._pass_rest(found.path[:depth], found)
            if self.peek(SEPARATORS) != "{":
                self.finish()
                return
            found = self._one_list()
        yield from self.sequence()

    def _large_and_following(self) -> Iterator[NumberedRecord]:
        last: object = None
        for position, record in self.sequence():
            last = record if position == 1 and isinstance(record, RejectedRecord) else None
            yield position, record
            del record
        if isinstance(last, RejectedRecord) and last.reason == TOO_LARGE:
            raise InputError(
                f"{self._window.name} is one object larger than {MAX_RECORD_BYTES // 1024**2} MB\n"
                "No list of products begins within its first 1 MB, and as one product it is too large\n"
                "Try: jq -c '.path.to.the_list[]' FILE > products.jsonl, and --products-file products.jsonl"
            )

    def _one_list(self) -> ProductList | None:
        """Go to the list of products in the object that is next; None if that is a record, or the first of several."""
        while True:
            sample = self._sample()
            found = [] if is_product(sample.value) else product_lists(sample.value)
            if sample.end != NOT_FOUND or _is_sure(found, sample) or not self._grow():
                break
        if sample.end != NOT_FOUND and (not is_product(sample.value) or columns_instead("", sample.value)):
            if self._is_followed(sample.end):
                return None
            self._refuse_other(sample, found)
        if len(found) > 1:
            raise InputError(several_found(self._window.name, found))
        if not found or (sample.is_broken and found[0].is_by_id and found[0].seen < 2):
            return None
        self._at = sample.openings[found[0].path]
        return found[0]

    def _sample(self) -> Sample:
        return sample_of(self._window.text, self._at)

    def _grow(self) -> bool:
        """Read more of the value that is next; return False if nothing follows, or much is held already."""
        if self._window.ended or len(self._window.text) - self._at > _MOST_CHARACTERS:
            return False
        self._window.slide(self._at)
        self._at = 0
        return True

    def _is_followed(self, end: int) -> bool:
        length = end - self._at
        while not (match := SEPARATORS.match(self._window.text, self._at + length)) or match.end() == len(
            self._window.text
        ):
            if not self._grow():
                return not self._window.ended
        return True

    def _refuse_other(self, sample: Sample, found: list[ProductList]) -> None:
        """Raise InputError if an object that stands alone is neither a product nor around a list of products."""
        if words := columns_instead(self._window.name, sample.value):
            raise InputError(words)
        if not found and not any(isinstance(item, NoRecord) for item in unfolded(sample.value)):
            raise InputError(nothing_found(self._window.name, sample.value))

    def _pass_rest(self, path: Path, found: ProductList) -> None:
        """Read the rest of an object around the products. Raises InputError if there is another list of products."""
        while self.peek(SPACE_AND_COMMAS) != "}":
            key = self.key()
            if self.peek() in {"{", "["}:
                self._pass_value((*path, key), found)
            else:
                self.scalar()
        self._at += 1

    def _pass_value(self, path: Path, found: ProductList) -> None:
        sample = self._sample()
        while sample.end == NOT_FOUND and self._grow():
            sample = self._sample()
        if sample.is_broken:
            raise self._window.broken_off(self._at, "what follows the list of products is not valid JSON")
        self._refuse_second(sample, path, found)
        if sample.end != NOT_FOUND:
            self._at = sample.end
        elif isinstance(sample.value, dict) and len(path) < MOST_LEVELS:
            self._at += 1
            self._pass_rest(path, found)
        else:
            self._skip(self._at, is_broken=False)

    def _refuse_second(self, sample: Sample, path: Path, found: ProductList) -> None:
        if PRODUCTS in found.path or any(map(belongs_to_products, path)):
            return
        *around, key = path
        if isinstance(sample.value, list):
            others = product_lists({key: sample.value})
        elif is_product(sample.value):
            others = []
        else:
            others = [replace(one, path=(key, *one.path)) for one in product_lists(sample.value)]
        if others:
            others = [replace(one, path=(*around, *one.path)) for one in others]
            raise InputError(several_found(self._window.name, [replace(found, seen=self._position), *others]))


def _is_sure(found: list[ProductList], sample: Sample) -> bool:
    """Return whether no more text needs to be read: products begin here and go on, or stand under `products`."""
    if len(found) != 1:
        return False
    path = found[0].path
    return PRODUCTS in path or sample.open_path[: len(path)] == path
