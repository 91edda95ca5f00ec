"""The log line of each product that is begun; of a large job one every few seconds."""

import logging
import time
from collections.abc import Callable

_LOG = logging.getLogger("generation")

EACH_PRODUCT_UP_TO = 1000  # products of the job, whoever does them
SECONDS = 5.0


class ProductLines:
    """Says which product is begun and how far the job is."""

    def __init__(self, products: int, begun: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the products of the job, and how many of them were begun before."""
        self._products = products
        self._begun = begun
        self._clock = clock
        self._due = clock()

    def begins(self, name: str) -> None:
        """Log a product: at INFO, or of a large job at DEBUG where the last line at INFO is less than 5 s old."""
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
