"""What people see of an evaluation: a table, a plot, and what a gate says. Pure."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from query_generator.errors import ConfigurationError
from query_generator.questions.evaluate import INFORMS, KEYS, MORE_IS_BETTER, SHARES, Figures

BAR_SIGNS = 20  # of a whole bar in the table
COLOURS = ("#1f6f8b", "#b8c4c8")
LONGEST_KEY = max(map(len, KEYS))
ROW, BAR, LABELS = 34, 420, 220  # of the plot: heights of rows, lengths of whole bars and of labels, in pixels


class Threshold(NamedTuple):
    """What a figure may be at most, or at least where more is better."""

    key: str
    value: float

    @property
    def is_least(self) -> bool:
        """Whether the value is the least that is right."""
        return self.key in MORE_IS_BETTER

    def is_passed_by(self, figure: float) -> bool:
        """Return whether a figure is on the wrong side."""
        return figure < self.value if self.is_least else figure > self.value


def thresholds(words: Sequence[str]) -> list[Threshold]:
    """Read KEY=VALUE; raises ConfigurationError for a key that is none or a value that is no number."""
    read = []
    for word in words:
        key, sign, value = word.partition("=")
        if key not in KEYS:
            raise ConfigurationError(f"--fail-over: there is no figure '{key}'; there are: {', '.join(KEYS)}")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not sign or not math.isfinite(number) or number < 0:
            raise ConfigurationError(f"--fail-over: {key} needs a number of 0 or more, as in {key}=0.05")
        read.append(Threshold(key, number))
    return read


def failures(figures: Figures, limits: Sequence[Threshold]) -> list[str]:
    """Return a line for each threshold that is passed.

    Raises:
        ConfigurationError: there is no such figure for this input.
    """
    lines = []
    for limit in limits:
        figure = figures[limit.key]
        if figure is None:
            raise ConfigurationError(f"--fail-over: this input does not tell {limit.key}, so it cannot be held to it")
        if limit.is_passed_by(figure):
            lines.append(f"{limit.key} is {figure:g}, {'less' if limit.is_least else 'more'} than {limit.value:g}")
    return lines


def table(sets: Mapping[str, Figures]) -> str:
    """Return the figures of each set, side by side; those of one set with bars. An arrow tells which way is better."""
    rows = [["", *sets]]
    rows += [
        [f"{key:<{LONGEST_KEY}} {_direction(key)}", *(_shown(figures[key]) for figures in sets.values())]
        for key in KEYS
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        )
        for cells in rows
    ]
    if len(sets) == 1:
        (figures,) = sets.values()
        lines[1:] = [f"{line}  {_bar(key, figures[key])}" for key, line in zip(KEYS, lines[1:], strict=True)]
    return "\n".join(line.rstrip() for line in lines)


def plot(sets: Mapping[str, Figures]) -> str:
    """Return an SVG with a bar for each share of each set; it loads nothing from anywhere."""
    keys = [key for key in KEYS if key in SHARES and any(figures[key] is not None for figures in sets.values())]
    height = ROW * (len(keys) + len(sets) + 1)
    body = [line for number, key in enumerate(keys) for line in _plotted(key, sets, ROW * number + ROW // 2)]
    for number, (name, colour) in enumerate(zip(sets, COLOURS, strict=False)):
        at = ROW * (len(keys) + number + 1)
        body.append(f'<rect x="{LABELS}" y="{at - 11}" width="12" height="12" fill="{colour}"/>')
        body.append(f'<text x="{LABELS + 20}" y="{at}">{escape(name)}</text>')
    size = f'width="{LABELS + BAR + 80}" height="{height}"'
    style = 'font-family="sans-serif" font-size="13"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', *body, "</svg>", ""])


def _plotted(key: str, sets: Mapping[str, Figures], top: int) -> Iterator[str]:
    yield f'<text x="{LABELS - 10}" y="{top + ROW // 2}" text-anchor="end">{key}</text>'
    thickness = (ROW - 8) // len(sets)
    for number, (figures, colour) in enumerate(zip(sets.values(), COLOURS, strict=False)):
        share, at = figures[key], top + 4 + number * thickness
        length = round((share or 0) * BAR)
        yield f'<rect x="{LABELS}" y="{at}" width="{length}" height="{thickness - 1}" fill="{colour}"/>'
        yield f'<text x="{LABELS + length + 6}" y="{at + thickness - 3}" font-size="11">{_shown(share)}</text>'


def _direction(key: str) -> str:
    return "↑" if key in MORE_IS_BETTER else " " if key in INFORMS else "↓"


def _shown(figure: float | int | None) -> str:
    return "-" if figure is None else f"{figure:.4f}" if isinstance(figure, float) else str(figure)


def _bar(key: str, figure: float | int | None) -> str:
    return "#" * round(figure * BAR_SIGNS) if key in SHARES and figure is not None else ""
