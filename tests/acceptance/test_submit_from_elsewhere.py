"""The submit script away from its repository: by links, as a copy, and with another Python. AWS is not called."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "submit_batch_job.sh"
(LISTED,) = re.findall(r"for part in (.*); do", SCRIPT.read_text())
PARTS = LISTED.split()
OLD_ENOUGH = {"infrastructure", "json", "os", "pathlib", "re", "sys", "typing"}  # in the library of Python 3.6


def dry_run(script: Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8"}
    command = [str(script), "--dry-run", "--job-id", "a", "--from-job"]
    return subprocess.run(command, cwd=cwd, env=environ | variables, capture_output=True, text=True, timeout=60)


def assert_planned(ended: subprocess.CompletedProcess[str]) -> None:
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["jobName"] == "a"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the script with the files that it says it needs and no others, in a folder with an odd name."""
    folder = tmp_path / "a copy: é"
    (folder / "infrastructure").mkdir(parents=True)
    shutil.copy(SCRIPT, folder)
    for part in PARTS:
        shutil.copy(ROOT / "infrastructure" / part, folder / "infrastructure")
    return folder / SCRIPT.name


def test_links_lead_to_the_script(tmp_path: Path) -> None:
    """The script finds its folder from wherever it is called, by absolute and relative links, one after the other."""
    away = tmp_path / "infrastructure"  # of somebody else
    away.mkdir()
    (away / "__init__.py").write_text("raise SystemExit('not mine')")
    (tmp_path / "absolute").symlink_to(SCRIPT)
    (away / "relative").symlink_to("../absolute")
    for link in (tmp_path / "absolute", away / "relative"):
        assert_planned(dry_run(link, tmp_path, CDPATH=str(tmp_path)))
    assert_planned(dry_run(Path("infrastructure/relative"), tmp_path))


def test_the_script_may_have_any_name(tmp_path: Path) -> None:
    """A link whose name begins with a dash leads to the script, too, where a shell is told to run it."""
    (tmp_path / "-s.sh").symlink_to(SCRIPT)
    command = ["bash", "--", "-s.sh", "--dry-run", "--job-id", "a", "--from-job"]
    assert_planned(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60))


def test_no_module_that_lies_about_is_run(copy: Path, tmp_path: Path) -> None:
    """Files named as modules, beside the script or in the current folder, and PYTHON* variables are no code."""
    planted, told = tmp_path / "here", tmp_path / "told"
    planted.mkdir()
    for name in (
        "json",
        "os",
        "re",
        "pathlib",
        "typing",
        "encodings",
        "sitecustomize",
        "usercustomize",
        "infrastructure",
    ):
        for folder in (planted, copy.parent, copy.parent / "infrastructure"):
            if not (folder / name).is_dir():
                (folder / f"{name}.py").write_text(f"open({str(told)!r}, 'a').write({name!r})")
    assert_planned(dry_run(copy, planted))
    variables = {"PYTHONPATH": str(planted), "PYTHONSTARTUP": str(planted / "json.py"), "PYTHONHOME": str(planted)}
    assert_planned(dry_run(copy, planted, **variables))
    assert not told.exists()


def test_a_copy_with_its_folder_works(copy: Path, tmp_path: Path) -> None:
    """A copy works with the files that the script asks for and no other, whatever the folder is called."""
    assert_planned(dry_run(copy, tmp_path))
    page = '{"events": [], "nextForwardToken": "t"}'
    told = subprocess.run(
        [sys.executable, copy.parent / "infrastructure" / "log_page.py"], input=page, capture_output=True, text=True
    )
    assert (told.returncode, told.stdout) == (0, "t\n")


def test_the_script_alone_says_what_it_lacks(copy: Path, tmp_path: Path) -> None:
    """Without the folder, the script names what is missing and two ways out, and ends with 64; --help works."""
    shutil.rmtree(copy.parent / "infrastructure")
    ended = dry_run(copy, tmp_path)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert f"{copy.parent}/infrastructure/plan.py was not found" in ended.stderr
    assert "Copy that folder too, or make a symbolic link to the script" in ended.stderr
    assert "Nothing was submitted" in ended.stderr
    assert subprocess.run([copy, "--help"], capture_output=True).returncode == 0


@pytest.mark.parametrize("part", PARTS)
def test_each_missing_part_is_named(part: str, copy: Path, tmp_path: Path) -> None:
    """A folder that was copied in part is noticed before Python stumbles over it."""
    (copy.parent / "infrastructure" / part).unlink()
    ended = dry_run(copy, tmp_path)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert f"/infrastructure/{part} was not found" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_another_python_is_named(tmp_path: Path) -> None:
    """When Python cannot run the program, what it says is followed by the version that is needed and that there is."""
    old = tmp_path / "python3"
    old.write_text(
        '#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.5.9; else echo SyntaxError >&2; exit 1; fi\n'
    )
    old.chmod(0o755)
    ended = dry_run(SCRIPT, tmp_path, PATH=f"{tmp_path}:/usr/bin:/bin")
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr.startswith("SyntaxError\n")
    assert "it needs Python 3.6 or newer, this is Python 3.5.9" in ended.stderr
    assert "wrong options" not in ended.stderr


@pytest.mark.parametrize("part", [part for part in PARTS if part.endswith(".py")])
def test_any_python_has_what_is_imported(part: str) -> None:
    """The script's Python needs nothing installed, and no module that came after 3.6; ruff holds the syntax."""
    tree = ast.parse((ROOT / "infrastructure" / part).read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {name.partition(".")[0] for name in plain | parts} <= OLD_ENOUGH
