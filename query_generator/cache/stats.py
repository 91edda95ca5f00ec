"""What the cache has done in a run, counted."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(slots=True)
class CacheStats:
    """Sums over a run.

    `calls_saved` are hits and coalesced requests, `usd_saved` what the provider has billed for their replies when they
    were bought; `unpriced_calls_saved` of them had a model whose price is not known. `ignored_entries` were damaged,
    foreign or of another schema.
    """

    memory_hits: int = 0
    redis_hits: int = 0
    disk_hits: int = 0
    misses: int = 0
    coalesced: int = 0
    evictions: int = 0
    ignored_entries: int = 0
    tier_failures: int = 0
    calls_saved: int = 0
    usd_saved: float = 0.0
    unpriced_calls_saved: int = 0

    @property
    def hits(self) -> int:
        """Hits in all tiers."""
        return self.memory_hits + self.redis_hits + self.disk_hits

    @property
    def hit_rate_percent(self) -> float:
        """Share of the requests that cost nothing."""
        requests = self.calls_saved + self.misses
        return 100.0 * self.calls_saved / requests if requests else 0.0

    def plus(self, other: "CacheStats") -> "CacheStats":
        """Add two sums."""
        return CacheStats(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def as_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stats: Mapping[str, Any]) -> "CacheStats":
        """Read what `as_dict` made, in this version or another."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in stats.items() if name in known})


def sum_of(runs: Iterable[CacheStats]) -> CacheStats:
    """Add up the statistics of runs."""
    total = CacheStats()
    for run in runs:
        total = total.plus(run)
    return total


def summary_lines(stats: CacheStats) -> Iterator[str]:
    """Write statistics as two lines of a summary."""
    tiers = f"{stats.memory_hits} memory, {stats.redis_hits} Redis, {stats.disk_hits} disk"
    others = f"{stats.misses} misses, {stats.coalesced} coalesced, {stats.evictions} evicted"
    faults = f"{stats.ignored_entries} entries ignored, {stats.tier_failures} failures of tiers"
    yield f"  cache      {stats.hits} hits ({tiers}), {others}, {faults}"
    unpriced = f" and {stats.unpriced_calls_saved} calls of unknown price" if stats.unpriced_calls_saved else ""
    rate = f"{stats.hit_rate_percent:.1f} % of the requests"
    yield f"  saved      {stats.calls_saved} calls ({rate}), {stats.usd_saved:.4f} USD{unpriced}"


class CacheMeter:
    """Counts from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats = CacheStats()

    def count(self, **sums: float) -> None:
        """Add to the sums of these names."""
        with self._lock:
            for name, value in sums.items():
                setattr(self._stats, name, getattr(self._stats, name) + value)

    def stats(self) -> CacheStats:
        """Return the sums up to now."""
        with self._lock:
            return CacheStats().plus(self._stats)
