"""The verb `evaluate`: tells how good the questions of a result, or of any list, are."""

import json
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from query_generator.config import JobConfig
from query_generator.ending import Ending
from query_generator.errors import ExitCode, file_error
from query_generator.input.sources import file_source, load_input_data
from query_generator.log import tell
from query_generator.models import Product
from query_generator.one_line import one_line
from query_generator.questions.embeddings import Encode, encoder
from query_generator.questions.evaluate import Evaluation, Figures, Lengths, QuestionSet
from query_generator.questions.personas import load_personas
from query_generator.questions.plan import PlanSettings
from query_generator.questions.question_sets import QuestionFile
from query_generator.questions.sharing import all_plans
from query_generator.report.evaluation import failures, plot, table, thresholds
from query_generator.stopping import StopSignal

_LOG = logging.getLogger("evaluate")


def evaluate(config: JobConfig, _: StopSignal) -> Ending:
    """Print the figures of files of questions, side by side; the first file alone is held to --fail-over.

    Raises:
        ConfigurationError: a file or a threshold cannot be used, or the encoder is not installed.
        FatalError: a file cannot be read now.
    """
    limits = thresholds(config.fail_over or ())
    encode = encoder() if config.embeddings else None
    evaluations = {path: _evaluated(path, config, encode) for path in dict.fromkeys(config.question_files or ())}
    lengths = Lengths(*map(min, zip(*(evaluation.lengths() for evaluation in evaluations.values()), strict=True)))
    figures = {one_line(path): evaluation.figures(lengths) for path, evaluation in evaluations.items()}
    judged = next(iter(figures.values()))
    passed = failures(judged, limits)
    _write_plot(config.plot, figures)
    shown_figures = judged if len(figures) == 1 else figures
    tell(json.dumps(shown_figures, indent=2, ensure_ascii=False) if config.as_json else table(figures))
    if not passed:
        return Ending(ExitCode.SUCCEEDED)
    return Ending(
        ExitCode.FINISHED_WITH_ERRORS,
        "\n".join(passed),
        f"evaluated; {len(passed)} of {len(limits)} thresholds are passed",
        "When the questions are better, or with other thresholds, type: {command}",
    )


def _evaluated(path: str, config: JobConfig, encode: Encode | None) -> Evaluation:
    file = QuestionFile(path)
    wanted = file.longest()
    personas = load_personas(config.personas_file) if config.personas_file else ()
    plans_of = partial(all_plans, settings=PlanSettings(config.unbranded_share, personas))
    evaluation = Evaluation(wanted, file.cost_usd, plans_of, encode, file.shared_types)
    catalog = Catalog(config.products_file) if config.products_file else None
    for entry in file:
        evaluation.add(catalog.joined(entry) if catalog else entry)
    for reason, count in file.left_out.items():
        _LOG.warning("[BATCH WARNING] %s: %d entries are left out: %s", path, count, reason)
    if catalog and catalog.missing:
        _LOG.warning("[BATCH WARNING] %d products are not in %s", catalog.missing, config.products_file)
    return evaluation


class Catalog:
    """The products of a catalog, for those of a result, which has them in about the same order.

    Only products that were passed over are held in memory. `missing` counts those that were not found.
    """

    def __init__(self, path: str) -> None:
        self._products = (entry for entry in load_input_data(file_source(path))[0] if isinstance(entry, Product))
        self._passed: dict[str, Product] = {}
        self.missing = 0

    def joined(self, entry: QuestionSet) -> QuestionSet:
        """Return the questions of a product with all its fields."""
        product = self._find(entry.product.key)
        self.missing += product is None
        return QuestionSet(entry.product, entry.questions, product)

    def _find(self, key: str) -> Product | None:
        if key in self._passed:
            return self._passed.pop(key)
        for product in self._products:
            if product.key == key:
                return product
            self._passed[product.key] = product.without_record()
        return None


def _write_plot(path: str | None, figures: Mapping[str, Figures]) -> None:
    if path:
        try:
            Path(path).write_text(plot(figures), encoding="utf-8")
        except OSError as exc:
            raise file_error(f"--plot {one_line(path)} cannot be written", exc, "give another path") from exc
