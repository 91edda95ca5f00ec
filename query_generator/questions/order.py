"""What a job orders for each of its items, and the request of the next call for one. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from query_generator.llm.base import FIRST_PROMPT_VERSION, BrandFinder, GenerationRequest
from query_generator.models import Product, QueryType, Question, SlotGroup, StoredText
from query_generator.questions.personas import shipped_personas
from query_generator.questions.plan import PlanSettings, open_slots, plan
from query_generator.questions.prompts import PROMPT_VERSION, Part, build_planned_prompt, build_prompt
from query_generator.questions.small_model import VERSION, small_prompt

CUT_WHILE_REPEATING = "cut while it repeated itself"
"""Counted among the dropped texts of an item, once for each reply that ended for its length with mostly repeats."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a job wants for each item, and how it asks for that.

    Attributes:
        num_questions: wanted for each product and type.
        prompt_version: of the prompts; the first one asks for a plain list, without a plan.
        plan: what plans depend on.
        ask_factor: how many times as many questions are asked for as are missing.
        reask_limit: how often an item may be asked for again.
        small_model: ask for one question at a time, each `reask_limit` times again at most.
        locale: whose language they are in, as BCP 47; "" is the language of each product's texts.
        may_ask_singly: do so as soon as the replies show that the model is too weak for a plan.
        shared_types: whose questions are bought once for several products, by `sharing`.
        may_join: ask for both types of a product in one call where the market ones are all branded, see `join`.
        small_version: of the prompts for one question at a time.
    """

    num_questions: int
    prompt_version: str = PROMPT_VERSION
    plan: PlanSettings = field(default_factory=PlanSettings)
    ask_factor: float = 1.15
    reask_limit: int = 2
    small_model: bool = False
    may_ask_singly: bool = False
    locale: str = ""
    shared_types: frozenset[QueryType] = frozenset()
    may_join: bool = False
    small_version: str = VERSION

    @property
    def calls(self) -> int:
        """The most replies that one item gets."""
        return (1 + self.reask_limit) * (self.num_questions if self.small_model else 1)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an item before a call.

    Attributes:
        existing: its questions; they count, and are not asked for again.
        dropped: the texts that earlier replies for it were refused, by reason.
        stored: questions that the product has from elsewhere, of both types.
        answered: the calls that have got a reply.
        shared: questions that it takes from a set; they count like its own, but no prompt tells them, since other
            groups than those of the set are asked for.
        groups: its plan, where that is not its product's own.
    """

    existing: Sequence[Question] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    stored: Sequence[StoredText] = ()
    answered: int = 0
    shared: Sequence[Question] = ()
    groups: Sequence[SlotGroup] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run has seen of other products; safe to ask from many threads.

    Attributes:
        avoided: returns the patterns that too many questions of other products have.
        other_brands: the brands of other products.
    """

    avoided: Callable[[], Sequence[str]] = tuple
    other_brands: BrandFinder | None = None


def next_request(
    product: Product,
    query_type: QueryType,
    order: Order,
    known: Known | None = None,
    around: Surroundings | None = None,
) -> GenerationRequest | None:
    """Return the request for what an item lacks; None if it lacks nothing."""
    known, around = known or Known(), around or Surroundings()
    lacking = order.num_questions - len(known.existing) - len(known.shared)
    if lacking <= 0:
        return None
    told, stored = tuple(question.text for question in known.existing), tuple(known.stored)
    if order.prompt_version == FIRST_PROMPT_VERSION:
        prompt = build_prompt(product, query_type, lacking, told)
        return GenerationRequest(product, query_type, lacking, prompt, told, stored=stored)
    planned = known.groups or plan(product, query_type, order.num_questions, order.plan, order.prompt_version)
    groups = open_slots(planned, (*known.existing, *known.shared))
    if known.dropped.get(CUT_WHILE_REPEATING):
        groups = groups[:1]
    if order.small_model:
        return _one_question(product, query_type, order, known, around, groups)
    asked = _asked(groups, order.ask_factor)
    shipped = shipped_personas()
    personas = () if order.plan.personas == shipped else order.plan.personas
    prompt = build_planned_prompt(
        product, query_type, groups, asked, told, around.avoided(), personas, order.prompt_version, order.locale
    )
    needed = sum(group.count for group in groups)
    return GenerationRequest(
        product,
        query_type,
        needed,
        prompt,
        (*told, *(question.text for question in known.shared)),
        groups,
        asked,
        stored,
        around.other_brands,
        known.answered + 1 >= order.calls,
        locale=order.locale,
    )


def join(own: GenerationRequest, beside: GenerationRequest, order: Order) -> GenerationRequest | None:
    """Return one request for the product questions and the branded market questions of a product.

    None where that is not to be done: for small models, other providers than those that read prompts, second calls, and
    market questions that must not name the product, as the instructions for product questions allow.
    """
    is_branded = all(group.facets.branded for group in beside.groups)
    if not (order.may_join and is_branded and own.groups) or order.small_model or own.exclusions:
        return None
    personas = () if order.plan.personas == shipped_personas() else order.plan.personas
    prompt = build_planned_prompt(
        own.product,
        own.query_type,
        own.groups,
        own.asked,
        personas=personas,
        version=order.prompt_version,
        locale=order.locale,
        beside=Part(beside.groups, beside.asked),
    )
    groups, asked = (*own.groups, *beside.groups), (*own.asked, *beside.asked)
    hinted = replace(prompt, hint=own.prompt.hint)
    return replace(own, prompt=hinted, groups=groups, asked=asked, beside=beside)


def _one_question(
    product: Product,
    query_type: QueryType,
    order: Order,
    known: Known,
    around: Surroundings,
    groups: Sequence[SlotGroup],
) -> GenerationRequest:
    """Return the request for a question of one of the groups, by turns."""
    group = replace(groups[known.answered % len(groups)], count=1)
    is_led = known.answered > len(known.existing)  # a reply was of no use
    prompt, opener = small_prompt(
        product, query_type, group, known.answered, order.locale, version=order.small_version, is_led=is_led
    )
    texts = tuple(question.text for question in (*known.existing, *known.shared))
    is_last = known.answered + 1 >= order.calls
    stored = tuple(known.stored)
    return GenerationRequest(
        product,
        query_type,
        1,
        prompt,
        texts,
        (group,),
        (1,),
        stored,
        around.other_brands,
        is_last,
        opener,
        order.locale,
    )


def _asked(groups: Sequence[SlotGroup], factor: float) -> tuple[int, ...]:
    """Ask for somewhat more than is needed, the surplus spread evenly over the groups."""
    needed = sum(group.count for group in groups)
    surplus = math.ceil(needed * factor - 1e-9) - needed
    return tuple(
        group.count + surplus * (number + 1) // len(groups) - surplus * number // len(groups)
        for number, group in enumerate(groups)
    )
