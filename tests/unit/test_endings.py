"""What a run that did not succeed says at its end."""

import re

from query_generator.errors import WHAT_TO_DO, ExitCode


def test_every_exit_code_but_success_says_what_to_type() -> None:
    """No code leaves the user alone: each has a sentence with the command to type again."""
    assert WHAT_TO_DO.keys() == set(ExitCode) - {ExitCode.SUCCEEDED}
    for text in WHAT_TO_DO.values():
        assert re.search(r"\{again\}", text)
        assert "\n" not in text.format(again="the same command")
