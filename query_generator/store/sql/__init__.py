"""All SQL statements, in files, by name."""

import re
from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """Return the statement with a name such as `file.name`: it follows the line `-- name: name` in `file.sql`.

    Raises:
        KeyError: there is no such statement.
    """
    file, _, wanted = name.partition(".")
    return _statements(file)[wanted]


@cache
def _statements(file: str) -> dict[str, str]:
    text = (resources.files(__package__) / f"{file}.sql").read_text()
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))


def migrations() -> list[tuple[int, str, str]]:
    """Return (version, name, SQL) of every migration, in order."""
    files = (resources.files(__package__) / "migrations").iterdir()
    found = [(entry.name.removesuffix(".sql"), entry.read_text()) for entry in files if entry.name.endswith(".sql")]
    return [(int(name.partition("_")[0]), name, text) for name, text in sorted(found)]
