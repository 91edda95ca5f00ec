"""The formats of catalogs that are known by the columns or keys which they always have; `profiles.json` lists them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any

from query_generator.input.field_names import LONGEST_NAME, is_small, value_at
from query_generator.input.plain_text import fold

MOST_OPTIONS = 20  # of a product; PrestaShop and Magento have more attributes, but not more options
_NUMBER = "#"  # stands for 1, 2, 3, … in the name of a column


@dataclass(frozen=True, slots=True)
class RowsIf:
    """The rows whose `field` has one of some values, compared without case and outer blanks."""

    field: str
    values: frozenset[str]

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Return whether a record is such a row."""
        value = value_at(record, self.field)
        return not isinstance(value, (dict, list)) and str(value).strip().casefold() in self.values


@dataclass(frozen=True, slots=True)
class Profile:
    """A format of catalogs.

    Args:
        name: its name, for people.
        keys: folded names of columns or keys that each record of it has.
        begins: what the text at a path begins with, in each record of it.
        fields: for a part of a product, where it stands, best first; dots lead into objects and into the first usable
            item of a list. The general names of `field_names` come after these.
        same: column that all rows of one product share.
        scattered: whether rows of other products may stand between such rows.
        again: column in which a row that only repeats the product before it, in another language, has the same value.
        parent: field of a row that names the product to which the row belongs.
        parent_of: fields of a product by which `parent` names it.
        listed: field of a product that names its variants, which come as rows of their own before it.
        follows: whether a part belongs to the product before it.
        parts_if: which rows are a part of a product (a variant, an image); any of these.
        others_if: which rows are neither a product nor a part of one.
        options: pairs of columns with the name and the value of an option; `#` stands for a number from 1.
        values_by: sign between several values of an option in one cell.
        lists_by: for a part of a product, the sign between the items of its text; of brands the first counts, of
            categories all are levels.
        ignored: folded names of fields that do not hold what their names say.
        axes: columns in which the variants of a product differ.
        not_attributes: folded names of attributes that tell nothing about a product.
    """

    name: str
    keys: frozenset[str]
    fields: Mapping[str, tuple[str, ...]]
    begins: tuple[tuple[str, str], ...] = ()
    same: str = ""
    scattered: bool = False
    again: str = ""
    parent: str = ""
    parent_of: tuple[str, ...] = ()
    listed: str = ""
    follows: bool = False
    parts_if: tuple[RowsIf, ...] = ()
    others_if: tuple[RowsIf, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    values_by: str = ""
    ignored: frozenset[str] = frozenset()
    lists_by: Mapping[str, str] = field(default_factory=dict)
    axes: tuple[str, ...] = ()
    not_attributes: frozenset[str] = frozenset()

    def begins_right(self, record: Mapping[str, Any]) -> bool:
        """Return whether the texts of a record begin as they do in this format."""
        return all(str(value_at(record, path)).startswith(start) for path, start in self.begins)

    @property
    def has_families(self) -> bool:
        """Whether several records may make one product."""
        return bool(self.again or self.same or self.parent or self.listed or self.follows)


def _profile(entry: dict[str, Any]) -> Profile:
    parent = entry.get("parent", {})
    return Profile(
        name=entry["name"],
        keys=frozenset(map(fold, entry["keys"])),
        fields={part: tuple(paths) for part, paths in entry.get("fields", {}).items()},
        begins=tuple(entry.get("begins", {}).items()),
        same=entry.get("same", ""),
        scattered=entry.get("scattered", False),
        again=entry.get("again", ""),
        parent=parent.get("field", ""),
        parent_of=tuple(parent.get("of", ())),
        listed=entry.get("listed", ""),
        follows=entry.get("follows", False),
        parts_if=tuple(_rows_if(entry.get("parts_if", {}))),
        others_if=tuple(_rows_if(entry.get("others_if", {}))),
        options=tuple((name, value) for name, value in entry.get("options", ())),
        values_by=entry.get("values_by", ""),
        ignored=frozenset(map(fold, entry.get("ignored", ()))),
        lists_by=entry.get("lists_by", {}),
        axes=tuple(entry.get("axes", ())),
        not_attributes=frozenset(map(fold, entry.get("not_attributes", ()))),
    )


def _rows_if(conditions: Mapping[str, Iterable[str]]) -> Iterator[RowsIf]:
    for column, values in conditions.items():
        yield RowsIf(column, frozenset(value.casefold() for value in values))


PROFILES = tuple(map(_profile, json.loads(files(__package__).joinpath("profiles.json").read_text("utf-8"))))
_KEYS = frozenset().union(*(profile.keys for profile in PROFILES))


@lru_cache(maxsize=4096)
def _profile_key(name: str) -> str:
    folded = fold(name)
    return folded if folded in _KEYS else ""


@lru_cache(maxsize=1024)
def _profiles_with(keys: frozenset[str]) -> tuple[Profile, ...]:
    """Return the profiles whose keys are all there, those with most keys first."""
    fitting = (profile for profile in PROFILES if profile.keys <= keys)
    return tuple(sorted(fitting, key=lambda profile: -len(profile.keys)))


@lru_cache(maxsize=1024)
def _profiles_of_names(names: tuple[str, ...]) -> tuple[Profile, ...]:
    return _profiles_with(frozenset(_profile_key(name) for name in names if len(name) <= LONGEST_NAME) - {""})


def profile_of(record: Mapping[str, Any]) -> Profile | None:
    """Return the format that a record has by its keys; of several, the one that asks for most keys."""
    names = tuple(record)
    fitting = _profiles_of_names(names) if is_small(names) else _profiles_of_names.__wrapped__(names)
    return next((profile for profile in fitting if profile.begins_right(record)), None) if fitting else None


def numbered(column: str) -> Iterator[str]:
    """Yield the names of a column with `#`: with 1, with 2, …; of another column, its one name."""
    if _NUMBER not in column:
        yield column
    else:
        yield from (column.replace(_NUMBER, str(number)) for number in range(1, MOST_OPTIONS + 1))
