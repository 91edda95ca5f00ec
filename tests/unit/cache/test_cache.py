"""The response cache over memory and scripted tiers: what is kept, for how long, and what it saves."""

import logging
import math
import pickle
import re
import threading
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from query_generator.cache.entries import Entry, ForeignEntryError, decode, encode, key_of
from query_generator.cache.guarded_tier import AWAY_SECONDS, FAILURES
from query_generator.cache.provider import CachedProvider
from query_generator.cache.setup import ResponseCache, persistent_tiers
from query_generator.cache.stats import CacheMeter, CacheStats
from query_generator.cache.store import LayeredStore
from query_generator.cache.tiers import OVERHEAD, Held, MemoryTier, Tier, TierFailedError
from query_generator.config import load_config
from query_generator.errors import ConfigurationError, InterruptedRunError, RetryableError
from query_generator.llm.base import GenerationReply, GenerationRequest, Prompt, Usage
from query_generator.llm.metered import MeteredProvider
from query_generator.llm.offline import OfflineProvider
from query_generator.models import Product, QueryType
from query_generator.questions.prompts import build_prompt
from query_generator.stopping import StopSignal
from tests.support.item_provider import ItemProvider
from tests.support.question_texts import questions

BOOT = Product("Trail Boot", "Daybird")
REPLY = GenerationReply(("Is it warm? 👟",), "gemini", "model-1-001", Usage(12, 34), truncated=True)
ENTRY = Entry(REPLY, 1000.0)
KEY = "ab" * 32
PRICE = 0.25


def request_for(product: Product = BOOT, count: int = 3, exclusions: tuple[str, ...] = ()) -> GenerationRequest:
    """Make a request as the job does."""
    prompt = build_prompt(product, QueryType.PRODUCT, count, exclusions)
    return GenerationRequest(product, QueryType.PRODUCT, count, prompt, exclusions)


@dataclass
class Setup:
    """A cached provider over tiers, with clocks that stand still."""

    inner: ItemProvider = field(default_factory=ItemProvider)
    tiers: tuple[Tier, ...] = field(default_factory=lambda: (MemoryTier(1 << 20),))
    ttl: float | None = None
    stop: StopSignal = field(default_factory=StopSignal)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.meter = CacheMeter()
        store = LayeredStore(self.tiers, self.ttl, self.meter, now=lambda: self.now, clock=lambda: self.now)
        self.provider = CachedProvider(
            MeteredProvider(self.inner, cost=lambda *_: PRICE),
            store,
            self.meter,
            models=dict.fromkeys(QueryType, "model-1"),
            parameters={"temperature": 1.0},
            price_of=lambda *_: PRICE,
            stop=self.stop,
            now=lambda: self.now,
        )

    def ask(self, request: GenerationRequest | None = None) -> GenerationReply:
        """Ask, by default always the same."""
        return self.provider.generate(request or request_for())


class ScriptedTier:
    """Bytes in a dict, with a name; fails while told so."""

    address = "scripted"

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: dict[str, bytes] = {}
        self.fails: set[str] = set()
        self.calls: Counter[str] = Counter()

    def get(self, key: str) -> bytes | None:
        """Look."""
        self._call("get")
        return self.values.get(key)

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        """Keep."""
        self._call("put")
        self.values[key] = value

    def held(self) -> Held:
        """Count."""
        return Held(len(self.values), 0)

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.fails:
            raise TierFailedError("out of paper")


