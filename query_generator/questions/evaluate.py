"""How good sets of questions are, in figures. Pure, in memory that does not grow with the number of products.

Figures that compare each text with many look at samples, see `Lengths`; the same ones each time.
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from query_generator.models import Product, QueryType, Question, SlotGroup
from query_generator.questions.checks import Checks, comparison_key
from query_generator.questions.embeddings import Encode, mean_cosine
from query_generator.questions.grounding import grounding_of
from query_generator.questions.names import OwnNames
from query_generator.questions.near_copies import near_duplicates
from query_generator.questions.patterns import Patterns
from query_generator.questions.plan import plans
from query_generator.questions.styles import is_in_style
from query_generator.questions.text_figures import compression_ratio, cut, distinct, sampled, self_bleu, words_of

SAMPLED_PRODUCTS = 100
"""For distinct_2, self_bleu and compression_ratio: those whose names have the lowest SHA-256."""
MOST_WORDS = 5_000
"""About 450 questions, at which distinct-2 no longer jumps with the choice of products."""
MOST_TEXTS = 25
"""Of a list, for self_bleu: what a job makes by default; the figure grows with the number of texts."""
MOST_COMPARED = 2_000
"""Of a list, for near_duplicates, whose time grows with the square."""
QUESTION_MARKS = ("?", "？", "؟", "\u037e", "՞", "፧", "⸮")
CONTRADICTIONS = frozenset({"contradiction", "false_presupposition"})
"""Faults of `Checks` that say that a question states what the product's fields contradict or deny."""

Figures: TypeAlias = Mapping[str, float | int | None]
PlansOf = Callable[[Product, QueryType, int], Iterable[Sequence[SlotGroup]]]

