"""The log line for each product that is begun; a large job logs one every few seconds."""

import logging
import time
from collections.abc import Callable

_LOG = logging.getLogger("generation")

EACH_PRODUCT_UP_TO = 1000  # products of the job, in all of its runs
SECONDS = 5.0  # between two lines of a larger job


class ProductLines:
    """Logs which product is begun and how far the job has come."""

    def __init__(self, products: int, begun: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the number of products in the job, and how many of them were begun before."""
        self._products = products
        self._begun = begun
        self._clock = clock
        self._due = clock()

    def begins(self, name: str) -> None:
        """Log a product at INFO; in a large job at DEBUG if the last INFO line is less than 5 s old."""
        self._begun += 1
        level = logging.INFO if self._products <= EACH_PRODUCT_UP_TO or self._is_due() else logging.DEBUG
        number = min(self._begun, self._products)
        _LOG.log(level, "[BATCH] Processing product %d/%d: %s", number, self._products, name)

    def _is_due(self) -> bool:
        now = self._clock()
        if now < self._due:
            return False
        self._due = now + SECONDS
        return True
