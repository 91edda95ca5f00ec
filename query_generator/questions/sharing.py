"""Questions that are bought once for several products: for a category, or for a family of variants. Pure.

With MARKET_SCOPE=category the unbranded market questions of a category, locale and currency are one set; with
VARIANT_SCOPE=family the product questions of products that differ in colour and size alone are one. Each product takes
from the set what passes the checks for it, and is asked for the rest by itself.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt
from query_generator.models import Facets, Product, QueryType, Question, SlotGroup, composite_key, normalize_key_part
from query_generator.questions.accept import SURPLUS, Verdict, accept_planned
from query_generator.questions.family_name import family_name, is_variant_field
from query_generator.questions.language import language_of
from query_generator.questions.order import Known, Order, Surroundings, next_request
from query_generator.questions.plan import PlanSettings, open_slots, plan, plans

_HALF = 31  # bits of a lot that are of the category, and as many of the family


class Scopes(NamedTuple):
    """Which sets a product takes questions from, "" for none, and its `lot`: products of one are claimed together.

    `joins`: its own questions of both types are bought together, see `order.join`.
    """

    product: str = ""
    market: str = ""
    lot: int | None = None
    joins: bool = False


@dataclass(frozen=True, slots=True)
class SharedSet:
    """The questions of a scope as they are bought so far, by `calls` replies; `is_complete`: no more will be bought.

    Each question tells who wrote it, see `Question.writer`.
    """

    scope: str
    questions: tuple[Question, ...] = ()
    calls: int = 0
    is_complete: bool = False


def scopes_of(product: Product, order: Order) -> Scopes:
    """Return the scopes of a product; none of a type that is bought for each product."""
    if not order.shared_types:
        return Scopes()
    category, family = normalize_key_part(product.category), composite_key(product.brand, family_name(product))
    of_product = of_market = ""
    if QueryType.PRODUCT in order.shared_types:
        of_product = _hashed("family", family, category)
    if QueryType.MARKET in order.shared_types and category:
        locale = order.locale or language_of(product)
        of_market = _hashed("category", category, locale, product.currency)
    lot = int(_hashed(category), 16) % (1 << _HALF) << _HALF | int(_hashed(family), 16) % (1 << _HALF)
    return Scopes(of_product, of_market, lot, order.may_join)


def subject_of(product: Product, query_type: QueryType) -> Product:
    """Return what a set is about: the category of a product, which has no name, or its family without colour and size.

    A family has no price either, since variants may differ in it.
    """
    if query_type is QueryType.MARKET:
        return Product(name="", category=product.category, currency=product.currency)
    attributes = tuple((name, value) for name, value in product.attributes if not is_variant_field(name))
    return Product(family_name(product), product.brand, product.category, product.description, attributes=attributes)


def order_of_set(product: Product, query_type: QueryType, order: Order) -> Order:
    """Return what a set orders: all product questions, or as many market questions as are unbranded in each list."""
    if query_type is QueryType.PRODUCT:
        return order
    groups = plan(product, query_type, order.num_questions, order.plan, order.prompt_version)
    unbranded = sum(group.count for group in groups if not group.facets.branded)
    return replace(order, num_questions=unbranded, plan=replace(order.plan, unbranded_share=1.0))


def shared_plan(product: Product, query_type: QueryType, order: Order) -> tuple[SlotGroup, ...]:
    """Return the plan of an item that takes from a set: the set's groups, and the branded market ones of its own."""
    ordered = order_of_set(product, query_type, order)
    subject = subject_of(product, query_type)
    of_set = (
        plan(subject, query_type, ordered.num_questions, ordered.plan, order.prompt_version)
        if ordered.num_questions
        else ()
    )
    if query_type is QueryType.PRODUCT:
        return of_set
    own = plan(product, query_type, order.num_questions, order.plan, order.prompt_version)
    return (*of_set, *(group for group in own if group.facets.branded))


def request_for_set(
    product: Product,
    query_type: QueryType,
    order: Order,
    shared: SharedSet | None = None,
    around: Surroundings | None = None,
) -> GenerationRequest | None:
    """Return the request for what a set lacks, for whichever of its products; None if it lacks nothing."""
    known = Known(shared.questions, answered=shared.calls) if shared else None
    return next_request(
        subject_of(product, query_type), query_type, order_of_set(product, query_type, order), known, around
    )


def known_beside_set(product: Product, query_type: QueryType, order: Order, existing: Sequence[Question]) -> Known:
    """Return what is known of an item that takes all that it lacks of its set, whatever the questions are."""
    groups = shared_plan(product, query_type, order)
    offered = (
        group for group in open_slots(groups, existing) if query_type is QueryType.PRODUCT or not group.facets.branded
    )
    shared = tuple(Question("", group.facets) for group in offered for _ in range(group.count))
    return Known(existing, shared=shared, groups=groups)


def all_plans(
    product: Product, query_type: QueryType, count: int, settings: PlanSettings
) -> tuple[tuple[SlotGroup, ...], ...]:
    """Return the plans of each version, and that of an item that takes from a set, see `plan.plans`."""
    order = Order(count, plan=settings)
    return (*plans(product, query_type, count, settings), shared_plan(product, query_type, order))


@dataclass(frozen=True, slots=True)
class Taken:
    """What an item takes from a set, and what is known of the item with that."""

    known: Known
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)


def take_from_set(
    product: Product,
    query_type: QueryType,
    order: Order,
    known: Known,
    shared: SharedSet,
    around: Surroundings | None = None,
) -> Taken:
    """Let a product take the questions of a complete set that it lacks and that pass the checks for it."""
    groups = shared_plan(product, query_type, order)
    known = replace(known, groups=groups)
    slots: dict[Facets | None, SlotGroup] = {group.facets: group for group in open_slots(groups, known.existing)}
    offered = [question for question in shared.questions if question.facets in slots]
    if not offered:
        return Taken(known)
    request = GenerationRequest(
        product,
        query_type,
        sum(group.count for group in slots.values()),
        Prompt("", ""),
        tuple(question.text for question in known.existing),
        tuple(slots.values()),
        tuple(group.count for group in slots.values()),
        tuple(known.stored),
        around.other_brands if around else None,
        locale=order.locale,
    )
    verdict = accept_planned(request, _as_reply(offered, slots))
    writers = {question.text: question.writer for question in offered}
    taken = tuple(replace(question, writer=writers[question.text]) for question in verdict.questions)
    return Taken(replace(known, shared=taken), _without_surplus(verdict), verdict.examples)


def _as_reply(questions: Sequence[Question], slots: dict[Facets | None, SlotGroup]) -> GenerationReply:
    keys = tuple(slots[question.facets].key for question in questions)
    return GenerationReply(tuple(question.text for question in questions), "", "", keys=keys)


def _without_surplus(verdict: Verdict) -> Counter[str]:
    """Return what was dropped; a question of a set that is not needed is not lost."""
    return Counter({reason: count for reason, count in verdict.dropped.items() if reason != SURPLUS})


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]
