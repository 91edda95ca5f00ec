"""The tier that stays on one machine: a folder with one SQLite database.

An entry is bytes in the row of its key; what is found in any other form is foreign. The table is the one that diskcache
made in folders of earlier versions, columns that nothing here reads included, so that those stay good, and are still
good where an earlier version runs again.
"""

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from query_generator.cache.entries import LARGEST_STORED
from query_generator.cache.tiers import NO_ENTRY, Held, TierFailedError

DATABASE = "cache.db"
TIMEOUT_SECONDS = 0.25
QUEUE_SECONDS = 5.0
"""For threads that come at once; each takes well under a millisecond, more where threads fight for the CPU."""
WORK_SECONDS = 2.0
"""For what one look or one write does: triggers and views in the folder may be anybody's, and do it for ever."""
LARGEST_DISK = 1 << 30
"""Bytes of the folder; beyond that the entries that were stored first go."""
BYTES_IN_THE_ROW = 1
CULLED_AT_ONCE = 10
"""Entries that go with one write where they are too old or too many."""

_TABLE = """
    CREATE TABLE IF NOT EXISTS Cache (
        rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
        access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT,
        value BLOB
    )
"""
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS Cache_key_raw ON Cache (key, raw)",
    "CREATE INDEX IF NOT EXISTS Cache_expire_time ON Cache (expire_time)",
    "CREATE INDEX IF NOT EXISTS Cache_store_time ON Cache (store_time)",
)
_GET = """
    SELECT mode, filename, CASE WHEN length(value) <= :largest THEN value END FROM Cache
    WHERE key = :key AND raw = 1 AND (expire_time IS NULL OR expire_time > :now)
"""
_PUT = """
    INSERT INTO Cache (key, raw, store_time, expire_time, access_time, mode, value)
    VALUES (:key, 1, :now, :end, :now, :mode, :value)
    ON CONFLICT (key, raw) DO UPDATE SET
        store_time = :now, expire_time = :end, access_time = :now, size = 0, mode = :mode, filename = NULL,
        value = :value
"""
_DROP_EXPIRED = """
    DELETE FROM Cache WHERE rowid IN (
        SELECT rowid FROM Cache WHERE expire_time < :now ORDER BY expire_time LIMIT :some
    )
"""
_DROP_OLDEST = "DELETE FROM Cache WHERE rowid IN (SELECT rowid FROM Cache ORDER BY store_time LIMIT :some)"
_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


class DiskTier:
    """Opened when it is first used; several processes may share a folder, and all threads share one connection.

    With one each, 100 threads that read the same 9 MB held 200 files open and 900 MB of pages.
    Not for a folder on a network: SQLite's write-ahead log needs shared memory. Several machines share a Redis.
    """

    name = "disk"

    def __init__(self, folder: Path, timeout: float = TIMEOUT_SECONDS, largest: int = LARGEST_DISK) -> None:
        """Take the folder, the seconds to wait for a lock, and the bytes that may be used."""
        self.address = str(folder)
        self._folder = folder
        self._timeout = timeout
        self._largest = largest
        self._turn = threading.Lock()
        self._failed_writes = 0  # those that queued behind one do not wait in their turn
        self._database: sqlite3.Connection | None = None
        self._ends = 0.0

    def get(self, key: str) -> bytes | None:
        """Return the bytes of a key."""
        with self._connected() as database:
            row = database.execute(_GET, {"key": key, "now": time.time(), "largest": LARGEST_STORED}).fetchone()
        if row is None:
            return None
        mode, filename, value = row
        is_ours = mode == BYTES_IN_THE_ROW and filename is None and isinstance(value, bytes)
        return value if is_ours else NO_ENTRY

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep bytes."""
        failed_before = self._failed_writes
        now = time.time()
        entry = {"key": key, "now": now, "end": None if ttl is None else now + ttl, "value": value}
        with self._connected() as database:
            if failed_before != self._failed_writes:
                raise TimeoutError("the write before this one has failed")
            try:
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    database.execute(_PUT, {**entry, "mode": BYTES_IN_THE_ROW})
                    database.execute(_DROP_EXPIRED, {"now": now, "some": CULLED_AT_ONCE})
                    if self._size(database) >= self._largest:
                        database.execute(_DROP_OLDEST, {"some": CULLED_AT_ONCE})
            except BaseException:
                self._failed_writes += 1
                raise

    def held(self) -> Held:
        """Count the entries, and the bytes of the database."""
        with self._connected() as database:
            ((entries,),) = database.execute("SELECT COUNT(*) FROM Cache")
            return Held(entries, self._size(database))

    @staticmethod
    def _size(database: sqlite3.Connection) -> int:
        ((size,),) = database.execute(_SIZE)
        return int(size)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Hold the connection in this thread alone; after an error it is closed, and the next one opens another."""
        try:
            if not self._turn.acquire(timeout=QUEUE_SECONDS):
                raise TimeoutError(f"those before this one take more than {QUEUE_SECONDS:g} s")
            try:
                self._ends = time.monotonic() + WORK_SECONDS
                if self._database is None:
                    self._database = self._open()
                yield self._database
            except BaseException:
                self._close()
                raise
            finally:
                self._turn.release()
        except (OSError, sqlite3.Error) as exc:
            raise TierFailedError(
                f"folder {self._folder}: {exc}; "
                "check its permissions and free space, or remove it, or name another in CACHE_URL"
            ) from exc

    def _open(self) -> sqlite3.Connection:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / DATABASE
        if path.is_symlink():
            raise FileExistsError(errno.EEXIST, "is a link", str(path))
        database = sqlite3.connect(path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        database.set_progress_handler(lambda: time.monotonic() > self._ends, 10_000)
        try:
            if database.execute("PRAGMA auto_vacuum").fetchone() == (0,):  # it takes the lock
                database.execute("PRAGMA auto_vacuum = FULL")
            for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", _TABLE, *_INDEXES):
                database.execute(statement)
        except BaseException:
            database.close()
            raise
        return database

    def _close(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
