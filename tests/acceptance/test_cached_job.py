"""The job with a cache: what a second run costs, and what a broken cache does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Cloud
from tests.fakes.redis_server import RedisServer

PRODUCTS = json.dumps(
    [{"name": f"Boot {number}", "brand": "Acme", "attributes": {"b": 1, "aa": 2}} for number in range(10)]
)
CALLS = 20
ARGUMENTS = ("--products-json", PRODUCTS, "--num-questions", "5")


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A server."""
    with RedisServer() as server:
        yield server


def bill(cloud: Cloud) -> int:
    """Calls paid for until now."""
    return sum(cloud.gemini.billed.values())


def test_a_catalog_run_again_is_free(cloud: Cloud, tmp_path: Path) -> None:
    """Another job with the same catalog buys nothing; its result tells hits, calls and money saved."""
    folder = str(tmp_path / "cache")
    for job_id in ("one", "two"):
        ended = cloud.run("--job-id", job_id, *ARGUMENTS, CACHE_URL=folder)
        assert ended.code == 0, ended.log
    assert bill(cloud) == CALLS
    stats = cloud.aws.result("two")["execution_stats"]
    assert stats["total_queries_generated"] == 5 * CALLS
    assert (stats["llm"]["cache_hits"], stats["llm"]["total_requests"], stats["llm"]["cost_usd"]) == (CALLS, 0, 0.0)
    assert stats["cache"]["calls_saved"] == stats["cache"]["disk_hits"] == CALLS
    cost = cloud.aws.result("one")["execution_stats"]["llm"]["cost_usd"]
    assert stats["cache"]["usd_saved"] == pytest.approx(cost, abs=1e-6)
    assert "100.0 % of the requests" in ended.out
    told = cloud.run("cache", "stats", CACHE_URL=folder)
    assert (told.code, f"{CALLS} entries" in told.out, "Sums of 2 runs" in told.out) == (0, True, True)


def test_redis_killed_in_mid_run(cloud: Cloud, redis: RedisServer) -> None:
    """The job ends 0 with every question, and warns of the cache once."""
    calls = iter(range(CALLS))

    def kill_in_midst(_: tuple[str, str]) -> None:
        if next(calls) == CALLS // 2:
            redis.kill()

    cloud.gemini.on_request = kill_in_midst
    ended = cloud.run("--job-id", "j", *ARGUMENTS, CACHE_URL=redis.url, MAX_CONCURRENCY="2", CACHE_MEMORY_MB="0")
    assert ended.code == 0, ended.log
    assert ended.log.count("goes on without this tier of the cache") == 1
    assert bill(cloud) == CALLS
    assert cloud.aws.result("j")["execution_stats"]["total_queries_generated"] == 5 * CALLS


def test_a_warmed_job_buys_nothing(cloud: Cloud, redis: RedisServer) -> None:
    """`cache warm` buys what a job will ask for, once, and says what it cost; the job buys nothing more."""
    warm = [cloud.run("cache", "warm", *ARGUMENTS, CACHE_URL=redis.url) for _ in range(2)]
    assert [ended.code for ended in warm] == [0, 0], warm[0].log
    assert [f"  calls      {calls} (0 failed)" in ended.out for calls, ended in zip((CALLS, 0), warm, strict=True)] == [
        True
    ] * 2
    assert cloud.run("--job-id", "j", *ARGUMENTS, CACHE_URL=redis.url).code == 0
    assert bill(cloud) == CALLS


def test_warming_ends_when_nothing_is_kept(cloud: Cloud, redis: RedisServer) -> None:
    """`cache warm` ends with 75 when the cache takes no more, instead of buying on, and when it is away."""
    cloud.gemini.on_request = lambda _: redis.kill()
    ended = cloud.run("cache", "warm", *ARGUMENTS, CACHE_URL=redis.url, MAX_CONCURRENCY="1")
    assert (ended.code, "Run the same command again" in ended.log) == (75, True), ended.log
    assert bill(cloud) < CALLS
    assert cloud.run("cache", "warm", *ARGUMENTS, CACHE_URL=redis.url).code == 75
