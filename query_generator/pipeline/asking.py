"""Makes the calls for items, on threads of their own: for one item, for both of a product, or for a set."""

from concurrent.futures import Future

from query_generator.errors import InterruptedRunError
from query_generator.llm.base import Provider
from query_generator.models import Generated, QueryType, StoredText
from query_generator.questions.ask import ask, ask_both, ask_for_set, beside
from query_generator.questions.order import Known, Order, Surroundings
from query_generator.questions.seen import Seen
from query_generator.questions.sharing import Taken, take_from_set
from query_generator.questions.weakness import Weakness
from query_generator.stopping import StopSignal
from query_generator.store.items import Item


class Asking:
    """What the calls of a run need. Safe to use from many threads at once.

    Args:
        provider: who is asked.
        stop: no call is made once it is set.
        weakness: what is ordered of the model, by what it has shown.
        seen: what the run has seen of its products.
    """

    def __init__(self, provider: Provider, stop: StopSignal, weakness: Weakness, seen: Seen) -> None:
        self._provider = provider
        self._stop = stop
        self._weakness = weakness
        self._seen = seen

    def may_have_partner(self, item: Item) -> bool:
        """Whether the item claimed after this one may be its partner for `both`."""
        is_alone = item.query_type is QueryType.PRODUCT and item.shared is None
        return self._weakness.order.may_join and is_alone and _is_fresh(item)

    def is_pair(self, item: Item, other: Item) -> bool:
        """Whether `both` is to be called: two items of one product of which nothing is there yet."""
        is_other = item.product_id == other.product_id and other.query_type is QueryType.MARKET
        takes_rest = is_other and other.shared is not None and other.shared.is_complete
        return takes_rest and self.may_have_partner(item) and _is_fresh(other)

    def one(self, item: Item) -> Generated:
        """Make the next call for an item, or for the set that it buys.

        Raises:
            FatalError: no further call makes sense; InterruptedRunError if a stop was asked for.
        """
        self._require_no_stop()
        product, query_type, order, around = item.product, item.query_type, self._weakness.order, self._seen.around()
        if item.shared and item.buys_set:
            generated = ask_for_set(product, query_type, order, self._provider, item.shared, around)
            self._weakness.learn(generated)
            return generated
        taken = self._taken(item, order, around)
        return self._settled(item, taken, ask(product, query_type, order, self._provider, taken.known, around))

    def both(self, item: Item, other: Item, second: "Future[Generated]") -> Generated:
        """Make one call for both items of a product; what it has brought for the other one goes to `second`.

        Raises:
            FatalError: as `one`; `second` has it as well.
        """
        try:
            self._require_no_stop()
            order, around = self._weakness.order, self._seen.around()
            taken = {each.query_type: self._taken(each, order, around) for each in (item, other)}
            known = {query_type: entry.known for query_type, entry in taken.items()}
            found = ask_both(item.product, order, self._provider, known, around)
            mine, others = (
                self._settled(each, taken[each.query_type], found[each.query_type]) for each in (item, other)
            )
        except BaseException as exc:
            second.set_exception(exc)
            raise
        second.set_result(others)
        return mine

    def _taken(self, item: Item, order: Order, around: Surroundings) -> Taken:
        """Return what is known of an item, with what it takes from its set."""
        others = (StoredText(text, counts=False) for text in self._seen.of_other_types(item.product, item.query_type))
        known = Known(item.existing, item.dropped, (*item.stored, *others), item.answered)
        if item.shared is None:
            return Taken(known)
        return take_from_set(item.product, item.query_type, order, known, item.shared, around)

    def _require_no_stop(self) -> None:
        if self._stop.is_set():
            raise InterruptedRunError(f"stopped: {self._stop.reason}")

    def _settled(self, item: Item, taken: Taken, generated: Generated) -> Generated:
        self._weakness.learn(generated)
        return self._seen.settle(item.product, item.query_type, beside(taken, generated))


def _is_fresh(item: Item) -> bool:
    return not (item.answered or item.existing or item.deferred or item.by_person)
