"""CPU microseconds that near copies and the choice take for one reply: 29 candidates, 25 questions that are stored.

Times are those of the thread, so that other processes on the machine count for little; the ways take turns.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from benchmarks.lab import Lab
from benchmarks.table import Goal, Row
from query_generator.models import Facets, Intent, SlotGroup, Stage, Style
from query_generator.questions.choose import Candidate, choose
from query_generator.questions.content_words import lexicon
from query_generator.questions.near_copies import NearCopies

CANDIDATES, STORED, WANTED, GROUPS = 29, 25, 25, 6
GOAL = 175.0  # 35 % of what checks and selection may take
ASPECTS = [
    "battery",
    "strap",
    "zipper",
    "cushion",
    "microphone",
    "charger",
    "handle",
    "lid",
    "filter",
    "sensor",
    "hinge",
]
FRAMES = (
    "How long does the {} last on a long trip?",
    "Can I replace the {} myself?",
    "Is the {} comfortable for people with glasses?",
    "What is the best way to clean the {} after a run?",
    "Which models have a {} that works in heavy rain under $200?",
)
QUESTIONS = tuple(frame.format(aspect) for aspect in ASPECTS for frame in FRAMES)
FACETS = Facets(Intent.LEARN, Stage.EXPLORE, Style.PLAIN, "commuter", branded=False)


def measure(lab: Lab) -> Iterator[Row]:
    """Judge and choose with nothing read before, with the stored questions read before, and 500 at once."""
    rounds = 50 if lab.quick else 500
    groups = [SlotGroup(f"g{number}", FACETS, -(-WANTED // GROUPS)) for number in range(GROUPS)]
    candidates = [Candidate(text, f"g{at % GROUPS}") for at, text in enumerate(QUESTIONS[:CANDIDATES])]
    asked, stored = QUESTIONS[:CANDIDATES], QUESTIONS[CANDIDATES : CANDIDATES + STORED]
    copies = _judged(asked, stored)
    ways: dict[str, Callable[[], object]] = {
        "nothing read": lambda: _judged(asked, stored),
        "all read": lambda: _judged(asked, stored),
        "choice": lambda: choose(candidates, groups, WANTED, words_of=copies.words_of),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            if name == "nothing read":
                lexicon("en").content.cache_clear()
            spent[name].append(_thread_time(way))
    cold, warm, choice = (median(spent[name]) for name in ways)
    yield Row("near copies and choice, no question read before", cold + choice, "µs")
    yield Row(
        "near copies and choice, stored questions read before", _partly(cold, warm) + choice, "µs", Goal("<=", GOAL)
    )
    yield Row("the choice of it", choice, "µs")
    many = [f"{question} {number}" for question in QUESTIONS for number in range(10)]
    yield Row("near copies among 500, no question read before", _thread_time(lambda: _judged(many, ())) / 1000, "ms")


def _partly(cold: float, warm: float) -> float:
    """Return the time when the stored ones alone were read before: reading takes the same for each question."""
    return warm + (cold - warm) * CANDIDATES / (CANDIDATES + STORED)


def _judged(candidates: Sequence[str], stored: Sequence[str]) -> NearCopies:
    copies = NearCopies(known=stored, language="en")
    for question in candidates:
        if not copies.copy_of(question):
            copies.add(question)
    return copies


def _thread_time(way: Callable[[], object]) -> float:
    started = time.thread_time_ns()
    way()
    return (time.thread_time_ns() - started) / 1000
