"""`make reference` and what `make check` says of the page."""

from pathlib import Path

import pytest

from infrastructure.reference import PAGE, main, page
from query_generator.settings.table import SETTINGS
from tests.support.paths import ROOT


def test_the_page_is_current() -> None:
    """The page in the repository is what the settings declare."""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()
    assert main(["--check"], ROOT) == 0


def test_every_setting_is_told_once() -> None:
    """Each has its row, with its names, its meaning and its example."""
    rows = [line for line in page().splitlines() if line.startswith("|")]
    for declared in SETTINGS.values():
        name = f"`{declared.variable}` |" if declared.variable else f"| `{declared.option.name}"
        (row,) = [line for line in rows if name in line and declared.help.text[1:] in line]
        assert declared.help.text[1:] in row
        assert declared.help.note in row
        assert f"`{declared.setting.example}`" in row
        assert declared.option.shorthands or declared.option.name in row


def test_every_row_has_the_columns_of_its_table() -> None:
    """A bar within a cell does not begin another one."""
    for table in page().split("\n\n"):
        columns = {line.replace("\\|", "").count("|") for line in table.splitlines() if line.startswith("|")}
        assert len(columns) <= 1


@pytest.mark.parametrize("text", [None, "", "# Configuration\n", page() + "\n"])
def test_a_stale_page_fails_the_check_and_is_made_again(
    text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page that is missing or stale fails, with the command that mends it; the check writes nothing."""
    path = tmp_path / PAGE
    if text is not None:
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    assert main(["--check"], tmp_path) == 1
    assert "run `make reference`" in capsys.readouterr().err
    assert (path.read_text(encoding="utf-8") if path.exists() else None) == text
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0


def test_make_writes_the_page_and_checks_it() -> None:
    """`make reference` and `make check` call it."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = {target: recipe for target, _, recipe in (part.partition(":") for part in makefile.split("\n\n"))}
    assert "infrastructure.reference\n" in f"{recipes['reference']}\n"
    assert "infrastructure.reference --check\n" in recipes["check"]
