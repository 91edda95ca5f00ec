"""Bars of the values that a benchmark wants drawn."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import Row

BAR_INCHES = 0.38
COLOURS = {True: "#1f6f8b", False: "#b8c4c8"}


def draw(path: Path, rows: Sequence[Row]) -> None:
    """Write an SVG with one bar a row, the job's own darker, on a logarithmic scale where values are far apart."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    values = [row.value for row in rows]
    figure = Figure(figsize=(8, 0.9 + BAR_INCHES * len(rows)), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(
        [row.what for row in rows], values, color=[COLOURS["job" in row.what or "told" in row.what] for row in rows]
    )
    axes.bar_label(bars, [row.value_text() for row in rows], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(rows[0].unit)
    if max(values) > 20 * min(values):
        axes.set_xscale("log")
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
