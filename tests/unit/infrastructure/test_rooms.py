"""The walls between the rooms, and the figures of the house."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.rooms import circles_of, figures, floors_of, longest_function
from tests.support.paths import ROOT


@pytest.mark.parametrize(
    ("module", "text", "said"),
    [
        ("query_generator/stray.py", "", "query_generator.stray"),
        ("query_generator/pipeline/stray.py", "", "query_generator.pipeline.stray"),
        ("query_generator/pipeline/workers.py", "import query_generator.pipeline.job", "pipeline.workers -> "),
        (
            "query_generator/llm/reply.py",
            "import query_generator.store.jobs",
            "llm.reply -> query_generator.store.jobs",
        ),
    ],
)
def test_a_module_without_a_place_or_through_a_wall_is_named(tmp_path: Path, module: str, text: str, said: str) -> None:
    """`make check` fails for a module that nobody has given a layer, and for an import that goes up or sideways."""
    shutil.copytree(ROOT / "query_generator", tmp_path / "query_generator")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / module).write_text(f'"""A module."""\n\n{text}\n')
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ended = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": "."}, capture_output=True, text=True)
    assert ended.returncode == 1
    assert said in " ".join(ended.stdout.split())


def test_floors_and_circles_are_found() -> None:
    """Rooms are counted in rows; those that use each other, also through others, are named."""
    tower = {"job": {"store", "llm"}, "store": {"models"}, "llm": {"models"}, "models": set[str]()}
    assert (floors_of(tower), circles_of(tower)) == (3, [])
    circle = {**tower, "models": {"store"}}
    assert (floors_of(circle), circles_of(circle)) == (None, ["models", "store"])


def test_the_longest_function_is_named() -> None:
    """With its lines, also when it stands in a class."""
    text = "def short():\n    pass\n\nclass A:\n    def long(self):\n        a = 1\n        return a\n"
    assert longest_function({Path("m.py"): text}) == (3, "m.long")


@pytest.mark.no_cover
def test_the_house_is_as_it_should_be() -> None:
    """No circle, no statement's name outside the store; no module of more than 300 lines."""
    shown = dict(figures(ROOT))
    assert shown["rooms in a circle"] == 0
    assert shown["names of statements outside store"] == 0
    long = [path for path in (ROOT / "query_generator").rglob("*.py") if len(path.read_text().splitlines()) > 300]
    assert [path.name for path in long] == []
