"""All SQL statements, in files, by name."""

import re
from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """Return the statement with a name such as `file.name`: it follows the line `-- name: name` in `file.sql`.

    A line `-- include: file.name` in it stands for another one, which several share.

    Raises:
        KeyError: there is no such statement.
    """
    file, _, wanted = name.partition(".")
    return _statements(file)[wanted]


@cache
def tables_of(name: str) -> list[str]:
    """Return the tables that a statement names; none if there is no such statement."""
    try:
        text = re.sub(r"--.*", "", statement(name))
    except (KeyError, FileNotFoundError):
        return []
    named = re.findall(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)", text)
    return sorted(set(named) & _tables())


@cache
def names_used() -> tuple[list[str], list[str]]:
    """Return the names of PostgreSQL's functions and operators that the statements use."""
    files = [entry.name.removesuffix(".sql") for entry in resources.files(__package__).iterdir()]
    texts = [text for file in files if file.isidentifier() for text in _texts(file)]
    plain = re.sub(r"--.*|'[^']*'", "", "\n".join(texts))
    operators = re.findall(r"(?<!\S)([-+*/<>=~!@#%^&|]+)(?!\S)", plain)
    return sorted(set(re.findall(r"\b([a-z_0-9]+)\(", plain))), sorted(set(operators))


def _texts(file: str) -> list[str]:
    try:
        return list(_statements(file).values())
    except FileNotFoundError:
        return []


@cache
def _tables() -> set[str]:
    """Return the tables that the migrations make."""
    texts = [statement("schema.create_versions"), *(text for _, _, text in migrations())]
    return {table for text in texts for table in re.findall(r"^\s*CREATE TABLE (?:IF NOT EXISTS )?(\w+)", text, re.M)}


@cache
def _statements(file: str) -> dict[str, str]:
    text = (resources.files(__package__) / f"{file}.sql").read_text()
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (_whole(part.strip()) for part in parts[2::2]), strict=True))


def _whole(text: str) -> str:
    return re.sub(r"^-- include: (\w+\.\w+)$", lambda line: statement(line[1]), text, flags=re.MULTILINE)


def migrations() -> list[tuple[int, str, str]]:
    """Return (version, name, SQL) of every migration, in order."""
    files = (resources.files(__package__) / "migrations").iterdir()
    found = [(entry.name.removesuffix(".sql"), entry.read_text()) for entry in files if entry.name.endswith(".sql")]
    return [(int(name.partition("_")[0]), name, text) for name, text in sorted(found)]
