"""Who asks: the shipped list of personas, or one from a file."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from query_generator.errors import ConfigurationError, file_error
from query_generator.one_line import one_line

SHIPPED = Path(__file__).with_name("personas.json")
LONGEST_NAME = 60
LONGEST_DESCRIPTION = 200
MOST_PERSONAS = 500
LARGEST_FILE = 1 << 20  # bytes


class Persona(NamedTuple):
    """Somebody who asks; without `categories` about anything, else about products of these families."""

    name: str
    description: str = ""
    categories: tuple[str, ...] = ()


@cache
def shipped_personas() -> tuple[Persona, ...]:
    """Return the personas that come with the project."""
    return _personas(json.loads(SHIPPED.read_text(encoding="utf-8")))


def load_personas(path: str) -> tuple[Persona, ...]:
    """Read personas from a JSON file: a list of `{"name", "description", "categories"?}`.

    Raises:
        ConfigurationError: the file cannot be read or has another shape; the error names the item and its field.
        ServiceAwayError: the file cannot be read now.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as exc:
        raise file_error(f"PERSONAS_FILE {path}", exc) from exc
    if len(content) > LARGEST_FILE:
        raise _wrong(path, f"is larger than {LARGEST_FILE:,} bytes")
    try:
        return _personas(json.loads(content.decode("utf-8-sig")))
    except (ValueError, RecursionError) as exc:
        raise _wrong(path, one_line(str(exc))) from exc


def name_of(personas: Sequence[Persona]) -> str:
    """Return what a list of personas is known by: `shipped`, or the beginning of a hash of what it says."""
    if personas == shipped_personas():
        return "shipped"
    return hashlib.sha256(json.dumps(personas).encode()).hexdigest()[:12]


def _wrong(path: str, reason: str) -> ConfigurationError:
    example = '[{"name": "student", "description": "has little money"}]'
    return ConfigurationError(f"PERSONAS_FILE {path}: {reason}; give a JSON list like {example}")


def _personas(items: Any) -> tuple[Persona, ...]:
    """Check and make personas; raises ValueError with what is wrong."""
    if not isinstance(items, list) or not items:
        raise ValueError("it is no list with at least one persona")
    if len(items) > MOST_PERSONAS:
        raise ValueError(f"it holds more than {MOST_PERSONAS} personas")
    made = tuple(_persona(position, item) for position, item in enumerate(items, 1))
    names = [persona.name.casefold() for persona in made]
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"two personas are named {repeated!r}")
    return made


def _persona(position: int, item: Any) -> Persona:
    if not isinstance(item, dict):
        raise ValueError(f"item {position} is no object")
    if unknown := sorted(map(str, item.keys() - {"name", "description", "categories"})):
        raise ValueError(f"item {position} has the unknown field {unknown[0]!r}")
    name = _text(position, item, "name", LONGEST_NAME)
    if not name:
        raise ValueError(f"item {position}: field 'name' is missing")
    categories = item.get("categories", [])
    if not isinstance(categories, list) or not all(isinstance(name, str) and name for name in categories):
        raise ValueError(f"item {position}: field 'categories' is no list of texts")
    return Persona(
        name, _text(position, item, "description", LONGEST_DESCRIPTION), tuple(map(str.casefold, categories))
    )


def _text(position: int, item: dict[str, Any], field: str, longest: int) -> str:
    text = item.get(field, "")
    if not isinstance(text, str):
        raise ValueError(f"item {position}: field '{field}' is no text")
    text = one_line(" ".join(text.split()))
    if len(text) > longest:
        raise ValueError(f"item {position}: field '{field}' is longer than {longest} characters")
    return text
