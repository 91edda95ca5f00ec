"""The tiers as one store: read-through, write-through, and none of them ever in the way."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from query_generator.cache.entries import Entry, ForeignEntryError, decode, encode
from query_generator.cache.stats import CacheMeter
from query_generator.cache.tiers import Tier, TierFailedError
from query_generator.errors import CircuitOpenError
from query_generator.resilience.circuit_breaker import CircuitBreaker

_LOG = logging.getLogger("cache")

FAILURES = 3
AWAY_SECONDS = 30.0


class LayeredStore:
    """Asks the tiers in their order, the fastest first; what a lower one has is put into those above it.

    A tier that fails three times in a row is left alone for 30 s at a time, and the log hears of it once. An entry that
    is damaged, foreign or of another schema counts as none, and the next one that is bought overwrites it.
    """

    def __init__(
        self,
        tiers: Sequence[Tier],
        ttl: float | None,
        meter: CacheMeter,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the tiers, and for how many seconds an entry is good: None is for ever."""
        self.ttl = ttl
        self._tiers = [(tier, CircuitBreaker(tier.name, FAILURES, AWAY_SECONDS, clock)) for tier in tiers]
        self._meter = meter
        self._now = now
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def get(self, key: str) -> tuple[Entry, str] | None:
        """Return the entry of a key and the name of the tier that had it; None: it has to be bought."""
        for place, (tier, breaker) in enumerate(self._tiers):
            stored = self._get(tier, breaker, key)
            if stored is None:
                continue
            try:
                entry = decode(key, stored)
            except ForeignEntryError:
                self._meter.count(ignored_entries=1)
                continue
            now = self._now()
            if entry.is_fresh(self.ttl, now):
                left = None if self.ttl is None else self.ttl - (now - entry.stored_at)
                for upper, its_breaker in self._tiers[:place]:
                    self._put(upper, its_breaker, key, stored, left)
                return entry, tier.name
        return None

    def put(self, key: str, entry: Entry) -> None:
        """Put an entry into every tier."""
        stored = encode(key, entry)
        for tier, breaker in self._tiers:
            self._put(tier, breaker, key, stored, self.ttl)

    def _get(self, tier: Tier, breaker: CircuitBreaker, key: str) -> bytes | None:
        try:
            with breaker.call():
                return tier.get(key)
        except CircuitOpenError:
            return None
        except TierFailedError as exc:
            self._failed(tier, exc)
            return None

    def _put(self, tier: Tier, breaker: CircuitBreaker, key: str, stored: bytes, ttl: float | None) -> None:
        try:
            with breaker.call():
                tier.put(key, stored, ttl)
        except CircuitOpenError:
            pass
        except TierFailedError as exc:
            self._failed(tier, exc)

    def _failed(self, tier: Tier, error: TierFailedError) -> None:
        self._meter.count(tier_failures=1)
        with self._lock:
            first = tier.name not in self._told
            self._told.add(tier.name)
        if first:
            _LOG.warning("[CACHE] The job goes on without this tier of the cache while it fails: %s", error)
