"""Regular expressions that mean the same with every Python that is supported."""

import re

from tests.support.paths import ROOT

POSSESSIVE_GROUP = re.compile(r"(.{4})\)(?:[*+?]|\{[0-9,]+\})\+")


def test_a_possessive_group_ends_with_an_alternative_that_reads_nothing() -> None:
    """Python before 3.11.5 reads on behind what the last alternative has read before it failed; debian has 3.11.2."""
    sources = [path.read_text() for path in (ROOT / "query_generator").rglob("*.py")]
    ends = [end for source in sources for end in POSSESSIVE_GROUP.findall(source)]
    assert len(ends) >= 5
    assert set(ends) == {"(?!)"}
