"""The tiers as one store: read-through, write-through, and none of them ever in the way."""

import time
from collections.abc import Callable, Sequence

from query_generator.cache.entries import Entry, ForeignEntryError, decode, encode
from query_generator.cache.guarded_tier import GuardedTier
from query_generator.cache.stats import CacheMeter
from query_generator.cache.tiers import Tier


class LayeredStore:
    """Asks the tiers in their order, the fastest first; what a lower one has is put into those above it.

    An entry that is damaged, foreign or of another schema counts as none, and the next one that is bought overwrites
    it.
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
        self._tiers = [GuardedTier(tier, meter, clock) for tier in tiers]
        self._ttl = ttl
        self._meter = meter
        self._now = now

    def get(self, key: str) -> tuple[Entry, str] | None:
        """Return the entry of a key and the name of the tier that had it; None: it has to be bought."""
        for place, tier in enumerate(self._tiers):
            stored = tier.get(key)
            entry = self._read(key, stored) if stored is not None else None
            if stored is None or entry is None:
                continue
            age = self._now() - entry.stored_at
            if self._ttl is None or age < self._ttl:
                for upper in self._tiers[:place]:
                    upper.put(key, stored, None if self._ttl is None else self._ttl - age)
                return entry, tier.name
        return None

    def put(self, key: str, entry: Entry) -> None:
        """Put an entry into every tier."""
        stored = encode(key, entry)
        for tier in self._tiers:
            tier.put(key, stored, self._ttl)

    def _read(self, key: str, stored: bytes) -> Entry | None:
        try:
            return decode(key, stored)
        except ForeignEntryError:
            self._meter.count(ignored_entries=1)
            return None
