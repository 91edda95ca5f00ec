"""A page of a job's log, as the submit script tells it."""

import io
import json

import pytest

from infrastructure.log_page import main


def test_a_page_is_told_and_its_end_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages go to standard error in order, one line each; the next page's token goes alone to standard output."""
    page = {"events": [{"message": "first\n"}, {"message": "second é"}], "nextForwardToken": "f/1"}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(page)))
    assert main() == 0
    assert capsys.readouterr() == ("f/1\n", "first\nsecond é\n")
