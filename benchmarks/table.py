"""Measured rows, as people read them: a line on the terminal, a table in docs/performance.md."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """A bound that a value should keep."""

    relation: Literal["<=", ">="]
    bound: float

    def is_met(self, value: float) -> bool:
        """Compare, exactly."""
        return value <= self.bound if self.relation == "<=" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.relation} {self.bound:,g}"


@dataclass(frozen=True)
class Row:
    """One measured value. Those with `in_chart` are drawn, and then all have the same unit."""

    what: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    in_chart: bool = False

    def value_text(self) -> str:
        """Write the value with 3 digits at least, and its unit."""
        size = abs(self.value)
        digits = 0 if size >= 100 or self.value == int(self.value) else 1 if size >= 10 else 2 if size >= 1 else 3
        return f"{self.value:,.{digits}f} {self.unit}".strip()

    def verdict(self) -> str:
        """Say whether the goal is met; nothing if there is none."""
        return "" if self.goal is None else "met" if self.goal.is_met(self.value) else "NOT MET"

    def line(self) -> str:
        """Return the row for a terminal."""
        goal = f"  goal {self.goal}: {self.verdict()}" if self.goal else ""
        return f"  {self.what:<62} {self.value_text():>14}{goal}"


def markdown(conditions: str, rows: Sequence[Row], picture: str = "") -> str:
    """Return the table of one benchmark, headed by the conditions of its measurement."""
    lines = [conditions, "", "| | measured | goal | |", "|---|---:|---:|---|"]
    lines += [f"| {row.what} | {row.value_text()} | {row.goal or ''} | {row.verdict()} |" for row in rows]
    lines += ["", picture] if picture else []
    return "\n".join(lines)


def replaced(page: str, name: str, text: str) -> str:
    """Put a text between the marks `<!-- name -->` and `<!-- /name -->` of a page.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page)
