"""Counts the calls for open items, those that are bought once for several products among them."""

from collections import Counter, OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from query_generator.dry_run.quote import Workload
from query_generator.llm.base import GenerationRequest
from query_generator.models import QueryType
from query_generator.questions.order import Known, Order, next_request
from query_generator.questions.sharing import known_beside_set, request_for_set, scopes_of
from query_generator.store.open_work import OpenItem

MOST_SCOPES = 100_000
"""Kept at once. Products of one scope that are further apart in the input are quoted as two sets."""


@dataclass(slots=True)
class _Scope:
    """A scope of which `first` is the only product yet, which would buy all by itself; None: there are more."""

    first: tuple[GenerationRequest, GenerationRequest | None] | None = None


class Sums(Protocol):
    """The calls by type; the open items and what is to be written; sets to be bought and items they serve, by type."""

    work: dict[QueryType, Workload]
    items: int
    questions: int
    sets: Counter[QueryType]
    served: Counter[QueryType]


class OpenCalls:
    """Adds up the calls for items as a run would make them.

    Args:
        sums: what they are added to.
        order: what is wanted of each item.
        bought: the scopes whose sets are there already.
    """

    def __init__(self, sums: Sums, order: Order, bought: Collection[str] = ()) -> None:
        self._sums = sums
        self._order = order
        self._bought = bought
        self._scopes: OrderedDict[str, _Scope] = OrderedDict()

    def add(self, item: OpenItem) -> None:
        """Add the calls for an item, if it lacks anything."""
        alone = next_request(item.product, item.query_type, self._order, Known(item.existing))
        if alone is None:
            return None
        self._sums.items += 1
        self._sums.questions += alone.count
        scopes = scopes_of(item.product, self._order)
        scope = scopes.product if item.query_type is QueryType.PRODUCT else scopes.market
        if not scope:
            return self._count(alone)
        rest = self._beside_set(item)
        if scope in self._bought:
            return self._count_served(item, rest)
        found = self._scopes.pop(scope, None)
        self._scopes[scope] = _Scope() if found else _Scope((alone, rest))
        if len(self._scopes) > MOST_SCOPES:
            self._scopes.popitem(last=False)
        if found is None:
            return self._count(alone)
        if found.first:
            self._begin_set(item, *found.first)
        return self._count_served(item, rest)

    def _beside_set(self, item: OpenItem) -> GenerationRequest | None:
        known = known_beside_set(item.product, item.query_type, self._order, item.existing)
        return next_request(item.product, item.query_type, self._order, known)

    def _begin_set(self, item: OpenItem, alone: GenerationRequest, rest: GenerationRequest | None) -> None:
        """Quote the set of a scope's second product, and what the first one needs beside it in place of all."""
        self._sums.work[item.query_type].take_back(alone.prompt, alone.count, alone.asked_in_all)
        self._sums.sets[item.query_type] += 1
        if of_set := request_for_set(item.product, item.query_type, self._order):
            self._count(of_set)
        self._count_served(item, rest)

    def _count_served(self, item: OpenItem, rest: GenerationRequest | None) -> None:
        self._sums.served[item.query_type] += 1
        if rest:
            self._count(rest)

    def _count(self, request: GenerationRequest) -> None:
        self._sums.work[request.query_type].add(request.prompt, request.count, request.asked_in_all)
