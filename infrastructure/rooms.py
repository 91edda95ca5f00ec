"""Measures the structure of the code: `python -m infrastructure.rooms [FOLDER]`.

A room is a package or module directly under `query_generator`. An arrow is an import of one room by another, a floor is
a layer of rooms that import only rooms below it, and a circle is a set of rooms that import each other.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median

import grimp

PACKAGE = "query_generator"
VENDORS = re.compile("gemini|openai|anthropic", re.IGNORECASE)
_STATEMENT = re.compile(r"\.(?:rows|one|send)\(\s*\"[a-z_]+\.[a-z_]+\"")


def arrows_of(folder: Path) -> dict[str, set[str]]:
    """Return room → the rooms that it imports; imports for type checkers count too."""
    sys.path.insert(0, str(folder))
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    arrows: dict[str, set[str]] = {}
    for module in graph.modules - {PACKAGE}:
        used = {_room(other) for other in graph.find_modules_directly_imported_by(module) if other != PACKAGE}
        arrows.setdefault(_room(module), set()).update(used - {_room(module)})
    return arrows


def _room(module: str) -> str:
    return module.split(".")[1]


def floors_of(arrows: Mapping[str, set[str]]) -> int | None:
    """Count the layers of the rooms; None if there is a circle."""
    sorter = TopologicalSorter(arrows)
    floors = 0
    try:
        sorter.prepare()
    except CycleError:
        return None
    while sorter.is_active():
        floors += 1
        sorter.done(*sorter.get_ready())
    return floors


def circles_of(arrows: Mapping[str, set[str]]) -> list[str]:
    """Return the names of the rooms that import each other, directly or through others."""

    def reached(room: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(arrows[room])
        while ahead:
            if (other := ahead.pop()) not in seen:
                seen.add(other)
                ahead += arrows.get(other, ())
        return seen

    return sorted(room for room in arrows if room in reached(room))


def longest_function(sources: Mapping[Path, str]) -> tuple[int, str]:
    """Return the number of lines of the longest function, without decorators, and its name."""
    functions = (
        (node.end_lineno - node.lineno + 1, f"{path.stem}.{node.name}")
        for path, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    )
    return max(functions)


def figures(folder: Path) -> Iterator[tuple[str, object]]:
    """Yield (name, figure) for a checkout."""
    package = folder / PACKAGE
    arrows = arrows_of(folder)
    files = [*package.rglob("*.py"), folder / "batch_job.py", folder / "secrets_cache.py"]
    sources = {path: path.read_text(encoding="utf-8") for path in files}
    lines = [len(text.splitlines()) for path, text in sources.items() if path.name != "__init__.py"]
    circles = circles_of(arrows)
    yield "rooms", len(arrows)
    yield "arrows", sum(len(used) for used in arrows.values())
    yield "floors", "none: there is a circle" if circles else floors_of(arrows)
    yield "rooms in a circle", ", ".join(circles) or 0
    yield "modules flat under query_generator", len([path for path in package.glob("*.py") if path.stem != "__init__"])
    yield "modules", len(lines)
    yield "lines a module, median and most", f"{median(lines):g}, {max(lines)}"
    yield "longest function", "{} lines ({})".format(*longest_function(sources))
    outside = [text for path, text in sources.items() if "store" not in path.relative_to(folder).parts]
    yield "names of statements outside store", sum(len(_STATEMENT.findall(text)) for text in outside)
    named = [path for path, text in sources.items() if VENDORS.search(text)]
    elsewhere = [path for path in named if "llm" not in path.relative_to(folder).parts]
    yield "modules that name a vendor, of them outside llm", f"{len(named)}, {len(elsewhere)}"
    yield "words of the README", len((folder / "README.md").read_text(encoding="utf-8").split())


def main(folder: str = ".") -> int:
    """Print the figures. Returns the exit code: 1 if rooms import each other."""
    shown = dict(figures(Path(folder).resolve()))
    for name, figure in shown.items():
        print(f"{name:<48} {figure}")
    return int(shown["rooms in a circle"] != 0)


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
