"""What a run has seen of its catalog: brands, patterns that too many questions have, and each product's questions."""

import threading
from collections import OrderedDict
from dataclasses import replace

from query_generator.models import Generated, Product, QueryType
from query_generator.questions.accept import NEAR_COPY
from query_generator.questions.catalog_brands import CatalogBrands
from query_generator.questions.names import own_names
from query_generator.questions.near_copies import NearCopies
from query_generator.questions.order import Surroundings
from query_generator.questions.patterns import Patterns

NAMED_PATTERNS = 5
PRODUCTS_BETWEEN = 50  # looks at the patterns, which take a millisecond
PRODUCTS_KEPT = 2_048  # whose questions are at hand, since both types of a product are in flight at once
TURNS = 64  # of products that share one, the calls are settled one after the other


class Seen:
    """Grows with each product of a run; its memory does not grow with the catalog. Thread-safe."""

    def __init__(self) -> None:
        self.brands = CatalogBrands()
        self.patterns = Patterns()
        self._lock = threading.Lock()
        self._turns = [threading.Lock() for _ in range(TURNS)]
        self._texts: OrderedDict[str, dict[QueryType, list[str]]] = OrderedDict()
        self._settled = 0
        self._overused: tuple[str, ...] = ()

    def around(self) -> Surroundings:
        """Return what requests are told of other products."""
        return Surroundings(lambda: self._overused, self.brands)

    def begins(self, product: Product) -> None:
        """Take in the brand of a product whose turn has come."""
        if product.brand:
            self.brands.add(product.brand)

    def settle(self, product: Product, query_type: QueryType, generated: Generated) -> Generated:
        """Take in the questions of a call, without those that the product's other type has got meanwhile.

        Those of a shared set make no pattern, since other products have them on purpose.
        """
        if not generated.questions:
            return generated
        names = own_names(product)
        with self._turns[hash(product.key) % TURNS]:
            others = self.of_other_types(product, query_type)
            copies = NearCopies(names.masked, others) if others else None
            out = [question.text for question in generated.questions if copies and copies.copy_of(question.text)]
            kept = [question for question in generated.questions if question.text not in out]
            is_due = self._take_in(product, query_type, [question.text for question in kept])
        self.patterns.add(product.key, [names.masked(question.text) for question in kept if not question.writer])
        if is_due:
            self._overused = self.patterns.overused(NAMED_PATTERNS)
        dropped = generated.dropped.copy()
        dropped[NEAR_COPY] += len(out)
        return replace(generated, questions=kept, dropped=+dropped, settled_out=out)

    def of_other_types(self, product: Product, query_type: QueryType) -> list[str]:
        """Return what this run has accepted for the product's other types."""
        with self._lock:
            of_product = self._texts.get(product.key, {})
            return [text for kind, texts in of_product.items() if kind is not query_type for text in texts]

    def _take_in(self, product: Product, query_type: QueryType, texts: list[str]) -> bool:
        """Remember a product's questions; return whether it is time to look at the patterns."""
        with self._lock:
            self._texts.setdefault(product.key, {}).setdefault(query_type, []).extend(texts)
            self._texts.move_to_end(product.key)
            if len(self._texts) > PRODUCTS_KEPT:
                self._texts.popitem(last=False)
            self._settled += 1
            return self._settled % PRODUCTS_BETWEEN == 0
