"""The steps of the image's build, looked at without an engine."""

import ast
import json
import re
import sys
import tomllib
from fnmatch import fnmatchcase
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

from tests.support.paths import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCKED = (ROOT / "requirements.txt").read_text()
STEPS = re.findall(r"^([A-Z]+) ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
FOLDERS = ("docs", "examples", "infrastructure", "query_generator", "tests")


def goes_in(path: Path) -> bool:
    """Whether .dockerignore lets a file through: the last pattern that fits it or a folder of it decides."""
    name, inside = path.relative_to(ROOT).as_posix(), False
    for pattern in (ROOT / ".dockerignore").read_text().splitlines():
        text = pattern.lstrip("!").rstrip("/").removeprefix("**/")
        parts = [name, *name.split("/")] if "**/" in pattern else [name, name.partition("/")[0]]
        if pattern and not pattern.startswith("#") and any(fnmatchcase(part, text) for part in parts):
            inside = pattern.startswith("!")
    return inside


def test_only_the_job_goes_into_the_image() -> None:
    """The image gets the job's modules and statements: no tests, no local data, no settings of a developer."""
    top = [path for path in ROOT.iterdir() if path.is_file()]
    deep = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    inside = {path.relative_to(ROOT).as_posix() for path in [*top, *deep] if path.is_file() and goes_in(path)}
    package = {path for path in (ROOT / "query_generator").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    modules = {"batch_job.py", "secrets_cache.py", "requirements.txt"}
    assert inside - {"global-bundle.pem"} == modules | {path.relative_to(ROOT).as_posix() for path in package}


def test_every_import_is_locked() -> None:
    """What the job imports is in the image, or an extra: requirements.txt locks it, or pyproject names it."""
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)[^ =]*==", LOCKED, re.MULTILINE)}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {re.split(r"[^A-Za-z0-9._-]", text)[0] for extra in extras.keys() - {"dev"} for text in extras[extra]}
    providers = packages_distributions()
    missing = set()
    for path in [ROOT / "batch_job.py", ROOT / "secrets_cache.py", *(ROOT / "query_generator").rglob("*.py")]:
        for name in imported(ast.parse(path.read_text())):
            own = name in sys.stdlib_module_names or name in ("query_generator", "secrets_cache")
            if not own and not {provider.lower() for provider in providers.get(name, [])} & (locked | named):
                missing.add(f"{path.name}: {name}")
    assert missing == set()


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of all packages that a module imports at run time, anywhere in it."""
    names = set()
    for_types = {
        part for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for part in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(tree):
        if node not in for_types and isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if node not in for_types and isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_requirements_are_locked_by_hash() -> None:
    """pip installs exactly the locked wheels, or fails."""
    requirements = [part for part in re.split(r"\n(?=[A-Za-z0-9])", LOCKED) if not part.startswith("#")]
    assert len(requirements) > 10
    assert [part for part in requirements if "==" not in part or "--hash=sha256:" not in part] == []
    (install,) = [words for step, words in STEPS if step == "RUN" and "pip install" in words]
    assert {"--no-deps", "--require-hashes", "--only-binary", "--no-cache-dir"} <= set(install.split("&&")[0].split())


def test_what_is_left_out_is_where_the_build_looks() -> None:
    """The folders that the build removes are there, so that it neither fails nor misses them."""
    for package, folder in (("googleapiclient", "discovery_cache/documents"), ("botocore", "data")):
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        assert f"{package}/{folder}" in DOCKERFILE
        assert (Path(spec.origin).parent / folder).is_dir()


def test_the_job_is_process_1_without_rights() -> None:
    """The base can be pinned by digest; the job gets SIGTERM itself and is not root."""
    assert STEPS[0] == ("ARG", "BASE_IMAGE=python:3.11-slim")
    assert STEPS[1] == ("FROM", "${BASE_IMAGE}")
    assert json.loads(STEPS[-1][1]) == ["python", "batch_job.py"]
    (user,) = [words for step, words in STEPS if step == "USER"]
    assert not {"0", "root"} & set(user.split(":"))
