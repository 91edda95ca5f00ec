"""Looks again, when a result is made, for brands of the catalog that were not known when a question was accepted."""

from collections.abc import Iterable, Mapping
from typing import Any

from query_generator.models import Product, QueryType, Stage
from query_generator.questions.catalog_brands import CatalogBrands
from query_generator.questions.names import OwnNames


class LateBrands:
    """Counts the open questions of a result that name a brand of another product.

    `count` is that of the last result.
    """

    def __init__(self, brands: Iterable[str]) -> None:
        self._brands = CatalogBrands()
        for brand in brands:
            self._brands.add(brand)
        self.count = 0

    def begins(self) -> None:
        """Count anew: a result may have to be made twice."""
        self.count = 0

    def look_at(self, entry: Mapping[str, Any]) -> None:
        """Look at a product of a result."""
        own = OwnNames(Product(entry["name"], entry["brand"], entry["category"]))
        for question in entry["questions"]:
            self.count += is_open(question) and bool(self._brands.found(question["text"], own))


def is_open(question: Mapping[str, Any]) -> bool:
    """Whether a question stands for a shopper who knows no brand yet."""
    return question["type"] == QueryType.MARKET and question["branded"] is False and question["stage"] == Stage.EXPLORE
