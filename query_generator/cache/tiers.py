"""What every tier of the cache can do, and the first of them: memory."""

import threading
from collections.abc import Callable
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from query_generator.errors import RetryableError

NO_ENTRY = b""
"""Stands for a value that is there and cannot be an entry."""
OVERHEAD = 512
"""Bytes that a key and its places in the tables take in memory besides the value, as measured, rounded up."""


class TierFailedError(RetryableError):
    """A tier cannot be used at the moment. The message names it, the cause and the way out."""


class Held(NamedTuple):
    """What a tier holds."""

    entries: int
    bytes: int


class Tier(Protocol):
    """A place for bytes. Safe to call from many threads at once.

    `name` is `memory`, `redis` or `disk`; `address` says which one, without any password.
    """

    name: str
    address: str

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key, None if there are none; raises TierFailedError."""
        ...

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes for so many seconds, None for as long as there is room; raises TierFailedError."""
        ...

    def held(self) -> Held:
        """Count what is there; raises TierFailedError."""
        ...


class MemoryTier:
    """The least recently used go when the bytes are used up."""

    name = "memory"
    address = "of this process"

    def __init__(self, largest: int, on_eviction: Callable[[], None] = lambda: None) -> None:
        """Take the bytes that it may use, keys and tables included."""
        self._lock = threading.Lock()
        self._values = _CountingLRU(largest, on_eviction)

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key; never fails."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes, unless they alone are too many; never fails. Entries know their age themselves."""
        with self._lock:
            if len(value) + OVERHEAD <= self._values.maxsize:
                self._values[key] = value

    def held(self) -> Held:
        """Count what is there."""
        with self._lock:
            return Held(len(self._values), int(self._values.currsize))


class _CountingLRU(LRUCache[str, bytes]):
    def __init__(self, largest: int, on_eviction: Callable[[], None]) -> None:
        super().__init__(largest, getsizeof=lambda value: len(value) + OVERHEAD)
        self._on_eviction = on_eviction

    def popitem(self) -> tuple[str, bytes]:
        self._on_eviction()
        return super().popitem()
