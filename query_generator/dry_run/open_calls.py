"""Counts the calls for open items, those that are bought once for several products among them."""

from collections import Counter, OrderedDict
from collections.abc import Collection
from typing import NamedTuple, Protocol, TypeVar

from query_generator.dry_run.quote import Workload
from query_generator.llm.base import GenerationRequest
from query_generator.models import QueryType
from query_generator.questions.order import Known, Order, join, next_request
from query_generator.questions.sharing import known_beside_set, request_for_set, scopes_of
from query_generator.store.open_work import OpenItem

MOST_ALONE, MOST_SETS = 5_000, 200_000
"""Scopes kept at once, of one product and of more; what is further apart in the input is quoted as sharing less."""


class _Alone(NamedTuple):
    """What the only product of a scope would buy by itself, and beside a set; `own` is for its product questions."""

    whole: GenerationRequest
    rest: GenerationRequest | None
    own: GenerationRequest | None


_T = TypeVar("_T")


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
        self._alone: OrderedDict[str, _Alone] = OrderedDict()
        self._sets: OrderedDict[str, None] = OrderedDict()
        self._own: GenerationRequest | None = None  # the last call for product questions alone

    def add(self, item: OpenItem) -> None:
        """Add the calls for an item, if it lacks anything."""
        whole = next_request(item.product, item.query_type, self._order, Known(item.existing))
        if whole is None:
            return
        self._sums.items += 1
        self._sums.questions += whole.count
        scopes = scopes_of(item.product, self._order)
        scope = scopes.product if item.query_type is QueryType.PRODUCT else scopes.market
        own = self._own if self._own and self._own.product is item.product else None
        if not scope:
            self._count(whole)
        elif scope in self._bought or scope in self._sets:
            self._count_served(item, self._beside_set(item), own)
        elif first := self._alone.pop(scope, None):
            _keep(self._sets, scope, None, MOST_SETS)
            self._begin_set(item, first)
            self._count_served(item, self._beside_set(item), own)
        else:
            _keep(self._alone, scope, _Alone(whole, self._beside_set(item), own), MOST_ALONE)
            self._count(whole)

    def _beside_set(self, item: OpenItem) -> GenerationRequest | None:
        known = known_beside_set(item.product, item.query_type, self._order, item.existing)
        return next_request(item.product, item.query_type, self._order, known)

    def _begin_set(self, item: OpenItem, first: _Alone) -> None:
        """Quote the set of a scope's second product, and what the first one needs beside it in place of all."""
        self._take_back(first.whole)
        self._sums.sets[item.query_type] += 1
        if of_set := request_for_set(item.product, item.query_type, self._order):
            self._count(of_set)
        self._count_served(item, first.rest, first.own)

    def _count_served(self, item: OpenItem, rest: GenerationRequest | None, own: GenerationRequest | None) -> None:
        """Count what an item needs beside its set, together with its product's own call where one does for both."""
        self._sums.served[item.query_type] += 1
        both = join(own, rest, self._order) if own and rest else None
        if own and both:
            self._take_back(own)
            self._count(both)
        elif rest:
            self._count(rest)

    def _count(self, request: GenerationRequest) -> None:
        count = request.count + (request.beside.count if request.beside else 0)
        self._sums.work[request.query_type].add(request.prompt, count, request.asked_in_all)
        self._own = request if request.query_type is QueryType.PRODUCT and not request.beside else None

    def _take_back(self, request: GenerationRequest) -> None:
        self._sums.work[request.query_type].take_back(request.prompt, request.count, request.asked_in_all)


def _keep(scopes: OrderedDict[str, _T], scope: str, value: _T, most: int) -> None:
    scopes[scope] = value
    if len(scopes) > most:
        scopes.popitem(last=False)
