"""What a job orders for each of its items, and the request of the next call for one. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from query_generator.llm.base import FIRST_PROMPT_VERSION, GenerationRequest, no_brand
from query_generator.models import Product, QueryType, Question, SlotGroup, StoredText
from query_generator.questions.personas import shipped_personas
from query_generator.questions.plan import PlanSettings, open_slots, plan
from query_generator.questions.prompts import PROMPT_VERSION, build_planned_prompt, build_prompt

CUT_WHILE_REPEATING = "cut while it repeated itself"
"""Counted among the dropped texts of an item, once for each reply that ended for its length with mostly repeats."""

TOLD_OF_STORED = 50
"""So many of the questions that the product has from elsewhere are told to a model that is asked again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job wants for each item, and how it asks for that.

    Attributes:
        num_questions: wanted for each product and type.
        prompt_version: of the prompts; the first one asks for a plain list, without a plan.
        plan: what plans depend on.
        ask_factor: how many times as many questions are asked for as are missing.
        reask_limit: how often an item may be asked for again.
    """

    num_questions: int
    prompt_version: str = PROMPT_VERSION
    plan: PlanSettings = field(default_factory=PlanSettings)
    ask_factor: float = 1.15
    reask_limit: int = 2

    @property
    def calls(self) -> int:
        """The most replies that one item gets."""
        return 1 + self.reask_limit


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item before a call.

    Attributes:
        existing: its questions; they count, and are not asked for again.
        dropped: the texts that earlier replies for it were refused, by reason.
        stored: questions that the product has from elsewhere, of both types.
    """

    existing: Sequence[Question] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    stored: Sequence[StoredText] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run has seen of other products; safe to ask from many threads.

    Attributes:
        avoided: returns the patterns that too many questions of other products have.
        other_brand: returns the brand of another product that a text names, or nothing.
    """

    avoided: Callable[[], Sequence[str]] = tuple
    other_brand: Callable[[str], str] = no_brand


def next_request(
    product: Product,
    query_type: QueryType,
    order: Order,
    known: Known | None = None,
    around: Surroundings | None = None,
) -> GenerationRequest | None:
    """Return the request for what an item lacks; None if it lacks nothing."""
    known, around = known or Known(), around or Surroundings()
    lacking = order.num_questions - len(known.existing)
    if lacking <= 0:
        return None
    texts, stored = tuple(question.text for question in known.existing), tuple(known.stored)
    if known.dropped:
        texts += tuple(entry.text for entry in stored if entry.counts)[:TOLD_OF_STORED]
    if order.prompt_version == FIRST_PROMPT_VERSION:
        prompt = build_prompt(product, query_type, lacking, texts)
        return GenerationRequest(product, query_type, lacking, prompt, texts, stored=stored)
    groups = open_slots(plan(product, query_type, order.num_questions, order.plan), known.existing)
    if known.dropped.get(CUT_WHILE_REPEATING):
        groups = groups[:1]
    asked = _asked(groups, order.ask_factor)
    personas = order.plan.personas or shipped_personas()
    prompt = build_planned_prompt(product, query_type, groups, asked, texts, around.avoided(), personas)
    needed = sum(group.count for group in groups)
    return GenerationRequest(product, query_type, needed, prompt, texts, groups, asked, stored, around.other_brand)


def _asked(groups: Sequence[SlotGroup], factor: float) -> tuple[int, ...]:
    """Ask for somewhat more than is needed, the surplus spread evenly over the groups."""
    needed = sum(group.count for group in groups)
    surplus = math.ceil(needed * factor - 1e-9) - needed
    return tuple(
        group.count + surplus * (number + 1) // len(groups) - surplus * number // len(groups)
        for number, group in enumerate(groups)
    )
