"""The tier that stays on one machine: a folder, kept by diskcache in SQLite.

diskcache pickles whatever is no plain value, keeps large values in files whose names stand in its database, and waits
up to a minute for locks while it opens. Of all that nothing is used here: an entry is always bytes in the row of its
key, and what is found in any other form is foreign, neither unpickled nor opened nor removed.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import diskcache

from query_generator.cache.tiers import NO_ENTRY, Held, TierFailedError

TIMEOUT_SECONDS = 0.25
QUEUE_SECONDS = 5.0
"""For threads that write at once; each write takes well under a millisecond, more where threads fight for the CPU."""
LARGEST_DISK = 1 << 30
"""Bytes of the folder; beyond that the entries that were stored first go."""


class BytesInRows(diskcache.Disk):  # type: ignore[misc]  # the library has no types
    """Keys are text and values bytes, both in the row."""

    def get(self, key: Any, raw: Any) -> Any:
        """Return a key as it stands in the database."""
        return key

    def store(self, value: bytes, read: bool, key: Any = diskcache.UNKNOWN) -> tuple[int, int, None, memoryview]:
        """Return size of the file, mode, name of the file and value of a row."""
        return 0, diskcache.core.MODE_RAW, None, sqlite3.Binary(value)

    def fetch(self, mode: int, filename: Any, value: Any, read: bool) -> bytes:
        """Return the value of a row; NO_ENTRY if it has another form."""
        is_ours = mode == diskcache.core.MODE_RAW and filename is None and isinstance(value, bytes)
        return value if is_ours else NO_ENTRY

    def remove(self, file_path: str) -> None:
        """Leave files alone: none is ours."""


class DiskTier:
    """Opened when it is first used, and then once for each thread; several processes of a machine may share a folder.

    Not for a folder on a network: SQLite's write-ahead log needs shared memory. Several machines share a Redis.
    """

    name = "disk"

    def __init__(self, folder: Path, timeout: float = TIMEOUT_SECONDS, largest: int = LARGEST_DISK) -> None:
        """Take the folder, the seconds to wait for a lock, and the bytes that may be used."""
        self.address = str(folder)
        self._folder = folder
        self._timeout = timeout
        self._largest = largest
        self._opening = threading.Lock()
        self._writing = threading.Lock()  # SQLite lets writers poll for its lock, and many threads starve some
        self._failures = 0  # of writes: those that queued behind one do not wait in their turn
        self._cache: Any = None

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key."""
        with self._errors():
            value: bytes | None = self._opened().get(key)
            return value

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes."""
        with self._errors():
            cache, failures = self._opened(), self._failures
            if not self._writing.acquire(timeout=QUEUE_SECONDS):
                raise TimeoutError(f"a write takes more than {QUEUE_SECONDS:g} s")
            try:
                if failures != self._failures:
                    raise TimeoutError("the write before this one has failed")
                cache.set(key, value, expire=ttl)
            except BaseException:
                self._failures += 1
                raise
            finally:
                self._writing.release()

    def held(self) -> Held:
        """Count the entries, and the bytes of the database."""
        with self._errors():
            cache = self._opened()
            return Held(len(cache), cache.volume())

    def _opened(self) -> Any:
        if self._cache is None:
            with self._opening:
                if self._cache is None:
                    self._cache = self._open()
        return self._cache

    def _open(self) -> Any:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = self._folder / diskcache.core.DBNAME
        with closing(sqlite3.connect(database, timeout=self._timeout, isolation_level=None)) as probe:
            probe.execute("BEGIN IMMEDIATE")
            probe.execute("ROLLBACK")
        return diskcache.Cache(
            str(self._folder),
            timeout=self._timeout,
            disk=BytesInRows,
            eviction_policy="least-recently-stored",
            size_limit=self._largest,
            statistics=0,
            tag_index=0,
            cull_limit=10,
            sqlite_journal_mode="wal",
            sqlite_synchronous=1,
            sqlite_mmap_size=0,  # a file that is cut off while it is mapped kills the process
        )

    def _disconnect(self) -> None:
        """Close this thread's connection: a commit that failed would hold its lock for ever."""
        if self._cache is not None:
            with suppress(sqlite3.Error):
                self._cache.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, diskcache.Timeout, ValueError, TypeError, LookupError) as exc:
            self._disconnect()
            raise TierFailedError(
                f"folder {self._folder}: {str(exc) or 'its lock is held by another process'}; "
                "check its permissions and free space, or remove it, or name another in CACHE_URL"
            ) from exc
