"""Evaluates what is asked for: `python -m benchmarks.evaluation [--write]`, see docs/how-to/evaluate.md.

The shipped examples go through a whole job by the offline provider. Besides, each product of these and of two hard
catalogs is asked for as in a job, but without a database: by the offline provider and by a scripted model that writes
well, once without and once with mistakes. The figures are held against `evaluation.json`, each within its band;
`--write` makes that file again. `--catalog PATH` evaluates other catalogs, and holds them against nothing.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import batch_job
from benchmarks.processes import ROOT
from query_generator.commands.evaluate import Catalog
from query_generator.errors import ExitCode
from query_generator.input.product_fields import product_from_record
from query_generator.input.sources import file_source, load_input_data
from query_generator.llm.base import BYTES_A_TOKEN, GenerationReply, GenerationRequest, Provider, Usage
from query_generator.llm.offline import OfflineProvider
from query_generator.models import Product, QueryType, Question, StoredText
from query_generator.questions.ask import ask
from query_generator.questions.evaluate import KEYS, SHARES, Evaluation, Figures, QuestionSet
from query_generator.questions.order import Known, Order
from query_generator.questions.question_sets import QuestionFile
from query_generator.report.evaluation import table
from tests.support.good_questions import good_answer
from tests.support.nasty_catalogs import nasty_catalogs

BASELINE = ROOT / "benchmarks" / "evaluation.json"
EXAMPLES = ROOT / "examples" / "products.json"
NUM_QUESTIONS = 25
MISTAKES = 0.2
BANDS = {"products": 0.0, "questions": 0.01, "compression_ratio": 0.05, "short_lists": 0.0}
"""By how much of its baseline a figure may differ; of shares it is SHARE_BAND in all."""
SHARE_BAND = 0.02


@dataclass(frozen=True)
class GoodModel:
    """A scripted model with a large pool of questions, some of them wrong."""

    mistakes: float = 0.0
    seed: int = 0
    name: str = "good"
    model: str = "pool-1"

    def generate(self, request: GenerationRequest) -> GenerationReply:
        """Answer as the model would, by the prompt alone."""
        prompt = f"{request.prompt.system}\n{request.prompt.message}"
        answer = good_answer(prompt, mistakes=self.mistakes, seed=self.seed)
        pairs = [(key, text) for key, texts in answer.items() for text in texts]
        usage = Usage(len(prompt.encode()) // BYTES_A_TOKEN, len(json.dumps(answer)) // BYTES_A_TOKEN)
        keys = tuple(key for key, _ in pairs) if request.groups else ()
        return GenerationReply(tuple(text for _, text in pairs), self.name, self.model, usage, keys=keys)


WRITERS: Mapping[str, Provider] = {
    "offline": OfflineProvider(),
    "good": GoodModel(),
    "careless": GoodModel(MISTAKES),
}


def asked_for(
    products: Iterable[Product], provider: Provider, order: Order, dropped: Counter[str]
) -> Iterator[QuestionSet]:
    """Ask for the questions of each product as a job does, and yield what was accepted; counts what was dropped."""
    for product in products:
        lists: dict[QueryType, list[Question]] = {}
        for query_type in QueryType:
            stored = [StoredText(question.text, counts=False) for some in lists.values() for question in some]
            questions: list[Question] = []
            of_item: Counter[str] = Counter()
            for answered in range(order.calls):
                known = Known(questions, of_item, stored, answered)
                made = ask(product, query_type, order, provider, known)
                questions += made.questions
                of_item += made.dropped
                if len(questions) >= order.num_questions:
                    break
            dropped += of_item
            lists[query_type] = questions
        yield QuestionSet(product, lists, product)


def evaluated(products: Iterable[Product], provider: Provider, order: Order) -> tuple[Figures, Counter[str]]:
    """Return the figures of a catalog, and the dropped texts by reason."""
    dropped: Counter[str] = Counter()
    evaluation = Evaluation(dict.fromkeys(QueryType, order.num_questions))
    for entry in asked_for(products, provider, order, dropped):
        evaluation.add(entry)
    return evaluation.figures(), dropped


def catalogs() -> dict[str, list[Product]]:
    """Return the shipped examples and the nasty catalogs."""
    made = {
        name: [product_from_record(dict(record), at) for at, record in enumerate(records, 1)]
        for name, records in nasty_catalogs().items()
    }
    return {"examples": read(EXAMPLES), **made}


def of_job() -> Figures:
    """Run a job on the examples, in a folder of its own, and evaluate its result.

    Raises:
        RuntimeError: the job did not succeed; its log says why.
    """
    with tempfile.TemporaryDirectory(prefix="evaluation-") as folder:
        source = ["--products-file", str(EXAMPLES), "--provider", "offline"]
        if code := batch_job.main(["--quiet", "--local", folder, "--job-id", "evaluation", *source]):
            raise RuntimeError(f"the job ended with {code}")
        file, catalog = QuestionFile(f"{folder}/query/evaluation/results.json"), Catalog(str(EXAMPLES))
        evaluation = Evaluation(file.longest(), file.cost_usd)
        for entry in file:
            evaluation.add(catalog.joined(entry))
        return evaluation.figures()


def read(path: Path) -> list[Product]:
    """Read the products of a file."""
    entries, _ = load_input_data(file_source(str(path)))
    return [entry.without_record() for entry in entries if isinstance(entry, Product)]


def outside(name: str, figures: Figures, baseline: Figures) -> Iterator[str]:
    """Yield a line for each figure that is outside its band."""
    for key in KEYS:
        now, then = figures[key], baseline.get(key)
        if now is None or then is None:
            if now != then:
                yield f"{name}: {key} is {now}, was {then}"
            continue
        band = SHARE_BAND if key in SHARES else BANDS.get(key, 0.05) * then
        if abs(now - then) > band + 1e-9:
            yield f"{name}: {key} is {now:g}, was {then:g} (band {band:g})"


def main(argv: Sequence[str]) -> int:
    """Print the figures; 65 if one is outside its band."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make the baseline again")
    parser.add_argument("--catalog", action="append", default=[], type=Path, help="evaluate these catalogs instead")
    parser.add_argument("--limit", type=int, help="only the first N products of each")
    parser.add_argument("--prompt-version", default=Order(NUM_QUESTIONS).prompt_version)
    parser.add_argument("--writer", action="append", default=[], choices=list(WRITERS), help="only these")
    parser.add_argument("--num-questions", type=int, default=NUM_QUESTIONS)
    options = parser.parse_args(argv)
    order = Order(options.num_questions, options.prompt_version)
    given = {path.name: read(path) for path in options.catalog} or catalogs()
    is_whole = not (options.catalog or options.limit or options.writer)
    found: dict[str, Figures] = {"examples job": of_job()} if is_whole else {}
    for catalog, products in given.items():
        for writer in options.writer or WRITERS:
            name = f"{catalog} {writer}"
            found[name], dropped = evaluated(products[: options.limit], WRITERS[writer], order)
            print(f"{name}: dropped {dict(dropped.most_common())}", flush=True)
    print(table(found))
    if options.write:
        BASELINE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if options.write or not is_whole:
        return 0
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    lines = [line for name, figures in found.items() for line in outside(name, figures, baseline.get(name, {}))]
    print("\n".join(lines or ["All figures are within their bands."]))
    return ExitCode.FINISHED_WITH_ERRORS if lines else ExitCode.SUCCEEDED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