def test_a_repeated_question_is_free() -> None:
    """The same request again gives the same texts, bills no tokens and asks nobody; the savings are counted."""
    setup = Setup()
    first, second = setup.ask(), setup.ask()
    assert (first.usage, first.cost_usd) == (Usage(10, 5), PRICE)
    assert second == GenerationReply(first.texts, first.provider, first.model, Usage(), first.truncated, 0.0)
    assert len(setup.inner.requests) == 1
    assert setup.meter.stats() == CacheStats(memory_hits=1, misses=1, calls_saved=1, usd_saved=PRICE)
    assert setup.meter.stats().hit_rate_percent == 50.0


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a | {"provider": "openai"},
        lambda a: a | {"model": "model-2"},
        lambda a: a | {"parameters": {"temperature": 0.5}},
        lambda a: a | {"request": request_for(count=4)},
        lambda a: a | {"request": request_for(Product("Trail Boot", "Daybird", description="warm"))},
        lambda a: a | {"request": request_for(exclusions=("Is it warm?",))},
        lambda a: a | {"request": replace(request_for(), query_type=QueryType.MARKET)},
        lambda a: a | {"request": replace(request_for(), prompt=Prompt("other", request_for().prompt.user))},
    ],
)
def test_whatever_changes_a_reply_changes_its_key(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """An answer is never given to another question, of another provider, model or parameter."""
    arguments: dict[str, Any] = {
        "request": request_for(), "provider": "gemini", "model": "model-1", "parameters": {"temperature": 1.0}
    }  # fmt: skip
    assert key_of(**arguments) == key_of(**arguments)
    assert key_of(**change(arguments)) != key_of(**arguments)


def test_a_new_prompt_version_changes_every_key() -> None:
    """What an older prompt has brought is not taken for an answer to the new one."""
    before = key_of(request_for(), "gemini", "m", {})
    other = replace(request_for(), prompt=replace(request_for().prompt, version="next"))
    assert key_of(other, "gemini", "m", {}) != before


def test_a_hint_changes_no_key() -> None:
    """What a run has seen of other products makes it buy nothing again."""
    hinted = replace(request_for(), prompt=replace(request_for().prompt, hint="Leave this out."))
    assert key_of(hinted, "gemini", "m", {}) == key_of(request_for(), "gemini", "m", {})


def test_an_entry_is_read_as_it_was_written() -> None:
    """Texts, provider, model, usage and truncation of a reply survive in the cache."""
    assert decode(KEY, encode(KEY, ENTRY)) == ENTRY


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not compressed",
        pickle.dumps(ENTRY),
        encode(KEY, ENTRY)[:-5],
        encode(KEY, ENTRY)[:30] + b"\0" + encode(KEY, ENTRY)[31:],
        encode("cd" * 32, ENTRY),
        zlib.compress(b"[]"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b'{"schema": 0, "key": "' + KEY.encode() + b'"}'),
        zlib.compress(zlib.decompress(encode(KEY, ENTRY)).replace(b'["Is', b'[1, "Is')),
        zlib.compress(zlib.decompress(encode(KEY, ENTRY)).replace(b": 12,", b": -1.5,")),
        zlib.compress(zlib.decompress(encode(KEY, ENTRY)).replace(b": 12,", b": -1,")),
        zlib.compress(zlib.decompress(encode(KEY, ENTRY)).replace(b": 12,", b": 9223372036854775808,")),
        encode(KEY, replace(ENTRY, stored_at=math.nan)),
        encode(KEY, replace(ENTRY, stored_at=-math.inf)),
        encode(KEY, replace(ENTRY, reply=replace(ENTRY.reply, model="m\0"))),
        encode(KEY, replace(ENTRY, reply=replace(ENTRY.reply, provider="p" * 256))),
        zlib.compress(b" " * (100 << 20)),
        zlib.compress(b"[" + b"[]," * 700_000 + b"1]"),
    ],
)
def test_what_is_no_entry_is_never_believed(stored: bytes) -> None:
    """Damaged, foreign, oversized or older entries are refused, and nothing is unpickled or inflated without end."""
    with pytest.raises(ForeignEntryError):
        decode(KEY, stored)


def test_an_ignored_entry_is_bought_again_and_overwritten() -> None:
    """A damaged entry costs one call and never the job."""
    tier = ScriptedTier("redis")
    setup = Setup(tiers=(tier,))
    setup.ask()
    (key,) = tier.values
    tier.values[key] = b"garbage"
    assert setup.ask().usage == Usage(10, 5)
    assert setup.ask().usage == Usage()
    assert (setup.meter.stats().ignored_entries, len(setup.inner.requests)) == (1, 2)


