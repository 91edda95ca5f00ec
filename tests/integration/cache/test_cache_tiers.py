"""The response cache on a real Redis and a real folder, whole and broken."""

import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from query_generator.cache.disk_tier import DiskTier
from query_generator.cache.guarded_tier import FAILURES
from query_generator.cache.provider import CachedProvider
from query_generator.cache.redis_tier import PREFIX, RedisTier
from query_generator.cache.setup import persistent_tiers
from query_generator.cache.stats import CacheMeter, CacheStats
from query_generator.cache.store import LayeredStore
from query_generator.cache.tiers import NO_ENTRY, Held, Tier, TierFailedError
from query_generator.llm.base import GenerationRequest, Usage
from query_generator.models import Product, QueryType
from query_generator.questions.prompts import build_prompt
from query_generator.stopping import StopSignal
from tests.fakes.redis_server import RedisServer
from tests.support.item_provider import ItemProvider
from tests.support.paths import ROOT

TTL = 600.0
BOTH_WAYS = FAILURES + FAILURES - 1
"""Failures until a tier is left alone: it is read before it is written."""


@pytest.fixture(scope="module")
def module_redis() -> Iterator[RedisServer]:
    """A server of this module."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis(module_redis: RedisServer) -> RedisServer:
    """The server, running and empty."""
    module_redis.start()
    module_redis.client.flushall()
    return module_redis


@pytest.fixture(params=["redis", "folder"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty tier of each kind."""
    if request.param == "folder":
        return str(tmp_path / "new" / "cache")
    server: RedisServer = request.getfixturevalue("redis")
    return server.url


class Run:
    """A run of its own over the tiers of an address, without memory."""

    def __init__(self, url: str, ttl: float | None = TTL) -> None:
        self.meter = CacheMeter()
        self.inner = ItemProvider()
        self.now = 0.0
        store = LayeredStore(persistent_tiers(url), ttl, self.meter, clock=lambda: self.now)
        self.provider = CachedProvider(
            self.inner,
            store,
            self.meter,
            models=dict.fromkeys(QueryType, "model-1"),
            parameters={},
            price_of=lambda *_: 0.0,
            stop=StopSignal(),
        )

    def ask(self, products: int = 1) -> list[Usage]:
        """Ask for each product."""
        found = []
        for number in range(products):
            product = Product(f"Boot {number}")
            prompt = build_prompt(product, QueryType.PRODUCT, 5)
            found.append(self.provider.generate(GenerationRequest(product, QueryType.PRODUCT, 5, prompt)).usage)
        return found

    def stats(self) -> CacheStats:
        """What it has counted."""
        return self.meter.stats()


