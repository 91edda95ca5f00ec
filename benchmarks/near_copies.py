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
QUESTIONS = """\
How long do they last on a full charge?
Are they comfortable with glasses?
Do they block crying babies on a plane?
Which headphones are best for open offices under $200?
Can I use them with a cable when the battery is empty?
What do reviewers say about the sound?
Is the microphone good enough for calls in windy streets?
How do they compare with in-ear models for long flights?
Do the ear cushions get hot after 3 hours of wear?
Are over-ear headphones better than earbuds for travel?
Can two devices be connected at once?
What is the best way to clean the cushions?
Does the black finish show fingerprints?
How heavy are they compared with other over-ear models?
Is there a warranty that covers the battery?
Which noise cancelling headphones fold flat for a small bag?
Can they be used while they charge?
Is the Bluetooth connection stable through two walls?
What comes in the box besides the hard case?
Are noise cancelling headphones safe to wear while cycling?
How long does it take to charge them from empty?
Do they work with a games console without an adapter?
Is it worth paying more for replaceable cushions?
What headphones would you recommend to a student who commutes by train?
I share a desk with three loud colleagues and call clients all day. Which headset keeps my voice clear?
Where can I try them before I order?
Do they leak sound to people nearby?
Which brand has the most reliable noise cancelling?
headphones for small heads
Can the headband be replaced?
How do I pair them with a second phone?
Will they survive a light rain?
What should I look for when buying headphones for flights?
Are there cheaper headphones that cancel noise as well?
When do new models usually come out?
Do they support lossless audio?
Is the companion app free?
Why do my ears hurt after an hour?
Can I turn the touch controls off?
How far can I walk from my laptop before the sound cuts out?
Which headphones do audio engineers use at home?
Do they have a mute button?
Is the case small enough for a jacket pocket?
What is the return window?
Are refurbished headphones worth the risk?
Which headphones last more than 5 years?
Do they come in white?
How do I update the firmware?
Can children use them safely?
I fly twice a month and hate engine noise. What should I get for less than $150?
Does the cable have a volume control?
Are they made from recycled plastic?
What happens to the warranty if I buy them used?
Which headphones are loud enough for a gym?
""".splitlines()
FACETS = Facets(Intent.LEARN, Stage.EXPLORE, Style.PLAIN, "commuter", branded=False)


def measure(lab: Lab) -> Iterator[Row]:
    """Judge and choose with nothing read before, with the stored questions read before, and 500 at once."""
    rounds = 50 if lab.quick else 500
    groups = [SlotGroup(f"g{at}", FACETS, (WANTED + at) // GROUPS) for at in range(GROUPS)]
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
    many = [f"{question} {number}" for number in range(500 // len(QUESTIONS)) for question in QUESTIONS]
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
