"""A tier that is never in the way."""

import logging
import time
from collections.abc import Callable

from query_generator.cache.stats import CacheMeter
from query_generator.cache.tiers import Tier, TierFailedError
from query_generator.errors import CircuitOpenError
from query_generator.resilience.circuit_breaker import CircuitBreaker

_LOG = logging.getLogger("cache")

FAILURES = 3
AWAY_SECONDS = 30.0


class GuardedTier:
    """Leaves a tier alone for 30 s at a time when it has failed three times in a row; the log hears of it once.

    Reading and writing have a circuit breaker each, since a full disk is well read: what cannot be read is not written,
    what cannot be written is still read.
    """

    def __init__(self, tier: Tier, meter: CacheMeter, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = tier.name
        self._tier = tier
        self._meter = meter
        self._reading = CircuitBreaker(f"{tier.name} cache", FAILURES, AWAY_SECONDS, clock)
        self._writing = CircuitBreaker(f"{tier.name} cache", FAILURES, AWAY_SECONDS, clock)
        self._told = False

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key; None if there are none, or none can be had."""
        try:
            with self._reading.call():
                return self._tier.get(key)
        except CircuitOpenError:
            return None
        except TierFailedError as exc:
            self._failed(exc)
            return None

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes for so many seconds if possible; None is for ever."""
        try:
            self._reading.check()
            with self._writing.call():
                self._tier.put(key, value, ttl)
        except CircuitOpenError:
            pass
        except TierFailedError as exc:
            self._failed(exc)

    def _failed(self, error: TierFailedError) -> None:
        told, self._told = self._told, True
        self._meter.count(tier_failures=1)
        if not told:
            _LOG.warning("[CACHE] The job goes on without this tier of the cache while it fails: %s", error)
