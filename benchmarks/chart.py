"""Bars of the values that a benchmark wants drawn."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row

BAR_INCHES = 0.38
JOB, OTHER = "#1f6f8b", "#b8c4c8"


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Write an SVG with one bar a row, those of the job in a darker colour."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none"})
    figure = Figure(figsize=(8, 0.9 + BAR_INCHES * len(rows)), layout="constrained")
    axes = figure.subplots()
    colours = [JOB if "the job" in row.what else OTHER for row in rows]
    bars = axes.barh([row.what for row in rows], [row.value for row in rows], color=colours)
    axes.bar_label(bars, [row.value_text() for row in rows], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(rows[0].unit)
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