def rows(folder: str, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    """Work on the database of a folder from outside."""
    with closing(sqlite3.connect(Path(folder) / "cache.db")) as database, database:
        return database.execute(sql, parameters).fetchall()


def test_another_run_buys_nothing_again(url: str) -> None:
    """What one run has bought, the next one has for nothing, and it can be counted."""
    Run(url).ask(20)
    later = Run(url)
    assert later.ask(20) == [Usage()] * 20
    assert later.inner.requests == []
    assert later.stats().redis_hits + later.stats().disk_hits == later.stats().calls_saved == 20
    (tier,) = persistent_tiers(url)
    assert tier.held().entries == 20
    assert tier.held().bytes > 1000


def test_redis_drops_entries_by_itself(redis: RedisServer) -> None:
    """Entries go from Redis when their time is over, and stay when they are kept for ever."""
    Run(redis.url).ask()
    (key,) = redis.client.keys()
    assert TTL - 60 < float(redis.client.ttl(key)) <= TTL
    redis.client.flushall()
    Run(redis.url, ttl=None).ask()
    assert redis.client.ttl(key) == -1


def test_garbage_in_redis_is_ignored(redis: RedisServer) -> None:
    """Damaged values, other types and huge values under our keys cost one call each and are overwritten."""
    Run(redis.url).ask(4)
    keys = sorted(redis.client.keys())
    redis.client.set(keys[0], b"\x80\x04garbage")
    redis.client.delete(keys[1], keys[2])
    redis.client.rpush(keys[1], "a", "list")
    redis.client.set(keys[2], b"x" * (8 << 20))
    redis.client.set("of-another-program", "x")
    run = Run(redis.url)
    assert sorted(usage == Usage() for usage in run.ask(4)) == [False, False, False, True]
    assert (run.stats().ignored_entries, run.stats().tier_failures) == (3, 0)
    assert Run(redis.url).ask(4) == [Usage()] * 4
    assert RedisTier(redis.url).held().entries == 4


def test_redis_killed_in_mid_run_costs_only_the_cache(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """The run goes on without Redis, warns once, asks it a few times and no more, and uses it when it is back."""
    run = Run(redis.url)
    run.ask(5)
    redis.kill()
    with caplog.at_level(logging.WARNING):
        run.ask(20)
    assert len(run.inner.requests) == 25
    assert run.stats().tier_failures == BOTH_WAYS
    (warning,) = caplog.messages
    assert f"Redis 127.0.0.1:{redis.port}/0" in warning
    redis.start()
    run.now = 31.0
    run.ask(20)
    assert run.ask(20) == [Usage()] * 20


def test_a_frozen_redis_holds_nobody_up(redis: RedisServer) -> None:
    """A server that takes connections and never answers is asked a few times, a quarter of a second each."""
    run = Run(redis.url)
    redis.freeze()
    try:
        assert all(usage != Usage() for usage in run.ask(20))
    finally:
        redis.thaw()
    assert run.stats().tier_failures == BOTH_WAYS


def test_a_password_is_never_told(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """What the log says of a Redis that refuses the login names the server and not the password."""
    redis.client.config_set("requirepass", "right")
    run = Run(redis.url.replace("redis://", "redis://:wrong-but-secret@"))
    with caplog.at_level(logging.DEBUG):
        run.ask()
    redis.client.auth("right")
    redis.client.config_set("requirepass", "")
    assert str(redis.port) in caplog.text
    assert "wrong-but-secret" not in caplog.text


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Make a folder."""
        return os.mkdir, (str(self._trace),)


def test_garbage_in_a_folder_is_ignored(tmp_path: Path) -> None:
    """Foreign rows are neither unpickled nor followed to files, cost one call each, and are overwritten."""
    folder, trace, victim = str(tmp_path / "cache"), tmp_path / "trace", tmp_path / "victim"
    victim.write_text("precious")
    Run(folder).ask(4)
    (one,), (two,), (three,), _ = rows(folder, "SELECT rowid FROM Cache ORDER BY rowid")
    rows(folder, "UPDATE Cache SET mode = 4, value = ? WHERE rowid = ?", pickle.dumps(Trap(trace)), one)
    rows(folder, "UPDATE Cache SET mode = 2, filename = '../victim', value = NULL WHERE rowid = ?", two)
    rows(folder, "UPDATE Cache SET value = 'text' WHERE rowid = ?", three)
    run = Run(folder)
    assert [usage == Usage() for usage in run.ask(4)] == [False, False, False, True]
    assert (run.stats().ignored_entries, run.stats().tier_failures) == (3, 0)
    assert Run(folder).ask(4) == [Usage()] * 4
    assert not trace.exists()
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("content", [b"This is no database. " * 500, None])
def test_a_folder_that_cannot_be_used_is_done_without(
    content: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that is damaged, or a file where the folder should be, costs only the cache; one warning names it."""
    folder = tmp_path / "cache"
    if content is None:
        folder.write_text("a file")
    else:
        folder.mkdir()
        (folder / "cache.db").write_bytes(content)
    run = Run(str(folder))
    with caplog.at_level(logging.WARNING):
        run.ask(10)
    assert (len(run.inner.requests), run.stats().tier_failures) == (10, BOTH_WAYS)
    (warning,) = caplog.messages
    assert str(folder) in warning
    assert "CACHE_URL" in warning


def test_many_threads_write_at_once(tmp_path: Path) -> None:
    """A burst of replies from all threads is kept whole: none has to wait so long for the others that it gives up."""
    tier = DiskTier(tmp_path)
    barrier = threading.Barrier(40)

    def put(thread: int) -> None:
        barrier.wait()
        for number in range(10):
            tier.put(f"{thread}-{number}", bytes(2000), TTL)

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(put, range(40)))
    assert tier.held().entries == 400


def test_a_locked_folder_holds_nobody_up(tmp_path: Path) -> None:
    """A process that hangs with the folder's lock costs others a few short waits, and what is there is still read."""
    folder = tmp_path / "cache"
    Run(str(folder)).ask()
    with closing(sqlite3.connect(folder / "cache.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run = Run(str(folder))
        run.ask(10)
        assert (run.stats().disk_hits, run.stats().tier_failures) == (1, FAILURES)
        other.execute("ROLLBACK")


FILL = """
import os, resource, sys
from pathlib import Path
from query_generator.cache.disk_tier import DiskTier
from query_generator.cache.tiers import TierFailedError
tier = DiskTier(Path(sys.argv[1]))
tier.put("first", b"kept", None)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
failures = 0
for number in range(200):
    try:
        tier.put(str(number), os.urandom(5000), None)
    except TierFailedError:
        failures += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
tier.put("last", b"kept", None)
print(failures, tier.get("first"), tier.get("last"))
"""


def test_a_full_disk_costs_only_what_cannot_be_kept(tmp_path: Path) -> None:
    """When the system refuses to write, what is there stays readable, and once there is room entries are kept again."""
    ended = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "cache")], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    failures, *values = ended.stdout.split()
    assert int(failures) > 100, ended.stderr
    assert values == ["b'kept'", "b'kept'"]


def test_a_folder_is_bounded(tmp_path: Path) -> None:
    """A folder that has reached its size drops what was stored first."""
    tier = DiskTier(tmp_path, largest=300_000)
    for number in range(200):
        tier.put(str(number), bytes(5000), None)
    assert tier.get("0") is None
    assert tier.get("199") == bytes(5000)
    assert tier.held().bytes < 400_000


def test_an_absent_value_and_a_wrong_one_differ(redis: RedisServer) -> None:
    """A key that holds something else counts as ignored, not as missing; a server that is gone as failed."""
    tier: Tier = RedisTier(redis.url)
    redis.client.rpush(f"{PREFIX}list", "x")
    assert (tier.get("absent"), tier.get("list")) == (None, NO_ENTRY)
    assert tier.held() == Held(1, 0)
    redis.kill()
    with pytest.raises(TierFailedError):
        tier.held()