MORE_IS_BETTER = frozenset({"products", "questions", "distinct_2", "question_share", "facet_coverage"})
INFORMS = frozenset({"market_naming", "ungrounded"})
"""Figures of which neither more nor less is better in general; a threshold is an upper one."""
KEYS = (
    *("products", "questions", "short_lists", "exact_duplicates", "near_duplicates", "same_with_name_swapped"),
    *("distinct_2", "self_bleu", "compression_ratio", "question_share", "brand_leaks", "market_naming"),
    *("contradictions", "ungrounded", "facet_coverage", "cost_per_question", "mean_cosine"),
)
SHARES = frozenset(KEYS) - {"products", "questions", "short_lists", "compression_ratio", "cost_per_question"}


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of one product.

    `product` has what the result tells of it, and no name if nothing is known of it. `fields` is the product with all
    of its fields, where the catalog is known.
    """

    product: Product
    questions: Mapping[QueryType, Sequence[Question]]
    fields: Product | None = None


class Lengths(NamedTuple):
    """What figures that depend on the amount of text look at; sets are compared at the lesser of both.

    Attributes:
        words: in all, for distinct_2 and compression_ratio.
        texts: of a list, for self_bleu.
    """

    words: int = MOST_WORDS
    texts: int = MOST_TEXTS


@dataclass(slots=True)
class _Sums:
    """Counts over all products: of what was looked at, and of what was found there."""

    products: int = 0
    questions: int = 0
    short_lists: int = 0
    exact: int = 0
    compared: int = 0
    near: int = 0
    asking: int = 0
    market: int = 0
    market_naming: int = 0
    unbranded: int = 0
    leaks: int = 0
    checked: int = 0
    contradictions: int = 0
    of_product: int = 0
    grounded: int = 0
    matched: bool = False
    planned: int = 0
    covered: int = 0
    named_products: int = 0
    patterns: Patterns = field(default_factory=Patterns)


class Evaluation:
    """Takes question sets one by one, and then gives the figures.

    Args:
        wanted: questions for each product, by type.
        cost_usd: of all questions together; None: not known.
        plans_of: returns the plans that a product's questions may have been asked for by, at least one.
        encode: for mean_cosine, which is not known without it.
        shared_types: whose questions were bought once for several products, which have them on purpose.
    """

    def __init__(
        self,
        wanted: Mapping[QueryType, int],
        cost_usd: float | None = None,
        plans_of: PlansOf = plans,
        encode: Encode | None = None,
        shared_types: Collection[QueryType] = (),
    ) -> None:
        self._shared_types = shared_types
        self._wanted = wanted
        self._cost_usd = cost_usd
        self._plans_of = plans_of
        self._encode = encode
        self._sums = _Sums()
        self._sample: list[tuple[int, int, list[list[list[str]]]]] = []

    def add(self, entry: QuestionSet) -> None:
        """Take the questions of one product."""
        sums, names = self._sums, OwnNames(entry.fields or entry.product) if entry.product.name else None
        masked = names.masked if names else str
        texts = [question.text for questions in entry.questions.values() for question in questions]
        compared = sampled(texts, MOST_COMPARED)
        sums.products += 1
        sums.named_products += names is not None
        sums.questions += len(texts)
        sums.compared += len(compared)
        sums.near += near_duplicates(compared, masked)
        sums.asking += sum(text.rstrip().endswith(QUESTION_MARKS) for text in texts)
        sums.patterns.add(entry.product.key, map(masked, self._own_texts(entry)))
        for query_type, questions in entry.questions.items():
            keys = [comparison_key(question.text) for question in questions]
            sums.exact += len(keys) - len(set(keys))
            sums.short_lists += len(questions) < self._wanted.get(query_type, 0)
            self._add_plan(entry.product, query_type, questions, masked)
        self._add_names(entry.questions.get(QueryType.MARKET, ()), names)
        self._add_facts(entry)
        self._add_to_sample(entry, masked)

    def _own_texts(self, entry: QuestionSet) -> Iterator[str]:
        """Yield the questions that no other product has on purpose; of a shared type these are its branded ones."""
        for query_type, questions in entry.questions.items():
            for question in questions:
                is_branded = query_type is QueryType.MARKET and question.facets and question.facets.branded
                if is_branded or query_type not in self._shared_types:
                    yield question.text

    def _add_names(self, questions: Iterable[Question], names: OwnNames | None) -> None:
        for question in questions if names else ():
            is_naming = bool(names and names.found(question.text))
            is_unbranded = bool(question.facets and not question.facets.branded)
            self._sums.market += 1
            self._sums.market_naming += is_naming
            self._sums.unbranded += is_unbranded
            self._sums.leaks += is_unbranded and is_naming

    def _add_facts(self, entry: QuestionSet) -> None:
        fields = entry.fields
        grounds = grounding_of(fields).of if fields else None
        for question in entry.questions.get(QueryType.PRODUCT, ()):
            self._sums.of_product += 1
            self._sums.grounded += bool(grounds(question.text) if grounds else question.grounded_in)
        if fields is None:
            return
        self._sums.matched = True
        for query_type, questions in entry.questions.items():
            checks = Checks(fields, query_type)
            self._sums.checked += len(questions)
            self._sums.contradictions += sum(checks.fault(question.text) in CONTRADICTIONS for question in questions)

    def _add_plan(
        self, product: Product, query_type: QueryType, questions: Sequence[Question], masked: Callable[[str], str]
    ) -> None:
        planned = [(question.text, question.facets) for question in questions if question.facets]
        have = Counter(facets for text, facets in planned if is_in_style(masked(text), facets.style))
        if planned:
            known = self._plans_of(product, query_type, self._wanted.get(query_type, len(questions)))
            covered = [[(min(have[group.facets], group.count), group.count) for group in groups] for groups in known]
            fitting = max(covered, key=lambda counts: sum(have for have, _ in counts))
            self._sums.covered += sum(have for have, _ in fitting)
            self._sums.planned += sum(count for _, count in fitting)

    def _add_to_sample(self, entry: QuestionSet, masked: Callable[[str], str]) -> None:
        rank = -int.from_bytes(hashlib.sha256(entry.product.key.encode(errors="replace")).digest()[:6])
        if len(self._sample) == SAMPLED_PRODUCTS and rank < self._sample[0][0]:
            return
        lists = [
            [words_of(text) for text in sampled([masked(question.text) for question in questions], MOST_WORDS)]
            for questions in entry.questions.values()
        ]
        keep = heapq.heappush if len(self._sample) < SAMPLED_PRODUCTS else heapq.heappushpop
        keep(self._sample, (rank, -self._sums.products, lists))

    def _lists(self) -> list[list[list[str]]]:
        return [texts for _, _, lists in sorted(self._sample, reverse=True) for texts in lists if texts]

    def lengths(self) -> Lengths:
        """Return how much text there is to look at."""
        lists = self._lists()
        words = sum(len(text) for texts in lists for text in texts)
        return Lengths(min(words, MOST_WORDS), min(max(map(len, lists), default=0), MOST_TEXTS))

    def figures(self, lengths: Lengths | None = None) -> Figures:
        """Return the figures by name, in the order of `KEYS`; shares are 0 to 1, None is what this set cannot tell.

        products, questions: how many. short_lists: lists with fewer questions than wanted. exact_duplicates: share of
        questions that repeat one of their list but for case, spacing and marks. near_duplicates: share that repeat one
        of the product in other words, by `near_copies`. same_with_name_swapped: share that another product has as well
        but for the names, by `patterns`, shared questions apart. distinct_2: different pairs of words by all.
        self_bleu, compression_ratio: see `text_figures`; these three with names masked, at `lengths`. question_share:
        share that ends as a question.
        brand_leaks: share of the unbranded market questions that name brand or product, by `names`. market_naming: the
        same of all market questions. contradictions: share that states what the catalog's fields contradict or deny,
        by `checks`. ungrounded: share of the product questions that no field of the product answers, by `grounding`
        where the catalog is known, else as the result tells. facet_coverage: share of the plan's questions that are
        there with their facets, and in their style by `styles`; of several plans the one that fits the product's
        questions best counts. cost_per_question: US dollars. mean_cosine: of the meanings of two questions of a list,
        names masked, by `embeddings`.
        """
        sums, lists = self._sums, self._lists()
        at = lengths or self.lengths()
        texts = cut((text for some in lists for text in some), at.words)
        values = (
            sums.products if sums.named_products else None,
            sums.questions,
            sums.short_lists if sums.named_products else None,
            _share(sums.exact, sums.questions),
            _share(sums.near, sums.compared),
            round(sums.patterns.share, 4) if sums.named_products > 1 else None,
            distinct(texts, 2),
            self_bleu(some[: at.texts] for some in lists),
            compression_ratio(texts),
            _share(sums.asking, sums.questions),
            _share(sums.leaks, sums.unbranded),
            _share(sums.market_naming, sums.market),
            _share(sums.contradictions, sums.checked),
            _share(sums.of_product - sums.grounded, sums.of_product) if sums.grounded or sums.matched else None,
            _share(sums.covered, sums.planned),
            round(self._cost_usd / sums.questions, 8) if self._cost_usd is not None and sums.questions else None,
            mean_cosine(([" ".join(text) for text in some[: at.texts]] for some in lists), self._encode),
        )
        return dict(zip(KEYS, values, strict=True))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