class CountingStop(StopSignal):
    """Tells when so many threads have looked at it, as those do that wait for a request in flight."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.seen: set[int] = set()
        self.all_wait = threading.Event()
        self._threads = threads

    def is_set(self) -> bool:
        """Look."""
        self.seen.add(threading.get_ident())
        if len(self.seen) >= self._threads:
            self.all_wait.set()
        return super().is_set()


def fifty_at_once(setup: Setup) -> list[GenerationReply | BaseException | None]:
    """Send the same request from 50 threads."""
    with ThreadPoolExecutor(50) as pool:
        futures = [pool.submit(setup.ask) for _ in range(50)]
        return [future.exception() or future.result() for future in futures]


def test_fifty_identical_requests_at_once_cost_one_call() -> None:
    """A request in flight is never bought a second time, also without any tier."""
    stop = CountingStop(49)
    setup = Setup(ItemProvider(on_call=lambda _: stop.all_wait.wait(30)), (), stop=stop)
    replies = fifty_at_once(setup)
    assert len(setup.inner.requests) == 1
    assert {reply.texts for reply in replies if isinstance(reply, GenerationReply)} == {
        tuple(questions("Trail Boot", "product", 0, 3))
    }
    assert sorted(reply.usage == Usage() for reply in replies if isinstance(reply, GenerationReply)) == [
        False, *[True] * 49
    ]  # fmt: skip
    assert setup.meter.stats() == CacheStats(misses=1, coalesced=49, calls_saved=49, usd_saved=49 * PRICE)


def test_those_who_wait_for_a_request_get_its_error() -> None:
    """A failed call fails each of the same requests in flight, once; the next one is made anew."""
    stop = CountingStop(49)
    error = RetryableError("overloaded")
    script = {("Trail Boot", "product"): [error]}
    setup = Setup(ItemProvider(script, on_call=lambda _: stop.all_wait.wait(30)), stop=stop)
    assert fifty_at_once(setup) == [error] * 50
    assert setup.ask().texts
    assert setup.meter.stats() == CacheStats(misses=2)


def test_a_wait_for_a_request_ends_with_the_run() -> None:
    """A stop is heard while the same request of another thread is in flight."""
    stop = StopSignal()
    called, released = threading.Event(), threading.Event()

    def hang(_: GenerationRequest) -> None:
        called.set()
        released.wait(30)

    setup = Setup(ItemProvider(on_call=hang), stop=stop)
    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(setup.ask)
        called.wait(30)
        stop.set("SIGTERM")
        with pytest.raises(InterruptedRunError, match="SIGTERM"):
            setup.ask()
        released.set()
        assert leader.result().texts


@pytest.mark.parametrize(("ttl", "calls"), [(3600.0, 2), (None, 1)])
def test_an_entry_is_good_for_its_time(ttl: float | None, calls: int) -> None:
    """An answer older than the TTL is bought anew; without a TTL it is kept for ever."""
    setup = Setup(ttl=ttl)
    setup.ask()
    setup.now = 3599.0
    assert setup.ask().usage == Usage()
    setup.now = 3600.0
    setup.ask()
    assert len(setup.inner.requests) == calls


def test_a_lower_tier_fills_those_above_it() -> None:
    """What another machine has bought comes from Redis once, then from memory; bought replies go into every tier."""
    disk, redis = ScriptedTier("disk"), ScriptedTier("redis")
    Setup(tiers=(redis, disk)).ask()
    assert redis.values == disk.values
    redis.values.clear()
    setup = Setup(tiers=(MemoryTier(1 << 20), redis, disk))
    for _ in range(3):
        setup.ask()
    assert redis.values == disk.values
    assert setup.inner.requests == []
    assert setup.meter.stats() == CacheStats(disk_hits=1, memory_hits=2, calls_saved=3, usd_saved=3 * PRICE)


def test_a_failing_tier_never_fails_the_job(caplog: pytest.LogCaptureFixture) -> None:
    """A tier that fails is warned of once, left alone after three failures, and used again when it is back."""
    tier = ScriptedTier("redis")
    tier.fails = {"get", "put"}
    setup = Setup(tiers=(tier,))
    with caplog.at_level(logging.WARNING):
        assert all(setup.ask().texts for _ in range(10))
    assert tier.calls == {"get": FAILURES, "put": FAILURES - 1}
    assert setup.meter.stats().tier_failures == tier.calls.total()
    assert caplog.messages == ["[CACHE] The job goes on without this tier of the cache while it fails: out of paper"]
    tier.fails.clear()
    setup.now = AWAY_SECONDS
    assert [setup.ask().usage for _ in range(2)] == [Usage(10, 5), Usage()]


def test_a_tier_that_takes_nothing_new_is_still_read() -> None:
    """A full disk gives what it has, and is asked to write three times and no more."""
    tier = ScriptedTier("disk")
    setup = Setup(tiers=(tier,))
    setup.ask()
    tier.fails = {"put"}
    for number in range(10):
        setup.ask(request_for(Product(f"Boot {number}")))
    assert tier.calls["put"] == 1 + FAILURES
    assert setup.ask().usage == Usage()


def test_memory_is_bounded_by_bytes() -> None:
    """The least recently used entries go when the memory is used up, and are counted."""
    evicted = []
    tier = MemoryTier(3 * (100 + OVERHEAD), lambda: evicted.append(1))
    for key in "abc":
        tier.put(key, bytes(100), None)
    tier.get("a")
    tier.put("d", bytes(100), None)
    tier.put("huge", bytes(5000), None)
    assert [key for key in ("a", "b", "c", "d", "huge") if tier.get(key)] == ["a", "c", "d"]
    assert (len(evicted), tier.held()) == (1, Held(3, 3 * (100 + OVERHEAD)))


def test_a_second_call_that_brings_too_little_is_not_kept() -> None:
    """An item that failed for want of questions is not failed again by the cache: its last call is made anew."""
    subject = ("Trail Boot", "product")
    setup = Setup(ItemProvider({subject: [2, 0, 1]}))
    first = setup.ask(request_for(count=3))
    again = request_for(count=1, exclusions=first.texts)
    assert [len(setup.ask(again).texts) for _ in range(3)] == [0, 1, 1]
    assert len(setup.ask(request_for(count=3)).texts) == 2
    assert len(setup.inner.requests) == 3


def test_a_first_call_that_brings_nothing_is_not_kept() -> None:
    """The second call for an item whose first one brought no usable question is the same request, and is made anew."""
    setup = Setup(ItemProvider({("Trail Boot", "product"): [0, 3]}))
    assert [len(setup.ask().texts) for _ in range(3)] == [0, 3, 3]
    assert len(setup.inner.requests) == 2


def config_of(**environ: str) -> Any:
    """Read a configuration."""
    return load_config({"verb": "function", "providers": "offline"}, environ)


@pytest.mark.parametrize(
    ("url", "tiers"),
    [
        ("redis://u:secret@cache.internal:6380/2", [("redis", "cache.internal:6380/2")]),
        ("rediss://cache.internal", [("redis", "cache.internal:6379/0")]),
        ("some/folder", [("disk", "some/folder")]),
        ("redis://cache.internal, file:///var/cache/x", [("redis", "cache.internal:6379/0"), ("disk", "/var/cache/x")]),
        ("", []),
    ],
)
def test_the_url_names_the_tiers(url: str, tiers: list[tuple[str, str]]) -> None:
    """`redis://`, `rediss://`, a folder, or both; what is shown of it holds no password."""
    assert [(tier.name, tier.address) for tier in persistent_tiers(url)] == tiers


@pytest.mark.parametrize(
    "url",
    [
        *("memcached://cache:11211", "redis://cache:port:x/0", "http://:PASSWORD@cache:6379", "PASSWORD@redis://cache"),
        *("redis:/:PASSWORD@cache:6379", "redis:cache:6379", "redis//:PASSWORD@cache", "//:PASSWORD@cache:6379/0"),
        *("rediss:/PASSWORD@cache", "/:PASSWORD@cache:6379", ":PASSWORD@cache", "cache:6379", "PASSWORD@cache"),
        *(
            "redis://:PASS/WORD@cache/0",
            "redis://:12?PASSWORD@cache/0",
            "redis://:12#PASSWORD@cache",
            "redis://[PASSWORD",
        ),
        *("redis://cache:6379/0?PASSWORD=x", "redis://:PASS,WORD@cache", "/var/cache,redis:/:PASSWORD@cache"),
        *("Redis:PASSWORD@cache", "redis ://:PASSWORD@cache", "~PASSWORD:@cache", "file:/:PASSWORD@cache"),
    ],
)
def test_a_wrong_url_ends_the_run_before_it_begins(url: str) -> None:
    """A cache that cannot be is a configuration error with a right example; no password becomes a folder or is told."""
    with pytest.raises(ConfigurationError, match=r"CACHE_URL: .* for example: redis://") as caught:
        persistent_tiers(url)
    told = [line for line in traceback.format_exception(caught.value) if not line.startswith("  File")]
    assert not re.search(r"PASS|WORD|port:x", "".join(told))


@pytest.mark.parametrize("folder", ["/var/a@b", "../a:b", "../x", "a/b c", "file:///a:b@c", "/data/a-b_c.d/é"])
def test_a_folder_may_have_any_name_that_is_no_address(folder: str) -> None:
    """What begins like a path, or has neither `:` nor `@`, is one; `file://` takes all."""
    (tier,) = persistent_tiers(folder)
    assert (tier.name, tier.address) == ("disk", folder.removeprefix("file://"))


def test_the_cache_can_be_switched_off() -> None:
    """CACHE_TTL_COMPLETIONS=0 leaves the provider as it is."""
    provider = OfflineProvider()
    assert ResponseCache(config_of(CACHE_TTL_COMPLETIONS="0")).around(provider, StopSignal()) is provider
    cached = ResponseCache(config_of()).around(provider, StopSignal())
    assert isinstance(cached, CachedProvider)
    assert (cached.name, cached.model) == (provider.name, provider.model)
    assert cached.generate(request_for()).texts == cached.generate(request_for()).texts


def test_sums_of_runs_are_added_up_over_versions() -> None:
    """The statistics of earlier runs count, also when another version of the program has written them."""
    old = CacheStats.from_dict({"memory_hits": 2, "usd_saved": 0.5, "no_more": 7})
    assert old.plus(CacheStats(memory_hits=1, misses=4)) == CacheStats(memory_hits=3, misses=4, usd_saved=0.5)
    assert CacheStats.from_dict(old.as_dict()) == old
