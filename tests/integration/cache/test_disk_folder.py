"""The database in the cache's folder: of an earlier version, of many processes, and over its time."""

import sqlite3
import subprocess
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from query_generator.cache.disk_tier import DiskTier
from query_generator.cache.tiers import NO_ENTRY, TierFailedError
from tests.support.paths import ROOT

EARLIER = """
PRAGMA auto_vacuum = FULL;
PRAGMA journal_mode = WAL;
CREATE TABLE Settings ( key TEXT NOT NULL UNIQUE, value);
INSERT INTO Settings VALUES ('size_limit', 1073741824), ('count', 0), ('size', 0);
CREATE TABLE Cache (
    rowid INTEGER PRIMARY KEY, key BLOB, raw INTEGER, store_time REAL, expire_time REAL, access_time REAL,
    access_count INTEGER DEFAULT 0, tag BLOB, size INTEGER DEFAULT 0, mode INTEGER DEFAULT 0, filename TEXT, value BLOB
);
CREATE UNIQUE INDEX Cache_key_raw ON Cache(key, raw);
CREATE INDEX Cache_expire_time ON Cache (expire_time);
CREATE INDEX Cache_store_time ON Cache (store_time);
CREATE TRIGGER Settings_count_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN
    UPDATE Settings SET value = value + 1 WHERE key = "count"; END;
CREATE TRIGGER Settings_count_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN
    UPDATE Settings SET value = value - 1 WHERE key = "count"; END;
CREATE TRIGGER Settings_size_insert AFTER INSERT ON Cache FOR EACH ROW BEGIN
    UPDATE Settings SET value = value + NEW.size WHERE key = "size"; END;
CREATE TRIGGER Settings_size_update AFTER UPDATE ON Cache FOR EACH ROW BEGIN
    UPDATE Settings SET value = value + NEW.size - OLD.size WHERE key = "size"; END;
CREATE TRIGGER Settings_size_delete AFTER DELETE ON Cache FOR EACH ROW BEGIN
    UPDATE Settings SET value = value - OLD.size WHERE key = "size"; END;
INSERT INTO Cache VALUES (1, 'kept', 1, 1795659000.0, NULL, 1795659000.0, 0, NULL, 0, 1, NULL, X'6B657074');
INSERT INTO Cache VALUES (2, 'timed', 1, 1795659000.0, 99999999999.0, 1795659000.0, 0, NULL, 0, 1, NULL, X'74696D65');
INSERT INTO Cache VALUES (3, 'over', 1, 1795659000.0, 1795659001.0, 1795659000.0, 0, NULL, 0, 1, NULL, X'6F766572');
"""
"""What diskcache 5.6.3 left in a folder."""


def test_a_folder_of_an_earlier_version_stays_good(tmp_path: Path) -> None:
    """What the version with diskcache has kept is read, counted, overwritten and dropped; its own sums stay right."""
    with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
        database.executescript(EARLIER)
    tier = DiskTier(tmp_path)
    assert [tier.get(key) for key in ("kept", "timed", "over")] == [b"kept", b"time", None]
    assert tier.held().entries == 3
    tier.put("kept", b"again", 600.0)
    tier.put("new", b"new", None)
    assert [tier.get(key) for key in ("kept", "timed", "over", "new")] == [b"again", b"time", None, b"new"]
    assert tier.held().entries == 3
    with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
        sums = dict(database.execute("SELECT key, value FROM Settings WHERE key IN ('count', 'size')"))
    assert sums == {"count": 3, "size": 0}


def test_a_value_that_is_larger_than_an_entry_is_none(tmp_path: Path) -> None:
    """What somebody else has put into the database is not read into memory, and is written over."""
    tier = DiskTier(tmp_path)
    tier.put("key", b"small", None)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
        database.execute("UPDATE Cache SET value = zeroblob(200000000)")
        database.commit()
    tracemalloc.start()
    assert tier.get("key") == NO_ENTRY
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    tier.put("key", b"small", None)
    assert tier.get("key") == b"small"


def test_what_is_planted_in_the_folder_holds_nobody_up(tmp_path: Path) -> None:
    """A trigger that never ends costs the write that meets it and no more; what is kept is still read."""
    tier = DiskTier(tmp_path)
    tier.put("key", b"kept", None)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as database:
        database.execute(
            "CREATE TRIGGER planted AFTER INSERT ON Cache BEGIN UPDATE Cache SET size = (WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n); END"
        )
    with pytest.raises(TierFailedError, match="interrupted"):
        tier.put("new", b"new", None)
    assert (tier.get("key"), tier.get("new")) == (b"kept", None)


def test_a_link_in_place_of_the_database_is_not_followed(tmp_path: Path) -> None:
    """No database is made where a link points to; the folder itself may be one."""
    folder, target = tmp_path / "folder", tmp_path / "target"
    (tmp_path / "real").mkdir()
    folder.symlink_to(tmp_path / "real")
    (folder / "cache.db").symlink_to(target)
    with pytest.raises(TierFailedError, match=r"is a link: '.*/cache\.db'"):
        DiskTier(folder).put("key", b"value", None)
    assert not target.exists()
    (folder / "cache.db").unlink()
    DiskTier(folder).put("key", b"value", None)
    assert DiskTier(tmp_path / "real").get("key") == b"value"


def test_an_entry_goes_when_its_time_is_over(tmp_path: Path) -> None:
    """An entry whose time is over is not given any more, and a later write drops it."""
    tier = DiskTier(tmp_path)
    tier.put("brief", b"brief", 0.0)
    assert tier.get("brief") is None
    assert tier.held().entries == 1
    tier.put("other", b"other", 600.0)
    assert tier.held().entries == 1


BEGIN_AT_ONCE = """
import sys
from pathlib import Path
from query_generator.cache.disk_tier import DiskTier
tiers = [DiskTier(Path(folder)) for folder in sys.argv[2:]]
print("ready", flush=True)
sys.stdin.readline()
for tier in tiers:
    tier.get("absent")
    tier.put(sys.argv[1], b"kept", None)
"""


def test_processes_that_begin_at_once_share_a_new_folder(tmp_path: Path) -> None:
    """None of the processes that make the database at the same moment fails, and none loses what another has kept."""
    folders = [str(tmp_path / str(number)) for number in range(20)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN_AT_ONCE, name, *folders],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "abcd"
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert {DiskTier(Path(folder)).held().entries for folder in folders} == {4}
