"""CPU microseconds that the checks of 25 questions take, which are the same each time, beside a look at their shape.

Then what checks and selection together take of a call that asks for 25: brand rule, near copies and choice, too.
Times are those of the thread, but caches are shared, so that other processes on the machine count; the ways take turns.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from statistics import median

from benchmarks.evaluation import EXAMPLES, GoodModel
from benchmarks.lab import Lab
from benchmarks.table import Goal, Row
from query_generator.input.sources import file_source, load_input_data
from query_generator.llm.base import GenerationReply, GenerationRequest
from query_generator.models import Product, QueryType
from query_generator.questions.accept import accept_planned
from query_generator.questions.checks import Checks, accept_questions
from query_generator.questions.order import Order, next_request
from query_generator.questions.prompts import build_prompt

COUNT = 25
GOAL_CALL_WITHOUT_LANGUAGE, GOAL_CALL_WITH_LANGUAGE = 500.0, 1000.0
GOAL_WITHOUT_LANGUAGE, GOAL_WITH_LANGUAGE = 300.0, 600.0  # 60 % of what checks and selection may take
PRODUCT = Product(
    "QuietPods Pro",
    "Sonara",
    "Headphones",
    "Over-ear headphones with active noise cancelling for travel and work. They fold flat and come with a hard case, a "
    "cable of 1.2 m and an adapter for planes. The cushions can be replaced.",
    "199.00",
    "USD",
    (
        ("battery life", "30 hours"),
        ("bluetooth", "5.3"),
        ("wireless charging", "no"),
        ("color", "black"),
        ("weight", "250 g"),
        ("noise cancelling", "yes"),
        ("water resistance", "none"),
        ("microphone", "yes"),
    ),
)
QUESTIONS = """\
How long do the QuietPods Pro last on a full charge?
Are the QuietPods Pro comfortable with glasses?
Does the noise cancelling of the QuietPods Pro block crying babies on a plane?
Which headphones are best for open offices under $200?
Can I use the QuietPods Pro with a cable when the battery is empty?
What do reviewers say about the sound of Sonara headphones?
Is the microphone good enough for calls in windy streets?
How do the QuietPods Pro compare with Bose and Sony for long flights?
Do the ear cushions get hot after 3 hours of wear?
Are over-ear headphones better than earbuds for travel?
Can two devices be connected to the QuietPods Pro at once?
What is the best way to clean the cushions of over-ear headphones?
Does the black finish show fingerprints?
How heavy are the QuietPods Pro compared with other over-ear models?
Is there a warranty that covers the battery of the QuietPods Pro?
Which noise cancelling headphones fold flat for a small bag?
Can the QuietPods Pro be used while they charge?
Is the Bluetooth 5.3 connection stable through two walls?
What comes in the box with the QuietPods Pro besides the hard case?
Are noise cancelling headphones safe to wear while cycling?
How long does it take to charge the QuietPods Pro from empty?
Do the QuietPods Pro work with the PlayStation 5 without an adapter?
Is it worth paying more for headphones with replaceable cushions?
Where are Sonara headphones made?
Will the QuietPods Pro fit a small head or a teenager?
""".splitlines()


def measure(lab: Lab) -> Iterator[Row]:
    """Check the same reply in three ways; each call begins with the product, as the job's calls do."""
    told = (build_prompt(PRODUCT, QueryType.PRODUCT, COUNT).system,)
    ways: dict[str, Callable[[], object]] = {
        "shape alone": lambda: accept_questions(QUESTIONS, COUNT, own=f"{PRODUCT.brand}\n{PRODUCT.name}"),
        "all checks but language": lambda: _checked(told, "und"),
        "all checks, locale told": lambda: _checked(told, "en-US"),
        "all checks, language of the product's texts": lambda: _checked(told, "auto"),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(20 if lab.quick else 300):
        for way, run in ways.items():
            times[way].append(_microseconds(run))
    shape = median(times["shape alone"])
    goals = (0.0, GOAL_WITHOUT_LANGUAGE, GOAL_WITH_LANGUAGE, GOAL_WITH_LANGUAGE)
    for (way, taken), goal in zip(times.items(), goals, strict=True):
        yield Row(
            f"{way}, 25 questions read before, median",
            median(taken),
            "µs",
            Goal("<=", goal) if goal else None,
            in_chart=True,
        )
    for way, taken in list(times.items())[1:]:
        yield Row(f"{way}, times shape alone", median(taken) / shape)
    yield from _calls_of_25(lab)


def _calls_of_25(lab: Lab) -> Iterator[Row]:
    """Accept a good model's replies to what is asked for both types of the shipped examples, by turns.

    In each turn the texts are others. A product is new at its first reply, and known at the second of the same type.
    """
    calls = [request for product in _examples() for request in _requests(product)]
    goals = {"und": GOAL_CALL_WITHOUT_LANGUAGE, "": GOAL_CALL_WITH_LANGUAGE}
    times: dict[tuple[str, str], list[float]] = {(known, locale): [] for known in ("new", "known") for locale in goals}
    turns = count(1)
    for _ in range(5 if lab.quick else 50):
        for locale in goals:
            turn = next(turns)
            fresh = [replace(request, product=replace(request.product, position=turn)) for request in calls]
            for at, known in enumerate(("new", "known")):
                replies = [replace(GoodModel(seed=2 * turn + at).generate(request), locale=locale) for request in calls]
                times[known, locale].append(_accepted(fresh, replies))
    for (known, locale), taken in times.items():
        what = "with language" if locale != "und" else "but language"
        goal = Goal("<=", goals[locale])
        yield Row(f"a call of 25, {known} product: checks and selection {what}, median", median(taken), "µs", goal)
        yield Row(f"a call of 25, {known} product: the same, least of all turns", min(taken), "µs")


def _accepted(calls: Sequence[GenerationRequest], replies: Sequence[GenerationReply]) -> float:
    """Return the mean microseconds of a call."""
    answered = list(zip(calls, replies, strict=True))
    return _microseconds(lambda: [accept_planned(request, reply) for request, reply in answered]) / len(answered)


def _examples() -> list[Product]:
    entries, _ = load_input_data(file_source(str(EXAMPLES)))
    return [entry for entry in entries if isinstance(entry, Product)]


def _requests(product: Product) -> Iterator[GenerationRequest]:
    for query_type in QueryType:
        request = next_request(product, query_type, Order(COUNT))
        if request:
            yield request


def _checked(told: tuple[str, ...], locale: str) -> object:
    checks = Checks(PRODUCT, QueryType.PRODUCT, locale=locale, told=told)
    return accept_questions(QUESTIONS, COUNT, checks=checks)


def _microseconds(run: Callable[[], object]) -> float:
    begun = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - begun) / 1000
