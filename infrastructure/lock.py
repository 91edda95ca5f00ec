"""Makes the lock files, or checks that they match pyproject.toml: `python -m infrastructure.lock [--check]`.

A lock file begins with the lines of pyproject.toml that it was made from. The check needs no network, and ignores newer
releases: the lines must be the same, and the pins must satisfy them.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Each lock file with its extras and the lock file whose pins it takes over.
LOCKS: Mapping[str, tuple[Sequence[str], str]] = {
    "requirements.txt": ([], ""),
    "requirements-local.txt": (["local", "google-genai", "openai", "anthropic", "xlsx"], "requirements.txt"),
    "requirements-dev.txt": (
        ["local", "google-genai", "openai", "anthropic", "xlsx", "embeddings", "dev"],
        "requirements-local.txt",
    ),
}
COMPILE = "pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --no-header --quiet"
INTRODUCTION = "# Made by `make lock` from these lines of pyproject.toml, which `make check` compares:"
MARK = "#   "


def wanted(project: Path, extras: Sequence[str]) -> list[str]:
    """Return the requirements in pyproject.toml: Python first, then dependencies and those of the extras, sorted."""
    table = tomllib.loads(project.read_text())["project"]
    asked = {*table["dependencies"], *(line for extra in extras for line in table["optional-dependencies"][extra])}
    return [f"python {table['requires-python']}", *sorted(asked)]


def problems(folder: Path) -> Iterator[str]:
    """Yield every difference between pyproject.toml and the lock files in a folder."""
    taken: dict[str, set[str]] = {"": set()}
    for name, (extras, base) in LOCKS.items():
        text = (folder / name).read_text()
        asked = wanted(folder / "pyproject.toml", extras)
        made_from = [line.removeprefix(MARK) for line in text.splitlines() if line.startswith(MARK)]
        yield from (f"{name} was made without {line!r} of pyproject.toml" for line in asked if line not in made_from)
        yield from (f"{name} was made from {line!r}, which has left it" for line in made_from if line not in asked)
        blocks = re.findall(r"^(\w.*)((?:\n    --hash.*)+)", text, re.MULTILINE)
        pins = [Requirement(head.rstrip(" \\")) for head, _ in blocks]
        yield from (f"{name} has no pin that fits {line!r}" for line in asked[1:] if not _fits(Requirement(line), pins))
        files = [" ".join(re.findall(r"sha256:\w+", hashes)) for _, hashes in blocks]
        taken[name] = {f"{pin.name}{pin.specifier} {file}" for pin, file in zip(pins, files, strict=True)}
        yield from (f"{name} and {base} differ in {pin.split()[0]}" for pin in taken[base] - taken[name])


def _fits(asked: Requirement, pins: Sequence[Requirement]) -> bool:
    found = [pin for pin in pins if canonicalize_name(pin.name) == canonicalize_name(asked.name)]
    versions = [specifier.version for pin in found for specifier in pin.specifier]
    return (
        bool(found)
        and all(pin.extras >= asked.extras for pin in found)
        and all(asked.specifier.contains(version, prereleases=True) for version in versions)
    )


def make(folder: Path) -> None:
    """Make the lock files; pins that still fit stay."""
    for name, (extras, base) in LOCKS.items():
        lines = wanted(folder / "pyproject.toml", extras)
        least = next(iter(re.findall(r"\d+\.\d+", lines[0])))
        options = ["--python-version", least, "-o", name, *(f"--extra={extra}" for extra in extras)]
        options += ["-c", base] if base else []
        subprocess.run([sys.executable, "-m", "uv", *COMPILE.split(), *options], cwd=folder, check=True)
        text = "\n".join([INTRODUCTION, *(MARK + line for line in lines), (folder / name).read_text()])
        (folder / name).write_text(text)


def main(arguments: Sequence[str]) -> int:
    """Make the lock files, or with --check print what is wrong with them. Returns the exit code: 1 if anything is."""
    if "--check" not in arguments:
        make(Path())
        return 0
    found = list(problems(Path()))
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        print("The locks do not match pyproject.toml: run `make lock` and commit what it changes", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
