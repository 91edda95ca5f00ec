"""Run benchmarks: print their rows as they come; write them into docs/performance.md if asked to."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import cached, chart, children, cpu, flight, limit, memory, questions_checks, quota, rows, sizes, ways
from benchmarks.lab import Lab
from benchmarks.machine import conditions
from benchmarks.processes import ROOT
from benchmarks.table import Row, markdown, replaced

BENCHMARKS: dict[str, Callable[[Lab], Iterator[Row]]] = {
    "ways": ways.measure,
    "limit": limit.measure,
    "flight": flight.measure,
    "cpu": cpu.measure,
    "rows": rows.measure,
    "quota": quota.measure,
    "cached": cached.measure,
    "checks": questions_checks.measure,
    "children": children.measure,
    "sizes": sizes.measure,
    "memory": memory.measure,  # the longest
}
ABOUT = {
    "ways": "the job against one call after another, groups of 5, and raw requests",
    "limit": "a hard limit of 20 calls a second, told, with the other core busy, and untold",
    "flight": "128 and 512 calls in flight against raw requests",
    "cpu": "CPU time a call, start-up, time to the first call",
    "rows": "rows a second into PostgreSQL, near and through a slow link",
    "quota": "16 processes of one job on one quota",
    "cached": "a reply from the cache: memory, Redis, folder",
    "checks": "the checks of a reply of 25 questions, with and without language",
    "children": "2,000 products by 1 process, by 16 children of an array, at a told limit, and with 3 of them killed",
    "sizes": "products of 5 KB to 15 MB: time and peak memory, on a socket and over TCP",
    "memory": "peak memory at 1,000 to 1,000,000 products",
}
DOCS = ROOT / "docs"
PAGE = DOCS / "performance.md"


def main(argv: list[str]) -> int:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the job, with PostgreSQL and an LLM service on this machine. No key, no network.",
        epilog="benchmarks:\n" + "\n".join(f"  {name:<8} {about}" for name, about in ABOUT.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; all if none is given")
    parser.add_argument("--quick", action="store_true", help="small sizes: seconds each, figures only for trying")
    parser.add_argument("--write", action="store_true", help="write tables and plots into docs/ as well")
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        lab = Lab(Path(folder), options.quick)
        for name in options.names or BENCHMARKS:
            head, rows = _run(name, lab)
            if options.write:
                _write(name, head, rows)
    return 0


def _run(name: str, lab: Lab) -> tuple[str, list[Row]]:
    head = conditions(lab.quick)
    print(f"{name}: {ABOUT[name]}\n  {head}", flush=True)
    rows = []
    for row in BENCHMARKS[name](lab):
        print(row.line(), flush=True)
        rows.append(row)
    return head, rows


def _write(name: str, head: str, rows: list[Row]) -> None:
    drawn = [row for row in rows if row.in_chart]
    picture = DOCS / f"performance-{name}.svg"
    if drawn:
        chart.draw(picture, drawn)
    text = markdown(head, rows, f"![{ABOUT[name]}]({picture.name})" if drawn else "")
    PAGE.write_text(replaced(PAGE.read_text(), name, text))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
