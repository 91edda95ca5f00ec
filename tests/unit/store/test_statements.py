"""What is said of statements outside of their files agrees with them."""

import re
from importlib import resources

from query_generator.input.json_records import MAX_RECORD_BYTES
from query_generator.store.database import TAKES_ROWS, WHOLE_JOB
from query_generator.store.sql import statement


def test_the_statements_that_are_named_are_there() -> None:
    """One with a new name would lose its longer time, or blame the table for a row."""
    for name in WHOLE_JOB | TAKES_ROWS:
        assert statement(name)


def test_records_are_cut_just_beyond_the_largest() -> None:
    """What is cut is seen to be too large, and what is not too large is not cut."""
    files = [file for file in resources.files("query_generator.store.sql").iterdir() if file.name.endswith(".sql")]
    cuts = [int(cut) for file in files for cut in re.findall(r"\bleft\(.*?::text, (\d+)\)", file.read_text())]
    assert len(cuts) > 5
    assert set(cuts) == {MAX_RECORD_BYTES + 1}
