"""Figures of what each way to ask has brought. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.local_model_server import Reply
from benchmarks.local_model_ways import Item
from query_generator.models import QueryType, Question
from query_generator.questions.checks import Checks
from query_generator.questions.evaluate import Evaluation, QuestionSet
from query_generator.questions.names import OwnNames
from query_generator.questions.text_figures import compression_ratio, distinct

Figures = Mapping[str, float | int | None]

_COPIED = ("exact_duplicates", "near_duplicates", "self_bleu", "brand_leaks", "market_naming", "facet_coverage")


def figures_of(
    items: Mapping[str, Sequence[Item]], replies: Mapping[str, Sequence[Reply]], wanted: int
) -> dict[str, Figures]:
    """Return the figures of each way by name.

    Tokens are those of all replies, used or not; shares are those of `Evaluation.figures`. Acceptance says that a text
    passes the checks, not that somebody would ask it: read the replies as well.
    Distinct-2 and compression ratio are taken at the length of the shortest set, in words, names masked.
    """
    words = {way: _words(of_way) for way, of_way in items.items()}
    length = min((sum(map(len, of_way)) for of_way in words.values()), default=0)
    return {
        way: {**_counts(items[way], replies[way], wanted), **_shares(items[way], wanted, _cut(words[way], length))}
        for way in items
    }


def _counts(items: Sequence[Item], replies: Sequence[Reply], wanted: int) -> dict[str, float | int | None]:
    tokens = sum(reply.output_tokens for reply in replies)
    accepted = sum(len(item.questions) for item in items)
    dropped: Counter[str] = sum((item.dropped for item in items), Counter())
    return {
        "items": len(items),
        "items complete": sum(len(item.questions) >= wanted for item in items),
        "calls": len(replies),
        "replies cut for length": sum(reply.is_cut for reply in replies),
        "output tokens": tokens,
        "accepted": accepted,
        "accepted per 1,000 output tokens": round(1000 * accepted / tokens, 2) if tokens else None,
        "accepted that today's checks refuse": sum(map(_refused, items)),
        **{f"dropped: {reason}": count for reason, count in dropped.most_common() if count},
    }


def _refused(item: Item) -> int:
    checks = Checks(item.product, item.query_type)
    return sum(bool(checks.fault(question.text)) for question in item.questions if not question.facets)


def _shares(items: Sequence[Item], wanted: int, words: Sequence[Sequence[str]]) -> dict[str, float | int | None]:
    evaluation = Evaluation(dict.fromkeys(QueryType, wanted))
    for entry in _by_product(items):
        evaluation.add(entry)
    told = evaluation.figures()
    return {
        **{name: told[name] for name in _COPIED},
        "words compared": sum(map(len, words)),
        "distinct_2": distinct(words, 2),
        "compression_ratio": compression_ratio(words),
    }


def _by_product(items: Sequence[Item]) -> list[QuestionSet]:
    sets: dict[str, dict[QueryType, list[Question]]] = {}
    products = {item.product.key: item.product for item in items}
    for item in items:
        sets.setdefault(item.product.key, {})[item.query_type] = item.questions
    return [QuestionSet(products[key], questions, products[key]) for key, questions in sets.items()]


def _words(items: Sequence[Item]) -> list[list[str]]:
    masked = {item.product.key: OwnNames(item.product).masked for item in items}
    return [masked[item.product.key](question.text).casefold().split() for item in items for question in item.questions]


def _cut(texts: Sequence[list[str]], length: int) -> list[Sequence[str]]:
    """Return the first texts that together have at most so many words."""
    cut: list[Sequence[str]] = []
    for text in texts:
        length -= len(text)
        if length < 0:
            break
        cut.append(text)
    return cut
