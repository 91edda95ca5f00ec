"""The hooks for pre-commit."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT

HOOKS = [
    pytest.param(hook, repo["repo"], id=hook["id"])
    for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repo["hooks"]
]


@pytest.mark.parametrize(("hook", "repo"), HOOKS)
def test_a_hook_is_a_tool_of_the_environment(hook: dict[str, str], repo: str) -> None:
    """No hook is fetched from anywhere: each is what `make check` runs, where the set-up has put it."""
    assert (repo, hook["language"]) == ("local", "system")
    tool = Path(hook["entry"].split()[0])
    assert tool.parent == Path(".venv/bin")
    assert shutil.which(Path(sys.prefix) / "bin" / tool.name)
    assert f"$(BIN)/{tool.name}" in (ROOT / "Makefile").read_text()
