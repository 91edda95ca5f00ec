"""Reads what a text holds of a JSON value whose end may be missing, and which may be broken here and there. Pure."""

import json
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from query_generator.input.json_scan import NOT_FOUND, end_in_array, indentation, may_go_on
from query_generator.input.json_values import DECODER

MOST_LEVELS = 12
_MOST_BROKEN = 100  # members or elements; each costs time
_SPACE = re.compile(r"[ \t\r\n]*+")
_SPACE_AND_COMMAS = re.compile(r"[ \t\r\n,]*+")
Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a text holds of a value.

    Args:
        value: the value; objects and lists hold what could be read of them.
        end: the index after it, NOT_FOUND if the text ends before, or if it is broken beyond the next comma.
        openings: where its objects and lists open that can be reached by keys alone; of equal keys the first counts.
        open_path: the keys that lead to the innermost of these that the text does not end.
        is_broken: whether it is not valid JSON, and reading could not go on.
    """

    value: Any
    end: int
    openings: dict[Path, int]
    open_path: Path
    is_broken: bool


def sample_of(text: str, start: int) -> Sample:
    """Return what the text holds of the value at `start`."""
    sampler = _Sampler(text)
    value, end = sampler.read(start, ())
    return Sample(value, end, sampler.openings, sampler.open_path, sampler.is_broken)


class _Sampler:
    def __init__(self, text: str) -> None:
        self._text = text
        self._broken = 0
        self.openings: dict[Path, int] = {}
        self.open_path: Path = ()
        self.is_broken = False

    def read(self, at: int, path: Path | None, level: int = 0) -> tuple[Any, int]:
        """Return the value at an index, and the index after it or NOT_FOUND. `path` is None within a list."""
        sign = self._text[at : at + 1]
        if sign not in {"{", "["} or level == MOST_LEVELS:
            return self._decoded(at)
        if path is not None:
            self.openings.setdefault(path, at)
        value, end = self._object(at, path, level) if sign == "{" else self._list(at, level)
        if end == NOT_FOUND and path is not None and len(path) > len(self.open_path):
            self.open_path = path
        return value, end

    def _decoded(self, at: int) -> tuple[Any, int]:
        try:
            return DECODER.raw_decode(self._text, at)
        except (json.JSONDecodeError, RecursionError, MemoryError) as exc:
            self.is_broken = not isinstance(exc, json.JSONDecodeError) or not may_go_on(self._text, exc)
            return None, NOT_FOUND

    def _object(self, at: int, path: Path | None, level: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        text, at = self._text, _after(_SPACE_AND_COMMAS, self._text, at + 1)
        while text[at : at + 1] == '"':
            key, at = self._decoded(at)
            colon = NOT_FOUND if at == NOT_FOUND else _after(_SPACE, text, at)
            if colon == NOT_FOUND or text[colon : colon + 1] != ":":
                self.is_broken |= colon != NOT_FOUND and colon < len(text)
                return found, NOT_FOUND
            start = _after(_SPACE, text, colon + 1)
            value, at = self.read(start, None if path is None else (*path, key), level + 1)
            found.setdefault(key, value)
            at = self._recovered(start, "}") if at == NOT_FOUND else at
            if at == NOT_FOUND:
                return found, NOT_FOUND
            after = _after(_SPACE, text, at)
            if text[after : after + 1] not in {",", "}", ""}:
                self.is_broken = True
                return found, NOT_FOUND
            at = _after(_SPACE_AND_COMMAS, text, after)
        if text[at : at + 1] == "}":
            return found, at + 1
        self.is_broken |= at < len(text)
        return found, NOT_FOUND

    def _list(self, at: int, level: int) -> tuple[list[Any], int]:
        text = self._text
        try:
            value: tuple[list[Any], int] = DECODER.raw_decode(text, at)
            return value
        except (json.JSONDecodeError, RecursionError, MemoryError):
            items: list[Any] = []
        at = _after(_SPACE_AND_COMMAS, text, at + 1)
        while at < len(text) and text[at] != "]":
            if text[at] in {"}", ":"}:
                self.is_broken = True
                return items, NOT_FOUND
            try:
                value, end = DECODER.raw_decode(text, at)
            except (json.JSONDecodeError, RecursionError, MemoryError):
                value, end = self.read(at, None, level + 1)
            items.append(value)
            end = self._recovered(at, "]") if end == NOT_FOUND else end
            if end == NOT_FOUND:
                return items, NOT_FOUND
            at = _after(_SPACE_AND_COMMAS, text, end)
        return items, at + 1 if at < len(text) else NOT_FOUND

    def _recovered(self, start: int, closer: str) -> int:
        """Return the end of the broken value at `start`; NOT_FOUND if it is not broken but cut, or has no end."""
        self._broken += self.is_broken
        if not self.is_broken or self._broken > _MOST_BROKEN:
            return NOT_FOUND
        end = end_in_array(self._text, start, indentation(self._text, start), complete=False, closer=closer)
        self.is_broken = end == NOT_FOUND
        return end


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
