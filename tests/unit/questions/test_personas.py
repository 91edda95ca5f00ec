"""Personas from a file."""

import json
from pathlib import Path

import pytest

from query_generator.errors import ConfigurationError
from query_generator.questions.personas import Persona, load_personas, name_of, shipped_personas


def written(folder: Path, content: object) -> str:
    """A file with this content."""
    path = folder / "personas.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_file_of_personas_is_read(tmp_path: Path) -> None:
    """Name, description and categories; the last two may be absent."""
    path = written(
        tmp_path, [{"name": " night  nurse ", "description": "works late", "categories": ["Health"]}, {"name": "b"}]
    )
    assert load_personas(path) == (Persona("night nurse", "works late", ("health",)), Persona("b"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "Expecting value"),
        ("{}", "no list"),
        ([], "no list"),
        ([1], "item 1 is no object"),
        ([{"name": "a"}, {"description": "b"}], "item 2: field 'name' is missing"),
        ([{"name": 5}], "item 1: field 'name' is no text"),
        ([{"name": "a", "age": 5}], "unknown field 'age'"),
        ([{"name": "a", "categories": "food"}], "field 'categories' is no list"),
        ([{"name": "a"}, {"name": "A"}], "two personas are named 'a'"),
        ([{"name": "a" * 61}], "longer than 60"),
        ("[" * 100_000, "PERSONAS_FILE"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, content: object, reason: str) -> None:
    """Before anything is bought, with the item, the field and an example."""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        load_personas(written(tmp_path, content))
    assert str(caught.value).startswith("PERSONAS_FILE")
    assert '[{"name": "student"' in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error names the setting and the path."""
    with pytest.raises(ConfigurationError, match=r"PERSONAS_FILE .*missing\.json"):
        load_personas(str(tmp_path / "missing.json"))


def test_lists_of_personas_are_known_apart() -> None:
    """A job is not continued with other personas by mistake."""
    assert name_of(shipped_personas()) == "shipped"
    assert name_of((Persona("a"),)) == name_of((Persona("a"),)) != name_of((Persona("b"),))
